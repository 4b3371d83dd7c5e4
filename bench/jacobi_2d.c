#include <stdio.h>
enum { N = 500 };
static double a[N][N], b[N][N];
static void step(double from[N][N], double to[N][N]) {
#pragma omp parallel for
    for (int i = 1; i < N - 1; i++)
        for (int j = 1; j < N - 1; j++)
            to[i][j] = 0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] + from[i + 1][j] + from[i - 1][j]);
}
int main(void) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (double)i * (j + 2) / N;
            b[i][j] = (double)i * (j + 3) / N;
        }
    for (int t = 0; t < 100; t++) {
        step(a, b);
        step(b, a);
    }
    printf("%.9f %.9f\n", a[1][1], a[N - 2][N - 2]);
}
