#include <stdio.h>
int main(void) {
    long out[4];
#pragma omp parallel for
    for (int i = 0; i < 4; i++) {
        long s = 0;
#pragma omp parallel for reduction(+ : s) schedule(dynamic, 8)
        for (int j = 0; j < 3000; j++)
            for (int k = 0; k < j; k++) s += (i + (long)j * k) % 5;
        out[i] = s;
    }
    printf("%ld %ld %ld %ld\n", out[0], out[1], out[2], out[3]);
}
