/* Linked into every compiled method. */
#define HIDDEN __attribute__((visibility("hidden")))

/* Weights are bound from the archive: the blob that AOTInductor expects inside the library is empty. */
HIDDEN const unsigned char _binary_constants_bin_start[1] = {0};
HIDDEN const unsigned char _binary_constants_bin_end[1] = {0};

/* The generated code keeps its last error in a `static thread_local std::string`. Its destructor would pin the library
   until the thread exits, so it is never registered: the string is given up with the library. */
HIDDEN int __cxa_thread_atexit(void (*destructor)(void*), void* object, void* library) {
  (void)destructor, (void)object, (void)library;
  return 0;
}
HIDDEN int __cxa_thread_atexit_impl(void (*destructor)(void*), void* object, void* library) {
  (void)destructor, (void)object, (void)library;
  return 0;
}

/* zig links no crtbeginS.o, hence nobody runs this library's static destructors when it is unloaded, and exit() would
   jump into unmapped memory. With g++ this runs them a second time, which __cxa_finalize allows. */
extern void* __dso_handle HIDDEN;
extern void __cxa_finalize(void*);
__attribute__((destructor)) HIDDEN void hearth_run_static_destructors(void) { __cxa_finalize(&__dso_handle); }
