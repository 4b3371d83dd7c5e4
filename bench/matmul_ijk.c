#include <stdio.h>
enum { N = 512 };
static double a[N][N], b[N][N], c[N][N];
int main(void) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i + j) % 7 / 8.0;
            b[i][j] = (i * j) % 5 / 4.0;
        }
#pragma omp parallel for
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double s = 0;
            for (int k = 0; k < N; k++) s += a[i][k] * b[k][j];
            c[i][j] = s;
        }
    printf("%.6f %.6f\n", c[1][3], c[N - 1][N - 2]);
}
