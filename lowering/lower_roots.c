// lower_roots.c: what code owns while it runs, written down where the runtime finds it: in functions
// that iterations of a parallel loop run which may be given up half-way (FuncState.gives_up: bodies
// that can leave their loop, and what they may call).
//
// Such an iteration is left by a jump out of the depth of the runtime (rt/order.c), past functions
// that would have released what they hold. So these keep what they own not in registers but in roots,
// variables of a record in their frame (RtRoots) that is linked into the thread's chain for as long as
// they run; the runtime releases what the records hold that it jumps over (rt/roots.c). That serves
// every way in which an iteration may end, wherever it is: cancelled, stopped, out of stack.
//
//   - A variable of a counted kind that owns its value is a root, from its definition on, and empty
//     outside of its scope.
//   - A value in flight that is owned goes into a root while anything is done that may not return:
//     lower_rooted(), and lower_operands() by itself. LVal.root says where, and whoever releases the
//     value (lower_drop) or hands it on (lower_own) empties that.
//   - Roots for values in flight are used again by the next statement.
//
// Invariant: at every call that may not return, each root is empty or holds a reference that is the
// function's own. So a value is in its root before such a call and the root empty before the reference
// is somebody else's. To forget the first leaks, to forget the second releases twice.
//
// Functions that own nothing have no record, and code that cannot be given up has no roots.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

// A root is a variable of its own until the function is complete, when all of them become the words
// of one record.
static LLVMValueRef add_root(LowerCtx *cx, LLVMTypeRef type, uint8_t kind, const char *name) {
    Root root = {.at = lower_alloca(cx, type, name), .kind = kind};
    vec_push(cx->arena, &cx->fs->roots, root);
    return root.at;
}

static LLVMValueRef new_root(LowerCtx *cx, Rep rep, const char *name) {
    return add_root(cx, lower_type(cx, rep), rep == REP_ANY ? RT_ROOT_WORD : RT_ROOT_OBJECT, name);
}

LLVMValueRef lower_root_of(LowerCtx *cx, LLVMValueRef words, uint8_t kind) {
    LLVMValueRef root = cx->fs->gives_up ? add_root(cx, cx->ptr, kind, "held") : NULL;
    if (root) LLVMBuildStore(cx->builder, words, root);
    return root;
}

bool lower_needs_root(const LowerCtx *cx, Rep rep) {
    return cx->fs->gives_up && lower_is_counted_rep(rep);
}

LLVMValueRef lower_variable(LowerCtx *cx, Rep rep, const char *name) {
    if (lower_needs_root(cx, rep)) return new_root(cx, rep, name);
    return lower_alloca(cx, lower_type(cx, rep), name);
}

void lower_empty_root(LowerCtx *cx, LLVMValueRef root) {
    if (root) LLVMBuildStore(cx->builder, LLVMConstNull(LLVMGetAllocatedType(root)), root);
}

// --- values in flight -----------------------------------------------------------------------------

LVal lower_rooted(LowerCtx *cx, LVal v) {
    FuncState *fs = cx->fs;
    if (!fs->gives_up || !v.owned || v.root || !lower_is_counted(v)) return v;
    if (fs->in_flight == fs->temporaries.len)
        vec_push(cx->arena, &fs->temporaries, new_root(cx, REP_ANY, "in.flight"));
    v.root = fs->temporaries.items[fs->in_flight++];
    LVal object = v;
    if (object.rep == REP_PACKED) object.rep = REP_LIST; // to be released it is one
    LLVMBuildStore(cx->builder, lower_word(cx, object), v.root);
    return v;
}

LVal lower_own_rooted(LowerCtx *cx, LVal v) {
    return lower_rooted(cx, v.owned ? v : lower_own(cx, v));
}

LVal lower_unrooted(LowerCtx *cx, LVal v) {
    if (v.root) lower_empty_root(cx, v.root);
    v.root = NULL;
    return v;
}

// --- the record -----------------------------------------------------------------------------------

enum { RECORD_NEXT = 0, RECORD_MAP = 8, RECORD_WORDS = 16 }; // offsets in RtRoots

static LLVMValueRef note(LowerCtx *cx, LLVMValueRef instruction) {
    vec_push(cx->arena, &cx->fs->root_notes, instruction);
    return instruction;
}

// The record and where the thread's chain begins become known when the function is complete, if there
// is a record at all.
void lower_roots_leave(LowerCtx *cx) {
    FuncState *fs = cx->fs;
    if (!fs->gives_up) return;
    if (!fs->root_record) {
        fs->root_record = lower_alloca(cx, cx->ptr, "roots");
        fs->root_chain = lower_alloca(cx, cx->ptr, "chain");
    }
    LLVMValueRef next = note(cx, LLVMBuildLoad2(cx->builder, cx->ptr, fs->root_record, "next"));
    LLVMValueRef chain = note(cx, LLVMBuildLoad2(cx->builder, cx->ptr, fs->root_chain, ""));
    note(cx, LLVMBuildStore(cx->builder, next, chain));
}

static void forget_notes(FuncState *fs) {
    for (uint32_t i = fs->root_notes.len; i-- > 0;)
        LLVMInstructionEraseFromParent(fs->root_notes.items[i]);
    if (!fs->root_record) return;
    LLVMInstructionEraseFromParent(fs->root_record);
    LLVMInstructionEraseFromParent(fs->root_chain);
}

// RtRootMap: kinds of roots
static LLVMValueRef root_map(LowerCtx *cx) {
    const FuncState *fs = cx->fs;
    LLVMValueRef *kinds = ARENA_ARRAY(cx->arena, LLVMValueRef, fs->roots.len);
    for (uint32_t i = 0; i < fs->roots.len; i++)
        kinds[i] = LLVMConstInt(cx->i8, fs->roots.items[i].kind, 0);
    LLVMValueRef parts[] = {lower_i64(cx, fs->roots.len),
                            LLVMConstArray2(cx->i8, kinds, fs->roots.len)};
    return lower_private(cx, LLVMConstStructInContext(cx->context, parts, 2, 0), "flap.roots", 8);
}

void lower_roots_end(LowerCtx *cx) {
    FuncState *fs = cx->fs;
    if (fs->roots.len == 0) {
        forget_notes(fs);
        return;
    }
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(fs->value);
    LLVMPositionBuilderBefore(cx->builder, LLVMGetFirstInstruction(entry));
    LLVMTypeRef type = LLVMArrayType2(cx->i64, RECORD_WORDS / 8 + fs->roots.len);
    LLVMValueRef record = LLVMBuildAlloca(cx->builder, type, "roots");
    for (uint32_t i = 0; i < fs->roots.len; i++) {
        LLVMValueRef at = lower_field(cx, record, RECORD_WORDS + 8 * (int64_t)i);
        LLVMBuildStore(cx->builder, lower_i64(cx, 0), at);
        LLVMReplaceAllUsesWith(fs->roots.items[i].at, at);
    }
    LLVMBuildStore(cx->builder, root_map(cx), lower_field(cx, record, RECORD_MAP));
    LLVMValueRef chain = RT(cx, rt_roots_enter, record);
    if (fs->root_record)
        LLVMReplaceAllUsesWith(fs->root_record, lower_field(cx, record, RECORD_NEXT));
    LLVMPositionBuilderBefore(cx->builder, fs->entry_end);
    if (fs->root_record) LLVMBuildStore(cx->builder, chain, fs->root_chain);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    for (uint32_t i = 0; i < fs->roots.len; i++)
        LLVMInstructionEraseFromParent(fs->roots.items[i].at);
    if (fs->root_record) LLVMInstructionEraseFromParent(fs->root_record);
}
