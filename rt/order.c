// order.c: what happens in the order of blocks although blocks run in any order: output, and turns
// (the effects that start when every earlier block has finished).
//
// Loops with output or turns run block by block, and each block has a state word by which a single
// token travels from block to block: whoever holds it writes to standard output. In other loops
// only stops wait for a turn; for these every worker keeps a bit map of the blocks it has finished.
//
// Waiting cannot deadlock, because the lowest unfinished block is always run by somebody: a waiter
// that finds it unclaimed runs it itself.
//
// Loops inside loops: the turn of a block is that of its own loop first and then that of the block
// around it. Whoever has the first acts for the block around: its text and its changes go where that
// block's own go, and it takes that block's turn when it must. So the state of a block inside which a
// loop runs is changed by one thread at a time, and the tokens of the inner loop order those threads.
#include "pool.h"

#include "map.h"
#include "sys.h"

enum { TURN_SPIN_US = 20 };

// state of a block:
//   PENDING  not finished, some earlier block unfinished   -> TURN by the holder of the token (CAS)
//                                                          -> DONE by its runner (exchange)
//   TURN     holds the token: all earlier blocks finished, their text written
//                                                          -> DONE by its runner, which then has
//                                                          the
//                                                             token and passes it on
//   DONE     finished; its text, if any, lies in `text` for the holder of the token. Final
enum { PENDING, TURN, DONE };

typedef struct OrderedBlock {
    _Atomic uint32_t state;
    RtSink text;          // by its runner before DONE, then by the holder of the token
    RtSink changes, undo; // likewise
    int64_t exit;         // 0, or one more than the number of the exit by which it left
    uint64_t value;
} OrderedBlock;

struct RtiOrder {
    _Atomic int32_t turn; // where the token is; written by the one who passes it
    int32_t first, blocks;
    OrderedBlock block[];
};

// --- events --------------------------------------------------------------------------------------

// rti_pool.event:
//   n << 1      nobody waits            -> n << 1 | 1 by a waiter, which then looks once more
//   n << 1 | 1  somebody may wait       -> (n + 1) << 1 by the one who changed something, who wakes
//   all
// The changes themselves are in other words, so both sides are seq_cst: either the waiter's look
// comes after the change, or the changer's look here comes after the mark.
void rti_order_notify(void) {
    uint32_t event = atomic_load_explicit(&rti_pool.event, memory_order_seq_cst);
    while (event & RTI_SLEEPERS)
        if (atomic_compare_exchange_weak_explicit(&rti_pool.event, &event,
                                                  (event & ~RTI_SLEEPERS) + 2, memory_order_seq_cst,
                                                  memory_order_seq_cst)) {
            rti_futex_wake(&rti_pool.event, RTI_WAKE_ALL);
            return;
        }
}

void rti_order_sleep(RtiReady *ready, void *what) {
    uint32_t event = RTI_SLEEPERS |
                     atomic_fetch_or_explicit(&rti_pool.event, RTI_SLEEPERS, memory_order_seq_cst);
    if (!ready(what)) rti_futex_wait(&rti_pool.event, event);
}

// --- the token -----------------------------------------------------------------------------------

RtiOrder *rti_order_new(int32_t first, int32_t blocks) {
    RtiOrder *order = rti_alloc(sizeof *order + (size_t)blocks * sizeof *order->block);
    order->first = first;
    order->blocks = blocks;
    // relaxed, here: publishing the ranges publishes it all
    atomic_store_explicit(&order->turn, first, memory_order_relaxed);
    for (int32_t i = 0; i < blocks; ++i) {
        atomic_store_explicit(&order->block[i].state, PENDING, memory_order_relaxed);
        order->block[i].text = order->block[i].changes = (RtSink){NULL, 0, 0};
        order->block[i].undo = (RtSink){NULL, 0, 0};
        order->block[i].exit = 0;
    }
    atomic_store_explicit(&order->block[first].state, TURN, memory_order_relaxed);
    return order;
}

void rti_order_free(RtiOrder *order) {
    rti_free(order);
}

