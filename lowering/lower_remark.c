// lower_remark.c: what --remarks says of an innermost counted loop that is not made vectors of, as far
// as the program is the reason: the first thing in its body that stands in the way. What LLVM thinks
// of the loop afterwards is not looked at. Changes nothing.
#include "lower_internal.h"

typedef struct Obstacle {
    LowerCtx *cx;
    LoopNode *loop;
    const char *reason;
    Span span;
    bool nested;
    bool wide; // mathematics for vectors is called
} Obstacle;

static void look_at(void *context, Node **child);

static void stands_in_the_way(Obstacle *o, const Node *node, const char *reason) {
    if (o->reason) return;
    o->reason = reason;
    o->span = node->span;
}

static bool is_wide(LowerCtx *cx, const Builtin *builtin) {
    if (!builtin || builtin->lowering != BY_MATH) return false;
    return lower_math_is_wide(cx, arena_printf(cx->arena, "rt_%s", builtin->name));
}

static void look_at_call(Obstacle *o, const Node *node) {
    const Node *callee = node->call.callee;
    const Symbol *symbol = callee->kind == NODE_NAME ? callee->name.symbol : NULL;
    if (!symbol || symbol->kind != SYMBOL_BUILTIN) {
        if (!symbol || !symbol->function || (symbol->function->effects & EFFECT_RECURSE))
            stands_in_the_way(o, node, "it calls a function that is not put in its place");
        return;
    }
    if (symbol->builtin->lowering == BY_MATH && !is_wide(o->cx, symbol->builtin))
        stands_in_the_way(o, node, "the function is computed for one number at a time");
    else if (symbol->builtin->lowering == BY_WORDS || symbol->builtin->lowering == BY_SPECIAL)
        stands_in_the_way(o, node, "it calls the runtime");
}

static void look_at_index(Obstacle *o, const Node *node) {
    bool list = type_is(lower_node_type(o->cx, node->index.base), KIND_LIST);
    bool fixed = node->index.base->kind != NODE_NAME || !list;
    stands_in_the_way(o, node,
                      fixed ? "only the run tells what this is an element of"
                            : "the position is not known before the loop");
}

typedef struct Earlier {
    const Symbol *list, *variable; // of what is read
    bool written;
} Earlier;

static void find_write(void *context, Node **child) {
    Earlier *earlier = context;
    const Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_UPDATE && node->update.target->kind == NODE_INDEX) {
        const Node *base = node->update.target->index.base, *at = node->update.target->index.index;
        earlier->written |= base->kind == NODE_NAME && base->name.symbol == earlier->list &&
                            at->kind == NODE_NAME && at->name.symbol == earlier->variable;
    }
    ast_children(*child, find_write, earlier);
}

// xs[i - c] in a loop that writes xs[i], where c is less than vectors are long.
static void look_at_earlier(Obstacle *o, const Node *node) {
    const Node *base = node->index.base, *at = node->index.index;
    if (base->kind != NODE_NAME || at->kind != NODE_BINARY || at->binary.op != BINARY_SUB) return;
    const Node *variable = at->binary.left, *back = at->binary.right;
    if (variable->kind != NODE_NAME || back->kind != NODE_NUMBER) return;
    double distance = back->number.value;
    if (distance < 1 || distance >= o->cx->vector_doubles) return;
    Earlier earlier = {base->name.symbol, variable->name.symbol, false};
    Node *body = o->loop->body;
    find_write(&earlier, &body);
    if (earlier.written)
        stands_in_the_way(o, node, "it reads an element that an earlier iteration writes");
}

static bool is_outer(const Obstacle *o, const Symbol *symbol) {
    return symbol && symbol->loop != o->loop;
}

