#include <stdio.h>
#include <string.h>
enum { N = 300 };
typedef double Matrix[N][N];
static void fill(Matrix m, int a, int b) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) m[i][j] = (double)((i * (j + a) + b) % N) / (5 * N);
}
static void times(Matrix x, Matrix y, Matrix out) {
#pragma omp parallel for
    for (int i = 0; i < N; i++) {
        memset(out[i], 0, sizeof out[i]);
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++) out[i][j] += x[i][k] * y[k][j];
    }
}
static Matrix a, b, c, d, e, f, g;
int main(void) {
    fill(a, 1, 1);
    fill(b, 2, 3);
    fill(c, 3, 2);
    fill(d, 4, 5);
    times(a, b, e);
    times(c, d, f);
    times(e, f, g);
    printf("%.6f %.6f\n", g[0][0], g[N - 1][N - 2]);
}
