#include <math.h>
#include <stdio.h>
enum { N = 200000, ROUNDS = 10 };
static double price[N], strike[N], years[N], sigma[N], call[N], put[N];
static double normal(double x) {
    return 1 / (1 + exp(x * (-1.5976 - 0.07056 * x * x)));
}
int main(void) {
    const double base = 0.02;
    for (long i = 0; i < N; i++) {
        price[i] = 50 + i * 7919 % 10007 * 0.01;
        strike[i] = 60 + i * 104729 % 8009 * 0.01;
        years[i] = 0.25 + i * 1299709 % 3001 * 0.001;
        sigma[i] = 0.1 + i * 15485863 % 4001 * 0.0001;
    }
    double total = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double rate = base + r * 0.001;
#pragma omp parallel for
        for (int i = 0; i < N; i++) {
            double s = price[i], k = strike[i], t = years[i], spread = sigma[i] * sqrt(t);
            double d1 = (log(s / k) + (rate + sigma[i] * sigma[i] / 2) * t) / spread;
            double later = k * exp(-rate * t);
            double c = s * normal(d1) - later * normal(d1 - spread);
            call[i] = c;
            put[i] = c + later - s;
        }
        double top = 0, sum = 0;
        for (int i = 0; i < N; i++) top = fmax(top, call[i]);
        for (int i = 0; i < N; i++) sum += exp(call[i] - top);
        total += top + log(sum) + put[r];
    }
    printf("%.9g\n", total);
}
