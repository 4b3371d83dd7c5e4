#include <stdio.h>
static long queens(long all, long columns, long left, long right) {
    if (columns == all) return 1;
    long free = all & ~(columns | left | right), count = 0;
    while (free != 0) {
        long bit = free & -free;
        free ^= bit;
        count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}
int main(int argc, char **argv) {
    (void)argv;
    printf("%ld\n", queens((1L << (12 + argc)) - 1, 0, 0, 0));
}
