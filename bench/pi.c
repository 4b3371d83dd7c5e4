#include <stdio.h>
int main(void) {
    enum { N = 20000000 };
    int seed = 42, inside = 0;
    for (int k = 0; k < N; k++) {
        seed = (seed * 3877 + 29573) % 139968;
        double x = seed / 139968.0;
        seed = (seed * 3877 + 29573) % 139968;
        double y = seed / 139968.0;
        if (x * x + y * y <= 1) inside++;
    }
    printf("%.6f\n", 4.0 * inside / N);
}
