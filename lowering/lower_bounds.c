// lower_bounds.c: bounds checks of a loop's element accesses, made once before the loop.
//
// In a range loop, a position that grows, or falls, with the loop variable and those of the range loops
// inside it (i, n - i, i * w + j, with n and w fixed for the loop) is inside the list always when it is so
// for the least and the greatest values of them. A position that its type shows to be a small number is
// when the list is longer than the type's bound. If that holds of all such positions, a copy of the loop
// without checks runs, which LLVM can vectorise; else the loop as it stands, so that a miss or a stop
// happens where it should. The list may be a row, rows[i] with i fixed for the loop, or a variable that
// only the run tells to be a list: that is part of the check.
//
// Invariant: only lists that the loop leaves where they are (lower_hoist.c) are looked at, so their
// lengths are fixed; and what is evaluated before the loop is arithmetic on integers that cannot fail.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

enum { MOST_NODES = 600 }; // of a loop with loops inside that is worth two copies

// The values that a loop variable runs through.
typedef struct Run {
    LoopNode *loop;
    LLVMValueRef least, most;
} Run;

typedef struct Find {
    LowerCtx *cx;
    PtrMap runs;        // Symbol -> Run: variables of range loops, this one and those inside
    PtrMap written;     // Symbol -> itself: changes within the loop
    PtrMap defined;     // Symbol -> Node: what an immutable variable of the body is
    PtrMap loose;       // symbols of which rows change that are not known before the loop
    Bounds *bounds;     // with the nodes whose positions can be judged before the loop
    LLVMValueRef exact; // i1: no overflow on the way to what was computed so far
    uint32_t nodes;     // in the body
    bool nested;        // there is a loop inside
    bool closed;        // code of another function inside, or a parallel loop: nothing is done
    bool partly;        // a position may be known before an inner loop, but not before this one
} Find;

static void note_written(Find *find, const Symbol *symbol) {
    if (symbol) map_put(&find->written, symbol, (void *)(uintptr_t)1);
}

static void note_all(Find *find, const SymbolVec *symbols) {
    VEC_EACH(Symbol *, symbol, symbols) note_written(find, symbol);
}

static void note_definition(Find *find, const DefineNode *define) {
    bool known = define->symbols.len == 1 && !define->is_mutable && !define->or_return;
    if (known && define->symbols.items[0])
        map_put(&find->defined, define->symbols.items[0], define->value);
    note_all(find, &define->symbols);
}

static void note_target(Find *find, Node *target) {
    while (target->kind == NODE_INDEX) target = target->index.base;
    if (target->kind == NODE_NAME) note_written(find, target->name.symbol);
}

static void note_loop(Find *find, LoopNode *loop) {
    find->nested = true;
    if (loop->prefix != PREFIX_NONE) find->closed = true;
    if (loop->kind != LOOP_RANGE || loop->symbols.len == 0 || !loop->symbols.items[0])
        return note_all(find, &loop->symbols);
    Run *run = ARENA_NEW(find->cx->arena, Run);
    run->loop = loop;
    map_put(&find->runs, loop->symbols.items[0], run);
}

static void find_written(void *context, Node **child) {
    Find *find = context;
    Node *node = *child;
    if (!node) return;
    find->nodes++;
    if (node->kind == NODE_LAMBDA || node->kind == NODE_DEFER) find->closed = true;
    if (node->kind == NODE_LOOP) note_loop(find, node->loop);
    if (node->kind == NODE_DEFINE) note_definition(find, node->define);
    if (node->kind == NODE_UPDATE) note_target(find, node->update.target);
    if (node->kind == NODE_SWAP) {
        note_target(find, node->swap.left);
        note_target(find, node->swap.right);
    }
    if (node->kind == NODE_MATCH)
        for (uint32_t i = 0; i < node->match.arms.len; i++)
            note_all(find, &node->match.arms.items[i].symbols);
    ast_children(node, find_written, find);
}

// --- positions --------------------------------------------------------------------------------------

static bool is_integer(Find *find, const Node *node) {
    return type_rep(lower_node_type(find->cx, node)) == REP_I64;
}

static bool is_variable(Find *find, const Node *node) {
    if (node->kind != NODE_NAME) return false;
    const Symbol *symbol = node->name.symbol;
    return symbol && !symbol->function && lower_is_defined(find->cx, symbol);
}

static bool is_arithmetic(const Node *node) {
    return node->kind == NODE_BINARY &&
           (node->binary.op == BINARY_ADD || node->binary.op == BINARY_SUB ||
            node->binary.op == BINARY_MUL);
}

