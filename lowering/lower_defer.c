// lower_defer.c: deferred blocks and arenas: what runs when a block is left, by whatever way.
//
// A deferred block becomes a function `<function>.defer.<n>` over an environment of addresses: those
// of the variables that it mentions, which stay where they are. Reaching it links a record of both
// into the thread's chain; leaving the block around it, by its end or a jump, runs it; stops run
// the chain (rt/defer.c).
#include "lower_par.h"

// --- what the deferred function takes from the one that it is part of ------------------------------

// The address of something outside, loaded from the environment in the entry block.
static LLVMValueRef load_address(LowerCtx *cx, ParImport import) {
    FuncState *fs = cx->fs;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    LLVMPositionBuilderBefore(cx->builder, fs->entry_end);
    LLVMValueRef from = lower_field(cx, fs->record, 8 * (int64_t)fs->imports.len);
    LLVMValueRef address = LLVMBuildLoad2(cx->builder, cx->ptr, from, "");
    LLVMPositionBuilderAtEnd(cx->builder, here);
    vec_push(cx->arena, &fs->imports, import);
    return address;
}

// The slot as the function around has it.
static SymSlot slot_around(LowerCtx *cx, Symbol *symbol) {
    FuncState *fs = cx->fs;
    cx->fs = fs->outer;
    SymSlot slot = *lower_slot(cx, symbol);
    cx->fs = fs;
    return slot;
}

void lower_import_address(LowerCtx *cx, SymSlot *slot, Symbol *symbol) {
    SymSlot around = slot_around(cx, symbol);
    *slot = (SymSlot){.type = around.type,
                      .rep = around.rep,
                      .known_unique = around.known_unique,
                      .undo = around.undo,
                      .kept = around.kept};
    slot->at = load_address(cx, (ParImport){.symbol = symbol});
}

static LLVMValueRef kept_value(LowerCtx *cx, LLVMValueRef value, LLVMValueRef address) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    LLVMPositionBuilderBefore(cx->builder, cx->fs->entry_end);
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, LLVMTypeOf(value), address, "");
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return v;
}

LLVMValueRef lower_import_value(LowerCtx *cx, LLVMValueRef value) {
    if (LLVMIsConstant(value)) return value;
    ParImport import = {.value = value, .kept = true};
    return kept_value(cx, value, load_address(cx, import));
}

LLVMValueRef lower_import_room(LowerCtx *cx, LLVMValueRef address) {
    return load_address(cx, (ParImport){.value = address});
}

// In the outer function: a variable that holds the value where it is computed.
static LLVMValueRef keep_value(LowerCtx *cx, LLVMValueRef value) {
    LLVMValueRef slot = lower_alloca(cx, LLVMTypeOf(value), "kept");
    LLVMBuildStore(cx->builder, value, slot);
    return slot;
}

// The loops around it, as far as @counter and its like may ask.
static void import_frames(LowerCtx *cx, FuncState *outer) {
    LoopFrame **link = &cx->fs->loop;
    for (const LoopFrame *frame = outer->loop; frame; frame = frame->outer) {
        LoopFrame *copy = ARENA_NEW(cx->arena, LoopFrame);
        copy->loop = frame->loop;
        copy->index = lower_import_room(cx, frame->index);
        copy->first = lower_import_value(cx, frame->first);
        if (frame->total) copy->total = lower_import_value(cx, frame->total);
        if (frame->key) copy->key = lower_import_value(cx, frame->key);
        if (frame->key) copy->drawn = lower_import_room(cx, frame->drawn);
        *link = copy;
        link = &copy->outer;
    }
}

// --- the deferred function ------------------------------------------------------------------------

static LLVMValueRef add_function(LowerCtx *cx) {
    LLVMTypeRef type = LLVMFunctionType(cx->void_t, &cx->ptr, 1, 0);
    const char *name =
        arena_printf(cx->arena, "flap.%s.defer.%u", cx->fs->instance->link_name, cx->deferred++);
    LLVMValueRef function = LLVMAddFunction(cx->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_code_attributes(cx, function);
    LLVMSetValueName(LLVMGetParam(function, 0), "environment");
    return function;
}

static void fill_function(LowerCtx *cx, FuncState *fs, LLVMValueRef function, Node *body) {
    FuncState *outer = cx->fs;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    lower_begin(cx, fs, outer->instance, function);
    fs->plan = outer->plan;
    fs->shared = outer->shared;
    fs->gives_up = outer->gives_up;
    fs->deferred = true;
    fs->record = LLVMGetParam(function, 0);
    if (outer->par) fs->par = lower_kept_deferred(cx, outer->par);
    import_frames(cx, outer);
    lower_effect(cx, body);
    lower_roots_leave(cx);
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
}

static LLVMValueRef fill_environment(LowerCtx *cx, const FuncState *fs) {
    LLVMValueRef environment = lower_words_alloca(cx, fs->imports.len, "environment");
    for (uint32_t i = 0; i < fs->imports.len; i++) {
        const ParImport *import = &fs->imports.items[i];
        LLVMValueRef address = import->symbol ? lower_slot(cx, import->symbol)->at
                               : import->kept ? keep_value(cx, import->value)
                                              : import->value;
        LLVMBuildStore(cx->builder, address, lower_field(cx, environment, 8 * (int64_t)i));
    }
    return environment;
}

void lower_defer(LowerCtx *cx, Node *node) {
    FuncState fs;
    LLVMValueRef function = add_function(cx);
    fill_function(cx, &fs, function, node->defer.body);
    LLVMValueRef environment = fill_environment(cx, &fs);
    LLVMValueRef record = lower_words_alloca(cx, 4, "deferred");
    LLVMBuildStore(cx->builder, function, record);
    LLVMBuildStore(cx->builder, environment, lower_field(cx, record, 8));
    RT(cx, rt_defer_push, record);
    Cleanup cleanup = {.defer = record, .active = true};
    vec_push(cx->arena, &cx->fs->cleanups, cleanup);
}

LVal lower_arena(LowerCtx *cx, Node *node, bool want_value) {
    uint32_t mark = lower_scope(cx);
    RT0(cx, rt_arena_enter);
    Cleanup cleanup = {.arena = true, .active = true};
    vec_push(cx->arena, &cx->fs->cleanups, cleanup);
    LVal value = lower_block(cx, node->arena.body, want_value, false);
    lower_scope_end(cx, mark);
    return value;
}
