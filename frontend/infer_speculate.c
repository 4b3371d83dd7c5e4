// infer_speculate.c: loops whose variables are likely to be whole numbers, though nothing proves that
// they stay below 2^53. Their types are worked out once more with such variables taken for integers;
// lowering makes a copy of the loop for these types, which looks where a range may be left (sema.h,
// Speculation).
//
// Only innermost loops without a count (`@ condition {`, `@ {`) whose bodies do nothing but change
// variables that hold numbers: an iteration can then be begun anew. Invariant: nothing that is
// inferred here reaches the types of anything outside the loop.
#include "infer_internal.h"

enum { MOST_SYMBOLS = 12, MOST_TRIES = 24 };

typedef struct Survey {
    Walk *w;
    Speculation *guess;
    SymbolVec own;       // defined in the loop
    uint32_t remainders; // and operations on bits: where integers are better than doubles
    bool fits;
} Survey;

Type infer_checked(Type type) {
    if (!type.integer) return type;
    if (type.low < -TYPE_MAX_INTEGER) type.low = -TYPE_MAX_INTEGER;
    if (type.high > TYPE_MAX_INTEGER) type.high = TYPE_MAX_INTEGER;
    return type;
}

static uint32_t position_of(const SymbolVec *symbols, const Symbol *symbol) {
    uint32_t i = 0;
    while (i < symbols->len && symbols->items[i] != symbol) i++;
    return i;
}

Type *infer_guess(Walk *w, const Symbol *symbol) {
    if (w->guess == NULL) return NULL;
    uint32_t at = position_of(&w->guess->symbols, symbol);
    return at < w->guess->symbols.len ? &w->guess->types[at] : NULL;
}

static void drop(Walk *w, uint32_t at) {
    Speculation *guess = w->guess;
    for (uint32_t i = at; i + 1 < guess->symbols.len; i++) {
        guess->symbols.items[i] = guess->symbols.items[i + 1];
        guess->types[i] = guess->types[i + 1];
    }
    guess->symbols.len--;
    if (at < guess->outer) guess->outer--;
}

// A variable that gets something else is taken for an integer no longer; one that may get a negative
// number is taken for one of either sign. Either way all is to be worked out again.
void infer_guess_set(Walk *w, Symbol *symbol, Type type) {
    uint32_t at = position_of(&w->guess->symbols, symbol);
    if (at == w->guess->symbols.len || type.kinds == 0) return;
    Type *guess = &w->guess->types[at];
    type = infer_checked(type);
    if (type_is(type, KIND_NUMBER) && type.integer && type.low >= guess->low) return;
    w->guess_failed = true;
    if (type_is(type, KIND_NUMBER) && type.integer) guess->low = -TYPE_MAX_INTEGER;
    else drop(w, at);
}

// --- which loops ----------------------------------------------------------------------------------

static void survey(void *context, Node **child);

static bool is_plain_number(Type type) {
    return type_is(type, KIND_NUMBER) && !type.integer;
}

static bool is_own(const Survey *s, const Symbol *symbol) {
    return position_of(&s->own, symbol) < s->own.len;
}

static void try_symbol(Survey *s, Symbol *symbol) {
    Speculation *guess = s->guess;
    if (symbol == NULL || symbol->kind == SYMBOL_CONSTANT || symbol->kind == SYMBOL_BUILTIN) return;
    if (symbol->function != NULL || symbol->to_f32 || symbol->rebound_by_loop) return;
    if (!is_plain_number(infer_symbol(s->w, symbol))) return;
    if (position_of(&guess->symbols, symbol) < guess->symbols.len) return;
    if (guess->symbols.len == MOST_SYMBOLS) return;
    guess->types[guess->symbols.len] = type_integer(0, TYPE_MAX_INTEGER);
    vec_push(s->w->infer->arena, &guess->symbols, symbol);
}

static bool is_pure_call(const Node *node) {
    const Node *callee = node->call.callee;
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL || node->call.max != NULL) return false;
    if (callee->name.symbol->kind != SYMBOL_BUILTIN) return false;
    uint8_t how = callee->name.symbol->builtin->lowering;
    return how == BY_INSTRUCTION || how == BY_MATH;
}

