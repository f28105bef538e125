#pragma once

namespace hearth::testing {

#if defined(__clang__)
#define HEARTH_HAS_SANITIZER(name) __has_feature(name##_sanitizer)
#else
#define HEARTH_HAS_SANITIZER(name) 0
#endif

/// True in builds with the address or the thread sanitizer, which take memory and signals for themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = HEARTH_HAS_SANITIZER(address) || HEARTH_HAS_SANITIZER(thread);
#endif

#undef HEARTH_HAS_SANITIZER

}  // namespace hearth::testing
