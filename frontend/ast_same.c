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

static bool same_text(const char *a, uint32_t a_len, const char *b, uint32_t b_len) {
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static bool same_spec(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_fstring(const Node *a, const Node *b) {
    if (a->fstring.parts.len != b->fstring.parts.len) return false;
    for (uint32_t i = 0; i < a->fstring.parts.len; i++) {
        const FPart *x = &a->fstring.parts.items[i], *y = &b->fstring.parts.items[i];
        bool hole = x->expr != NULL;
        if (hole != (y->expr != NULL)) return false;
        if (hole ? !ast_same(x->expr, y->expr) || !same_spec(x->spec, y->spec)
                 : !same_text(x->text, x->len, y->text, y->len))
            return false;
    }
    return true;
}

bool ast_same(const Node *a, const Node *b) {
    if (a->kind != b->kind) return false;
    switch ((int)a->kind) {
    case NODE_NUMBER: return a->number.value == b->number.value;
    case NODE_NAME: return a->name.symbol != NULL && a->name.symbol == b->name.symbol;
    case NODE_STRING:
        return same_text(a->string.bytes, a->string.len, b->string.bytes, b->string.len);
    case NODE_FSTRING: return same_fstring(a, b);
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
