// rt.h: prototypes of everything that generated code may call, expanded from rt_abi.def: a
// definition that disagrees with its row does not compile.
#ifndef FLAP_RT_H
#define FLAP_RT_H

#include "rt_layout.h"

#define RT_C_TYPE_VOID  void
#define RT_C_TYPE_I32   int32_t
#define RT_C_TYPE_I64   int64_t
#define RT_C_TYPE_F64   double
#define RT_C_TYPE_STR   RtStr *
#define RT_C_TYPE_LIST  RtList *
#define RT_C_TYPE_MAP   RtMap *
#define RT_C_TYPE_FN    RtClosure *
#define RT_C_TYPE_WORD  uint64_t
#define RT_C_TYPE_PTR   const void *
#define RT_C_TYPE_PLACE const RtPlace *
#define RT_C_ATTR_NONE
#define RT_C_ATTR_PURE
#define RT_C_ATTR_READS
#define RT_C_ATTR_ALLOC
#define RT_C_ATTR_STOPS _Noreturn

#define RT_T(t)                        RT_C_TYPE_##t
#define RT_FN0(r, name, attr)          RT_C_ATTR_##attr RT_T(r) name(void);
#define RT_FN1(r, name, a, attr)       RT_C_ATTR_##attr RT_T(r) name(RT_T(a));
#define RT_FN2(r, name, a, b, attr)    RT_C_ATTR_##attr RT_T(r) name(RT_T(a), RT_T(b));
#define RT_FN3(r, name, a, b, c, attr) RT_C_ATTR_##attr RT_T(r) name(RT_T(a), RT_T(b), RT_T(c));
#define RT_FN4(r, name, a, b, c, d, attr)                                                          \
    RT_C_ATTR_##attr RT_T(r) name(RT_T(a), RT_T(b), RT_T(c), RT_T(d));
#define RT_FN5(r, name, a, b, c, d, e, attr)                                                       \
    RT_C_ATTR_##attr RT_T(r) name(RT_T(a), RT_T(b), RT_T(c), RT_T(d), RT_T(e));
#define RT_FN6(r, name, a, b, c, d, e, f, attr)                                                    \
    RT_C_ATTR_##attr RT_T(r) name(RT_T(a), RT_T(b), RT_T(c), RT_T(d), RT_T(e), RT_T(f));
#include "rt_abi.def"
#undef RT_FN0
#undef RT_FN1
#undef RT_FN2
#undef RT_FN3
#undef RT_FN4
#undef RT_FN5
#undef RT_FN6

// The program: defined by generated code. Runs the top level (and `main`); gives the exit status.
typedef int32_t RtProgram(void);
int32_t flap_program(void);

// Runs a program inside a process that has a libc (dynamic executables, the JIT): sets up the
// process record with the program's arguments (without its name), runs it, flushes, ends the
// workers, and gives its exit status. A program that ends by exit or by a stop ends the process.
int32_t rt_hosted_run(RtProgram *program, int argc, char **argv);

#endif
