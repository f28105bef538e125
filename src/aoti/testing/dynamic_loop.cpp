// A loop under a schedule that Hearth does not serve: AOTInductor never writes one.

extern "C" __attribute__((visibility("default"))) int sum_to(int n) {
  int sum = 0;
#pragma omp parallel for schedule(SCHEDULE) reduction(+ : sum)
  for (int i = 0; i < n; ++i) sum += i;
  return sum;
}
