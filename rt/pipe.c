// pipe.c: `xs || f` where only the run tells that xs is a list: the function, a value, is called for
// the elements on several threads. What it prints and waits for comes in the order of the elements.
#include "value.h"

typedef struct Piped {
    const RtList *from;
    RtList *to;
    uint64_t function;
    const RtPlace *place;
} Piped;

static void pipe_run(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    const Piped *piped = captures;
    for (int64_t i = begin; i < end; i++)
        piped->to->words[i] = rt_call(piped->function, &piped->from->words[i], 1, piped->place);
}

uint64_t rt_pipe_parallel(uint64_t value, uint64_t function, const RtPlace *place) {
    if (!rti_is(value, RT_TAG_LIST) || rti_list(value)->length < 2)
        return rt_pipe(value, function, place);
    RtList *from = rti_list(value);
    rti_retain(from); // the function may drop the list that it came from
    Piped piped = {from, rt_list_new(from->length), function, place};
    RtiRooted rooted;
    rti_root(&rooted, rti_list_word(from), rti_list_word(piped.to), NULL);
    for (int64_t i = 0; i < from->length; i++) piped.to->words[i] = 0; // should it be released before
    piped.to->length = from->length;
    piped.to->header.flags |= RT_FLAG_BOXED;
    RtParLoop loop = {
        .body = pipe_run,
        .captures = &piped,
        .count = from->length,
        .flags = RT_PAR_OUTPUT | RT_PAR_WAITS,
        .place = place,
    };
    rt_par_for(&loop);
    rti_unroot(&rooted);
    piped.to->header.flags &= (uint8_t)~RT_FLAG_BOXED;
    for (int64_t i = 0; i < from->length; i++) rti_list_flag(piped.to, piped.to->words[i]);
    rti_release(from);
    return rti_list_word(piped.to);
}
