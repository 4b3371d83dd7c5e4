// baseline_mutex.c: the plain plan for simulating a chain of modules in parallel, as a reference to beat:
// a mutex around every array, FIFO and event queue, a lock for every operation, and threads that are
// started in each cycle, one a module. See simulation.py for what a module does.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { QUEUE = 8 };

typedef struct Module {
    pthread_mutex_t events_lock, port_lock, memory_lock;
    uint64_t event_cycles[QUEUE], values[QUEUE];
    unsigned events, first_event, count, first;
    uint64_t memory[64];
    struct Module *next;
} Module;

static long work;
static uint64_t cycle;

// An event that was pushed in an earlier cycle.
static int take_event(Module *m) {
    int ready = 0;
    pthread_mutex_lock(&m->events_lock);
    if (m->events > 0 && m->event_cycles[m->first_event] < cycle) {
        ready = 1;
        m->first_event = (m->first_event + 1) % QUEUE;
        m->events--;
    }
    pthread_mutex_unlock(&m->events_lock);
    return ready;
}

static uint64_t take_value(Module *m) {
    pthread_mutex_lock(&m->port_lock);
    uint64_t value = m->values[m->first];
    m->first = (m->first + 1) % QUEUE;
    m->count--;
    pthread_mutex_unlock(&m->port_lock);
    return value;
}

static void call(Module *m, uint64_t value) {
    pthread_mutex_lock(&m->port_lock);
    m->values[(m->first + m->count++) % QUEUE] = value;
    pthread_mutex_unlock(&m->port_lock);
    pthread_mutex_lock(&m->events_lock);
    m->event_cycles[(m->first_event + m->events++) % QUEUE] = cycle;
    pthread_mutex_unlock(&m->events_lock);
}

static void *run(void *argument) {
    Module *m = argument;
    if (!take_event(m)) return NULL;
    uint64_t value = take_value(m), x = value;
    for (long i = 0; i < work; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        x ^= x >> 29;
    }
    pthread_mutex_lock(&m->memory_lock);
    m->memory[value & 63] = x;
    pthread_mutex_unlock(&m->memory_lock);
    if (m->next) call(m->next, x);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    long modules = atol(argv[1]), cycles = atol(argv[3]);
    work = atol(argv[2]);
    Module *all = calloc((size_t)modules, sizeof *all);
    pthread_t *threads = calloc((size_t)modules, sizeof *threads);
    for (long i = 0; i < modules; i++) {
        pthread_mutex_init(&all[i].events_lock, NULL);
        pthread_mutex_init(&all[i].port_lock, NULL);
        pthread_mutex_init(&all[i].memory_lock, NULL);
        all[i].next = i + 1 < modules ? &all[i + 1] : NULL;
    }
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (cycle = 0; cycle < (uint64_t)cycles; cycle++) {
        call(&all[0], cycle);
        for (long i = 0; i < modules; i++)
            if (pthread_create(&threads[i], NULL, run, &all[i]) != 0) return 1;
        for (long i = 0; i < modules; i++) pthread_join(threads[i], NULL);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    double seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
    printf("%016llx\n", (unsigned long long)all[modules - 1].memory[5]);
    fprintf(stderr, "%f\n", (double)cycles / seconds);
    return 0;
}
