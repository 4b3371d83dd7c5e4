#include "export_geo.h"
#include <pthread.h>
#include <stdio.h>
static void *work(void *p) { double s = 0; for (int i = 0; i < 2000; i++) s += twice(i) + zero(); *(double *)p = s; return 0; }
int main(void) {
    printf("%g\n", area(3, 4));
    fflush(stdout);
    printf("%g\n", total(1000));
    pthread_t t[4]; double r[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, work, &r[i]);
    double own = 0; work(&own);
    for (int i = 0; i < 4; i++) { pthread_join(t[i], 0); own += r[i]; }
    printf("%g\n", own);
    return 0;
}
