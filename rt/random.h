// random.h: the generator behind random(), which has no state: the n-th number of a stream. Small enough for
// loops that draw to have it in their code (rt_inline.c).
#ifndef FLAP_RT_RANDOM_H
#define FLAP_RT_RANDOM_H

#include <stdint.h>

#define RTI_GOLDEN UINT64_C(0x9E3779B97F4A7C15)

static inline uint64_t rti_mix(uint64_t x) { // the finisher of splitmix64
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

// Of that iteration of the loop with that key, which has drawn so many before.
static inline uint64_t rti_draw(uint64_t key, int64_t iteration, uint64_t drawn) {
    uint64_t stream = rti_mix(key ^ rti_mix((uint64_t)iteration + RTI_GOLDEN));
    return rti_mix(stream + (drawn + 1) * RTI_GOLDEN);
}

static inline double rti_fraction(uint64_t bits) { // in [0, 1)
    return (double)(bits >> 11) * 0x1p-53;
}

#endif
