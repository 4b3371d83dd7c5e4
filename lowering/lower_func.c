// lower_func.c: LLVM functions: entry, slots of symbols, scopes and their releases, returns, tail
// calls, clauses.
//
// The entry block holds all allocas and ends in a branch to the body, which is where a self call in
// tail position goes on. Parameters that the function takes (Symbol.taken) are its own, others it borrows.
#include "lower_internal.h"
#include <string.h>

// --- blocks --------------------------------------------------------------------------------------

LLVMBasicBlockRef lower_block_new(LowerCtx *cx, const char *name) {
    return LLVMAppendBasicBlockInContext(cx->context, cx->fs->value, name);
}

void lower_at(LowerCtx *cx, LLVMBasicBlockRef block) {
    LLVMBasicBlockRef last = LLVMGetLastBasicBlock(cx->fs->value);
    if (last != block) LLVMMoveBasicBlockAfter(block, last); // text in order of emission
    LLVMPositionBuilderAtEnd(cx->builder, block);
}

void lower_go(LowerCtx *cx, LLVMBasicBlockRef block) {
    LLVMBuildBr(cx->builder, block);
    lower_at(cx, block);
}

void lower_branch(LowerCtx *cx, LLVMValueRef condition, LLVMBasicBlockRef yes,
                  LLVMBasicBlockRef no) {
    LLVMBuildCondBr(cx->builder, condition, yes, no);
}

LLVMBasicBlockRef lower_rare(LowerCtx *cx, LLVMValueRef condition, const char *name) {
    LLVMBasicBlockRef rare = lower_block_new(cx, name), on = lower_block_new(cx, "on");
    LLVMValueRef branch = LLVMBuildCondBr(cx->builder, condition, rare, on);
    LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(cx->context, "prof", 4), cx->rare);
    lower_at(cx, rare);
    return on;
}

void lower_rare_stop(LowerCtx *cx, LLVMBasicBlockRef on) {
    LLVMBuildUnreachable(cx->builder);
    lower_at(cx, on);
}

LLVMValueRef lower_alloca(LowerCtx *cx, LLVMTypeRef type, const char *name) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    LLVMPositionBuilderBefore(cx->builder, cx->fs->entry_end);
    LLVMValueRef alloca = LLVMBuildAlloca(cx->builder, type, name);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return alloca;
}

LLVMValueRef lower_words_alloca(LowerCtx *cx, uint32_t count, const char *name) {
    return lower_alloca(cx, LLVMArrayType2(cx->i64, count ? count : 1), name);
}

// --- functions -----------------------------------------------------------------------------------

Type lower_node_type(LowerCtx *cx, const Node *node) {
    const Speculation *guess = cx->fs->speculation;
    if (guess && node->id >= guess->first && node->id <= guess->last)
        return guess->node_types[node->id - guess->first];
    return cx->fs->instance->node_types[node->id];
}

Instance *lower_callee(LowerCtx *cx, const Node *node) {
    const Instance *instance = cx->fs->instance;
    if (cx->fs->plan && !instance->parallel && instance->parallel_callees[node->id])
        return instance->parallel_callees[node->id];
    // A loop that runs as one without its prefix calls what it would call with it.
    Instance *callee = instance->callees[node->id];
    return callee ? callee : instance->parallel_callees[node->id];
}

void lower_begin_plain(LowerCtx *cx, FuncState *fs, LLVMValueRef function, const char *name) {
    *fs = (FuncState){.outer = cx->fs, .value = function, .name = name};
    cx->fs = fs;
    LLVMBasicBlockRef entry = lower_block_new(cx, "entry");
    fs->head = lower_block_new(cx, "body");
    LLVMPositionBuilderAtEnd(cx->builder, entry);
    fs->entry_end = LLVMBuildBr(cx->builder, fs->head);
    lower_at(cx, fs->head);
}