RtSink *rti_order_sink(RtParState *state) {
    for (; state; state = state->job->parent)
        if (state->job->order && !state->has_turn) return &state->kept;
    return NULL;
}

// --- changes -------------------------------------------------------------------------------------

// What rt_par_keep() was given: the function, how many words, the words.
typedef struct Change {
    RtParChange *change;
    int64_t count;
    uint64_t words[];
} Change;

// One that may stop the program is preceded by a mark, which is no function and no words: how much
// of the block's text comes before it.
static bool is_mark(const Change *change) {
    return !change->change;
}

static size_t change_size(const Change *change) {
    return sizeof(Change) + (is_mark(change) ? 0 : (size_t)change->count * sizeof(uint64_t));
}

// Releases words that no change was made of, and the room that they were kept in.
static void drop_changes_from(RtSink *changes, size_t at) {
    while (at < changes->length) {
        const Change *change = (const Change *)(const void *)(changes->data + at);
        int64_t count = is_mark(change) ? 0 : change->count;
        for (int64_t i = 0; i < count; ++i) rti_release_word(change->words[i]);
        at += change_size(change);
    }
    rti_sink_free(changes);
}

static void drop_changes(RtSink *changes) {
    drop_changes_from(changes, 0);
}

// What a block has kept, while it is being done.
typedef struct Doing {
    RtiRootedCode rooted; // first
    RtSink text, changes;
    size_t at; // changes before this have been made, or are being made
} Doing;

static void stop_doing(RtiRootedCode *self) {
    Doing *doing = (Doing *)(void *)self;
    rti_sink_free(&doing->text);
    drop_changes_from(&doing->changes, doing->at);
}

// Does what a block has kept: writes its text and makes its changes, in the order of the iterations
// as far as anybody could tell. The thread holds the token.
static void make_changes(RtSink *kept_text, RtSink *kept_changes, void *captures) {
    Doing doing = {.text = *kept_text, .changes = *kept_changes};
    *kept_text = *kept_changes = (RtSink){NULL, 0, 0}; // not twice, should this thread give up here
    rti_root_code(&doing.rooted, stop_doing);
    const RtSink *text = &doing.text;
    size_t written = 0;
    while (doing.at < doing.changes.length) {
        const Change *change = (const Change *)(const void *)(doing.changes.data + doing.at);
        doing.at += change_size(change);
        if (is_mark(change)) {
            size_t until = (size_t)change->count;
            if (until > written) rti_out(text->data + written, until - written);
            written = until;
        } else {
            change->change(captures, change->words);
        }
    }
    if (text->length > written) rti_out(text->data + written, text->length - written);
    rti_unroot_code(&doing.rooted);
    rti_sink_free(&doing.text);
    rti_sink_free(&doing.changes);
}

// The block that keeps changes of this loop's variables: the one in hand or, for one who has its turn,
// one that it is part of. Null: they are made at once, as it is the block's turn, or the loop runs as
// a part of a block, in order.
static RtParState *keeper(const void *captures) {
    RtParState *state = rti_self()->par;
    while (state && state->job->captures != captures) state = state->job->parent;
    return state && state->job->order && !state->has_turn ? state : NULL;
}

int32_t rt_par_direct(const void *captures) {
    return !keeper(captures);
}

static void keep(RtParState *state, Change head, const void *words) {
    rti_sink_add(&state->changes, (const char *)&head, sizeof head);
    if (words) rti_sink_add(&state->changes, words, (size_t)head.count * sizeof(uint64_t));
}

void rt_par_keep(const void *change, const void *captures, const void *words, int64_t count) {
    RtParChange *function = (RtParChange *)(uintptr_t)change;
    RtParState *state = keeper(captures);
    if (!state) {
        function((void *)(uintptr_t)captures, words);
        return;
    }
    keep(state, (Change){function, count}, words);
    if (state->changes.length > RTI_SINK_LIMIT) rt_par_turn();
}

void rt_par_keep_mark(const void *captures) {
    RtParState *state = keeper(captures);
    if (state) keep(state, (Change){NULL, (int64_t)state->kept.length}, NULL);
}

enum { UNDO_SIZE = sizeof(Change) + 2 * sizeof(uint64_t) };