static bool is_pure_match(const Node *node) {
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        ArmKind kind = node->match.arms.items[i].kind;
        if (kind != ARM_GUARD && kind != ARM_THEN && kind != ARM_DEFAULT) return false;
    }
    return !node->match.on_result;
}

static bool is_number(const Survey *s, const Node *node) {
    return s->w->instance->shared.node_types[node->id].kinds == KIND_NUMBER;
}

static bool survey_update(Survey *s, Node *node) {
    Node *target = node->update.target;
    if (target->kind != NODE_NAME || target->name.symbol == NULL || node->update.or_return) return false;
    Symbol *symbol = target->name.symbol;
    if (!is_number(s, target) || !is_number(s, node->update.value)) return false;
    if (symbol->rebound_by_loop) return false;
    SymbolVec *updated = &s->guess->updated;
    if (position_of(updated, symbol) == updated->len) vec_push(s->w->infer->arena, updated, symbol);
    return true;
}

static bool survey_define(Survey *s, Node *node) {
    DefineNode *define = node->define;
    if (define->symbols.len != 1 || define->or_return || define->symbols.items[0] == NULL) return false;
    if (define->symbols.items[0]->kind == SYMBOL_CONSTANT) return true;
    vec_push(s->w->infer->arena, &s->own, define->symbols.items[0]);
    return is_number(s, define->value) && !define->symbols.items[0]->captured;
}

static bool survey_binary(Survey *s, Node *node) {
    BinaryOp op = node->binary.op;
    if (op == BINARY_IN || op == BINARY_NOT_IN || op == BINARY_CARRY || op == BINARY_CONS) return false;
    if (op == BINARY_MOD || (op >= BINARY_SHL && op <= BINARY_BXOR)) s->remainders++;
    return is_number(s, node->binary.left) && is_number(s, node->binary.right);
}

static bool fits(Survey *s, Node *node) {
    switch ((NodeKind)node->kind) {
    case NODE_NUMBER: case NODE_BLOCK: return true;
    case NODE_NAME: return node->name.symbol != NULL;
    case NODE_UNARY: return node->unary.op <= UNARY_BNOT && is_number(s, node->unary.operand);
    case NODE_BINARY: return survey_binary(s, node);
    case NODE_INDEX:
        return !node->observed && is_number(s, node) && is_number(s, node->index.index) &&
               node->index.base->kind == NODE_NAME &&
               s->w->instance->shared.node_types[node->index.base->id].kinds == KIND_LIST;
    case NODE_CALL: return is_pure_call(node);
    case NODE_MATCH: return is_pure_match(node);
    case NODE_DEFINE: return survey_define(s, node);
    case NODE_UPDATE: return survey_update(s, node);
    case NODE_RET: // at the top level deferred blocks may look at global variables afterwards
        return s->w->instance->shared.function->parent != NULL &&
               (node->ret.value == NULL || is_number(s, node->ret.value));
    case NODE_LEAVE: return node->leave.value == NULL && node->leave.loop == s->guess->loop;
    case NODE_NEXT: return node->next.loop == s->guess->loop;
    case NODE_POISON: case NODE_STRING: case NODE_FSTRING: case NODE_LIST: case NODE_MAP:
    case NODE_RANGE: case NODE_SLICE: case NODE_FIELD: case NODE_CAST: case NODE_LAMBDA:
    case NODE_LOOP: case NODE_PIPE: case NODE_ORELSE: case NODE_RESULT_TEST: case NODE_LOOP_VALUE:
    case NODE_SEND: case NODE_PORT: case NODE_SPAWN: case NODE_UNSAFE: case NODE_SWAP: case NODE_ERR:
    case NODE_DEFER: case NODE_ARENA: case NODE_USE: case NODE_IMPORT: case NODE_CSTRUCT:
    case NODE_ALIAS: case NODE_APPEND: case NODE_REGISTER: case NODE_MODULE: case NODE_WAIT_UNTIL:
    case NODE_HOLD: case NODE_FOREIGN: case NODE_MEMORY: return false;
    case NODE_KIND_COUNT: break;
    }
    UNREACHABLE("a node has a kind");
}

