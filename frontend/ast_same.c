// ast_same.c: whether two expressions are the same one, written twice. Knows no algebra: i + 1 and
// 1 + i differ. Expressions with effects, and kinds that positions are not made of, are never the same.
#include "sema.h"
#include <string.h>

static bool is_silent_builtin(const Node *callee) {
    const Symbol *symbol = callee->kind == NODE_NAME ? callee->name.symbol : NULL;
    return symbol != NULL && symbol->builtin != NULL &&
           (symbol->builtin->effects & ~EFFECT_STOP) == 0;
}

static bool same_call(const Node *a, const Node *b) {
    if (!is_silent_builtin(a->call.callee) || !ast_same(a->call.callee, b->call.callee) ||
        a->call.args.len != b->call.args.len)
        return false;
    for (uint32_t i = 0; i < a->call.args.len; i++)
        if (!ast_same(a->call.args.items[i], b->call.args.items[i])) return false;
    return true;
}

bool ast_same(const Node *a, const Node *b) {
    if (a->kind != b->kind) return false;
    switch ((int)a->kind) {
    case NODE_NUMBER: return a->number.value == b->number.value;
    case NODE_NAME: return a->name.symbol != NULL && a->name.symbol == b->name.symbol;
    case NODE_STRING:
        return a->string.len == b->string.len &&
               memcmp(a->string.bytes, b->string.bytes, a->string.len) == 0;
    case NODE_INDEX:
        return ast_same(a->index.index, b->index.index) && ast_same(a->index.base, b->index.base);
    case NODE_UNARY:
        return a->unary.op == b->unary.op && ast_same(a->unary.operand, b->unary.operand);
    case NODE_BINARY:
        return a->binary.op == b->binary.op && a->binary.op != BINARY_CARRY &&
               ast_same(a->binary.left, b->binary.left) &&
               ast_same(a->binary.right, b->binary.right);
    case NODE_CALL: return same_call(a, b);
    case NODE_LOOP_VALUE:
        return a->loop_value.what == b->loop_value.what && a->loop_value.loop == b->loop_value.loop;
    }
    return false;
}
