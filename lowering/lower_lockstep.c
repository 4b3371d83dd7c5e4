// lower_lockstep.c: neighbouring iterations of a range loop that run side by side. Where the body of a
// loop over j sums in a loop over k, each sum waits for itself. So several values of j go through the
// loop over k together, statement by statement, each with variables of its own: no operation of an
// iteration changes its place among those of that iteration, so no bit of a result changes; and what
// stands side by side is what LLVM makes vectors of.
//
// Invariant: what runs ahead of its turn reads nothing that the loop changes, changes nothing but
// variables of its own iteration, ends and cannot stop; loops inside run equally often for all. What
// follows in the body runs in the order of iterations.
#include "lower_internal.h"

enum { MOST_NODES = 900, FAR_WIDTH = 8 };

typedef struct Judge {
    LowerCtx *cx;
    LoopNode *loop;     // over j
    SymbolVec own;      // of an iteration
    PtrMap defined;     // Symbol -> Node: what an immutable one of these is
    SymbolVec changed;  // by what follows
    const LoopNode *at; // the innermost loop around what is looked at
    uint32_t nodes, sums;
    bool good;
    bool far; // neighbours read elements that are no neighbours
} Judge;

static bool has(const SymbolVec *symbols, const Symbol *symbol) {
    VEC_EACH(Symbol *, other, symbols) if (other == symbol) return true;
    return false;
}

// --- judging --------------------------------------------------------------------------------------

enum { FAR = 2 };

static int difference(Judge *judge, const Node *node);

static int difference_of_sum(Judge *judge, const Node *node, int sign) {
    int left = difference(judge, node->binary.left), right = difference(judge, node->binary.right);
    if (left == FAR || right == FAR) return FAR;
    int sum = left + sign * right;
    return sum == 0 || sum == 1 ? sum : FAR;
}

// By how much the number grows from one iteration to the next: 0, 1, or FAR: by something else.
static int difference(Judge *judge, const Node *node) {
    if (node->kind == NODE_NUMBER) return 0;
    if (node->kind == NODE_NAME) {
        const Symbol *symbol = node->name.symbol;
        if (symbol == judge->own.items[0]) return 1;
        const Node *value = map_get(&judge->defined, symbol);
        if (value) return difference(judge, value);
        return has(&judge->own, symbol) ? FAR : 0;
    }
    if (node->kind != NODE_BINARY) return FAR;
    if (node->binary.op == BINARY_ADD) return difference_of_sum(judge, node, 1);
    if (node->binary.op == BINARY_SUB) return difference_of_sum(judge, node, -1);
    bool fixed =
        difference(judge, node->binary.left) == 0 && difference(judge, node->binary.right) == 0;
    return fixed ? 0 : FAR;
}

static void look_at(void *context, Node **child);

static void look_at_define(Judge *judge, const DefineNode *define) {
    Symbol *symbol = define->symbols.items[0];
    if (!symbol || symbol->kind == SYMBOL_CONSTANT) return;
    const Type *types = judge->cx->fs->instance->symbol_types;
    bool good = symbol->owner == judge->cx->fs->function && !symbol->is_global &&
                !symbol->captured && types[symbol->index].kinds == KIND_NUMBER;
    if (!good) judge->good = false;
    if (!define->is_mutable) map_put(&judge->defined, symbol, define->value);
    if (!has(&judge->own, symbol)) vec_push(judge->cx->arena, &judge->own, symbol);
}

// A sum that outlives the iterations of the loop around the statement is what the neighbours help.
static void look_at_update(Judge *judge, const Node *node) {
    const Node *target = node->update.target;
    const Symbol *symbol = target->kind == NODE_NAME ? target->name.symbol : NULL;
    if (!symbol || !has(&judge->own, symbol)) {
        judge->good = false;
        return;
    }
    Type type = judge->cx->fs->instance->symbol_types[symbol->index];
    bool is_long = judge->at && lower_short_trips(judge->cx, judge->at) == 0;
    if (is_long && symbol->loop != judge->at && type_rep(type) == REP_F64) judge->sums++;
}

static void look_at_loop(Judge *judge, LoopNode *loop) {
    if (difference(judge, loop->low) != 0 || difference(judge, loop->high) != 0)
        judge->good = false;
    const LoopNode *around = judge->at;
    judge->at = loop;
    look_at(judge, &loop->body);
    judge->at = around;
}

static bool is_far(Judge *judge, const Node *node) {
    const Node *base = node->index.base;
    return difference(judge, node->index.index) == FAR ||
           (base->kind == NODE_INDEX && difference(judge, base->index.index) != 0);
}

static void look_at(void *context, Node **child) {
    Judge *judge = context;
    Node *node = *child;
    if (!node || !judge->good) return;
    judge->nodes += judge->at != NULL;
    if (node->kind == NODE_NEXT) judge->good = false;
    if (node->kind == NODE_LOOP) return look_at_loop(judge, node->loop);
    if (node->kind == NODE_UPDATE) look_at_update(judge, node);
    if (node->kind == NODE_INDEX && judge->at && is_far(judge, node)) judge->far = true;
    ast_children(node, look_at, judge);
    if (node->kind == NODE_DEFINE) look_at_define(judge, node->define);
}