// Integer arithmetic on literals and on variables that the loop leaves alone.
static bool is_fixed(Find *find, const Node *node) {
    if (!is_integer(find, node)) return false;
    if (node->kind == NODE_NUMBER) return true;
    if (node->kind == NODE_UNARY && node->unary.op == UNARY_LEN)
        return is_variable(find, node->unary.operand) &&
               lower_slot(find->cx, node->unary.operand->name.symbol)->data;
    if (is_arithmetic(node))
        return is_fixed(find, node->binary.left) && is_fixed(find, node->binary.right);
    if (node->kind != NODE_NAME) return false;
    const Symbol *symbol = node->name.symbol;
    if (!symbol || map_get(&find->runs, symbol)) return false;
    const Node *value = map_get(&find->defined, symbol);
    if (value) return is_fixed(find, value);
    if (map_get(&find->written, symbol)) return false;
    return symbol->kind == SYMBOL_CONSTANT || lower_is_defined(find->cx, symbol);
}

// How a position changes while the loop variables grow.
enum { RISES = 1, FALLS = 2, STAYS = RISES | FALLS }; // RISES: never falls; FALLS: never rises

static int opposite(int slope) {
    return (slope & RISES) * FALLS | (slope & FALLS) / FALLS;
}

static int slope_of(Find *find, const Node *node);

static int slope_of_name(Find *find, const Symbol *symbol) {
    const Node *value = symbol ? map_get(&find->defined, symbol) : NULL;
    const Run *run = symbol ? map_get(&find->runs, symbol) : NULL;
    if (run && run->least) return RISES;
    if (run) return RISES & slope_of(find, run->loop->low) & slope_of(find, run->loop->high);
    return value ? slope_of(find, value) : 0;
}

static int slope_of(Find *find, const Node *node) {
    if (!is_integer(find, node)) return 0;
    if (is_fixed(find, node)) return STAYS;
    if (node->kind == NODE_NAME) return slope_of_name(find, node->name.symbol);
    if (!is_arithmetic(node)) return 0;
    const Node *left = node->binary.left, *right = node->binary.right;
    int a = slope_of(find, left), b = slope_of(find, right);
    if (node->binary.op == BINARY_ADD) return a & b;
    if (node->binary.op == BINARY_SUB) return a & opposite(b);
    if (b == STAYS && lower_node_type(find->cx, right).low >= 0) return a;
    return a == STAYS && lower_node_type(find->cx, left).low >= 0 ? b : 0;
}

// Whether the greatest and the least position belong to the first and the last iteration.
static bool is_monotonic(Find *find, const Node *node) {
    return slope_of(find, node) != 0;
}

// A position that whatever computes it leaves below that of the last byte: so short a list is worth asking
// once for its length.
static bool is_small(Find *find, const Node *node) {
    Type type = lower_node_type(find->cx, node);
    return is_integer(find, node) && type.low >= 0 && type.high <= UINT8_MAX;
}

// --- lists ------------------------------------------------------------------------------------------

static const Symbol *root_symbol(const Node *node) {
    while (node->kind == NODE_INDEX) node = node->index.base;
    return node->kind == NODE_NAME ? node->name.symbol : NULL;
}

// A value that the loop leaves alone and that may be a list: a variable at hand, an element of one at
// a fixed position, or a variable of which only the run tells.
static bool is_kept_list(Find *find, const Node *base) {
    if (base->kind == NODE_INDEX)
        return !base->observed && !map_get(&find->loose, root_symbol(base)) &&
               is_kept_list(find, base->index.base) && is_fixed(find, base->index.index) &&
               type_may(lower_element_type(find->cx, base), KIND_LIST);
    if (!is_variable(find, base)) return false;
    const SymSlot *slot = lower_slot(find->cx, base->name.symbol);
    if (slot->data) return true;
    return slot->rep == REP_ANY && type_may(slot->type, KIND_LIST) &&
           !map_get(&find->written, base->name.symbol);
}

static bool is_number_list(Find *find, const Node *node) {
    return lower_element_type(find->cx, node).kinds == KIND_NUMBER;
}

// An element of a row is written without further ado if nobody else can come to hold the row.
static bool is_row_change(Find *find, const Node *target) {
    const Node *base = target->index.base;
    if (base->kind != NODE_INDEX || base->index.base->kind != NODE_NAME) return false;
    if (!is_variable(find, base->index.base)) return false;
    return lower_slot(find->cx, base->index.base->name.symbol)->hoisted_rows &&
           is_number_list(find, target);
}

