#include "callback_types.h"
#include <pthread.h>
#include <string.h>
int narrow(int8_t (*f)(int8_t, uint8_t, int16_t, uint16_t), int bias) { return f(-7, 250, -300, 65000) + bias; }
uint32_t words(uint32_t (*f)(uint32_t, int32_t, float, bool)) { return f(4000000000u, -5, 0.5f, true); }
float single(float (*f)(float, unsigned long long)) { return f(1.5f, 1ull << 63) / 2; }
uint64_t high(uint64_t (*f)(uint64_t)) { return f(1ull << 62) >> 60; }
Point turn(Point (*f)(Point), Point p) { return f(f(p)); }
Small small(Small (*f)(Small, Small)) { return f((Small){-3, 0.25f}, (Small){5, 2}); }
double mixed(Mixed (*f)(int, Mixed, double)) { Mixed m = f(2, (Mixed){-9, 4.5}, 0.5); return m.n * 100 + m.d; }
double large(Large (*f)(const Large, int)) {
    Large l = {{1, 2, 3}, {4, 5}, "abc"};
    l = f(l, 6);
    return l.v[0] + 10 * l.v[1] + 100 * l.v[2] + 1000 * l.inner.a + 10000 * l.inner.b + 100000 * strlen(l.name);
}
int grid(Grid (*f)(Grid)) { Grid g = f((Grid){{{1, 2, 3}, {4, 5, -6}}}); return g.cell[0][2] * 10 + g.cell[1][0]; }
int flags(Flags (*f)(Flags)) { Flags g = f((Flags){5, -11, true}); return g.low * 100 + g.high * 10 + g.on; }
double either(Either (*f)(Either)) { return f((Either){.d = 2.5}).d; }
double wide(Wide (*f)(Wide), long double (*g)(long double)) {
    Wide w = f((Wide){1.0L / 4, 3});
    return (double)w.l + w.n + (double)g(0.125L);
}
long double third(void) { return 1.0L / 3; }
long double sum_long(const long double *v, int n) { long double s = 0; while (n--) s += v[n]; return s; }
long double both(long double a, int n, long double b) { return a * n + b; }
int points(int n, ...) {
    va_list l;
    double s = 0;
    va_start(l, n);
    while (n--) { Point *p = va_arg(l, Point *); s += p->x * 10 + p->y; p->x = -1; }
    va_end(l);
    return (int)s;
}
typedef struct Job { int (*f)(int); int calls, sum; pthread_t id; } Job;
static void *work(void *p) {
    Job *job = p;
    for (int i = 0; i < job->calls; i++) job->sum += job->f(i);
    return 0;
}
int on_threads(int (*f)(int), int threads, int calls) {
    Job jobs[64];
    int sum = 0;
    for (int i = 0; i < threads; i++) {
        jobs[i] = (Job){f, calls, 0, 0};
        pthread_create(&jobs[i].id, 0, work, &jobs[i]);
    }
    for (int i = 0; i < threads; i++) { pthread_join(jobs[i].id, 0); sum += jobs[i].sum; }
    return sum;
}
