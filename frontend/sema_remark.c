// sema_remark.c: what -v and --remarks say of each parallel loop: how many threads, and how its
// iterations are divided (parallel.md 3). Changes nothing.
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
        return arena_printf(s->arena, "%.0f items per thread", shares.most);
    return arena_printf(s->arena, "%.0f to %.0f items per thread", shares.least, shares.most);
}

void sema_remark_loop(Sema *s, const LoopNode *loop) {
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
