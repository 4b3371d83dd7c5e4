#include <stdio.h>
#include <stdlib.h>
int main(void) {
    enum { N = 5000000 };
    double *xs = malloc(N * sizeof *xs), total = 0;
    for (int i = 0; i < N; i++) xs[i] = i % 1000 / 8.0;
    for (int round = 0; round < 20; round++) {
        double s = 0;
        for (int i = 0; i < N; i++) s += xs[i];
        total += s;
    }
    printf("%.3f\n", total);
    free(xs);
}
