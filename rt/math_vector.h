// math_vector.h: declares the mathematics that has versions for vectors (rt_vector.def).
#ifndef FLAP_MATH_VECTOR_H
#define FLAP_MATH_VECTOR_H

#include "math_lanes.h"

#define MATH_1(name)        Lanes LANES_NAME(name)(Lanes x);
#define MATH_2(name)        Lanes LANES_NAME(name)(Lanes x, Lanes y);
#define MATH_1_FROM_4(name) MATH_1(name)
#include "rt_vector.def"
#undef MATH_1
#undef MATH_1_FROM_4
#undef MATH_2

#endif
