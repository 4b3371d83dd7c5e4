#include <stdio.h>
#include <stdlib.h>
int main(void) {
    enum { N = 2000000 };
    static const char bases[] = "ACGT";
    char other[128] = {0}, *dna = malloc(N);
    other['A'] = 'T';
    other['C'] = 'G';
    other['G'] = 'C';
    other['T'] = 'A';
    int seed = 42;
    for (int i = 0; i < N; i++) {
        seed = (seed * 3877 + 29573) % 139968;
        dna[i] = bases[seed % 4];
    }
    for (int round = 0; round < 21; round++)
        for (int i = 0; i < N / 2; i++) {
            int j = N - 1 - i;
            char t = other[(int)dna[i]];
            dna[i] = other[(int)dna[j]];
            dna[j] = t;
        }
    printf("%d %d %d\n", dna[0], dna[1], dna[N - 1]);
    free(dna);
}