void lower_begin(LowerCtx *cx, FuncState *fs, Instance *instance, LLVMValueRef function) {
    Function *source = instance->function;
    lower_begin_plain(cx, fs, function,
                      source->parent == NULL ? "main"
                      : source->name         ? source->name->text
                                             : "<lambda>");
    lower_begin_note(cx, function, source);
    fs->instance = instance;
    fs->function = source;
    fs->shared = instance->parallel;
    fs->gives_up = fs->shared && source->given_up;
    fs->slots = ARENA_ARRAY(cx->arena, SymSlot, source->symbols.len + 1);
    fs->captures = ARENA_ARRAY(cx->arena, SymSlot, source->captures.len + 1);
}

void lower_end(LowerCtx *cx) {
    if (!LLVMGetBasicBlockTerminator(LLVMGetInsertBlock(cx->builder)))
        LLVMBuildUnreachable(cx->builder);
    lower_roots_end(cx);
    cx->fs = cx->fs->outer;
}

// --- slots ---------------------------------------------------------------------------------------

static SymSlot *slot_place(LowerCtx *cx, FuncState *fs, Symbol *symbol, Type *type) {
    if (symbol->is_global) {
        *type = cx->c->program->instances.items[0]->symbol_types[symbol->index];
        return &cx->globals[symbol->index];
    }
    if (symbol->owner == fs->function) {
        const Type *guess = lower_guess(cx, symbol);
        *type = guess ? *guess : fs->instance->symbol_types[symbol->index];
        return &fs->slots[symbol->index];
    }
    SymbolVec *captures = &fs->function->captures;
    for (uint32_t i = 0; i < captures->len; i++) {
        if (captures->items[i] != symbol) continue;
        *type = fs->instance->captures[i];
        return &fs->captures[i];
    }
    UNREACHABLE("a symbol of another function is a capture");
}

static void slot_make(LowerCtx *cx, SymSlot *slot, Symbol *symbol, Type type, bool owns) {
    const char *name = symbol->name ? symbol->name->text : "";
    slot->type = type;
    slot->rep = type_rep(type);
    slot->root = owns && lower_needs_root(cx, slot->rep);
    slot->at = slot->root ? lower_variable(cx, slot->rep, name)
                          : lower_alloca(cx, lower_type(cx, slot->rep), name);
}

// A parallel body takes what it mentions from its capture record; the loop fills that afterwards.
static void import_slot(LowerCtx *cx, SymSlot *slot, Symbol *symbol, Type type) {
    FuncState *fs = cx->fs;
    slot_make(cx, slot, symbol, type, false);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    LLVMPositionBuilderBefore(cx->builder, fs->entry_end);
    LLVMValueRef from = lower_field(cx, fs->record, 16 + 8 * (int64_t)fs->imports.len);
    LLVMValueRef value = LLVMBuildLoad2(cx->builder, lower_type(cx, slot->rep), from, "");
    LLVMBuildStore(cx->builder, value, slot->at);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    ParImport import = {.symbol = symbol};
    vec_push(cx->arena, &fs->imports, import);
    for (uint32_t i = 0; i < fs->plan->captures.len; i++) {
        const ParVariable *variable = &fs->plan->captures.items[i];
        if (variable->symbol == symbol && variable->use == PAR_ELEMENT) {
            slot->known_unique = true;
            slot->undo = fs->plan->loop->left;
        }
    }
}

SymSlot *lower_slot(LowerCtx *cx, Symbol *symbol) {
    Type type;
    SymSlot *slot = slot_place(cx, cx->fs, symbol, &type);
    if (slot->at) return slot;
    if (cx->fs->deferred)
        lower_import_address(cx, slot, symbol);
    else if (cx->fs->plan)
        import_slot(cx, slot, symbol, type);
    else
        slot_make(cx, slot, symbol, type, false); // only in code that is never reached
    return slot;
}

