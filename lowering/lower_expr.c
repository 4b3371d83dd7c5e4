// lower_expr.c: one dispatch over the kinds of nodes, and the small kinds themselves.
//
// What lower_expr gives may be narrower than the node's type says, never wider. What the language
// does not have yet has been refused by sema and is no case here.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

// --- what a part of the program may do -----------------------------------------------------------

typedef struct FlagWalk {
    LowerCtx *cx;
    uint8_t flags;
} FlagWalk;

static void visit_flags(void *context, Node **child) {
    FlagWalk *walk = context;
    if (*child) walk->flags |= lower_node_flags(walk->cx, *child);
}

static uint8_t own_flags(const Node *node, Type type) {
    switch ((NodeKind)node->kind) {
    case NODE_UPDATE: return NODE_MAY_UPDATE | (node->update.or_return ? NODE_MAY_JUMP : 0);
    case NODE_DEFINE: return NODE_MAY_UPDATE | (node->define->or_return ? NODE_MAY_JUMP : 0);
    case NODE_SWAP:
    case NODE_APPEND: return NODE_MAY_UPDATE;
    case NODE_RET:
    case NODE_LEAVE:
    case NODE_NEXT:
    case NODE_ERR:
    case NODE_ORELSE: return NODE_MAY_JUMP;
    case NODE_BINARY: return node->binary.op == BINARY_CARRY ? NODE_MAY_CARRY : 0;
    case NODE_NAME: return node->name.last && type_rep(type) >= REP_STRING ? NODE_MAY_TAKE : 0;
    case NODE_CALL: // C may fill a list
        return node->call.callee->kind == NODE_FOREIGN ? NODE_MAY_UPDATE : 0;
    case NODE_FOREIGN:
    case NODE_MEMORY:
    case NODE_POISON:
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_FSTRING:
    case NODE_LIST:
    case NODE_MAP:
    case NODE_UNARY:
    case NODE_RANGE:
    case NODE_INDEX:
    case NODE_SLICE:
    case NODE_FIELD:
    case NODE_CAST:
    case NODE_LAMBDA:
    case NODE_BLOCK:
    case NODE_MATCH:
    case NODE_LOOP:
    case NODE_PIPE:
    case NODE_RESULT_TEST:
    case NODE_LOOP_VALUE:
    case NODE_SEND:
    case NODE_PORT:
    case NODE_SPAWN:
    case NODE_UNSAFE:
    case NODE_DEFER:
    case NODE_ARENA:
    case NODE_USE:
    case NODE_IMPORT:
    case NODE_CSTRUCT:
    case NODE_ALIAS:
    case NODE_REGISTER:
    case NODE_MODULE:
    case NODE_WAIT_UNTIL:
    case NODE_HOLD: return 0;
    case NODE_KIND_COUNT: break;
    }
    UNREACHABLE("a node has a kind");
}

uint8_t lower_node_flags(LowerCtx *cx, Node *node) {
    Function *function = cx->fs->function;
    uint8_t *known = map_get(&cx->flags, cx->fs->instance);
    if (!known) {
        known = ARENA_ARRAY(cx->arena, uint8_t, function->node_count + 1);
        map_put(&cx->flags, cx->fs->instance, known);
    }
    if (node->id < function->node_count && known[node->id]) return known[node->id];
    Type type = node->kind == NODE_NAME ? lower_node_type(cx, node) : TYPE_NEVER;
    FlagWalk walk = {cx, (uint8_t)(own_flags(node, type) | NODE_FLAGS_KNOWN)};
    if (node->kind != NODE_LAMBDA) ast_children(node, visit_flags, &walk);
    if (node->id < function->node_count) known[node->id] = walk.flags;
    return walk.flags;
}

// --- operands ------------------------------------------------------------------------------------

LVal lower_peek(LowerCtx *cx, Node *node) {
    if (node->kind != NODE_NAME || !node->name.last) return lower_expr(cx, node);
    return lower_as(cx, lower_symbol(cx, node->name.symbol), lower_node_type(cx, node));
}

