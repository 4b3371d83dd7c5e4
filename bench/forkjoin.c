#include <stdio.h>
#include <stdlib.h>
int main(void) {
    enum { N = 10000 };
    double *xs = calloc(N, sizeof *xs);
    for (int r = 0; r < 20000; r++) {
#pragma omp parallel for
        for (int i = 0; i < N; i++) xs[i] = xs[i] * 0.5 + i;
    }
    printf("%.6f\n", xs[N - 1]);
    free(xs);
}
