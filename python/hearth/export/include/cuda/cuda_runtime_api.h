/* The functions of CUDA's runtime library that AOTInductor's headers call; see cuda.h. */
#pragma once

#include "cuda.h"

#define cudaEventCreate hearth_cudaEventCreate
#define cudaEventDestroy hearth_cudaEventDestroy
#define cudaEventQuery hearth_cudaEventQuery
#define cudaEventRecord hearth_cudaEventRecord
#define cudaEventSynchronize hearth_cudaEventSynchronize
#define cudaFree hearth_cudaFree
#define cudaGetDevice hearth_cudaGetDevice
#define cudaGetErrorString hearth_cudaGetErrorString
#define cudaGetLastError hearth_cudaGetLastError
#define cudaMalloc hearth_cudaMalloc
#define cudaMemcpy hearth_cudaMemcpy
#define cudaSetDevice hearth_cudaSetDevice

#ifdef __cplusplus
extern "C" {
#endif

typedef int cudaError_t;
typedef int cudaMemcpyKind;
typedef struct CUstream_st* cudaStream_t;
typedef struct CUevent_st* cudaEvent_t;

enum { cudaSuccess = 0, cudaErrorNotReady = 600 };
enum { cudaMemcpyHostToDevice = 1, cudaMemcpyDefault = 4 };

const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError(void);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaMalloc(void** pointer, size_t size);
cudaError_t cudaFree(void* pointer);
cudaError_t cudaMemcpy(void* to, const void* from, size_t size, cudaMemcpyKind kind);
cudaError_t cudaEventCreate(cudaEvent_t* event);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventSynchronize(cudaEvent_t event);

#ifdef __cplusplus
}
#endif