SymSlot *lower_slot_define(LowerCtx *cx, Symbol *symbol, bool owns) {
    Type type;
    SymSlot *slot = slot_place(cx, cx->fs, symbol, &type);
    bool other = !symbol->is_global && slot->root != (owns && lower_needs_root(cx, slot->rep));
    if (!slot->at || other) slot_make(cx, slot, symbol, type, owns);
    slot->data = slot->length = slot->value = NULL;
    slot->hoisted_write = slot->known_unique = false;
    return slot;
}

static void store_slot(LowerCtx *cx, const SymSlot *slot, LVal value) {
    LLVMBuildStore(cx->builder, lower_fit(cx, value, slot->type, slot->rep).v, slot->at);
}

// Numbers that never change are not loaded again. Deferred code may run where the definition does not
// reach.
static bool is_fixed(const SymSlot *slot, const Symbol *symbol) {
    return !symbol->is_mutable && !symbol->updated && !symbol->rebound_by_loop &&
           !symbol->is_global && !symbol->deferred && !lower_is_counted_rep(slot->rep);
}

void lower_define(LowerCtx *cx, Symbol *symbol, LVal value) {
    SymSlot *slot = lower_slot_define(cx, symbol, true);
    LVal own = lower_own(cx, lower_fit(cx, value, slot->type, slot->rep));
    store_slot(cx, slot, own);
    if (is_fixed(slot, symbol)) slot->value = own.v;
    if (symbol->is_global || !lower_is_counted_rep(slot->rep)) return;
    Cleanup cleanup = {.slot = slot, .active = true};
    vec_push(cx->arena, &cx->fs->cleanups, cleanup);
}

void lower_alias(LowerCtx *cx, Symbol *symbol, LVal value) {
    SymSlot *slot = lower_slot_define(cx, symbol, false);
    slot->borrowed = true;
    store_slot(cx, slot, value);
}

// --- scopes --------------------------------------------------------------------------------------

uint32_t lower_scope(LowerCtx *cx) {
    return cx->fs->cleanups.len;
}

void lower_clean(LowerCtx *cx, uint32_t mark) {
    for (uint32_t i = cx->fs->cleanups.len; i-- > mark;) {
        Cleanup *cleanup = &cx->fs->cleanups.items[i];
        if (!cleanup->active) continue;
        if (cleanup->defer || cleanup->arena) {
            if (cleanup->defer)
                RT(cx, rt_defer_run, cleanup->defer);
            else
                RT0(cx, rt_arena_leave);
            continue;
        }
        if (!cleanup->slot) {
            lower_drop(cx, cleanup->value);
            continue;
        }
        const SymSlot *slot = cleanup->slot;
        LLVMValueRef v = LLVMBuildLoad2(cx->builder, lower_type(cx, slot->rep), slot->at, "");
        if (slot->root) lower_empty_root(cx, slot->at);
        lower_drop(cx, lower_val(slot->rep, slot->type, v, true));
    }
}

// Deferred blocks may be the end of an iteration that is not wanted.
LVal lower_clean_around(LowerCtx *cx, uint32_t mark, LVal owned) {
    bool defers = false;
    for (uint32_t i = mark; i < cx->fs->cleanups.len; i++)
        if (cx->fs->cleanups.items[i].active && cx->fs->cleanups.items[i].defer) defers = true;
    if (defers) owned = lower_rooted(cx, owned);
    lower_clean(cx, mark);
    return lower_unrooted(cx, owned);
}

void lower_scope_end(LowerCtx *cx, uint32_t mark) {
    lower_clean(cx, mark);
    cx->fs->cleanups.len = mark;
}

uint32_t lower_hold(LowerCtx *cx, LVal value) {
    LVal held = lower_rooted(cx, value);
    Cleanup cleanup = {.value = held, .active = true, .roots = held.root != value.root};
    vec_push(cx->arena, &cx->fs->cleanups, cleanup);
    return cx->fs->cleanups.len - 1;
}

void lower_unhold(LowerCtx *cx, uint32_t at) {
    Cleanup *cleanup = &cx->fs->cleanups.items[at];
    if (cleanup->roots) cleanup->value = lower_unrooted(cx, cleanup->value);
    cleanup->active = false;
}