static void find_wide(void *context, Node **child) {
    Obstacle *o = context;
    const Node *node = *child;
    if (!node) return;
    const Node *callee = node->kind == NODE_CALL ? node->call.callee : NULL;
    if (callee && callee->kind == NODE_NAME && callee->name.symbol)
        o->wide |= is_wide(o->cx, callee->name.symbol->builtin);
    bool power = node->kind == NODE_BINARY && node->binary.op == BINARY_POW;
    o->wide |= power && lower_math_is_wide(o->cx, "rt_pow");
    ast_children(*child, find_wide, o);
}

// Sums of mathematics are made vectors of up to the addition (pipeline.c).
static bool is_sum_of_mathematics(const Obstacle *o, const Node *update) {
    const Node *value = update->update.value;
    bool set = update->update.op == UPDATE_SET;
    if (set ? value->kind != NODE_BINARY || value->binary.op != BINARY_ADD
            : update->update.op != UPDATE_ADD)
        return false;
    Obstacle found = {.cx = o->cx, .loop = o->loop};
    Node *body = o->loop->body;
    find_wide(&found, &body);
    return found.wide;
}

// Sums of doubles are made in order, so that the last bit is what it is.
static void look_at_update(Obstacle *o, const Node *node) {
    const Node *target = node->update.target, *value = node->update.value;
    if (target->kind != NODE_NAME || !is_outer(o, target->name.symbol)) return;
    Type type = lower_node_type(o->cx, target);
    if (type_rep(type) == REP_I64) return;
    if (type.kinds != KIND_NUMBER)
        return stands_in_the_way(o, node, "it changes a variable that holds no number");
    bool sums = node->update.op != UPDATE_SET ||
                (value->kind == NODE_BINARY && value->binary.left->kind == NODE_NAME &&
                 value->binary.left->name.symbol == target->name.symbol);
    if (sums && is_sum_of_mathematics(o, node)) return;
    stands_in_the_way(
        o, node,
        sums ? "the order of these operations on doubles is kept (sum() and @@ use lanes)"
             : "each iteration needs what the one before it computed");
}

static void look_at(void *context, Node **child) {
    Obstacle *o = context;
    const Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_INDEX) look_at_earlier(o, node);
    if (node->kind == NODE_INDEX && map_get(&o->cx->inside, node))
        return look_at(o, &(*child)->index.index);
    if (node->kind == NODE_LOOP) o->nested = true;
    if (node->kind == NODE_LAMBDA) stands_in_the_way(o, node, "it makes a function");
    if (node->kind == NODE_LEAVE || node->kind == NODE_RET || node->kind == NODE_ERR)
        stands_in_the_way(o, node, "it may be left here");
    if (node->kind == NODE_CALL) look_at_call(o, node);
    if (node->kind == NODE_INDEX) look_at_index(o, node);
    if (node->kind == NODE_UPDATE) look_at_update(o, node);
    bool modulo = node->kind == NODE_BINARY && node->binary.op == BINARY_MOD;
    if (modulo && type_rep(lower_node_type(o->cx, node->binary.left)) != REP_I64)
        stands_in_the_way(o, node, "the remainder is one of numbers that may be fractions");
    ast_children(*child, look_at, o);
    if (node->kind == NODE_BINARY && node->binary.op == BINARY_DIV && !o->cx->fs->zero_divisor) {
        Type divisor = lower_node_type(o->cx, node->binary.right);
        if (!divisor.integer || (divisor.low <= 0 && divisor.high >= 0))
            stands_in_the_way(o, node,
                              "a zero divisor stops the program in the middle of the loop");
    }
}

void lower_remark_loop(LowerCtx *cx, LoopNode *loop) {
    if (!cx->c->remarks || cx->unlikely || cx->options->optimize < 2) return;
    if (map_get(&cx->remarked, loop)) return;
    map_put(&cx->remarked, loop, loop);
    Obstacle o = {.cx = cx, .loop = loop};
    Node *body = loop->body;
    look_at(&o, &body);
    if (o.reason && !o.nested) diag_report(cx->c, DIAG_R0105, o.span, o.reason);
}
