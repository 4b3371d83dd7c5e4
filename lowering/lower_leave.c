// lower_leave.c: parallel bodies that can leave their loop early: ret @, ret @ v, err @, ret from the
// function, and jumps to loops further out. The body tells the runtime which exit it takes, with what
// value, and returns; the runtime lets the lowest iteration win; the loop's end goes on from there.
//
// What iterations did that never should have run is dropped: changes that are kept (lower_keep.c) are
// never made, and elements written in place get their old values back, which the body notes first.
#include "lower_par.h"
#include "../rt/rt_layout.h"

enum { LOOP_LEFT = 48, LOOP_EXIT = 56, LOOP_VALUE = 64 }; // offsets in RtParLoop

// True for a jump to that loop (or, of `what` EXIT_NEXT, to its next iteration) which leaves the body.
static bool crosses(LowerCtx *cx, ExitKind what, const LoopNode *loop) {
    Par *par = cx->fs->par;
    if (!par) return false;
    if (what == EXIT_RETURN) return true;
    for (LoopFrame *frame = cx->fs->loop; frame && frame != &par->frame; frame = frame->outer)
        if (frame->loop == loop) return false;
    return what == EXIT_LEAVE || loop != par->loop;
}

bool lower_exit(LowerCtx *cx, ExitKind what, LoopNode *loop, LVal value) {
    if (!crosses(cx, what, loop)) return false;
    Par *par = cx->fs->par;
    if (value.rep == REP_PACKED) value = lower_unpacked(cx, value);
    Exit exit = {.kind = what, .loop = loop, .type = value.type};
    LLVMValueRef word = lower_word(cx, lower_clean_around(cx, 0, lower_own(cx, value)));
    RT(cx, rt_par_leave, par->loop_inside, par->block, lower_i64(cx, par->exits.len), word);
    vec_push(cx->arena, &par->exits, exit);
    LLVMBuildBr(cx->builder, par->exit);
    lower_at(cx, lower_block_new(cx, "dead"));
    return true;
}

// --- iterations that are no longer wanted ---------------------------------------------------------

