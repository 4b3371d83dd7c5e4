// lower_hoist.c: lists that a loop keeps at hand. A list variable that a loop's body only reads, or
// only reads by index and writes by element, has its elements' address and its length in registers
// for the whole loop; one that is written is made unshared once, before. So the loop is what C
// would be. A list of rows of which the loop changes elements, xs[i][j] <- v, stays where it is too,
// as long as nobody takes a row.
//
// Invariant: while a slot is hoisted nothing stores to it, and a written one is mentioned in no
// other way, so that its list stays where it is and nobody else comes to hold it.
#include "lower_internal.h"

typedef struct Use {
    Symbol *symbol;
    bool indexed, whole, element_written, written;
    bool taken;       // some element is used other than by indexing it
    bool row_written; // x[i][j] <- v
} Use;

typedef struct Scan {
    LowerCtx *cx;
    PtrMap of_symbol; // Symbol -> Use
    VEC(Use *) uses;
} Scan;

static Use *use_of(Scan *scan, Symbol *symbol) {
    if (!symbol) return ARENA_NEW(scan->cx->arena, Use); // nobody looks at it
    Use *use = map_get(&scan->of_symbol, symbol);
    if (use) return use;
    use = ARENA_NEW(scan->cx->arena, Use);
    use->symbol = symbol;
    map_put(&scan->of_symbol, symbol, use);
    vec_push(scan->cx->arena, &scan->uses, use);
    return use;
}

static void scan_node(Scan *scan, Node *node);

static void scan_child(void *context, Node **child) {
    if (*child) scan_node(context, *child);
}

// A mention of a function hands it what it captures.
static void scan_captures(Scan *scan, const Function *function) {
    VEC_EACH(Symbol *, capture, &function->captures) use_of(scan, capture)->whole = true;
}

// Its lambda, where it stands, also takes the snapshots.
static void scan_lambda(Scan *scan, const Function *function) {
    scan_captures(scan, function);
    VEC_EACH(Symbol *, source, &function->sources) use_of(scan, source)->whole = true;
    VEC_EACH(Symbol *, snapshot, &function->snapshots) use_of(scan, snapshot)->written = true;
}

static void scan_name(Scan *scan, Symbol *symbol) {
    if (!symbol) return;
    if (symbol->function)
        scan_captures(scan, symbol->function);
    else
        use_of(scan, symbol)->whole = true;
}

static void scan_target(Scan *scan, Node *target) {
    uint32_t depth = 0;
    Node *root = target;
    for (; root->kind == NODE_INDEX; root = root->index.base) {
        scan_node(scan, root->index.index);
        depth++;
    }
    if (root->kind != NODE_NAME) return scan_node(scan, root);
    Use *use = use_of(scan, root->name.symbol);
    if (depth == 1)
        use->element_written = true;
    else if (depth == 2)
        use->row_written = true;
    else
        use->written = true;
}

// x[i], or x[i][j] and so on: false if the root is no variable.
static bool scan_chain(Scan *scan, Node *node) {
    Node *root = node->index.base;
    while (root->kind == NODE_INDEX) root = root->index.base;
    if (root->kind != NODE_NAME) return false;
    Use *use = use_of(scan, root->name.symbol);
    use->indexed = true;
    use->taken |= node->index.base == root || node->observed;
    for (; node != root; node = node->index.base) scan_node(scan, node->index.index);
    return true;
}

static void scan_symbols(Scan *scan, const SymbolVec *symbols) {
    VEC_EACH(Symbol *, symbol, symbols) use_of(scan, symbol)->written = true;
}

static void scan_loop(Scan *scan, LoopNode *loop) {
    scan_symbols(scan, &loop->symbols);
    if (loop->writes_through && loop->source) use_of(scan, loop->source)->written = true;
}

static void scan_match(Scan *scan, Node *node) {
    for (uint32_t i = 0; i < node->match.arms.len; i++)
        scan_symbols(scan, &node->match.arms.items[i].symbols);
}

