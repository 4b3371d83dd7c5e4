#include <stdio.h>
int main(void) {
    long longest = 0, start = 0;
    for (long n = 1; n < 1000000; n++) {
        long x = n, steps = 1;
        while (x != 1) {
            x = x % 2 == 0 ? x / 2 : 3 * x + 1;
            steps++;
        }
        if (steps > longest) {
            longest = steps;
            start = n;
        }
    }
    printf("%ld %ld\n", start, longest);
}
