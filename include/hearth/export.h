#pragma once

/// Marks what the shared library offers; everything else is hidden.
#if defined(_WIN32)
#define HEARTH_API
#else
#define HEARTH_API __attribute__((visibility("default")))
#endif
