#include <pthread.h>
int crash(int n) { return n + *(volatile int *)16; }
int back(int (*f)(int), int n) { return f(n) + *(volatile int *)24; }
int through(int (*f)(int), int n) { return f(n); }
static void *work(void *p) { return (char *)p + *(volatile int *)40; }
int on_thread(void) { pthread_t t; pthread_create(&t, 0, work, 0); return pthread_join(t, 0); }
