// infer_sum.c: variables that loops add to: x += e or x <- x + e, with e in a known range, at most so often as the
// loops between the definition of x and the update have iterations. So counters and sums of small
// numbers are integers although nothing compares them with a bound.
//
// Invariant: a variable with sums holds what it was given, its base, and all of its sums besides; so
// its type covers base + sums, however often either grows.
#include "infer_internal.h"
#include <math.h>

// What an update adds in all.
typedef struct Sum {
    double low, high; // low <= 0 <= high
} Sum;

typedef struct SymbolSum {
    bool used;
    Type base;
    Sum sum;
} SymbolSum;

typedef struct Sums {
    SymbolSum *symbols;
    PtrMap updates; // Node -> Sum
} Sums;

// --- loops ----------------------------------------------------------------------------------------

static double trips_of(Walk *w, const LoopNode *loop) {
    const Type *types = w->instance->shared.node_types;
    if (loop->prefix != PREFIX_NONE) return INFINITY;
    if (loop->kind == LOOP_EACH) {
        uint8_t kinds = types[loop->iterable->id].kinds;
        return (kinds & ~KIND_LIST) == 0 ? TYPE_MOST_ELEMENTS : INFINITY;
    }
    if (loop->kind != LOOP_RANGE) return INFINITY;
    Type low = types[loop->low->id], high = types[loop->high->id];
    if (!low.integer || !high.integer) return INFINITY;
    return fmax(high.high - low.low + (loop->inclusive ? 1 : 0), 0);
}

void infer_sum_loop(Walk *w, const LoopNode *loop) {
    LoopTrips trips = {loop, trips_of(w, loop)};
    vec_push(w->infer->arena, &w->loops, trips);
}

void infer_sum_loop_end(Walk *w) {
    w->loops.len--;
}

// How often code here runs for one definition of the symbol.
static double runs_of(const Walk *w, const Symbol *symbol) {
    double runs = 1;
    for (uint32_t i = w->loops.len; i-- > 0;) {
        if (w->loops.items[i].loop == symbol->loop) return runs;
        runs *= w->loops.items[i].most;
    }
    return symbol->loop == NULL ? runs : INFINITY;
}

// --- sums -----------------------------------------------------------------------------------------

static SymbolSum *sum_of(Walk *w, const Symbol *symbol) {
    Sums *sums = w->instance->sums;
    return sums == NULL ? NULL : &sums->symbols[symbol->index];
}

static Type total_of(const Walk *w, const SymbolSum *sum) {
    Type base = sum->base;
    if (!type_is(base, KIND_NUMBER) || !base.integer) return base;
    Type total = base;
    total.low += sum->sum.low;
    total.high += sum->sum.high;
    return infer_checks(w) ? infer_checked(total) : type_integer(total.low, total.high);
}

Type infer_sum_set(Walk *w, const Symbol *symbol, Type type) {
    SymbolSum *sum = sum_of(w, symbol);
    if (sum == NULL || !sum->used) return type;
    sum->base = type_join(w->infer->arena, sum->base, type);
    return total_of(w, sum);
}

static void begin(Walk *w, const Symbol *symbol, Type held) {
    Arena *arena = w->infer->arena;
    InferInstance *instance = w->instance;
    if (instance->sums == NULL) {
        uint32_t count = instance->shared.function->symbols.len;
        instance->sums = ARENA_NEW(arena, Sums);
        instance->sums->symbols = ARENA_ARRAY(arena, SymbolSum, count);
        instance->sums->updates.arena = arena;
    }
    SymbolSum *sum = sum_of(w, symbol);
    if (!sum->used) *sum = (SymbolSum){.used = true, .base = held};
}

static bool is_name_of(const Node *node, const Symbol *symbol) {
    return node->kind == NODE_NAME && node->name.symbol == symbol;
}

// What the update adds to the symbol, or, then with *subtracts, takes away; null: it does something else.
static const Node *term_of(const Node *update, const Symbol *symbol, bool *subtracts) {
    const Node *value = update->update.value;
    *subtracts = update->update.op == UPDATE_SUB;
    if (update->update.op == UPDATE_ADD || *subtracts) return value;
    if (update->update.op != UPDATE_SET || value->kind != NODE_BINARY) return NULL;
    const Node *left = value->binary.left, *right = value->binary.right;
    *subtracts = value->binary.op == BINARY_SUB;
    if (value->binary.op != BINARY_ADD && !*subtracts) return NULL;
    if (is_name_of(left, symbol)) return right;
    return !*subtracts && is_name_of(right, symbol) ? left : NULL;
}

static bool can_sum(const Walk *w, const Node *update, const Symbol *symbol) {
    return w->guess == NULL && !update->update.or_return && symbol->is_mutable &&
           symbol->kind == SYMBOL_VARIABLE && symbol->owner == w->instance->shared.function &&
           !symbol->deferred && !symbol->rebound_by_loop && !symbol->to_f32;
}

bool infer_sum(Walk *w, Node *update) {
    const Node *target = update->update.target;
    Symbol *symbol = target->kind == NODE_NAME ? target->name.symbol : NULL;
    bool subtracts = false;
    const Node *term = symbol != NULL ? term_of(update, symbol, &subtracts) : NULL;
    if (term == NULL || !can_sum(w, update, symbol)) return false;
    Type by = w->instance->shared.node_types[term->id];
    Type held = infer_symbol(w, symbol), here = w->instance->shared.node_types[target->id];
    if (!type_is(held, KIND_NUMBER) || !held.integer || !type_is(by, KIND_NUMBER) || !by.integer)
        return false;
    double runs = runs_of(w, symbol);
    bool narrowed =
        here.low != held.low || here.high != held.high; // a condition may bound it better
    if (narrowed || !(runs * fmax(fabs(by.low), fabs(by.high)) <= TYPE_MAX_INTEGER)) return false;
    begin(w, symbol, held);
    Sum add = {fmin(runs * by.low, 0), fmax(runs * by.high, 0)};
    if (subtracts) add = (Sum){-add.high, -add.low};
    Sums *sums = w->instance->sums;
    Sum *known = map_get(&sums->updates, update);
    if (known == NULL) {
        known = ARENA_NEW(w->infer->arena, Sum);
        map_put(&sums->updates, update, known);
    }
    Sum more = {fmin(add.low, known->low), fmax(add.high, known->high)};
    SymbolSum *sum = sum_of(w, symbol);
    sum->sum.low += more.low - known->low;
    sum->sum.high += more.high - known->high;
    *known = more;
    infer_set_symbol(w, symbol, sum->base);
    return true;
}