static void survey(void *context, Node **child) {
    Survey *s = context;
    Node *node = *child;
    if (node == NULL || !s->fits) return;
    s->fits = fits(s, node);
    Speculation *guess = s->guess;
    if (node->id < guess->first) guess->first = node->id;
    if (node->id > guess->last) guess->last = node->id;
    if (s->fits) ast_children(node, survey, s);
}

// Variables of which the loop takes remainders are tried, too.
static void choose(void *context, Node **child) {
    Survey *s = context;
    Node *node = *child;
    if (node == NULL) return;
    if (node->kind == NODE_BINARY && node->binary.op == BINARY_MOD) {
        Node *sides[] = {node->binary.left, node->binary.right};
        for (int i = 0; i < 2; i++)
            if (sides[i]->kind == NODE_NAME && !is_own(s, sides[i]->name.symbol))
                try_symbol(s, sides[i]->name.symbol);
    }
    ast_children(node, choose, s);
}

// Outer variables come first, those that the loop updates before the others. `updated` keeps them alone.
static void choose_symbols(Survey *s, LoopNode *loop) {
    SymbolVec all = s->guess->updated;
    s->guess->updated = (SymbolVec){0};
    VEC_EACH(Symbol *, symbol, &all) {
        if (is_own(s, symbol)) continue;
        vec_push(s->w->infer->arena, &s->guess->updated, symbol);
        try_symbol(s, symbol);
    }
    choose(s, &loop->condition);
    choose(s, &loop->body);
    s->guess->outer = s->guess->symbols.len;
    VEC_EACH(Symbol *, symbol, &s->own) try_symbol(s, symbol);
}

// --- trying ---------------------------------------------------------------------------------------

static void walk_loop(Walk *w, LoopNode *loop) {
    uint32_t mark = refine_mark(w);
    if (loop->condition != NULL) {
        infer_expr(w, loop->condition);
        refine_by(w, loop->condition, true);
    }
    infer_expr(w, loop->body);
    refine_pop(w, mark);
}

static bool try_types(Walk *w, Speculation *guess) {
    uint32_t tries = 0;
    w->guess = guess;
    do {
        w->guess_failed = false;
        walk_loop(w, guess->loop);
    } while (w->guess_failed && ++tries < MOST_TRIES);
    w->guess = NULL;
    return !w->guess_failed && guess->outer > 0;
}

void infer_speculate(Walk *w, Node *node) {
    LoopNode *loop = node->loop;
    bool uncounted = loop->kind == LOOP_WHILE || loop->kind == LOOP_FOREVER;
    if (!uncounted || loop->prefix != PREFIX_NONE || loop->has_value || loop->max != NULL) return;
    w->instance->reports = true;
    if (!w->infer->reporting) return;
    Arena *arena = w->infer->arena;
    Speculation *guess = ARENA_NEW(arena, Speculation);
    *guess = (Speculation){.loop = loop, .first = UINT32_MAX};
    guess->types = ARENA_ARRAY(arena, Type, MOST_SYMBOLS + 1);
    Survey s = {.w = w, .guess = guess, .fits = true};
    if (loop->condition != NULL) survey(&s, &loop->condition);
    survey(&s, &loop->body);
    if (!s.fits || s.remainders == 0) return;
    choose_symbols(&s, loop);
    if (guess->outer == 0) return;
    Type *types = &w->instance->shared.node_types[guess->first];
    size_t count = guess->last - guess->first + 1;
    Type *kept = ARENA_ARRAY(arena, Type, count);
    guess->node_types = ARENA_ARRAY(arena, Type, count);
    for (size_t i = 0; i < count; i++) kept[i] = types[i];
    bool good = try_types(w, guess);
    for (size_t i = 0; i < count; i++) {
        guess->node_types[i] = types[i];
        types[i] = kept[i];
    }
    if (good) vec_push(arena, &w->instance->shared.speculations, guess);
}
