#include <stdio.h>
#include <stdlib.h>
int main(void) {
    enum { N = 4000000 };
    double *xs = calloc(N, sizeof *xs), s = 0, most = 0;
#pragma omp parallel for
    for (int i = 0; i < N; i++) xs[i] = (i * 37L) % 1001;
    for (int r = 0; r < 10; r++) {
#pragma omp parallel for reduction(+ : s) reduction(max : most)
        for (int i = 0; i < N; i++) {
            s += xs[i] * 2 + r;
            most = xs[i] + r > most ? xs[i] + r : most;
        }
    }
    printf("%.0f %.0f\n", s, most);
    free(xs);
}
