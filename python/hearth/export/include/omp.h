/* The OpenMP calls that generated code makes. The runtime serves them from its own thread team. */
#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int omp_get_max_threads(void);
int omp_get_num_threads(void);
int omp_get_thread_num(void);
int omp_in_parallel(void);
void omp_set_num_threads(int count);
#ifdef __cplusplus
}
#endif
