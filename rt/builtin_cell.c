// builtin_cell.c: the two things that are shared and not copied: atomic cells, which hold a number,
// and mutexes. Both are objects of kind function, told from closures by their code: so they are
// counted, captured, stored and compared by identity as functions are; calling one stops.
//
// A thread that stops while it holds a mutex gives it up first: it waits for its turn, and earlier
// blocks may be waiting for the mutex. Invariant: a locked mutex is in its holder's list, and counted
// there.
#include "builtin_words.h"
#include "value.h"
#include "futex.h"

typedef struct RtCell { // an RtClosure that captures nothing
    RtHeader header;
    RtCode *code;
    const RtFunctionInfo *info;
    int64_t captured;
    _Atomic uint64_t word;  // cells: the number
    RtiLock lock;           // mutexes
    _Atomic int32_t holder; // the thread's id and 1; 0: nobody
    struct RtCell *next;    // in the holder's list
} RtCell;
_Static_assert(offsetof(RtCell, word) == offsetof(RtClosure, words), "laid out as a closure");

static const RtFunctionInfo cell_info = {"atomic", 0, -1, 0}, mutex_info = {"mutex", 0, -1, 0};

static uint64_t cell_called(RtClosure *self, const uint64_t *args, int64_t count,
                            const RtPlace *place) {
    (void)self;
    (void)args;
    (void)count;
    rti_stop(place, "an atomic cell cannot be called; atomic_load(c) reads it");
}

static uint64_t mutex_called(RtClosure *self, const uint64_t *args, int64_t count,
                             const RtPlace *place) {
    (void)self;
    (void)args;
    (void)count;
    rti_stop(place, "a mutex cannot be called; mutex_lock(m) locks it");
}

static uint64_t make(RtCode *code, const RtFunctionInfo *info, uint64_t word) {
    RtCell *cell = rti_alloc(sizeof *cell);
    rti_set(cell, 0, sizeof *cell);
    cell->header = rti_header(RT_KIND_FUNCTION, 0);
    cell->code = code;
    cell->info = info;
    // relaxed: whoever gets the object gets it by a hand-over that orders it
    atomic_store_explicit(&cell->word, word, memory_order_relaxed);
    return rti_box(RT_TAG_FUNCTION, cell);
}

static RtCell *need(const char *what, const char *needed, RtCode *code, uint64_t word,
                    const RtPlace *place) {
    RtCell *cell = rti_is(word, RT_TAG_FUNCTION) ? rti_pointer(word) : NULL;
    if (cell == NULL || cell->code != code) rti_stop_kind(what, needed, word, place);
    return cell;
}

// --- cells ---------------------------------------------------------------------------------------
// All operations are seq_cst: a program that shares several cells sees one order of its changes.

static RtCell *need_cell(const char *what, uint64_t word, const RtPlace *place) {
    return need(what, "an atomic cell", cell_called, word, place);
}

uint64_t rt_b_atomic(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    double number = rti_need_number("atomic", args[0], place);
    return make(cell_called, &cell_info, rti_number_word(number));
}

uint64_t rt_b_atomic_load(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtCell *cell = need_cell("atomic_load", args[0], place);
    return atomic_load_explicit(&cell->word, memory_order_seq_cst);
}

uint64_t rt_b_atomic_store(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtCell *cell = need_cell("atomic_store", args[0], place);
    double number = rti_need_number("atomic_store", args[1], place);
    atomic_store_explicit(&cell->word, rti_number_word(number), memory_order_seq_cst);
    return 0;
}

uint64_t rt_b_atomic_add(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtCell *cell = need_cell("atomic_add", args[0], place);
    double number = rti_need_number("atomic_add", args[1], place);
    uint64_t old = atomic_load_explicit(&cell->word, memory_order_relaxed), sum;
    do {
        sum = rti_number_word(rti_number(old) + number);
    } while (!atomic_compare_exchange_weak_explicit(&cell->word, &old, sum, memory_order_seq_cst,
                                                    memory_order_relaxed));
    return old;
}

uint64_t rt_b_atomic_cas(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtCell *cell = need_cell("atomic_cas", args[0], place);
    double expected = rti_need_number("atomic_cas", args[1], place);
    uint64_t by = rti_number_word(rti_need_number("atomic_cas", args[2], place));
    uint64_t now = atomic_load_explicit(&cell->word, memory_order_seq_cst);
    while (rti_number(now) == expected) { // -0 is 0 here too
        if (atomic_compare_exchange_weak_explicit(&cell->word, &now, by, memory_order_seq_cst,
                                                  memory_order_seq_cst))
            return rti_word_of(1);
    }
    return 0;
}

// --- mutexes -------------------------------------------------------------------------------------

static RtCell *need_mutex(const char *what, uint64_t word, const RtPlace *place) {
    return need(what, "a mutex", mutex_called, word, place);
}

uint64_t rt_b_mutex_create(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    return make(mutex_called, &mutex_info, 0);
}

// (In a child process `holder` may be what a thread of the parent wrote; then the lock is not taken.)
static bool holds(const RtThread *self, RtCell *mutex) {
    // relaxed: a thread finds its own id only if it wrote it itself
    return atomic_load_explicit(&mutex->holder, memory_order_relaxed) == self->id + 1 &&
           rti_lock_taken(&mutex->lock);
}

uint64_t rt_b_mutex_lock(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtCell *mutex = need_mutex("mutex_lock", args[0], place);
    RtThread *self = rti_self();
    if (holds(self, mutex)) rti_stop(place, "mutex_lock: this thread holds the mutex already");
    rti_lock(&mutex->lock);
    atomic_store_explicit(&mutex->holder, self->id + 1, memory_order_relaxed);
    rti_retain(mutex);
    mutex->next = self->held;
    self->held = mutex;
    return 0;
}

static void unlock(RtThread *self, RtCell *mutex) {
    RtCell **at = &self->held;
    while (*at != mutex) at = &(*at)->next;
    *at = mutex->next;
    atomic_store_explicit(&mutex->holder, 0, memory_order_relaxed);
    rti_unlock(&mutex->lock);
    rti_release(mutex);
}

uint64_t rt_b_mutex_unlock(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtCell *mutex = need_mutex("mutex_unlock", args[0], place);
    RtThread *self = rti_self();
    if (!holds(self, mutex)) rti_stop(place, "mutex_unlock: this thread does not hold the mutex");
    unlock(self, mutex);
    return 0;
}

void rti_mutexes_drop(const struct RtCell *until) {
    RtThread *self = rti_self();
    while (self->held != until && self->held != NULL) unlock(self, self->held);
}

void rti_mutexes_forked(void) {
    const RtThread *self = rti_self();
    for (RtCell *mutex = self->held; mutex; mutex = mutex->next) {
        rti_lock_keep(&mutex->lock);
        atomic_store_explicit(&mutex->holder, self->id + 1, memory_order_relaxed);
    }
}
