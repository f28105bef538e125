// A library that imports FUNCTION and calls it when it is loaded: the gate must keep that from happening. Exports
// nothing unless it is told to, because a library without exports has a hash table that counts no symbols.

#if !defined(WEAK)
#define WEAK
#endif

extern "C" WEAK long FUNCTION(const void*);

namespace {

volatile long result = 0;

__attribute__((constructor)) void call_it() { result = FUNCTION(nullptr); }

}  // namespace

#if defined(EXPORTS)
extern "C" __attribute__((visibility("default"))) long exported() { return result; }
#endif
