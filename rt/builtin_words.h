// builtin_words.h: prototypes of the builtins that take and give words, expanded from builtin.def,
// and what their files share. Arguments are borrowed, results owned; `count` is within the row's
// bounds.
//
// An error among the arguments is the result; other wrong kinds stop with the builtin's name.
#ifndef FLAP_RT_BUILTIN_WORDS_H
#define FLAP_RT_BUILTIN_WORDS_H

#include "rt_internal.h"

#define RTI_PROTOTYPE_BY_WORDS(name)                                                               \
    uint64_t rt_b_##name(const uint64_t *args, int64_t count, const RtPlace *place);
#define RTI_PROTOTYPE_BY_MATH(name)
#define RTI_PROTOTYPE_BY_INSTRUCTION(name)
#define RTI_PROTOTYPE_BY_SPECIAL(name)
#define BUILTIN(name, least, most, result, lowering, ...) RTI_PROTOTYPE_##lowering(name)
#include "../frontend/builtin.def"
#undef BUILTIN

// The first error among the words, owned; RT_ABSENT: none.
uint64_t rti_first_error(const uint64_t *words, int64_t count);
// The argument as a string, a list, a number; stops when it is none.
RtStr *rti_need_string(const char *what, uint64_t word, const RtPlace *place);
RtList *rti_need_list(const char *what, uint64_t word, const RtPlace *place);
double rti_need_number(const char *what, uint64_t word, const RtPlace *place);
// Stops unless the word can be a key of a map.
void rti_need_key(const char *what, uint64_t word, const RtPlace *place);

#endif
