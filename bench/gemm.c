#include <stdio.h>
enum { NI = 500, NJ = 550, NK = 600 };
static double a[NI][NK], b[NK][NJ], c[NI][NJ];
int main(void) {
    double alpha = 1.5, beta = 1.2, sum = 0;
    for (int i = 0; i < NI; i++) {
        for (int j = 0; j < NJ; j++) c[i][j] = (double)((i * j + 1) % NI) / NI;
        for (int k = 0; k < NK; k++) a[i][k] = (double)(i * (k + 1) % NK) / NK;
    }
    for (int k = 0; k < NK; k++)
        for (int j = 0; j < NJ; j++) b[k][j] = (double)(k * (j + 2) % NJ) / NJ;
#pragma omp parallel for
    for (int i = 0; i < NI; i++) {
        for (int j = 0; j < NJ; j++) c[i][j] *= beta;
        for (int k = 0; k < NK; k++)
            for (int j = 0; j < NJ; j++) c[i][j] += alpha * a[i][k] * b[k][j];
    }
    for (int i = 0; i < NI; i++)
        for (int j = 0; j < NJ; j++) sum += c[i][j];
    printf("%.6f\n", sum);
}
