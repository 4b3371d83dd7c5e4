// builtin_random.c: chance: a generator without a state. In a numbered loop the number drawn is a
// function of the loop's key, the iteration and how many the iteration has drawn before, so iterations
// of a parallel loop draw what they would draw one after the other.
//
// Outside numbered loops numbers come from one stream of the process, which follows from the seed, in
// program order: a thread in a parallel loop waits for its turn. A loop's key is drawn where the loop
// starts, from the stream around it, so the same loop draws other numbers each time it runs; the seed
// is in the key, and one that is set while the loop runs changes nothing of it. A child process draws
// from a stream of its own, told from its parent's and its siblings' by how many its parent has made before.
#include "builtin_words.h"
#include "random.h"
#include "value.h"
#include "sys.h"

static uint64_t seed_of(double number) {
    if (number == 0) number = 0; // not -0
    uint64_t seed = rti_mix(rti_number_word(number) + RTI_GOLDEN);
    return seed == 0 ? 1 : seed; // 0: not asked for yet
}

static uint64_t first_seed(void) {
    const char *text = rti_env("FLAP_SEED");
    if (text != NULL && *text != 0) {
        size_t length = rti_cstr_length(text), used;
        double number = rti_parse_number(text, length, &used);
        if (used != length || number != number) rti_stop(NULL, "FLAP_SEED is no number: %s", text);
        return seed_of(number);
    }
    uint64_t seed = 0;
    if (rti_sys_getrandom(&seed, sizeof seed, 0) != sizeof seed) {
        RtiTimespec now = {0};
        (void)rti_sys_clock_gettime(RTI_CLOCK_REALTIME, &now);
        seed = rti_mix((uint64_t)now.seconds * 1000000000 + (uint64_t)now.nanoseconds +
                       ((uint64_t)rti_sys_getpid() << 40));
    }
    return seed == 0 ? 1 : seed;
}

static uint64_t seed_now(void) {
    // Relaxed: the word is all there is to see. Whoever comes first decides.
    uint64_t seed = atomic_load_explicit(&rti_process.seed, memory_order_relaxed);
    if (RTI_LIKELY(seed != 0)) return seed;
    uint64_t own = first_seed();
    if (atomic_compare_exchange_strong_explicit(&rti_process.seed, &seed, own, memory_order_relaxed,
                                                memory_order_relaxed))
        return own;
    return seed;
}

static uint64_t draw_outside(void) {
    rti_par_wait_turn();
    // Relaxed: in a parallel loop the turns order it.
    uint64_t drawn = atomic_fetch_add_explicit(&rti_process.drawn, 1, memory_order_relaxed);
    return rti_draw(rti_mix(seed_now() + rti_process.stream - RTI_GOLDEN), 0, drawn);
}

void rti_random_forked(uint64_t number) {
    rti_process.stream = rti_mix(rti_process.stream + (number + 1) * RTI_GOLDEN);
    atomic_store_explicit(&rti_process.drawn, 0, memory_order_relaxed);
}

int64_t rt_random_loop(int64_t loop, int64_t iteration, const void *counter) {
    int64_t *drawn = (int64_t *)(uintptr_t)counter;
    if (drawn == NULL) return (int64_t)draw_outside();
    return (int64_t)rti_draw((uint64_t)loop, iteration, (uint64_t)(*drawn)++);
}

uint64_t rt_b_random(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    return rti_number_word(rti_fraction(draw_outside()));
}

uint64_t rt_b_random_seed(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    double number = rti_need_number("random_seed", args[0], place);
    if (number != number) rti_stop(place, "random_seed needs a number other than NaN");
    rti_par_wait_turn();
    atomic_store_explicit(&rti_process.seed, seed_of(number), memory_order_relaxed);
    atomic_store_explicit(&rti_process.drawn, 0, memory_order_relaxed);
    rti_process.stream = 0;
    return 0;
}
