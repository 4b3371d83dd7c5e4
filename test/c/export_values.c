#include "export_values.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *work(void *p) {
    long good = 0;
    for (int i = 0; i < 500; i++) {
        char *text = greet("you", i % 3), *named = 0;
        good += strlen(text) == (size_t)(i % 3) * 12;
        free(text);
        if (word(i % 4, &named) == 0) {
            good += strcmp(named, (const char *[]){"zero", "one", "two"}[i % 4]) == 0;
            free(named);
        } else {
            good += i % 4 == 3 && strcmp(flap_error(), "no such word") == 0;
        }
        double h = -1, x = i;
        good += i % 2 ? half(i, &h) == 1 && h == -1 && atoi(flap_error()) == i : half(i, &h) == 0 && h == i / 2;
        good += total(&x, 1, 2) == 2.0 * i;
    }
    *(long *)p = good;
    return 0;
}
int main(void) {
    char *text = greet("W\xc3\xb6rld", 2), *none = shout(0);
    printf("%s[%s]\n", text, none);
    free(text);
    free(none);
    size_t n = 99;
    double *list = squares(4, &n), *empty = sorted(0, 0, &(size_t){7});
    printf("%zu %g %g %g\n", n, list[3], total(list, n, 0.5f), total(0, 0, 1));
    free(list);
    free(empty);
    double mixed[] = {3, -1, 2};
    list = sorted(mixed, 3, &n);
    printf("%g %g %g of %g\n", list[0], list[1], list[2], mixed[0]);
    free(list);
    printf("%d %d %d %llu\n", is_even(4), is_even(5), low(-300), (unsigned long long)high(1ull << 63));
    Point a = {3, 4}, b = {5, 6}, m;
    double norms = norm(&a);
    move(&a, 1);
    middle(&a, &b, &m);
    printf("%g %g %g %g %g %g\n", norms, a.x, a.y, m.x, m.y, address(&a));
    Shape s;
    memset(&s, 1, sizeof s);
    shape(200, &s);
    printf("%zu %d %g %g %d %s\n", sizeof s, s.kind, s.corners[0].y, s.corners[1].x, s.next == 0, (char *)s.name);
    int failed = primes(1, &list, &n);
    printf("%d %s\n", failed, flap_error());
    failed = primes(10, &list, &n);
    printf("%d %zu %g\n", failed, n, list[n - 1]);
    free(list);
    failed = check(-1, &m);
    printf("%d %s, ", failed, flap_error());
    failed = check(1, &m);
    printf("%d %g %g\n", failed, m.x, m.y);
    pthread_t t[4];
    long r[5], sum = 0;
    for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, work, &r[i]);
    work(&r[4]);
    for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
    for (int i = 0; i < 5; i++) sum += r[i];
    printf("%ld\n", sum);
    return 0;
}