void lower_take_late(LowerCtx *cx, Node *node, LVal *value) {
    if (node->kind != NODE_NAME || !node->name.last || value->owned || !lower_is_counted(*value))
        return;
    SymSlot *slot = lower_slot(cx, node->name.symbol);
    if (slot->borrowed) return;
    // The end of the scope releases this for nothing.
    bool word = slot->rep == REP_ANY;
    LLVMBuildStore(cx->builder, word ? lower_i64(cx, 0) : cx->taken, slot->at);
    value->owned = true;
}

void lower_take(LowerCtx *cx, Node *node, LVal *value) {
    if (node->kind == NODE_NAME && !node->name.late) lower_take_late(cx, node, value);
}

static uint8_t flags_later(LowerCtx *cx, Node *const *nodes, uint32_t i, uint32_t count) {
    uint8_t later = 0;
    if (count > i + 16) return NODE_MAY_UPDATE | NODE_MAY_JUMP;
    for (uint32_t k = i + 1; k < count; k++)
        if (nodes[k]->kind != NODE_NAME) later |= lower_node_flags(cx, nodes[k]);
    return later;
}

void lower_operands(LowerCtx *cx, Node *const *nodes, uint32_t count, LVal *values) {
    uint32_t *held = ARENA_ARRAY(cx->arena, uint32_t, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = lower_peek(cx, nodes[i]);
        held[i] = UINT32_MAX;
        if (!lower_is_counted(values[i])) continue;
        if (values[i].owned) values[i] = lower_rooted(cx, values[i]);
        if (i + 1 == count) continue;
        uint8_t later = flags_later(cx, nodes, i, count);
        if (later & (NODE_MAY_UPDATE | NODE_MAY_TAKE)) values[i] = lower_own_rooted(cx, values[i]);
        if ((later & NODE_MAY_JUMP) && values[i].owned) held[i] = lower_hold(cx, values[i]);
    }
    for (uint32_t i = 0; i < count; i++)
        if (held[i] != UINT32_MAX) lower_unhold(cx, held[i]);
}

void lower_release_all(LowerCtx *cx, const LVal *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) lower_release(cx, values[i]);
}

// --- blocks and statements -----------------------------------------------------------------------

static bool block_carries(LowerCtx *cx, Node *block) {
    return (lower_node_flags(cx, block) & NODE_MAY_CARRY) != 0;
}

LVal lower_block(LowerCtx *cx, Node *node, bool want_value, bool tail) {
    FuncState *fs = cx->fs;
    uint32_t mark = lower_scope(cx), count = node->block.statements.len;
    LLVMValueRef carry = fs->carry;
    if (block_carries(cx, node)) {
        fs->carry = lower_alloca(cx, cx->i64, "carry");
        LLVMBuildStore(cx->builder, lower_i64(cx, 0), fs->carry);
    }
    LVal value = lower_zero(cx);
    for (uint32_t i = 0; i < count; i++) {
        Node *statement = node->block.statements.items[i];
        if (i + 1 < count || !want_value)
            lower_effect(cx, statement);
        else if (tail)
            lower_tail(cx, statement);
        else
            value = lower_expr(cx, statement);
    }
    fs->carry = carry;
    if (tail && count > 0) {
        fs->cleanups.len = mark;
        return value;
    }
    if (fs->cleanups.len > mark) value = lower_clean_around(cx, mark, lower_own(cx, value));
    fs->cleanups.len = mark;
    if (tail) lower_return(cx, value);
    return value;
}

void lower_statements(LowerCtx *cx, Node *block) {
    if (block_carries(cx, block)) {
        cx->fs->carry = lower_alloca(cx, cx->i64, "carry");
        LLVMBuildStore(cx->builder, lower_i64(cx, 0), cx->fs->carry);
    }
    VEC_EACH(Node *, statement, &block->block.statements) lower_effect(cx, statement);
}

