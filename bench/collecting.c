#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
int main(void) {
    enum { N = 3000000 };
    double *found = malloc(N * sizeof *found), sum = 0;
    long length = 0;
#pragma omp parallel
    {
        double *mine = malloc(N * sizeof *mine);
        long count = 0;
#pragma omp for schedule(static) nowait
        for (int i = 0; i < N; i++) {
            long x = (i * 7919L) % 10007;
            if (x % 3 == 0) mine[count++] = (double)x;
        }
#ifdef _OPENMP
        for (int t = 0; t < omp_get_num_threads(); t++) {
            if (t == omp_get_thread_num()) {
                memcpy(found + length, mine, (size_t)count * sizeof *mine);
                length += count;
            }
#pragma omp barrier
        }
#else
        memcpy(found, mine, (size_t)count * sizeof *mine);
        length = count;
#endif
        free(mine);
    }
    for (long i = 0; i < length; i++) sum += found[i];
    printf("%ld %.0f %.0f\n", length, sum, found[1000]);
    free(found);
}