static void look(LowerCtx *cx) {
    Par *par = cx->fs->par;
    LLVMValueRef at = lower_field(cx, par->loop_inside, LOOP_LEFT);
    LLVMValueRef left = LLVMBuildLoad2(cx->builder, cx->i64, at, "left");
    LLVMSetOrdering(left, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(left, 8);
    LLVMValueRef earlier = LLVMBuildICmp(cx->builder, LLVMIntSLT, left, par->block, "");
    LLVMBasicBlockRef on = lower_rare(cx, earlier, "not.wanted");
    lower_clean(cx, 0);
    LLVMBuildBr(cx->builder, par->exit);
    lower_at(cx, on);
}

void lower_look(LowerCtx *cx) {
    const FuncState *fs = cx->fs;
    if (fs->par && fs->par->loop->left && !fs->deferred)
        look(cx);
    else if (fs->gives_up && fs->instance)
        RT0(cx, rt_par_look);
}

// --- elements written in place --------------------------------------------------------------------

static int64_t import_field(const FuncState *fs, const Symbol *symbol) {
    while (fs->deferred) fs = fs->outer;
    for (uint32_t i = 0; i < fs->imports.len; i++)
        if (fs->imports.items[i].symbol == symbol) return 16 + 8 * (int64_t)i;
    UNREACHABLE("an element of an outer variable is written");
}

// The function that puts an element back: (the record, the position and the old value).
static LLVMValueRef add_restore(LowerCtx *cx, const Path *path) {
    const Par *par = cx->fs->par;
    int64_t field = import_field(cx->fs, path->symbol);
    LLVMTypeRef params[] = {cx->ptr, cx->ptr};
    const char *name = arena_printf(cx->arena, "%s.undo.%u", LLVMGetValueName(par->function),
                                    cx->changes++);
    LLVMValueRef function =
        LLVMAddFunction(cx->module, name, LLVMFunctionType(cx->void_t, params, 2, 0));
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_code_attributes(cx, function);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin(cx, &fs, cx->fs->instance, function);
    fs.shared = true;
    fs.gives_up = false;
    fs.record = LLVMGetParam(function, 0);
    LLVMValueRef words = LLVMGetParam(function, 1), at = lower_alloca(cx, cx->ptr, "list");
    LLVMBuildStore(cx->builder,
                   LLVMBuildLoad2(cx->builder, cx->ptr, lower_field(cx, fs.record, field), ""), at);
    SymSlot slot = {.at = at, .rep = REP_LIST, .type = path->slot->type, .known_unique = true};
    LLVMValueRef position = LLVMBuildLoad2(cx->builder, cx->f64, words, "");
    LVal index = lower_val(REP_F64, type_number(), position, false);
    Path back = {.symbol = path->symbol, .slot = &slot, .count = 1, .indices = &index,
                 .span = path->span};
    LLVMValueRef old = LLVMBuildLoad2(cx->builder, cx->i64, lower_field(cx, words, 8), "");
    lower_path_write(cx, &back, lower_val(REP_ANY, type_any(), old, true));
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return function;
}

void lower_note_old(LowerCtx *cx, const Path *path) {
    LLVMValueRef list = lower_symbol(cx, path->symbol).v;
    LLVMValueRef position = lower_position(cx, path->indices[0], path->span);
    LLVMValueRef length = lower_length(cx, list);
    lower_check_bounds(cx, position, length, path->span); // what cannot be written is not put back
    LVal old = lower_element(cx, lower_data(cx, list), length, position,
                             type_element(path->slot->type));
    LLVMValueRef words = lower_words_alloca(cx, 2, "old");
    LVal index = lower_val(REP_I64, type_integer(-0x1p53, 0x1p53), position, false);
    LLVMBuildStore(cx->builder, lower_convert(cx, index, REP_F64).v, words);
    LLVMBuildStore(cx->builder, lower_word(cx, lower_own(cx, old)), lower_field(cx, words, 8));
    RT(cx, rt_par_undo, add_restore(cx, path), cx->fs->par->record, words);
}

// --- the loop's end -------------------------------------------------------------------------------

static void go_on(LowerCtx *cx, const Par *par, const Exit *exit, LVal value,
                  LLVMBasicBlockRef end) {
    switch (exit->kind) {
    case EXIT_RETURN: lower_return(cx, value); return;
    case EXIT_NEXT: lower_next_of(cx, exit->loop); return;
    case EXIT_LEAVE: break;
    }
    if (exit->loop != par->loop) {
        lower_leave_with(cx, exit->loop, value);
        return;
    }
    if (par->result) {
        value = lower_own(cx, lower_convert(cx, value, par->result_rep));
        LLVMBuildStore(cx->builder, value.v, par->result);
    } else {
        lower_release(cx, value);
    }
    LLVMBuildBr(cx->builder, end);
}

void lower_exits_begin(LowerCtx *cx, Par *par) {
    par->loop_record = lower_words_alloca(cx, RT_PAR_LOOP_WORDS, "loop");
    if (!par->loop->left || !cx->fs->gives_up) return;
    LLVMBuildStore(cx->builder, lower_i64(cx, 0), lower_field(cx, par->loop_record, LOOP_VALUE));
    par->loop_root = lower_root_of(cx, par->loop_record, RT_ROOT_LOOP);
}

void lower_exits(LowerCtx *cx, Par *par, LLVMBasicBlockRef end) {
    LLVMValueRef taken = LLVMBuildLoad2(cx->builder, cx->i64,
                                        lower_field(cx, par->loop_record, LOOP_EXIT), "exit");
    for (uint32_t i = 0; i < par->exits.len; i++) {
        const Exit *exit = &par->exits.items[i];
        LLVMBasicBlockRef here = lower_block_new(cx, "exit"), on = lower_block_new(cx, "on");
        LLVMValueRef is = LLVMBuildICmp(cx->builder, LLVMIntEQ, taken, lower_i64(cx, i), "");
        lower_branch(cx, is, here, on);
        lower_at(cx, here);
        LLVMValueRef word = LLVMBuildLoad2(
            cx->builder, cx->i64, lower_field(cx, par->loop_record, LOOP_VALUE), "value");
        LVal value = lower_as(cx, lower_val(REP_ANY, exit->type, word, true), exit->type);
        value.owned = lower_is_counted_rep(value.rep);
        lower_empty_root(cx, par->loop_root);
        go_on(cx, par, exit, value, end);
        if (!LLVMGetBasicBlockTerminator(LLVMGetInsertBlock(cx->builder)))
            LLVMBuildUnreachable(cx->builder);
        lower_at(cx, on);
    }
}

LLVMValueRef lower_blocks_wanted(LowerCtx *cx, const Par *par, LLVMValueRef blocks) {
    if (!par->loop->left) return blocks;
    LLVMValueRef left = LLVMBuildLoad2(cx->builder, cx->i64,
                                       lower_field(cx, par->loop_record, LOOP_LEFT), "left");
    LLVMValueRef two[] = {LLVMBuildNSWAdd(cx->builder, left, lower_i64(cx, 1), ""), blocks};
    return lower_intrinsic(cx, "llvm.smin", cx->i64, two, 2);
}