void lower_effect(LowerCtx *cx, Node *node) {
    uint32_t in_flight = cx->fs->in_flight;
    if (node->kind == NODE_BLOCK)
        lower_block(cx, node, false, false);
    else if (node->kind == NODE_MATCH)
        lower_match(cx, node, false, false);
    else if (node->kind == NODE_LOOP)
        lower_loop(cx, node, false);
    else if (node->kind == NODE_ARENA)
        lower_arena(cx, node, false);
    else
        lower_discard(cx, node, lower_expr(cx, node));
    cx->fs->in_flight = in_flight;
}

static void lower_ret(LowerCtx *cx, Node *node) {
    Node *value = node->ret.value;
    bool plain = !value || cx->fs->function->parent == NULL;
    if (plain) {
        if (value) lower_discard(cx, value, lower_expr(cx, value)); // an error is uncaught
        lower_return(cx, lower_zero(cx));
    } else {
        lower_tail(cx, value);
    }
}

// --- lists ---------------------------------------------------------------------------------------

static void store_item(LowerCtx *cx, LLVMValueRef list, uint32_t at, LVal item) {
    LLVMValueRef to = lower_field(cx, list, 32 + 8 * (int64_t)at);
    if (item.rep == REP_F64 || item.rep == REP_I64)
        lower_store(cx, lower_convert(cx, item, REP_F64).v, to, cx->tbaa_element);
    else
        lower_store(cx, lower_word(cx, lower_own(cx, item)), to, cx->tbaa_element);
}

static LVal lower_list(LowerCtx *cx, Node *node) {
    LLVMValueRef literal = lower_literal_list(cx, node);
    if (literal) return lower_val(REP_LIST, lower_node_type(cx, node), literal, false);
    uint32_t count = node->list.items.len;
    bool boxed = false;
    bool ends = cx->fs->gives_up || (lower_node_flags(cx, node) & NODE_MAY_JUMP) != 0;
    LLVMValueRef list = RT(cx, rt_list_new, lower_i64(cx, count));
    LVal result = lower_val(REP_LIST, lower_node_type(cx, node), list, true);
    uint32_t held = lower_hold(cx, result);
    for (uint32_t i = 0; i < count; i++) {
        LVal item = lower_expr(cx, node->list.items.items[i]);
        if (item.rep != REP_F64 && item.rep != REP_I64 && !boxed) {
            boxed = true;
            LLVMValueRef flag = LLVMConstInt(cx->i8, RT_FLAG_BOXED, 0);
            lower_store(cx, flag, lower_field(cx, list, 5), cx->tbaa_header);
        }
        store_item(cx, list, i, item);
        if (ends || i + 1 == count)
            lower_store(cx, lower_i64(cx, i + 1), lower_field(cx, list, 8), cx->tbaa_header);
    }
    lower_unhold(cx, held);
    return result;
}

static LVal lower_range_list(LowerCtx *cx, Node *node) {
    LVal bounds[2];
    Node *parts[] = {node->range.low, node->range.high};
    lower_operands(cx, parts, 2, bounds);
    LLVMValueRef low = lower_bound(cx, bounds[0], parts[0]->span);
    LLVMValueRef high = lower_bound(cx, bounds[1], parts[1]->span);
    if (node->range.inclusive) high = LLVMBuildNSWAdd(cx->builder, high, lower_i64(cx, 1), "");
    lower_release_all(cx, bounds, 2);
    return lower_val(REP_LIST, lower_node_type(cx, node), RT(cx, rt_list_range, low, high), true);
}

// --- names ---------------------------------------------------------------------------------------

static LVal lower_name(LowerCtx *cx, Node *node) {
    Symbol *symbol = node->name.symbol;
    CHECK(symbol != NULL, "names are resolved");
    if (symbol->kind == SYMBOL_CONSTANT) return lower_constant(cx, symbol->constant);
    if (symbol->kind == SYMBOL_BUILTIN) return lower_builtin_value(cx, symbol->builtin);
    if (symbol->function) return lower_function_value(cx, node, symbol->function);
    LVal value = lower_symbol(cx, symbol);
    lower_take(cx, node, &value);
    return value;
}

