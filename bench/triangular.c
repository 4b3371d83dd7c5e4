#include <stdio.h>
#include <stdlib.h>
int main(void) {
    enum { N = 6000 };
    long *out = calloc(N, sizeof *out), sum = 0;
#pragma omp parallel for schedule(dynamic, 8)
    for (int i = 0; i < N; i++) {
        long s = 0;
        for (int j = 0; j < i; j++) s += ((long)i * j) % 7;
        out[i] = s;
    }
    for (int i = 0; i < N; i++) sum += out[i];
    printf("%ld\n", sum);
    free(out);
}