// Puts back what a block has written, last first.
static void undo_changes(RtSink *undo, void *captures) {
    for (size_t at = undo->length; at > 0;) {
        at -= UNDO_SIZE;
        const Change *change = (const Change *)(const void *)(undo->data + at);
        change->change(captures, change->words);
    }
    rti_sink_free(undo);
    *undo = (RtSink){NULL, 0, 0};
}

void rt_par_undo(const void *change, const void *captures, const void *words) {
    const uint64_t *word = words;
    RtParState *state = keeper(captures);
    if (!state) {
        rti_release_word(word[1]);
        return;
    }
    Change head = {(RtParChange *)(uintptr_t)change, 2};
    rti_sink_add(&state->undo, (const char *)&head, sizeof head);
    rti_sink_add(&state->undo, words, 2 * sizeof(uint64_t));
    if (state->undo.length > RTI_SINK_LIMIT) rt_par_turn();
}

void rt_par_turn(void) {
    if (rti_self()->held == NULL) rti_par_wait_turn(); // earlier blocks may wait for a mutex
}

void rt_par_foreign(void) {
    const RtParState *state = rti_self()->par;
    if (state && rti_order_may_abandon(state->job)) rti_par_wait_turn();
}

void rt_par_key(uint64_t word, const RtPlace *place) {
    rti_map_check_key(word, place);
    if (rti_is_number(word) && rti_number(word) != rti_number(word))
        rti_stop(place, "NaN is no map key");
}

// --- passing it on -------------------------------------------------------------------------------

// Gives what a block has kept to the block around, or to the world. The thread has the block's turn.
// Should a change stop the program, what the thread that met the loop deferred is to be run.
static void pour(const RtiJob *job, RtSink *text, RtSink *changes, RtSink *undo) {
    RtThread *thread = rti_self();
    const RtThread before = *thread;
    thread->par = job->parent;
    thread->sink = rti_order_sink(job->parent);
    thread->defers = job->defers;
    make_changes(text, changes, job->captures);
    drop_changes(undo);
    thread->par = before.par;
    thread->sink = before.sink;
    thread->defers = before.defers;
}

static void pour_block(const RtiJob *job, OrderedBlock *block) {
    pour(job, &block->text, &block->changes, &block->undo);
}

// Passes the token on from a finished block: writes what later blocks have kept, up to the first
// that is not finished.
static void pass_token(const RtiJob *job, int32_t next) {
    RtiOrder *order = job->order;
    for (; next < order->blocks; ++next) {
        uint32_t state = PENDING;
        // seq_cst: releases all output so far to the next holder, acquires the text of one that is
        // DONE; and comes before the look at `event`
        if (atomic_compare_exchange_strong_explicit(&order->block[next].state, &state, TURN,
                                                    memory_order_seq_cst, memory_order_seq_cst)) {
            atomic_store_explicit(&order->turn, next, memory_order_seq_cst); // likewise
            rti_order_notify();
            return;
        }
        pour_block(job, &order->block[next]);
        if (order->block[next].exit) return; // later ones should not have run
    }
}

// True when the block has the token. seq_cst: see pass_token.
static bool has_token(RtiOrder *order, int32_t block) {
    return atomic_load_explicit(&order->block[block].state, memory_order_seq_cst) == TURN;
}

void rti_order_begin(RtParState *state) {
    state->has_turn = has_token(state->job->order, state->first);
    state->kept = state->changes = state->undo = (RtSink){NULL, 0, 0};
    rti_self()->sink = rti_order_sink(state);
}

// Moves what the block in hand has kept to where the holder of the token finds it.
static void hand_over(RtParState *state) {
    OrderedBlock *block = &state->job->order->block[state->first];
    block->text = state->kept;
    block->changes = state->changes;
    block->undo = state->undo;
    state->kept = state->changes = state->undo = (RtSink){NULL, 0, 0};
}