// --- dispatch ------------------------------------------------------------------------------------

static LVal done(LowerCtx *cx) {
    return lower_zero(cx);
}

// An included file defines names where it stands: no scope of its own.
static void lower_included(LowerCtx *cx, Node *block) {
    if (!block) return;
    CHECK(block->kind == NODE_BLOCK, "an included file is a block");
    VEC_EACH(Node *, statement, &block->block.statements) lower_effect(cx, statement);
}

static LVal dispatch(LowerCtx *cx, Node *node) {
    switch ((NodeKind)node->kind) {
    case NODE_NUMBER:
    case NODE_STRING: return lower_constant(cx, node);
    case NODE_FSTRING: return lower_fstring(cx, node);
    case NODE_NAME: return lower_name(cx, node);
    case NODE_LIST: return lower_list(cx, node);
    case NODE_UNARY: return lower_unary(cx, node);
    case NODE_BINARY: return lower_binary(cx, node);
    case NODE_RANGE: return lower_range_list(cx, node);
    case NODE_INDEX: return lower_index(cx, node);
    case NODE_SLICE: return lower_slice(cx, node);
    case NODE_CALL: return lower_call(cx, node);
    case NODE_CAST: return lower_cast(cx, node);
    case NODE_LAMBDA: return lower_lambda(cx, node);
    case NODE_BLOCK: return lower_block(cx, node, true, false);
    case NODE_MATCH: return lower_match(cx, node, true, false);
    case NODE_LOOP: return lower_loop(cx, node, true);
    case NODE_PIPE: return lower_pipe(cx, node);
    case NODE_LOOP_VALUE: return lower_loop_value(cx, node);
    case NODE_DEFINE: lower_definition(cx, node); return done(cx);
    case NODE_UPDATE: lower_update(cx, node); return done(cx);
    case NODE_SWAP: lower_swap(cx, node); return done(cx);
    case NODE_RET: lower_ret(cx, node); return done(cx);
    case NODE_LEAVE: lower_leave(cx, node); return done(cx);
    case NODE_NEXT: lower_next(cx, node); return done(cx);
    case NODE_USE: lower_included(cx, node->use.included); return done(cx);
    case NODE_IMPORT: lower_included(cx, node->import.included); return done(cx);
    case NODE_CSTRUCT: return done(cx);
    case NODE_SPAWN: return lower_spawn(cx, node);
    case NODE_FOREIGN: return lower_foreign_name(cx, node);
    case NODE_MEMORY: return lower_memory(cx, node);
    case NODE_UNSAFE: return lower_unsafe(cx, node);
    case NODE_ALIAS:
    case NODE_REGISTER:
    case NODE_MODULE: return done(cx);
    case NODE_MAP: return lower_map(cx, node);
    case NODE_ORELSE: return lower_orelse(cx, node);
    case NODE_RESULT_TEST: return lower_result_test(cx, node);
    case NODE_ERR: lower_err(cx, node); return done(cx);
    case NODE_DEFER: lower_defer(cx, node); return done(cx);
    case NODE_ARENA: return lower_arena(cx, node, true);
    case NODE_FIELD:
    case NODE_SEND:
    case NODE_PORT:
    case NODE_APPEND:
    case NODE_WAIT_UNTIL:
    case NODE_HOLD: UNREACHABLE("sema refuses what has no lowering yet");
    case NODE_POISON:
    case NODE_KIND_COUNT: break;
    }
    UNREACHABLE("a program with errors is not lowered");
}

LVal lower_expr(LowerCtx *cx, Node *node) {
    LVal value;
    if (lower_packed_expr(cx, node, &value)) return value;
    value = dispatch(cx, node);
    bool literal = node->kind == NODE_NUMBER || node->kind == NODE_STRING ||
                   node->kind == NODE_LIST || node->kind == NODE_LAMBDA;
    return literal ? value : lower_as(cx, value, lower_node_type(cx, node));
}
