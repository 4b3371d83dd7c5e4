// sema_result.c: Results: which expressions have their error looked at, and what returns with one.
//
// (language.md 4, a miss, and 8.) An error that leaves the function leaves the loops around it too.
#include "sema_internal.h"

// Of a path every step: where `m.a` misses, so does `m.a.b`.
void sema_observe(Node *node) {
    if (node->kind == NODE_CALL) node->observed = true;
    while (node->kind == NODE_INDEX || node->kind == NODE_FIELD) {
        node->observed = true;
        node = node->kind == NODE_INDEX ? node->index.base : node->field.base;
    }
}

// With a text on its right, `or!` returns that error from the function.
static bool returns_error(const Node *node) {
    const Node *right = node->orelse.right;
    return !node->orelse.is_and && !right->parenthesized &&
           (right->kind == NODE_STRING || right->kind == NODE_FSTRING);
}

void sema_orelse(Sema *s, Node *node, unsigned context) {
    sema_observe(node->orelse.left);
    sema_value(s, node->orelse.left);
    sema_visit(s, node->orelse.right, CTX_VALUE | (context & CTX_TAIL));
    if (returns_error(node)) sema_leave_function(s, node->span, "or!");
}

void sema_text_bound(Sema *s, const Node *value) {
    while (value->kind == NODE_ORELSE && !value->orelse.is_and) {
        const Node *right = value->orelse.right;
        if (right->parenthesized && (right->kind == NODE_STRING || right->kind == NODE_FSTRING)) {
            Diag *diag = diag_report(s->c, DIAG_W0107, right->span);
            diag_help(s->c, diag,
                      "give the text a name first to say that it is meant as a value; to return "
                      "it as the error, drop the parentheses");
        }
        value = right;
    }
}

void sema_result_test(Sema *s, Node *node) {
    if (node->result_test.operand == NULL) return;
    sema_observe(node->result_test.operand);
    sema_value(s, node->result_test.operand);
}

void sema_err(Sema *s, Node *node) {
    sema_value(s, node->err.value);
    if (!node->err.from_loop) {
        sema_leave_function(s, node->span, "err");
        return;
    }
    LoopNode *loop = sema_leave_loop(s, node->err.level, node->span, "err @");
    node->err.loop = loop;
    if (loop != NULL) loop->has_value = true;
}
