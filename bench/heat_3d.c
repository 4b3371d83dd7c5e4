#include <stdio.h>
#include <string.h>
enum { N = 80 };
typedef double Cube[N][N][N];
static Cube one, two;
int main(void) {
    Cube *a = &one, *b = &two;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++) (*a)[i][j][k] = (i + j + (N - k)) * 10.0 / N;
    memcpy(b, a, sizeof one);
    for (int t = 0; t < 40; t++) {
        double(*from)[N][N] = *a, (*to)[N][N] = *b;
#pragma omp parallel for
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++)
                for (int k = 1; k < N - 1; k++)
                    to[i][j][k] = 0.125 * (from[i + 1][j][k] - 2 * from[i][j][k] + from[i - 1][j][k]) +
                                  0.125 * (from[i][j + 1][k] - 2 * from[i][j][k] + from[i][j - 1][k]) +
                                  0.125 * (from[i][j][k + 1] - 2 * from[i][j][k] + from[i][j][k - 1]) +
                                  from[i][j][k];
        Cube *c = a;
        a = b;
        b = c;
    }
    printf("%.9f %.9f\n", (*a)[1][1][1], ((double *)a)[N * N * N / 2]);
}
