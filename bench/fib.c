#include <stdio.h>
static double fib(double n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
int main(int argc, char **argv) {
    (void)argv;
    printf("%.0f\n", fib(31 + argc));
}
