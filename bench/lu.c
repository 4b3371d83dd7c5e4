#include <stdio.h>
enum { N = 600 };
static double a[N][N];
int main(void) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) a[i][j] = 1.0 / (i + j + 1);
        a[i][i] += N;
    }
    for (int k = 0; k < N; k++) {
#pragma omp parallel for
        for (int i = k + 1; i < N; i++) {
            double f = a[i][k] / a[k][k];
            a[i][k] = f;
            for (int j = k + 1; j < N; j++) a[i][j] -= f * a[k][j];
        }
    }
    double sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) sum += a[i][j];
    printf("%.6f\n", sum);
}
