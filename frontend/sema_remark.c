// sema_remark.c: what -v and --remarks say of each parallel loop: how many threads, and how its
// iterations are divided (parallel.md 3); which changes are kept, what waits, and what is outside of the
// promise. Changes nothing.
#include "sema_par.h"
#include <math.h>
#include <unistd.h>

static const double most_blocks = 1024;

typedef struct Shares {
    double least, most; // iterations of a thread
} Shares;

static bool constant_bound(Sema *s, const Node *node, double *value) {
    const Node *folded = sema_fold(s, node);
    if (!folded || folded->kind != NODE_NUMBER) return false;
    *value = trunc(folded->number.value);
    return fabs(*value) < 0x1p53;
}

// Of count iterations in blocks, where the block that is `part` of `threads` begins.
static double share_begin(double count, double blocks, double part, double threads) {
    double block = floor(part * blocks / threads);
    return floor(block * count / blocks);
}

static Shares divide(double count, double threads) {
    double blocks = count < most_blocks ? count : most_blocks;
    Shares shares = {count, 0};
    for (double t = 0; t < threads; t++) {
        double size = blocks == 0 ? 0
                                  : share_begin(count, blocks, t + 1, threads) -
                                        share_begin(count, blocks, t, threads);
        if (size < shares.least) shares.least = size;
        if (size > shares.most) shares.most = size;
    }
    return shares;
}

static double threads_here(void) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (double)online : 1;
}

static const char *threads_text(Sema *s, const LoopNode *loop, double *threads) {
    if (loop->plan->watched != NULL) {
        *threads = 1;
        return arena_printf(s->arena, "1 thread (a deferred block looks at '%s' if the program stops)",
                            loop->plan->watched->name->text);
    }
    if (!loop->threads) {
        *threads = threads_here();
        return arena_printf(s->arena, "%.0f thread%s (decided at run time)", *threads,
                            *threads == 1 ? "" : "s");
    }
    if (constant_bound(s, loop->threads, threads))
        return arena_printf(s->arena, "%.0f thread%s", *threads, *threads == 1 ? "" : "s");
    *threads = 0;
    return "a number of threads computed at run time";
}

static const char *division_text(Sema *s, double count, double threads) {
    if (threads < 1) return "evenly divided";
    Shares shares = divide(count, threads);
    if (shares.least == shares.most)
        return arena_printf(s->arena, "%.0f item%s per thread", shares.most,
                            shares.most == 1 ? "" : "s");
    return arena_printf(s->arena, "%.0f to %.0f items per thread", shares.least, shares.most);
}

static void remark_division(Sema *s, const LoopNode *loop) {
    double threads, low, high;
    const char *who = threads_text(s, loop, &threads);
    if (loop->kind != LOOP_RANGE) {
        diag_report(s->c, DIAG_R0101, loop->header, who,
                    "the items of a sequence, evenly divided by its length");
        return;
    }
    if (!constant_bound(s, loop->low, &low) || !constant_bound(s, loop->high, &high)) {
        diag_report(s->c, DIAG_R0101, loop->header, who,
                    "a range known at run time, evenly divided");
        return;
    }
    if (loop->inclusive) high++;
    double count = high > low ? high - low : 0;
    diag_report(s->c, DIAG_R0101, loop->header, who,
                arena_printf(s->arena, "range [%.0f, %.0f), %s", low, high,
                             division_text(s, count, threads)));
}

// --- order ----------------------------------------------------------------------------------------

static void remark_kept(Sema *s, const ParVariable *variable) {
    bool whole = true;
    VEC_EACH(Node *, update, &variable->updates)
        if (update->update.target->kind != NODE_NAME) whole = false;
    const char *name = variable->name;
    if (whole && variable->sets)
        diag_report(s->c, DIAG_R0102, variable->span, "the last value", name,
                    "is each block's, kept until earlier blocks have finished");
    else if (whole)
        diag_report(s->c, DIAG_R0102, variable->span, "parts", name,
                    "are put together by each block, and joined in the order of the iterations");
    else if (variable->reduces && variable->op != REDUCE_MUL)
        diag_report(s->c, DIAG_R0102, variable->span, "elements", name,
                    "are combined in a copy for each thread where the order makes no difference, else "
                    "changes are kept and made in the order of the iterations");
    else
        diag_report(s->c, DIAG_R0102, variable->span, "changes", name,
                    "are kept, and made in the order of the iterations");
}

static void remark_part(Sema *s, const ParPlan *plan, const ParPart *part) {
    for (uint32_t i = 0; i < plan->captures.len; i++)
        if (plan->captures.items[i].symbol == part->symbol)
            diag_report(s->c, DIAG_R0102, part->nodes.items[0]->span, "elements",
                        plan->captures.items[i].name,
                        "are worked on apart from the rest of it; where the run finds no list there, "
                        "the loop runs on one thread");
}

static const Builtin *builtin_of(const CallSite *call) {
    const Node *callee = call->callee;
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL) return NULL;
    return callee->name.symbol->builtin;
}

static const char *callee_text(Sema *s, const CallSite *call) {
    if (call->spawned) return "`spawn`";
    if (call->callee->kind != NODE_NAME) return "this call";
    return arena_printf(s->arena, "`%s`", call->callee->name.name->text);
}

static bool is_shared(const Builtin *builtin) {
    return builtin->id == BUILTIN_atomic_add || builtin->id == BUILTIN_atomic_load ||
           builtin->id == BUILTIN_atomic_store || builtin->id == BUILTIN_atomic_cas;
}

static void remark_call(Sema *s, const ParSite *site, const CallSite *call) {
    const Builtin *builtin = builtin_of(call);
    uint16_t effects = sema_call_effects(s, call);
    bool foreign = (effects & EFFECT_FOREIGN) != 0;
    bool waits = (effects & EFFECT_WAIT) != 0 && !(site->loop->draws && sema_is_draw(call));
    bool shared = builtin != NULL && (is_shared(builtin) || builtin->id == BUILTIN_mutex_lock);
    if (call->spawned) foreign = shared = false; // of another process
    if (!foreign && !waits && !shared) return;
    if (map_put(&s->told, call->node, s) != NULL) return; // of a loop inside
    const char *text = callee_text(s, call);
    Span span = call->node->span;
    if (waits || (foreign && site->loop->left)) diag_report(s->c, DIAG_R0103, span, text);
    if (shared)
        diag_report(s->c, DIAG_R0104, span, text,
                    is_shared(builtin) ? "what cells hold" : "what a mutex guards");
    else if (foreign)
        diag_report(s->c, DIAG_R0104, span, text, "what foreign code does");
}

void sema_remark_loop(Sema *s, const ParSite *site) {
    remark_division(s, site->loop);
    const ParPlan *plan = site->loop->plan;
    for (uint32_t i = 0; i < plan->captures.len; i++)
        if (plan->captures.items[i].use == PAR_KEPT) remark_kept(s, &plan->captures.items[i]);
    for (uint32_t i = 0; i < plan->parts.len; i++) remark_part(s, plan, &plan->parts.items[i]);
    for (uint32_t i = site->calls_begin; i < site->calls_end; i++)
        if (s->calls.items[i].function == site->function)
            remark_call(s, site, &s->calls.items[i]);
}
