#include <stdio.h>
#include <stdlib.h>
int main(void) {
    enum { N = 5000000, ROUNDS = 20 };
    unsigned char *values = malloc(N);
    int seed = 1;
    for (int i = 0; i < N; i++) {
        seed = (seed * 3877 + 29573) % 139968;
        values[i] = seed % 256;
    }
    long counts[256] = {0};
    for (int r = 0; r < ROUNDS; r++) {
#pragma omp parallel for reduction(+ : counts)
        for (int i = 0; i < N; i++) counts[values[i]]++;
    }
    printf("%ld %ld %ld\n", counts[0], counts[17], counts[255]);
    free(values);
}