static void release_globals(LowerCtx *cx) {
    VEC_EACH(Symbol *, symbol, &cx->c->program->globals) {
        SymSlot *slot = &cx->globals[symbol->index];
        if (!slot->at || !lower_is_counted_rep(slot->rep)) continue;
        LLVMValueRef v = LLVMBuildLoad2(cx->builder, lower_type(cx, slot->rep), slot->at, "");
        if (slot->rep == REP_ANY) {
            lower_drop(cx, lower_val(slot->rep, slot->type, v, true));
            continue;
        }
        LLVMBasicBlockRef set = lower_block_new(cx, "set"), on = lower_block_new(cx, "on");
        lower_branch(cx, LLVMBuildIsNull(cx->builder, v, ""), on, set);
        lower_at(cx, set);
        lower_drop(cx, lower_val(slot->rep, slot->type, v, true));
        lower_go(cx, on);
    }
}

// --- returns -------------------------------------------------------------------------------------

void lower_return(LowerCtx *cx, LVal value) {
    FuncState *fs = cx->fs;
    if (lower_exit(cx, EXIT_RETURN, NULL, value)) return;
    if (fs->function->parent == NULL) { // the top level: the program ends
        lower_release(cx, value);
        lower_clean(cx, 0);
        release_globals(cx);
        LLVMBuildRet(cx->builder, lower_i32(cx, 0));
    } else {
        Rep rep = type_rep(fs->instance->result);
        value = lower_own(cx, lower_fit(cx, value, fs->instance->result, rep));
        value = lower_clean_around(cx, 0, value);
        lower_roots_leave(cx);
        LLVMBuildRet(cx->builder, value.v);
    }
    lower_at(cx, lower_block_new(cx, "dead"));
}

void lower_tail(LowerCtx *cx, Node *node) {
    LVal value;
    if (lower_packed_expr(cx, node, &value)) {
        lower_return(cx, value);
    } else if (node->kind == NODE_BLOCK) {
        lower_block(cx, node, true, true);
    } else if (node->kind == NODE_MATCH) {
        lower_match(cx, node, true, true);
    } else if (node->kind != NODE_CALL) {
        lower_return(cx, lower_expr(cx, node));
    } else if (!lower_self_tail(cx, node)) {
        lower_return(cx, lower_call_tail(cx, node, true));
    }
}

// --- bodies --------------------------------------------------------------------------------------

static void bind_input(LowerCtx *cx, SymSlot *slot, Symbol *symbol, Type type, Rep rep,
                       LLVMValueRef value, bool owns) {
    slot_make(cx, slot, symbol, type, owns);
    LVal input = lower_val(rep, type, value, false);
    LLVMSetValueName2(value, symbol->name ? symbol->name->text : "",
                      symbol->name ? symbol->name->len : 0);
    store_slot(cx, slot, input);
    if (is_fixed(slot, symbol) && rep == slot->rep && !cx->fs->function->self_tail_call)
        slot->value = value;
    slot->borrowed = !owns;
    if (!owns || !lower_is_counted_rep(slot->rep)) return;
    Cleanup cleanup = {.slot = slot, .active = true};
    vec_push(cx->arena, &cx->fs->cleanups, cleanup);
}

static void bind_inputs(LowerCtx *cx) {
    FuncState *fs = cx->fs;
    Function *function = fs->function;
    uint32_t captured = function->captures.len;
    for (uint32_t i = 0; i < captured; i++)
        bind_input(cx, &fs->captures[i], function->captures.items[i], fs->instance->captures[i],
                   type_rep(fs->instance->captures[i]), LLVMGetParam(fs->value, i),
                   lower_takes_captures(fs->instance));
    for (uint32_t i = 0; i < function->param_count; i++) {
        Symbol *symbol = function->params.items[i];
        bind_input(cx, &fs->slots[symbol->index], symbol, fs->instance->symbol_types[symbol->index],
                   type_rep(fs->instance->params[i]), LLVMGetParam(fs->value, captured + i),
                   symbol->taken);
    }
    fs->param_cleanups = fs->cleanups.len;
    if (!function->self_tail_call) return;
    LLVMBasicBlockRef head = lower_block_new(cx, "head");
    fs->head = head;
    lower_go(cx, head);
}

