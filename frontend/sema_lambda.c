// sema_lambda.c: a lambda becomes a Function: parameters, clauses, body.
#include "sema_internal.h"

static bool has_literals(const Node *node) {
    if (node->lambda.clauses.len != 1) return true;
    const Clause *clause = &node->lambda.clauses.items[0];
    for (uint32_t i = 0; i < clause->params.len; i++)
        if (clause->params.items[i].kind == PATTERN_LITERAL) return true;
    return false;
}

static Symbol *hidden_param(Sema *s, uint32_t at, Span span) {
    const char *text = arena_printf(s->scratch, "_%u", at + 1);
    return sema_new_symbol(s, SYMBOL_PARAMETER, intern_c(&s->c->names, text), span);
}

static void check_duplicate(Sema *s, const Clause *clause, uint32_t at) {
    const Pattern *pattern = &clause->params.items[at];
    const Symbol *before = map_get(&s->scope->names, pattern->name);
    if (before == NULL) return;
    Diag *diag = diag_report(s->c, DIAG_E0411, pattern->span, pattern->name->text);
    diag_note(s->c, diag, before->span, "named here too");
}

static void check_literal(Sema *s, Pattern *pattern) {
    Node *literal = pattern->literal;
    sema_value(s, literal);
    if (literal->kind == NODE_POISON || sema_fold(s, literal) != NULL) return;
    Diag *diag = diag_report(s->c, DIAG_E0412, pattern->span);
    diag_help(s->c, diag, "a pattern is a number, a string, a name, or `_`");
}

// One clause: its names, then its body, in a scope of its own.
static void visit_clause(Sema *s, Function *function, Clause *clause) {
    sema_push_scope(s);
    for (uint32_t i = 0; i < clause->params.len; i++) {
        Pattern *pattern = &clause->params.items[i];
        switch (pattern->kind) {
        case PATTERN_LITERAL: check_literal(s, pattern); break;
        case PATTERN_ANY:
            if (!function->has_clauses)
                vec_push(s->arena, &function->params, hidden_param(s, i, pattern->span));
            break;
        case PATTERN_NAME:
            check_duplicate(s, clause, i);
            pattern->symbol =
                sema_new_symbol(s, function->has_clauses ? SYMBOL_BOUND : SYMBOL_PARAMETER,
                                pattern->name, pattern->span);
            if (!function->has_clauses) vec_push(s->arena, &function->params, pattern->symbol);
            if (function->has_clauses) pattern->symbol->param = function->params.items[i];
            pattern->symbol->ctype =
                pattern->pointee != NULL ? pattern->pointee : sema_param_pointee(s, pattern);
            scope_define(s->scope, pattern->name, pattern->symbol);
            break;
        }
    }
    sema_visit(s, clause->body, CTX_VALUE | CTX_TAIL);
    sema_pop_scope(s);
}

static void visit_clauses(Sema *s, Node *node, Function *function) {
    const Clause *first = &node->lambda.clauses.items[0];
    function->param_count = first->params.len;
    function->has_clauses = has_literals(node);
    if (!function->has_clauses) function->body = first->body;
    for (uint32_t i = 0; function->has_clauses && i < first->params.len; i++)
        vec_push(s->arena, &function->params, hidden_param(s, i, first->params.items[i].span));
    for (uint32_t i = 0; i < node->lambda.clauses.len; i++)
        visit_clause(s, function, &node->lambda.clauses.items[i]);
}

void sema_lambda(Sema *s, Node *node, Symbol *symbol, bool is_value) {
    Function *function = sema_new_function(s, node);
    FunctionInfo *info = sema_info(s, function);
    node->lambda.function = function;
    function->name = symbol != NULL ? symbol->name : NULL;
    function->is_value = is_value;
    function->in_loop = s->loops.len > s->loops_base;
    info->symbol = symbol;
    info->loop = function->in_loop ? s->loops.items[s->loops.len - 1] : NULL;
    info->order = ++s->order;

    Function *outer = s->function;
    uint16_t *outer_effects = s->effects;
    uint32_t outer_loops = s->loops_base;
    s->function = function;
    s->effects = &info->effects;
    s->loops_base = s->loops.len;
    sema_push_scope(s);
    if (symbol != NULL) scope_define(s->scope, symbol->name, symbol); // may call itself
    visit_clauses(s, node, function);
    sema_pop_scope(s);
    s->loops_base = outer_loops;
    s->effects = outer_effects;
    s->function = outer;
}