static bool is_known_change(Find *find, const Node *target) {
    if (is_row_change(find, target)) return true;
    const Node *base = target->index.base;
    return is_variable(find, base) && lower_slot(find->cx, base->name.symbol)->hoisted_write;
}

// A row at a position that changes within the loop, of a list that is only read: b[k][j]. There must
// be a loop inside, so that looking at all the rows before costs little.
static bool is_walked_row(Find *find, const Node *base) {
    if (base->kind != NODE_INDEX || base->observed || !find->nested) return false;
    const Node *rows = base->index.base;
    if (!is_variable(find, rows) || !is_monotonic(find, base->index.index)) return false;
    const SymSlot *slot = lower_slot(find->cx, rows->name.symbol);
    return slot->data && !slot->hoisted_rows && !slot->hoisted_write &&
           type_may(lower_element_type(find->cx, base), KIND_LIST);
}

static bool is_access(Find *find, const Node *node) {
    if (node->observed) return false;
    if (!is_monotonic(find, node->index.index))
        return is_small(find, node->index.index) && is_kept_list(find, node->index.base);
    return is_kept_list(find, node->index.base) ||
           (is_walked_row(find, node->index.base) && is_number_list(find, node));
}

static void find_access(Find *find, Node *node, bool written) {
    if (map_get(&find->cx->inside, node)) return; // by a loop around this one
    if (!is_access(find, node)) {
        find->partly |= is_integer(find, node->index.index);
        return;
    }
    bool walked = !is_kept_list(find, node->index.base);
    if (walked && written) {
        find->partly = true;
        return;
    }
    bool bounded = !is_monotonic(find, node->index.index);
    Access access = {.node = node, .written = written, .walked = walked, .bounded = bounded};
    vec_push(find->cx->arena, &find->bounds->accesses, access);
}

static void changed_targets(Node *node, Node *targets[2]) {
    targets[0] = targets[1] = NULL;
    if (node->kind == NODE_UPDATE) targets[0] = node->update.target;
    if (node->kind == NODE_SWAP) {
        targets[0] = node->swap.left;
        targets[1] = node->swap.right;
    }
}

// A row that changes at an unknown time may move just then, so no row of that list is at hand.
static void find_loose(void *context, Node **child) {
    Find *find = context;
    Node *targets[2];
    if (!*child) return;
    changed_targets(*child, targets);
    for (int i = 0; i < 2; i++) {
        const Node *target = targets[i];
        if (!target || target->kind != NODE_INDEX || target->index.base->kind != NODE_INDEX)
            continue;
        if (!is_row_change(find, target) || !is_access(find, target))
            map_put(&find->loose, root_symbol(target), (void *)target);
    }
    ast_children(*child, find_loose, find);
}

static void find_accesses(void *context, Node **child) {
    Find *find = context;
    Node *node = *child, *targets[2];
    if (!node) return;
    if (node->kind == NODE_INDEX) find_access(find, node, false);
    changed_targets(node, targets);
    if (!targets[0]) return ast_children(node, find_accesses, find);
    for (int i = 0; i < 2; i++) {
        Node *target = targets[i];
        if (!target || target->kind != NODE_INDEX) continue;
        if (is_known_change(find, target)) find_access(find, target, true);
        find_accesses(find, &target->index.index);
    }
    if (node->kind == NODE_UPDATE) find_accesses(find, &node->update.value);
}

// --- the check before the loop ------------------------------------------------------------------------

static LLVMValueRef exactly(Find *find, const char *name, LLVMValueRef a, LLVMValueRef b) {
    LowerCtx *cx = find->cx;
    LLVMValueRef operands[] = {a, b};
    LLVMValueRef both = lower_intrinsic(cx, name, cx->i64, operands, 2);
    LLVMValueRef over = LLVMBuildExtractValue(cx->builder, both, 1, "");
    find->exact = LLVMBuildAnd(cx->builder, find->exact, LLVMBuildNot(cx->builder, over, ""), "");
    return LLVMBuildExtractValue(cx->builder, both, 0, "");
}

static LLVMValueRef position_at(Find *find, Node *node, bool most);

static LLVMValueRef end_of_run(Find *find, Run *run, bool most) {
    LoopNode *loop = run->loop;
    if (!run->least) {
        run->least = position_at(find, loop->low, false);
        run->most = position_at(find, loop->high, true);
        LLVMValueRef one = lower_i64(find->cx, 1);
        if (!loop->inclusive) run->most = exactly(find, "llvm.ssub.with.overflow", run->most, one);
    }
    return most ? run->most : run->least;
}

