// defer.c: deferred blocks: what a thread has to do when blocks of the program are left.
//
// Generated code runs what it deferred when a block is left by its end or a jump; only stops and
// exits go through the chain here. Invariant: the chain holds the blocks that
// the thread is inside of, innermost first, and its records lie in stack frames that still stand.
#include "pool.h"
#include "value.h"

// --- deferred blocks -----------------------------------------------------------------------------

void rt_defer_push(const void *record) {
    RtDefer *defer = (RtDefer *)(uintptr_t)record;
    RtThread *self = rti_self();
    defer->next = self->defers;
    defer->stack = __builtin_frame_address(0);
    self->defers = defer;
}

void rt_defer_run(const void *record) {
    RtDefer *defer = (RtDefer *)(uintptr_t)record;
    rti_self()->defers = defer->next;
    defer->code(defer->environment);
}

// Those of the block in hand, then those of the thread that met the loop, and so on outwards. What
// that thread does now, and what this one was doing when it took the block over, are other blocks.
void rti_defers_run(void) {
    RtThread *self = rti_self();
    for (;;) {
        const RtParState *state = self->par;
        // Each one leaves the chain before it runs: a stop inside it comes back here for the rest.
        while (self->defers != (state ? state->defers : NULL)) rt_defer_run(self->defers);
        if (!state) return;
        self->defers = state->job->defers;
        self->par = state->job->parent;
    }
}
