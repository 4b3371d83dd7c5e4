#include <stdio.h>
#include <stdlib.h>
int main(void) {
    enum { N = 10000000 };
    char *composite = calloc(N + 1, sizeof *composite);
    for (long i = 2; i * i <= N; i++)
        if (composite[i] == 0)
            for (long j = i * i; j <= N; j += i) composite[j] = 1;
    long count = 0;
    for (long k = 2; k <= N; k++) count += composite[k] == 0;
    printf("%ld\n", count);
    free(composite);
}