// The name in a clause is the parameter itself where they are held alike: it may be handed on.
static void bind_pattern(LowerCtx *cx, Symbol *symbol, Symbol *param) {
    FuncState *fs = cx->fs;
    SymSlot *slot = &fs->slots[symbol->index], *from = &fs->slots[param->index];
    Type type = fs->instance->symbol_types[symbol->index];
    if (type_rep(type) != from->rep) {
        lower_alias(cx, symbol, lower_symbol(cx, param));
        return;
    }
    *slot = *from;
    slot->type = type;
}

static void match_clause(LowerCtx *cx, Clause *clause, LLVMBasicBlockRef next) {
    Function *function = cx->fs->function;
    for (uint32_t i = 0; i < clause->params.len; i++) {
        Pattern *pattern = &clause->params.items[i];
        LVal param = lower_symbol(cx, function->params.items[i]);
        if (pattern->kind == PATTERN_LITERAL) {
            LLVMValueRef fits = lower_equal(cx, param, lower_expr(cx, pattern->literal));
            LLVMBasicBlockRef on = lower_block_new(cx, "fits");
            lower_branch(cx, fits, on, next);
            lower_at(cx, on);
        } else if (pattern->symbol && pattern->symbol != function->params.items[i]) {
            bind_pattern(cx, pattern->symbol, function->params.items[i]);
        }
    }
}

static void lower_clauses(LowerCtx *cx) {
    Node *node = cx->fs->function->node;
    for (uint32_t i = 0; i < node->lambda.clauses.len; i++) {
        Clause *clause = &node->lambda.clauses.items[i];
        LLVMBasicBlockRef next = lower_block_new(cx, "clause");
        uint32_t mark = lower_scope(cx);
        match_clause(cx, clause, next);
        lower_tail(cx, clause->body);
        cx->fs->cleanups.len = mark;
        LLVMBuildUnreachable(cx->builder);
        lower_at(cx, next);
    }
    lower_return(cx, lower_zero(cx));
}

static void lower_main(LowerCtx *cx) {
    FuncState *fs = cx->fs;
    // The top level's deferred blocks run after `main`.
    uint32_t mark = lower_scope(cx);
    if (cx->sim_model) RT(cx, rt_sim_model, cx->sim_model);
    lower_statements(cx, fs->function->body);
    Instance *user_main = cx->c->program->user_main_instance;
    if (user_main && user_main->function->param_count == 0)
        lower_discard(cx, user_main->function->node,
                      lower_call_known(cx, user_main, NULL, NULL, false));
    lower_scope_end(cx, mark);
    release_globals(cx);
    LLVMBuildRet(cx->builder, lower_i32(cx, 0));
}

static void fill_body(LowerCtx *cx, Instance *instance, LLVMValueRef function, LLVMValueRef self) {
    FuncState fs;
    lower_begin(cx, &fs, instance, function);
    fs.self = self;
    if (instance->function->parent == NULL) {
        lower_main(cx);
    } else {
        bind_inputs(cx);
        if (instance->function->has_clauses)
            lower_clauses(cx);
        else
            lower_tail(cx, instance->function->body);
    }
    lower_choose_effort(cx);
    lower_end(cx);
}

void lower_instance(LowerCtx *cx, Instance *instance) {
    lower_either(cx, instance);
    Bodies bodies = lower_memoise(cx, instance);
    for (uint32_t i = 0; i < bodies.count; i++)
        fill_body(cx, instance, bodies.levels[i], i > 0 ? bodies.levels[i - 1] : NULL);
}