// The position when the loop variables are the least, or the greatest, that they become. For a loop
// without iterations it may be anything. What conditions in the body say of variables need not hold
// here, hence the look at overflow.
static LLVMValueRef position_at(Find *find, Node *node, bool most) {
    LowerCtx *cx = find->cx;
    if (node->kind == NODE_NAME) {
        Node *value = map_get(&find->defined, node->name.symbol);
        if (value) return position_at(find, value, most);
        Run *run = map_get(&find->runs, node->name.symbol);
        if (run) return end_of_run(find, run, most);
    }
    if (!is_arithmetic(node)) return lower_convert(cx, lower_expr(cx, node), REP_I64).v;
    bool falls = node->binary.op == BINARY_SUB; // what is subtracted is fixed
    LLVMValueRef a = position_at(find, node->binary.left, most);
    LLVMValueRef b = position_at(find, node->binary.right, most != falls);
    const char *name = node->binary.op == BINARY_ADD   ? "llvm.sadd.with.overflow"
                       : node->binary.op == BINARY_SUB ? "llvm.ssub.with.overflow"
                                                       : "llvm.smul.with.overflow";
    return exactly(find, name, a, b);
}

static void both(LowerCtx *cx, LLVMValueRef *all, LLVMValueRef bit) {
    *all = *all ? LLVMBuildAnd(cx->builder, *all, bit, "") : bit;
}

static LLVMValueRef list_of_word(LowerCtx *cx, LLVMValueRef word) {
    LVal list = lower_val(REP_ANY, type_of_kind(KIND_LIST), word, false);
    return lower_convert(cx, list, REP_LIST).v;
}

// The elements of a value that is perhaps no list: then it counts as an empty one.
static void elements_of_word(LowerCtx *cx, LLVMValueRef word, LLVMValueRef *data,
                             LLVMValueRef *length) {
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    LLVMBasicBlockRef yes = lower_block_new(cx, "row"), on = lower_block_new(cx, "on");
    lower_branch(cx, lower_is_tag(cx, word, RT_TAG_LIST), yes, on);
    lower_at(cx, yes);
    LLVMValueRef list = list_of_word(cx, word);
    LLVMValueRef count = lower_length(cx, list), first = lower_data(cx, list);
    lower_go(cx, on);
    LLVMValueRef none = lower_i64(cx, 0), nowhere = LLVMConstNull(cx->ptr);
    *length = LLVMBuildPhi(cx->builder, cx->i64, "length");
    LLVMAddIncoming(*length, &count, &yes, 1);
    LLVMAddIncoming(*length, &none, &from, 1);
    *data = LLVMBuildPhi(cx->builder, cx->ptr, "data");
    LLVMAddIncoming(*data, &first, &yes, 1);
    LLVMAddIncoming(*data, &nowhere, &from, 1);
}

static void elements_of(Find *find, Node *base, Access *access) {
    LowerCtx *cx = find->cx;
    if (base->kind == NODE_INDEX) {
        elements_of(find, base->index.base, access);
        access->row = position_at(find, base->index.index, false);
        LVal row = lower_element(cx, access->data, access->length, access->row,
                                 lower_element_type(cx, base));
        elements_of_word(cx, row.v, &access->data, &access->length);
        return;
    }
    const SymSlot *slot = lower_slot(cx, base->name.symbol);
    access->data = slot->data;
    access->length = slot->length;
    if (!slot->data)
        elements_of_word(cx, lower_symbol(cx, base->name.symbol).v, &access->data, &access->length);
}

// Of rows that are walked over: whether each that is reached is a list, and long enough.
static LLVMValueRef rows_reach(Find *find, Access *access, LLVMValueRef most) {
    const Node *row = access->node->index.base;
    const SymSlot *slot = lower_slot(find->cx, row->index.base->name.symbol);
    access->data = slot->data;
    access->length = slot->length;
    LLVMValueRef first = position_at(find, row->index.index, false);
    LLVMValueRef last = position_at(find, row->index.index, true);
    return lower_bit_of(find->cx,
                        RT(find->cx, rt_rows_reach, slot->data, slot->length, first, last, most));
}

