/* What generated code says to the CUDA driver: our own declarations, so that exporting needs no CUDA toolkit. Names and
   values are those of NVIDIA's driver API; the runtime forwards every call to the driver that it opened. It exports
   them under names of its own, which stand in nobody's way in a process that has NVIDIA's libraries too. */
#pragma once

#include <stddef.h>

#define cuFuncSetAttribute hearth_cuFuncSetAttribute
#define cuGetErrorString hearth_cuGetErrorString
#define cuLaunchKernel hearth_cuLaunchKernel
#define cuModuleGetFunction hearth_cuModuleGetFunction
#define cuModuleLoad hearth_cuModuleLoad
#define cuModuleLoadData hearth_cuModuleLoadData
#define cuModuleUnload hearth_cuModuleUnload

#ifdef __cplusplus
extern "C" {
#endif

typedef int CUresult;
typedef int CUfunction_attribute;
typedef unsigned long long CUdeviceptr;
typedef struct CUmod_st* CUmodule;
typedef struct CUfunc_st* CUfunction;
typedef struct CUstream_st* CUstream;

enum { CUDA_SUCCESS = 0 };
enum { CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8 };

CUresult cuGetErrorString(CUresult error, const char** text);
CUresult cuModuleLoad(CUmodule* module, const char* path);
CUresult cuModuleLoadData(CUmodule* module, const void* image);
CUresult cuModuleUnload(CUmodule module);
CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name);
CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value);
CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                        unsigned block_y, unsigned block_z, unsigned shared_bytes, CUstream stream, void** parameters,
                        void** extra);

#ifdef __cplusplus
}
#endif
