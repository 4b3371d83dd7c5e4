#include <stdio.h>
enum { SIZE = 1200, LIMIT = 200 };
static int row(int y) {
    double ci = 2.0 * y / SIZE - 1;
    int inside = 0;
    for (int x = 0; x < SIZE; x++) {
        double cr = 2.0 * x / SIZE - 1.5, zr = 0, zi = 0, tr = 0, ti = 0;
        int n = 0;
        while (n < LIMIT && tr + ti <= 4) {
            zi = 2 * zr * zi + ci;
            zr = tr - ti + cr;
            tr = zr * zr;
            ti = zi * zi;
            n++;
        }
        inside += n == LIMIT;
    }
    return inside;
}
int main(void) {
    static int counts[SIZE];
#pragma omp parallel for schedule(dynamic, 8)
    for (int y = 0; y < SIZE; y++) counts[y] = row(y);
    long total = 0;
    for (int y = 0; y < SIZE; y++) total += counts[y];
    printf("%ld\n", total);
}
