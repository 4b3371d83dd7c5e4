#include <stdio.h>
int main(void) {
    static const char letters[] = "acgtBDHKMNRSVWY";
    static const double odds[] = {0.27, 0.39, 0.51, 0.78, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 1};
    char line[62];
    int seed = 42, used = 0;
    for (int k = 0; k < 1000000; k++) {
        seed = (seed * 3877 + 29573) % 139968;
        double r = seed / 139968.0;
        int c = 0;
        while (odds[c] <= r) c++;
        line[used++] = letters[c];
        if (used == 60) {
            line[used] = 0;
            puts(line);
            used = 0;
        }
    }
    line[used] = 0;
    puts(line);
}
