// lower_part.c: parts of variables that a parallel loop works on, g.players in the place of g
// (sema.h, ParPart). Before the loop a part is taken out of the variable, so that nobody else holds it;
// while the loop is lowered its nodes in the body are names of the variable that it is in meanwhile;
// behind the loop it is put back.
//
// Invariant: a part is taken where the run has found it to be a list (or map), the one that the symbol's
// type says; else the loop runs as it stands without its prefix, and says what there is to say.
#include "lower_par.h"
#include "../rt/rt_layout.h"

static uint8_t kind_of(LowerCtx *cx, const ParPart *part) {
    return cx->fs->instance->symbol_types[part->symbol->index].kinds;
}

static Path path_of(LowerCtx *cx, const ParPart *part) {
    return lower_path(cx, part->nodes.items[0], NULL, NULL, 0);
}

static LLVMValueRef both(LowerCtx *cx, LLVMValueRef a, LLVMValueRef b) {
    return a ? LLVMBuildAnd(cx->builder, a, b, "fit") : b;
}

// What the loop goes over is a map, where a proof counts on it; null: that is known.
static LLVMValueRef keys_fit(LowerCtx *cx, const ParPlan *plan) {
    bool keyed = false;
    for (uint32_t i = 0; i < plan->captures.len; i++)
        if (plan->captures.items[i].keyed) keyed = true;
    if (!keyed || plan->loop->kind != LOOP_EACH) return NULL;
    if (type_is(lower_node_type(cx, plan->loop->iterable), KIND_MAP)) return NULL;
    LVal sequence = lower_expr(cx, plan->loop->iterable);
    LLVMValueRef fits = lower_is_tag(cx, lower_word(cx, sequence), RT_TAG_MAP);
    lower_release(cx, sequence);
    return fits;
}

LLVMValueRef lower_parts_fit(LowerCtx *cx, const ParPlan *plan) {
    LLVMValueRef all = keys_fit(cx, plan);
    for (uint32_t i = 0; i < plan->parts.len; i++) {
        const ParPart *part = &plan->parts.items[i];
        if (kind_of(cx, part) == 0) return LLVMConstInt(cx->i1, 0, 0);
        Path path = path_of(cx, part);
        LVal value = lower_path_read(cx, &path);
        uint32_t tag = kind_of(cx, part) == KIND_LIST ? RT_TAG_LIST : RT_TAG_MAP;
        LLVMValueRef fits = lower_is_tag(cx, lower_word(cx, value), tag);
        lower_release(cx, value);
        lower_path_end(cx, &path);
        all = both(cx, all, fits);
    }
    return all;
}

// --- in the loop ----------------------------------------------------------------------------------

static void take(LowerCtx *cx, Par *par, const ParPart *part) {
    Taken taken = {.part = part, .path = path_of(cx, part)};
    uint8_t kind = kind_of(cx, part);
    SymSlot *slot = lower_slot_define(cx, part->symbol, true);
    LVal value = lower_own(cx, lower_path_read(cx, &taken.path));
    Span span = part->nodes.items[0]->span;
    LLVMValueRef object = lower_expect(cx, value, kind, "an element update", span);
    LLVMBuildStore(cx->builder, object, slot->at);
    lower_path_write(cx, &taken.path, lower_zero(cx)); // so that nobody else holds it
    taken.nodes = ARENA_ARRAY(cx->arena, Node, part->nodes.len);
    vec_push(cx->arena, &par->taken, taken);
}

static void name_nodes(const Taken *taken) {
    for (uint32_t i = 0; i < taken->part->nodes.len; i++) {
        Node *node = taken->part->nodes.items[i];
        taken->nodes[i] = *node;
        node->kind = NODE_NAME;
        node->name.name = taken->part->symbol->name;
        node->name.symbol = taken->part->symbol;
        node->name.last = node->name.late = false;
    }
}

void lower_parts_take(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->plan->parts.len; i++) take(cx, par, &par->plan->parts.items[i]);
    for (uint32_t i = 0; i < par->taken.len; i++) name_nodes(&par->taken.items[i]);
}

void lower_parts_put(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->taken.len; i++) {
        const Taken *taken = &par->taken.items[i];
        for (uint32_t k = 0; k < taken->part->nodes.len; k++)
            *taken->part->nodes.items[k] = taken->nodes[k];
    }
    for (uint32_t i = 0; i < par->taken.len; i++) {
        const Taken *taken = &par->taken.items[i];
        LVal value = lower_symbol(cx, taken->part->symbol);
        const SymSlot *slot = lower_slot(cx, taken->part->symbol);
        if (slot->root) lower_empty_root(cx, slot->at);
        value.owned = true;
        lower_path_write(cx, &taken->path, value);
        lower_path_end(cx, &taken->path);
    }
}

// --- loops inside parallel bodies -----------------------------------------------------------------

static Symbol *root_of(const Node *node) {
    while (node->kind == NODE_INDEX) node = node->index.base;
    return node->kind == NODE_NAME ? node->name.symbol : NULL;
}

// Some part of the variable is taken by a parallel loop around this code.
static bool is_taken(const FuncState *fs, const Symbol *symbol) {
    for (; fs != NULL; fs = fs->outer)
        for (uint32_t i = 0; fs->par && i < fs->par->taken.len; i++)
            if (fs->par->taken.items[i].path.symbol == symbol) return true;
    return false;
}

bool lower_parts_clash(LowerCtx *cx, const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->parts.len; i++) {
        Symbol *root = root_of(plan->parts.items[i].nodes.items[0]);
        if (root == NULL || lower_slot(cx, root)->kept) return true;
    }
    for (uint32_t i = 0; i < plan->captures.len; i++) {
        const ParVariable *variable = &plan->captures.items[i];
        if (variable->use != PAR_READ && is_taken(cx->fs, variable->symbol)) return true;
    }
    return false;
}
