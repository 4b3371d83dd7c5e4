// sema_match.c: match blocks: a scope per arm, literal guards, tail positions.
#include "sema_internal.h"

static bool is_constant(const Node *node) {
    return node->kind == NODE_NAME && !node->parenthesized && node->name.symbol != NULL &&
           sema_is_constant(node->name.symbol);
}

static void bind_names(Sema *s, MatchArm *arm) {
    for (uint32_t i = 0; i < arm->binds.len; i++) {
        Symbol *symbol = sema_new_symbol(s, SYMBOL_BOUND, arm->binds.items[i], arm->span);
        vec_push(s->arena, &arm->symbols, symbol);
        scope_define(s->scope, symbol->name, symbol);
    }
}

bool sema_match(Sema *s, Node *node, unsigned context) {
    if (node->match.on_result) sema_observe(node->match.subject);
    sema_value(s, node->match.subject);
    bool all_end = true, has_default = false;
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        sema_push_scope(s);
        if (arm->guard != NULL) {
            bool member = arm->guard->kind == NODE_FIELD || // of a C library: a constant
                          arm->guard->kind == NODE_PORT;
            sema_value(s, arm->guard);
            member = member && (arm->guard->kind == NODE_NUMBER || arm->guard->kind == NODE_STRING);
            if (is_constant(arm->guard) || member) arm->literal_guard = true;
        }
        bind_names(s, arm);
        if (arm->kind == ARM_DEFAULT || arm->kind == ARM_BIND_ERROR) has_default = true;
        if (arm->body != NULL && !sema_visit(s, arm->body, context & (CTX_VALUE | CTX_TAIL)))
            all_end = false;
        sema_pop_scope(s);
    }
    return all_end && has_default && node->match.arms.len > 1;
}
