#include <math.h>
#include <stdio.h>
enum { N = 1000 };
static double a(int i, int j) {
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}
static void times(const double *u, double *out) {
#pragma omp parallel for
    for (int i = 0; i < N; i++) {
        double s = 0;
        for (int j = 0; j < N; j++) s += a(i, j) * u[j];
        out[i] = s;
    }
}
static void transposed(const double *u, double *out) {
#pragma omp parallel for
    for (int i = 0; i < N; i++) {
        double s = 0;
        for (int j = 0; j < N; j++) s += a(j, i) * u[j];
        out[i] = s;
    }
}
int main(void) {
    static double u[N], v[N], t[N];
    for (int i = 0; i < N; i++) u[i] = 1;
    for (int step = 0; step < 10; step++) {
        times(u, t);
        transposed(t, v);
        times(v, t);
        transposed(t, u);
    }
    double vbv = 0, vv = 0;
    for (int i = 0; i < N; i++) {
        vbv += u[i] * v[i];
        vv += v[i] * v[i];
    }
    printf("%.9f\n", sqrt(vbv / vv));
}
