// sema_sim_use.c: registers in ordinary code. `out`, `out[5]`, `out[5] <- 0`, `out.hex(5)` become
// calls of builtins, so that the later stages know nothing of registers: they are no variables, and
// the runtime keeps their values.
#include "sema_internal.h"
#include "sim.h"
#include <string.h>

static SimTarget *register_named(const Sema *s, const Node *node) {
    Symbol *early;
    if (node->kind != NODE_NAME) return NULL;
    const Symbol *symbol = scope_find(s->scope, node->name.name, s->function, &early);
    return symbol != NULL && symbol->kind == SYMBOL_REGISTER ? symbol->target : NULL;
}

static Node *number(Sema *s, double value, Span span) {
    Node *node = ast_new(s->arena, NODE_NUMBER, span);
    node->number.value = value;
    return node;
}

// `node` becomes builtin(number of the register, arguments).
static void make_call(Sema *s, Node *node, const char *builtin, SimTarget *target,
                      Node *const *args, uint32_t count) {
    Node *callee = ast_new(s->arena, NODE_NAME, node->span);
    callee->name.name = intern_c(&s->c->names, builtin);
    node->kind = NODE_CALL;
    memset(&node->call, 0, sizeof(node->call));
    node->call.callee = callee;
    vec_push(s->arena, &node->call.args, number(s, target->number, node->span));
    for (uint32_t i = 0; i < count; i++) vec_push(s->arena, &node->call.args, args[i]);
    target->used = true;
}

static void use_update(Sema *s, Node *node) {
    Node *target = node->update.target, *position = NULL;
    SimTarget *written = register_named(s, target);
    if (target->kind == NODE_INDEX) {
        written = register_named(s, target->index.base);
        position = target->index.index;
    }
    if (written == NULL || node->update.or_return) return;
    if (position == NULL)
        position = number(s, written->is_array ? -1 : 0, node->span);
    else if (!written->is_array)
        return;
    bool used = written->used; // being written is no use
    Node *args[] = {position, node->update.value, number(s, node->update.op, node->span)};
    make_call(s, node, "_register_put", written, args, 3);
    written->used = used;
}

// Where a miss is looked at, the list is.
static void use_index(Sema *s, Node *node) {
    SimTarget *target = node->observed ? NULL : register_named(s, node->index.base);
    Node *index = node->index.index;
    if (target != NULL && target->is_array) make_call(s, node, "_register_at", target, &index, 1);
}

// r.hex(i)
static void use_hex(Sema *s, Node *node) {
    const Node *callee = node->call.callee;
    if (callee->kind != NODE_FIELD || strcmp(callee->field.name->text, "hex") != 0) return;
    SimTarget *target = register_named(s, callee->field.base);
    if (target == NULL) return;
    NodeVec args = node->call.args;
    make_call(s, node, "_register_hex", target, args.items, args.len);
}

void sema_sim_use(Sema *s, Node *node) {
    if (s->program->sim == NULL || s->program->sim->targets.len == 0) return;
    switch ((int)node->kind) {
    case NODE_NAME: {
        SimTarget *target = register_named(s, node);
        if (target != NULL)
            make_call(s, node, target->is_array ? "_register_list" : "_register", target, NULL, 0);
        return;
    }
    case NODE_INDEX: use_index(s, node); return;
    case NODE_CALL: use_hex(s, node); return;
    case NODE_UPDATE: use_update(s, node); return;
    }
}
