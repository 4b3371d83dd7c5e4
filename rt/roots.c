// roots.c: what a thread owns when it is about to do something that may not return: an iteration of a
// parallel loop that turns out not to be wanted is given up wherever it is (order.c).
//
// Generated code that such iterations run, and functions of the runtime that call such code or stop
// while they hold something, link a record of what they own into the thread's chain (RtRoots). Who gives
// an iteration up releases what the records hold that lie above the frame to which it jumps.
// Invariant: the records lie in frames that still stand, innermost first. A function that takes an
// argument and may stop does so before it has taken it, or has it in a record: the caller's root still
// holds it.
#include "value.h"

enum { ROOT_SINK = RT_ROOT_LOOP + 1, ROOT_CODE }; // the runtime's own, in RtRootMap.kinds

const void *rt_roots_enter(const void *argument) {
    RtRoots *roots = (RtRoots *)(uintptr_t)argument;
    RtThread *self = rti_self();
    roots->next = self->roots;
    self->roots = roots;
    return &self->roots;
}

static void release_word(uint64_t word) {
    if (word != 0) rti_release_word(word);
}

static void release_words(const uint64_t *words) {
    for (int i = 0; i < RT_PAR_MAX_BLOCKS; i++) release_word(words[i]);
}

static void release_root(uint8_t kind, uint64_t word) {
    if (word == 0) return;
    void *thing = (void *)(uintptr_t)word;
    switch (kind) {
    case RT_ROOT_OBJECT: rti_release(thing); break;
    case RT_ROOT_WORD: rti_release_word(word); break;
    case RT_ROOT_WORDS: release_words(thing); break;
    case RT_ROOT_LOOP: release_word(((const RtParLoop *)thing)->value); break;
    case ROOT_SINK: rti_sink_free(thing); break;
    case ROOT_CODE: ((RtiRootedCode *)thing)->code(thing); break;
    }
}

void rti_roots_release(RtRoots *until) {
    RtThread *self = rti_self();
    while (self->roots != until) {
        const RtRoots *roots = self->roots;
        const uint64_t *words = (const uint64_t *)(const void *)(roots + 1);
        self->roots = roots->next;
        for (int64_t i = 0; i < roots->map->count; ++i)
            release_root(roots->map->kinds[i], words[i]);
    }
}

// --- the runtime's own ----------------------------------------------------------------------------

static void enter(RtRoots *roots, const RtRootMap *map) {
    roots->map = rti_in_parallel() ? map : NULL;
    if (roots->map) (void)rt_roots_enter(roots);
}

static void leave(const RtRoots *roots) {
    if (roots->map) rti_self()->roots = roots->next;
}

void rti_root(RtiRooted *rooted, uint64_t a, uint64_t b, RtSink *sink) {
    rooted->words[0] = a;
    rooted->words[1] = b;
    rooted->words[2] = 0;
    rooted->sink = (uintptr_t)sink;
    static const RtRootMap map = {RTI_ROOTED_WORDS + 1,
                                  {RT_ROOT_WORD, RT_ROOT_WORD, RT_ROOT_WORD, ROOT_SINK}};
    enter(&rooted->roots, &map);
}

void rti_unroot(RtiRooted *rooted) {
    leave(&rooted->roots);
}

void rti_root_code(RtiRootedCode *rooted, void (*code)(RtiRootedCode *self)) {
    rooted->self = (uintptr_t)rooted;
    rooted->code = code;
    static const RtRootMap map = {1, {ROOT_CODE}};
    enter(&rooted->roots, &map);
}

void rti_unroot_code(RtiRootedCode *rooted) {
    leave(&rooted->roots);
}