static void scan_node(Scan *scan, Node *node) {
    if (node->kind == NODE_INDEX && scan_chain(scan, node)) return;
    if (node->kind == NODE_UNARY && node->unary.op == UNARY_LEN &&
        node->unary.operand->kind == NODE_NAME) {
        use_of(scan, node->unary.operand->name.symbol)->indexed = true;
        return;
    }
    if (node->kind == NODE_NAME) return scan_name(scan, node->name.symbol);
    if (node->kind == NODE_LAMBDA) return scan_lambda(scan, node->lambda.function);
    if (node->kind == NODE_UPDATE) {
        scan_target(scan, node->update.target);
        return scan_node(scan, node->update.value);
    }
    if (node->kind == NODE_SWAP) {
        scan_target(scan, node->swap.left);
        return scan_target(scan, node->swap.right);
    }
    for (uint32_t i = 0; node->kind == NODE_CALL && i < node->call.args.len; i++)
        if (sema_call_fills(node, i))
            use_of(scan, node->call.args.items[i]->name.symbol)->written = true;
    if (node->kind == NODE_DEFINE) scan_symbols(scan, &node->define->symbols);
    if (node->kind == NODE_LOOP) scan_loop(scan, node->loop);
    if (node->kind == NODE_MATCH) scan_match(scan, node);
    ast_children(node, scan_child, scan);
}

bool lower_is_defined(LowerCtx *cx, const Symbol *symbol) {
    FuncState *fs = cx->fs;
    if (symbol->kind == SYMBOL_CONSTANT || symbol->kind == SYMBOL_BUILTIN || symbol->function)
        return false;
    if (symbol->is_global) return cx->globals[symbol->index].at != NULL;
    if (symbol->owner == fs->function) return fs->plan || fs->slots[symbol->index].at != NULL;
    VEC_EACH(Symbol *, capture, &fs->function->captures)
    if (capture == symbol) return true;
    return false;
}

static void hoist_one(LowerCtx *cx, Hoist *hoist, const Use *use) {
    if (use->written || !lower_is_defined(cx, use->symbol)) return;
    SymSlot *slot = lower_slot(cx, use->symbol);
    bool list = slot->rep == REP_LIST || slot->rep == REP_PACKED;
    if (!list || slot->data || slot->kept) return;
    bool changes = use->element_written || use->row_written;
    if (!use->indexed && !changes) return;
    bool numbers = type_element(slot->type).kinds == KIND_NUMBER;
    if (changes && (use->whole || use->symbol->rebound_by_loop)) return;
    if (use->element_written && !numbers) return;
    if (use->row_written && (use->taken || slot->undo)) return;
    LLVMValueRef held = lower_symbol(cx, use->symbol).v;
    if (changes && !slot->known_unique) {
        held = RT(cx, rt_list_unique, held);
        LLVMBuildStore(cx->builder, held, slot->at);
    }
    slot->length = lower_length(cx, held);
    slot->data = lower_data(cx, held);
    slot->hoisted_write = use->element_written;
    slot->hoisted_rows = use->row_written;
    lower_alias_add(cx, slot->data, slot);
    vec_push(cx->arena, &hoist->slots, slot);
}

Hoist lower_hoist(LowerCtx *cx, LoopNode *loop) {
    Scan scan = {.cx = cx, .of_symbol = {.arena = cx->arena}};
    Hoist hoist = {.scopes = lower_alias_mark(cx)};
    scan_loop(&scan, loop);
    scan_node(&scan, loop->body);
    if (loop->condition) scan_node(&scan, loop->condition);
    for (uint32_t i = 0; i < scan.uses.len; i++) hoist_one(cx, &hoist, scan.uses.items[i]);
    return hoist;
}

void lower_hoist_end(LowerCtx *cx, const Hoist *hoist) {
    lower_alias_end(cx, hoist->scopes);
    VEC_EACH(SymSlot *, slot, &hoist->slots) {
        slot->data = slot->length = NULL;
        slot->hoisted_write = slot->hoisted_rows = false;
    }
}
