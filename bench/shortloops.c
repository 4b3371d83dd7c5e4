#include <stdio.h>
#include <stdlib.h>
int main(void) {
    static const int counts[] = {1, 10, 100, 1000};
    double *xs = calloc(1000, sizeof *xs), sum = 0;
    for (int r = 0; r < 20000; r++) {
        for (int k = 0; k < 4; k++) {
            int n = counts[k];
#pragma omp parallel for
            for (int i = 0; i < n; i++) xs[i] = xs[i] * 0.5 + i;
        }
    }
    for (int i = 0; i < 1000; i++) sum += xs[i];
    printf("%.6f\n", sum);
    free(xs);
}