void rti_order_end(RtParState *state) {
    RtiOrder *order = state->job->order;
    OrderedBlock *block = &order->block[state->first];
    rti_self()->sink = NULL;
    if (!state->has_turn) {
        hand_over(state);
        // acq_rel: hands the text to the holder of the token, or takes the token over; pairs with
        // the compare-and-swap of pass_token
        if (atomic_exchange_explicit(&block->state, DONE, memory_order_acq_rel) != TURN) return;
        pour_block(state->job, block);
    } else {
        // relaxed: the holder of the token is this thread
        atomic_store_explicit(&block->state, DONE, memory_order_relaxed);
    }
    if (!block->exit) pass_token(state->job, state->first + 1);
}

// --- leaving early -------------------------------------------------------------------------------

// RtParLoop.left goes down only, by compare-and-swap: relaxed, but where a waiter may look (event).
bool rti_order_unwanted(const RtiJob *job, int32_t block) {
    return job->loop && __atomic_load_n(&job->loop->left, __ATOMIC_SEQ_CST) < block;
}

void rt_par_leave(const void *argument, int64_t block, int64_t exit, uint64_t value) {
    RtParLoop *loop = (RtParLoop *)(uintptr_t)argument;
    RtParState *state = rti_self()->par;
    if (!state || state->job->loop != loop) { // on this thread alone, in order
        __atomic_store_n(&loop->left, block, __ATOMIC_RELAXED);
        loop->exit = exit;
        loop->value = value;
        return;
    }
    OrderedBlock *mine = &state->job->order->block[block];
    mine->exit = exit + 1;
    mine->value = value;
    int64_t left = __atomic_load_n(&loop->left, __ATOMIC_RELAXED);
    while (left > block && !__atomic_compare_exchange_n(&loop->left, &left, block, false,
                                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
    rti_order_notify();
}

bool rti_order_lost(const RtParState *state) {
    for (; state; state = state->job->parent)
        if (rti_order_unwanted(state->job, state->first)) return true;
    return false;
}

bool rti_order_may_abandon(const RtiJob *job) {
    for (; !job->loop; job = job->parent->job)
        if (!job->parent) return false;
    return true;
}

// What the iterations of the block own is released; what it kept is dropped at the loop's end.
_Noreturn void rti_order_abandon(void) {
    RtParState *state = rti_self()->running;
    rti_mutexes_drop(state->held);
    rti_roots_release(state->roots);
    rti_jump(state->resume);
}

// In a handler, which is being left: the next fault of this thread is to be told too.
static void unblock_signals(void) {
    uint64_t faults = UINT64_C(1) << (11 - 1) | UINT64_C(1) << (7 - 1); // SIGSEGV, SIGBUS
    (void)rti_sys_sigprocmask(RTI_SIG_UNBLOCK, &faults, NULL);
}

void rt_par_look(void) {
    if (rti_order_lost(rti_self()->par)) rti_order_abandon();
}

void rti_order_abandoned(RtParState *state) {
    RtThread *thread = rti_self();
    thread->par = thread->running = state;
    thread->sink = NULL;
    OrderedBlock *block = &state->job->order->block[state->first];
    // At its end it may have handed over before. A block that is PENDING has handed over nothing.
    // seq_cst as everywhere; this thread is the only one that takes it out of PENDING and TURN.
    if (atomic_load_explicit(&block->state, memory_order_seq_cst) != DONE) hand_over(state);
}

// Drops what a block has kept that is not to be seen.
static void drop_block(const RtiJob *job, OrderedBlock *block) {
    rti_sink_free(&block->text);
    drop_changes(&block->changes);
    undo_changes(&block->undo, job->captures);
    if (block->exit) rti_release_word(block->value);
}

void rti_order_leave(const RtiJob *job) {
    RtParLoop *loop = job->loop;
    int64_t left = job->blocks;
    if (loop) left = __atomic_load_n(&loop->left, __ATOMIC_RELAXED); // all blocks have finished
    for (int64_t i = job->blocks - 1; i > left; --i) drop_block(job, &job->order->block[i]);
    if (rti_order_lost(job->parent)) { // the whole loop should not have run
        for (int64_t i = left < job->blocks ? left : job->blocks - 1; i >= job->order->first; --i)
            drop_block(job, &job->order->block[i]);
        return;
    }
    if (left >= job->blocks) return;
    loop->exit = job->order->block[left].exit - 1;
    loop->value = job->order->block[left].value;
}

// --- turns ---------------------------------------------------------------------------------------

// The lowest block of the loop that has not finished, in a loop without tokens.
static int32_t lowest_unfinished(const RtParState *state) {
    if (state->job->nest) return rti_nest_lowest(state->job->nest);
    // relaxed: stored before the ranges were published
    int32_t engaged = atomic_load_explicit(&rti_pool.engaged, memory_order_relaxed);
    uint64_t done[RTI_DONE_WORDS];
    for (int32_t i = 0; i < RTI_DONE_WORDS; ++i) done[i] = 0;
    for (int32_t t = 0; t < engaged; ++t) {
        RtiWorker *worker = &rti_pool.workers[t];
        // seq_cst: pairs with the count in rti_loop_run, before which the bits were set; see
        // `event`
        (void)atomic_load_explicit(&worker->finished, memory_order_seq_cst);
        // acquire: pairs with the releases of mark_done
        if (atomic_load_explicit(&worker->done_generation, memory_order_acquire) !=
            state->generation)
            continue;
        for (int32_t i = 0; i < RTI_DONE_WORDS; ++i)
            done[i] |= atomic_load_explicit(&worker->done[i], memory_order_acquire);
    }
    for (int32_t i = 0; i < RTI_DONE_WORDS; ++i)
        if (~done[i]) return i * 64 + __builtin_ctzll(~done[i]);
    return RT_PAR_MAX_BLOCKS;
}

// The block that every waiter waits for, and whether it is this one's turn.
static bool is_turn(const RtParState *state, int32_t *lowest) {
    RtiOrder *order = state->job->order;
    if (!order) {
        *lowest = lowest_unfinished(state);
        return *lowest >= state->first;
    }
    *lowest = atomic_load_explicit(&order->turn, memory_order_seq_cst); // see pass_token
    return has_token(order, state->first);
}

// The turn that a thread waits for: of the block that it runs, or of one around it.
typedef struct Wait {
    const RtParState *state, *running;
} Wait;

static bool turn_ready(void *what) {
    const Wait *wait = what;
    int32_t lowest;
    return is_turn(wait->state, &lowest) || rti_order_lost(wait->running);
}

// Waits for the turn. Helping: runs the lowest block itself when nobody does. Only for its own loop,
// and only where blocks are not claimed in their order anyway (nest.c). Who does not help must rely on
// the others, so nobody may be left asleep who has blocks to run.
static void wait_turn(const RtParState *state, bool in_handler) {
    Wait wait = {state, rti_self()->running};
    bool help = !in_handler && state == wait.running && !state->job->nest;
    uint64_t start = rti_ticks();
    int32_t lowest;
    while (!is_turn(state, &lowest)) {
        if (rti_order_lost(wait.running)) {
            if (in_handler) unblock_signals();
            rti_order_abandon();
        }
        if (help && rti_loop_claim_exactly(state->generation, lowest)) {
            rti_loop_run(state->worker, state->generation, (RtiRun){lowest, lowest + 1});
            start = rti_ticks();
        } else if (rti_ticks() - start < rti_ticks_of_us(TURN_SPIN_US)) {
            rti_pause();
        } else {
            if (!help) rti_pool_wake_engaged();
            rti_order_sleep(&turn_ready, &wait);
        }
    }
}

// Has the turn of the block, and of all that it is part of: the innermost first, which then acts for
// the next one.
static void take_turn(RtParState *state, bool in_handler) {
    for (; state; state = state->job->parent) {
        if (state->has_turn) continue;
        wait_turn(state, in_handler);
        state->has_turn = true;
        pour(state->job, &state->kept, &state->changes, &state->undo);
    }
    RtThread *thread = rti_self();
    thread->sink = rti_order_sink(thread->par);
}

void rti_par_wait_turn(void) {
    take_turn(rti_self()->par, false);
}

void rti_par_wait_turn_in_handler(void) {
    take_turn(rti_self()->par, true);
}

bool rti_par_inside(void) {
    return rti_self()->par != NULL;
}
