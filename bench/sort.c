#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int up(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int down(const void *a, const void *b) {
    return up(b, a);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum { N = 1000000, FEW = 200000, WORDS = 500000 };

int main(void) {
    long seed = 42;
    double *xs = malloc(N * sizeof *xs), *zs = malloc(FEW * sizeof *zs), check = 0;
    char **words = malloc(WORDS * sizeof *words);
    for (int i = 0; i < N; i++) xs[i] = (double)(seed = seed * 16807 % 2147483647) / 1024;
    for (int i = 0; i < WORDS; i++) {
        char text[40];
        snprintf(text, sizeof text, "%.15g", xs[i]);
        words[i] = strdup(text);
    }
    memcpy(zs, xs, FEW * sizeof *zs);
    qsort(xs, N, sizeof *xs, up);
    qsort(zs, FEW, sizeof *zs, down);
    qsort(words, WORDS, sizeof *words, by_text);
    for (int i = 0; i < N; i++) check += xs[i] * (i % 7);
    for (int i = 0; i < FEW; i++) check += zs[i] * (i % 5);
    printf("%.0f %s %s\n", check, words[0], words[WORDS - 1]);
}
