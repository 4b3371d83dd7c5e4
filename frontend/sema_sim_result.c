// sema_sim_result.c: names that other modules expose. Such a name is a Result: it has no value in a
// cycle in which its module did not define it, and then stops the simulation unless it is asked for
// by `or!`, `and!`, `.err?`, `.val?` or a match with arms for both.
#include "sema_sim.h"

#define TRUTH ((SimType){1, false})

static SimExposed *find_exposed(const SimModule *module, const Name *name) {
    VEC_EACH(SimExposed *, exposed, &module->exposed)
    if (exposed->name == name) return exposed;
    return NULL;
}

static void add_upstream(SimBody *body, SimModule *upstream) {
    VEC_EACH(SimModule *, known, &body->module->upstream)
    if (known == upstream) return;
    vec_push(body->s->arena, &body->module->upstream, upstream);
}

// module.name, for downstream modules; null after a report.
static SimExposed *exposed_of(SimBody *body, const Node *node) {
    Sema *s = body->s;
    const Symbol *symbol =
        node->kind == NODE_FIELD ? sim_find_module(body, node->field.base) : NULL;
    if (symbol == NULL) {
        sim_refuse(body, node->span, "a field of what is no module");
        return NULL;
    }
    SimModule *module = symbol->module;
    SimExposed *exposed = find_exposed(module, node->field.name);
    if (exposed == NULL) {
        Diag *diag = diag_report(s->c, DIAG_E0716, node->field.name_span, module->name->text,
                                 "name", node->field.name->text);
        diag_note(s->c, diag, module->span, "this module");
        diag_help(s->c, diag,
                  "the names that it defines by `=` at the top level of its body can be read");
        return NULL;
    }
    if (body->module == NULL || body->module->kind != SIM_DOWNSTREAM) {
        Diag *diag =
            diag_report(s->c, DIAG_E0718, node->span, module->name->text, node->field.name->text);
        diag_help(s->c, diag, "other modules get values through registers and ports");
        return NULL;
    }
    exposed->used = true;
    add_upstream(body, module);
    return exposed;
}

static SimNode *exposed_node(SimBody *body, SimOp op, SimExposed *exposed, Span span) {
    SimNode *node = sim_new(body, op, span);
    node->exposed = exposed;
    node->type = op == SIM_EXPOSED_OK ? TRUTH : exposed->type;
    return node;
}

static bool is_and(const Node *node) {
    return node->kind == NODE_ORELSE && node->orelse.is_and;
}

// The right side may be a Result itself.
static SimResult and_then(SimBody *body, Node *node) {
    Node *second = node->orelse.right;
    bool is_exposed =
        second->kind == NODE_FIELD && sim_find_module(body, second->field.base) != NULL;
    SimResult left = sim_result(body, node->orelse.left), right = {NULL, NULL};
    if (is_exposed || is_and(second))
        right = sim_result(body, second);
    else
        right.value = sim_tree(body, second);
    SimNode *value = sim_new(body, SIM_BLOCK, node->span);
    vec_push(body->s->arena, &value->items, left.value); // which stops if it is none
    vec_push(body->s->arena, &value->items, right.value);
    value->type = right.value->type;
    if (right.ok == NULL) return (SimResult){left.ok, value};
    SimNode *both = sim_new(body, SIM_BOTH, node->span);
    both->a = left.ok;
    both->b = right.ok;
    both->type = TRUTH;
    return (SimResult){both, value};
}

SimResult sim_result(SimBody *body, Node *node) {
    if (is_and(node)) return and_then(body, node);
    SimExposed *exposed = exposed_of(body, node);
    SimNode *zero = exposed == NULL ? sim_const(body, 0, node->span) : NULL;
    if (zero != NULL) return (SimResult){zero, zero};
    return (SimResult){exposed_node(body, SIM_EXPOSED_OK, exposed, node->span),
                       exposed_node(body, SIM_EXPOSED, exposed, node->span)};
}

SimNode *sim_or_else(SimBody *body, Node *node) {
    const Node *right = node->orelse.right;
    if (node->orelse.is_and) return sim_result(body, node).value;
    if (right->kind == NODE_STRING || right->kind == NODE_FSTRING)
        return sim_refuse(body, node->span, "`or!` with a text: a module returns nothing");
    SimResult result = sim_result(body, node->orelse.left);
    SimNode *choice = sim_new(body, SIM_IF, node->span);
    choice->a = result.ok;
    choice->b = result.value;
    choice->c = sim_tree(body, node->orelse.right);
    if (choice->c->op == SIM_CONST && sim_fits(choice->b->type, choice->c->value))
        choice->type = choice->b->type;
    return choice;
}

SimNode *sim_result_test(SimBody *body, Node *node) {
    if (node->result_test.operand == NULL)
        return sim_refuse(body, node->span, "the guards `err?` and `val?`");
    SimNode *ok = sim_result(body, node->result_test.operand).ok;
    return node->result_test.is_err ? sim_unary(body, SIM_NOT, ok, node->span) : ok;
}
