// lower_stride.c: addresses of elements in an innermost range loop, as C would have them: data[i * n + j + 1]
// becomes (data + i * n)[j + 1]. The sum in brackets is then the loop's own next j, so that LLVM sees that
// one iteration reads what the one before it has read, and keeps it in a register.
//
// Invariant: only for positions that are known to be inside (lower_bounds.c), so that no sum is too large,
// and of arithmetic that has no effects.
#include "lower_internal.h"

// A position in parts: the loop's variable, a constant, and whatever else is added.
typedef struct Stride {
    const Symbol *variable;
    LLVMValueRef running, rest; // null: none so far
    int64_t constant;
} Stride;

static bool is_sum(const Node *node) {
    return node->kind == NODE_BINARY &&
           (node->binary.op == BINARY_ADD || node->binary.op == BINARY_SUB);
}

static bool is_plain(LowerCtx *cx, const Node *node) {
    if (type_rep(lower_node_type(cx, node)) != REP_I64) return false;
    if (is_sum(node) || (node->kind == NODE_BINARY && node->binary.op == BINARY_MUL))
        return is_plain(cx, node->binary.left) && is_plain(cx, node->binary.right);
    return node->kind == NODE_NUMBER || node->kind == NODE_NAME;
}

static bool split(LowerCtx *cx, Node *node, bool negative, Stride *stride) {
    if (is_sum(node)) {
        bool flips = node->binary.op == BINARY_SUB;
        return split(cx, node->binary.left, negative, stride) &&
               split(cx, node->binary.right, negative != flips, stride);
    }
    if (node->kind == NODE_NUMBER) {
        int64_t value = (int64_t)node->number.value;
        stride->constant += negative ? -value : value;
        return true;
    }
    LLVMValueRef v = lower_convert(cx, lower_expr(cx, node), REP_I64).v;
    if (node->kind == NODE_NAME && node->name.symbol == stride->variable) {
        bool first = !stride->running;
        stride->running = v;
        return first && !negative;
    }
    LLVMValueRef rest = stride->rest ? stride->rest : lower_i64(cx, 0);
    stride->rest =
        negative ? LLVMBuildSub(cx->builder, rest, v, "") : LLVMBuildAdd(cx->builder, rest, v, "");
    return true;
}

LLVMValueRef lower_strided(LowerCtx *cx, Node *position, LLVMValueRef *data, Type element) {
    const LoopFrame *frame = cx->fs->loop;
    if (!frame || frame->loop->kind != LOOP_RANGE || frame->loop->symbols.len == 0) return NULL;
    Stride stride = {.variable = frame->loop->symbols.items[0]};
    if (!stride.variable || !is_sum(position) || !is_plain(cx, position)) return NULL;
    if (!split(cx, position, false, &stride) || !stride.running) return NULL;
    if (stride.rest)
        *data = LLVMBuildGEP2(cx->builder, lower_element_llvm(cx, element), *data, &stride.rest, 1,
                              "row");
    return LLVMBuildNSWAdd(cx->builder, stride.running, lower_i64(cx, stride.constant), "");
}