static void note_changed(void *context, Node **child) {
    Judge *judge = context;
    Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_NEXT || node->kind == NODE_LOOP) judge->good = false;
    if (node->kind == NODE_UPDATE) {
        Node *root = node->update.target;
        while (root->kind == NODE_INDEX) root = root->index.base;
        vec_push(judge->cx->arena, &judge->changed, root->name.symbol);
    }
    ast_children(node, note_changed, judge);
}

static void look_for_changed(void *context, Node **child) {
    Judge *judge = context;
    Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_NAME && has(&judge->changed, node->name.symbol) &&
        !has(&judge->own, node->name.symbol))
        judge->good = false;
    ast_children(node, look_for_changed, judge);
}

// As many statements as may run ahead; the loops among them are what this is for.
static uint32_t find_ahead(Judge *judge, const NodeVec *statements) {
    uint32_t ahead = 0;
    for (; ahead < statements->len; ahead++) {
        Judge before = *judge;
        look_at(judge, &statements->items[ahead]);
        if (judge->good) continue;
        *judge = before;
        break;
    }
    for (uint32_t i = ahead; i < statements->len; i++) note_changed(judge, &statements->items[i]);
    for (uint32_t i = 0; i < ahead; i++) look_for_changed(judge, &statements->items[i]);
    return ahead;
}

// Four vectors of sums at a time, so that one is added to while others wait.
static uint32_t width_of(const Judge *judge) {
    uint32_t width = judge->far ? FAR_WIDTH : 4 * judge->cx->vector_doubles;
    while (width > 4 && width * judge->sums > 4 * judge->cx->vector_doubles) width /= 2;
    while (width > 4 && width * judge->nodes > MOST_NODES) width /= 2;
    return width * judge->nodes > MOST_NODES ? 0 : width;
}

Lockstep lower_lockstep(LowerCtx *cx, LoopNode *loop) {
    Lockstep none = {0};
    Symbol *variable = loop->symbols.len == 1 ? loop->symbols.items[0] : NULL;
    if (!variable || cx->options->optimize < 2 || cx->options->optimize_size || cx->unlikely ||
        cx->fs->in_lockstep || lower_short_trips(cx, loop) || !lower_is_quiet(cx, loop))
        return none;
    Judge judge = {.cx = cx, .loop = loop, .defined = {.arena = cx->arena}, .good = true};
    vec_push(cx->arena, &judge.own, variable);
    uint32_t ahead = find_ahead(&judge, &loop->body->block.statements);
    if (!judge.good || judge.sums == 0) return none;
    uint32_t width = width_of(&judge);
    return (Lockstep){.loop = loop,
                      .width = width,
                      .ahead = ahead,
                      .own = judge.own,
                      .slots = ARENA_ARRAY(cx->arena, SymSlot, width * judge.own.len + 1)};
}

// --- running --------------------------------------------------------------------------------------

// The variables of an iteration take their places, or what became of them is kept.
static void exchange(LowerCtx *cx, Lockstep *lockstep, uint32_t iteration, bool keep) {
    SymSlot *slots = lockstep->slots + (size_t)iteration * lockstep->own.len;
    for (uint32_t i = 0; i < lockstep->own.len; i++) {
        SymSlot *slot = &cx->fs->slots[lockstep->own.items[i]->index];
        if (keep)
            slots[i] = *slot;
        else
            *slot = slots[i];
    }
}

static void each_statement(LowerCtx *cx, Lockstep *lockstep, const NodeVec *statements,
                           uint32_t count);

static void body_of_loop(LowerCtx *cx, LoopNode *loop, void *context) {
    const NodeVec *statements = &loop->body->block.statements;
    each_statement(cx, context, statements, statements->len);
}

static void each_statement(LowerCtx *cx, Lockstep *lockstep, const NodeVec *statements,
                           uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        Node *statement = statements->items[i];
        if (statement->kind == NODE_LOOP) {
            map_put(&cx->remarked, statement->loop, statement->loop); // it is made vectors of
            lower_range_of(cx, statement, body_of_loop, lockstep);
            continue;
        }
        for (uint32_t k = 0; k < lockstep->width; k++) {
            exchange(cx, lockstep, k, false);
            lower_effect(cx, statement);
            exchange(cx, lockstep, k, true);
        }
    }
}

void lower_lockstep_body(LowerCtx *cx, Lockstep *lockstep, LLVMValueRef first) {
    const NodeVec *statements = &lockstep->loop->body->block.statements;
    uint32_t mark = lower_scope(cx);
    cx->fs->in_lockstep = true;
    for (uint32_t k = 0; k < lockstep->width; k++) {
        exchange(cx, lockstep, k, false); // nothing is defined yet
        LLVMValueRef index = LLVMBuildNSWAdd(cx->builder, first, lower_i64(cx, k), "");
        lower_alias(cx, lockstep->own.items[0],
                    lower_val(REP_I64, type_integer(-0x1p52, 0x1p52), index, false));
        exchange(cx, lockstep, k, true);
    }
    each_statement(cx, lockstep, statements, lockstep->ahead);
    for (uint32_t k = 0; k < lockstep->width; k++) {
        exchange(cx, lockstep, k, false);
        for (uint32_t i = lockstep->ahead; i < statements->len; i++)
            lower_effect(cx, statements->items[i]);
    }
    for (uint32_t i = 0; i < lockstep->own.len; i++)
        cx->fs->slots[lockstep->own.items[i]->index] = (SymSlot){0};
    cx->fs->in_lockstep = false;
    lower_scope_end(cx, mark);
}