static LLVMValueRef all_inside(Find *find) {
    LowerCtx *cx = find->cx;
    LLVMValueRef all = NULL;
    for (uint32_t i = 0; i < find->bounds->accesses.len; i++) {
        Access *access = &find->bounds->accesses.items[i];
        if (!access->walked) elements_of(find, access->node->index.base, access);
        Node *position = access->node->index.index;
        if (access->bounded) {
            LLVMValueRef most = lower_i64(cx, (int64_t)lower_node_type(cx, position).high);
            both(cx, &all, LLVMBuildICmp(cx->builder, LLVMIntSLT, most, access->length, ""));
            continue;
        }
        LLVMValueRef first = position_at(find, position, false);
        LLVMValueRef end = position_at(find, position, true);
        both(cx, &all, LLVMBuildICmp(cx->builder, LLVMIntSGE, first, lower_i64(cx, 0), ""));
        both(cx, &all,
             access->walked ? rows_reach(find, access, end)
                            : LLVMBuildICmp(cx->builder, LLVMIntSLT, end, access->length, ""));
    }
    both(cx, &all, find->exact);
    return all;
}

Bounds lower_bounds(LowerCtx *cx, LoopNode *loop, LLVMValueRef low, LLVMValueRef high) {
    Bounds bounds = {0};
    Symbol *variable = loop->symbols.len ? loop->symbols.items[0] : NULL;
    if (!variable || loop->has_value || cx->options->optimize < 2) return bounds;
    Find find = {.cx = cx,
                 .runs = {.arena = cx->arena},
                 .written = {.arena = cx->arena},
                 .defined = {.arena = cx->arena},
                 .loose = {.arena = cx->arena},
                 .bounds = &bounds,
                 .exact = LLVMConstInt(cx->i1, 1, 0)};
    Run run = {.loop = loop, .least = low, .most = high};
    map_put(&find.runs, variable, &run);
    Node *body = loop->body;
    find_written(&find, &body);
    if (find.closed || (find.nested && find.nodes > MOST_NODES)) return bounds;
    find_loose(&find, &body);
    find_accesses(&find, &body);
    if (bounds.accesses.len == 0 || (find.nested && find.partly)) return bounds;
    run.most = LLVMBuildSub(cx->builder, high, lower_i64(cx, 1), "last");
    bounds.inside = all_inside(&find);
    return bounds;
}

// --- the loop without checks --------------------------------------------------------------------------

// The word of a row of a variable's list. It is there and a list: that was checked.
static LLVMValueRef row_place(LowerCtx *cx, const Access *access) {
    const Node *base = access->node->index.base;
    const SymSlot *slot = lower_slot(cx, base->index.base->name.symbol);
    LLVMValueRef position = access->row;
    return LLVMBuildInBoundsGEP2(cx->builder, cx->i64, slot->data, &position, 1, "row");
}

static bool is_row(const Access *access) {
    return access->row && access->node->index.base->index.base->kind == NODE_NAME;
}

// A row that changes is made unshared where it lies; the others may have moved by that.
void lower_bounds_begin(LowerCtx *cx, Bounds *bounds) {
    bounds->scopes = lower_alias_mark(cx);
    bool moved = false;
    for (uint32_t i = 0; i < bounds->accesses.len; i++) {
        const Access *access = &bounds->accesses.items[i];
        if (!access->written || !access->row) continue;
        LLVMValueRef at = row_place(cx, access);
        LLVMValueRef word = lower_load(cx, cx->i64, at, cx->tbaa_element, "");
        LLVMValueRef own = RT(cx, rt_list_unique, list_of_word(cx, word));
        LVal made = lower_val(REP_LIST, type_of_kind(KIND_LIST), own, false);
        lower_store(cx, lower_word(cx, made), at, cx->tbaa_element);
        moved = true;
    }
    for (uint32_t i = 0; i < bounds->accesses.len; i++) {
        Access access = bounds->accesses.items[i];
        if (moved && is_row(&access)) {
            LLVMValueRef at = row_place(cx, &access);
            LLVMValueRef word = lower_load(cx, cx->i64, at, cx->tbaa_element, "");
            access.data = lower_data(cx, list_of_word(cx, word));
        }
        const Node *base = access.node->index.base;
        if (access.walked) {
            map_put(&cx->walked, access.node, access.data);
            map_put(&cx->inside, access.node, access.data);
            lower_alias_add(cx, access.data, root_symbol(base));
            continue;
        }
        bool at_hand = base->kind == NODE_NAME && lower_slot(cx, base->name.symbol)->data;
        if (!at_hand) lower_alias_add(cx, access.data, root_symbol(base));
        map_put(&cx->inside, access.node, access.data);
    }
}

void lower_bounds_end(LowerCtx *cx, const Bounds *bounds) {
    lower_alias_end(cx, bounds->scopes);
    for (uint32_t i = 0; i < bounds->accesses.len; i++) {
        map_put(&cx->inside, bounds->accesses.items[i].node, NULL);
        map_put(&cx->walked, bounds->accesses.items[i].node, NULL);
    }
}
