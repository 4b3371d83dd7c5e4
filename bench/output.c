#include <stdio.h>
#include <stdlib.h>
int main(void) {
    enum { N = 500000, CHUNK = 500 };
#pragma omp parallel for ordered schedule(dynamic, 1)
    for (int c = 0; c < N / CHUNK; c++) {
        char text[CHUNK * 32];
        int length = 0;
        for (int i = c * CHUNK; i < (c + 1) * CHUNK; i++)
            length += sprintf(text + length, "%d %d\n", i, i * 7);
#pragma omp ordered
        fwrite(text, 1, (size_t)length, stdout);
    }
}
