// sema_spawn.c: `spawn`. Of all but the call itself it makes ordinary code, so that no other stage has to
// know it:
//
//     spawn f(a + 1) | r | { … }          { argument = a + 1; r = spawn f(argument); { … } }
//     spawn f(x) | {name, age} | { … }    { result = spawn f(x); name = result.name; …; { … } }
//
// What is called, and with what, is computed by the parent, as in any other call: the child makes the
// call. What has the same value in the child, and no effect, stays where it stands: literals, names,
// functions. The hidden names have a blank in them.
#include "sema_internal.h"

static void add_statement(Sema *s, Node *block, Node *statement) {
    vec_push(s->arena, &block->block.statements, statement);
}

static Node *new_name(Sema *s, Name *name, Span span) {
    Node *node = ast_new(s->arena, NODE_NAME, span);
    node->name.name = name;
    return node;
}

// name = value
static void add_definition(Sema *s, Node *block, Name *name, Span span, Node *value) {
    Node *node = ast_new(s->arena, NODE_DEFINE, span);
    DefineNode *define = ARENA_NEW(s->arena, DefineNode);
    vec_push(s->arena, &define->names, name);
    vec_push(s->arena, &define->name_spans, span);
    define->value = value;
    define->bound = true;
    node->define = define;
    add_statement(s, block, node);
}

// --- what is computed before ---------------------------------------------------------------------

static bool is_path(const Node *node) {
    while (node->kind == NODE_FIELD) node = node->field.base;
    return node->kind == NODE_NAME;
}

static bool stays(const Node *node) {
    return node->kind == NODE_NUMBER || node->kind == NODE_STRING || node->kind == NODE_LAMBDA ||
           node->kind == NODE_POISON || is_path(node);
}

static void find_update(void *context, Node **child) {
    bool *found = context;
    Node *node = *child;
    if (node == NULL || *found || node->kind == NODE_LAMBDA) return;
    *found = node->kind == NODE_UPDATE || node->kind == NODE_SWAP;
    ast_children(node, find_update, found);
}

// Where a later argument updates variables, what was read before it must not be read after it.
static bool updates_from(const NodeVec *args, uint32_t first) {
    bool found = false;
    for (uint32_t i = first; i < args->len && !found; i++) find_update(&found, &args->items[i]);
    return found;
}

static void compute_before(Sema *s, Node *block, Node **slot, bool always) {
    while ((*slot)->kind == NODE_CAST)
        slot = &(*slot)->cast.operand; // tells C what the argument is
    Node *value = *slot;
    if (stays(value) && !(always && is_path(value))) return;
    const char *text = arena_printf(s->arena, "argument %u", block->block.statements.len + 1);
    Name *name = intern_c(&s->c->names, text);
    add_definition(s, block, name, value->span, value);
    *slot = new_name(s, name, value->span);
}

static void compute_call_before(Sema *s, Node *block, Node *call) {
    NodeVec *args = &call->call.args;
    compute_before(s, block, &call->call.callee, updates_from(args, 0));
    for (uint32_t i = 0; i < args->len; i++)
        compute_before(s, block, &args->items[i], updates_from(args, i + 1));
}

// --- the result ----------------------------------------------------------------------------------

static void bind_fields(Sema *s, Node *block, Node *spawn, const DefineNode *binds) {
    Name *result = intern_c(&s->c->names, "the result");
    add_definition(s, block, result, spawn->span, spawn);
    for (uint32_t i = 0; i < binds->names.len; i++) {
        Span span = binds->name_spans.items[i];
        Node *field = ast_new(s->arena, NODE_FIELD, span);
        field->field.base = new_name(s, result, span);
        field->field.name = binds->names.items[i];
        field->field.name_span = span;
        add_definition(s, block, binds->names.items[i], span, field);
    }
}

static void bind_result(Sema *s, Node *block, const Node *whole, Node *spawn) {
    Node *binds = whole->spawn.binds;
    if (whole->spawn.bind_map) {
        sema_check_names(s, binds->define);
        bind_fields(s, block, spawn, binds->define);
    } else {
        binds->define->value = spawn;
        binds->define->bound = true;
        add_statement(s, block, binds);
    }
    add_statement(s, block, whole->spawn.block);
}

// --- the walk ------------------------------------------------------------------------------------

static bool call_in_child(Sema *s, Node *node) {
    Node *call = node->spawn.call;
    sema_value(s, call);
    CallSite *last = s->calls.len > 0 ? &s->calls.items[s->calls.len - 1] : NULL;
    if (last != NULL && last->node == call) last->spawned = true;
    return false;
}

bool sema_spawn(Sema *s, Node *node, unsigned context) {
    Node *call = node->spawn.call;
    if (call->kind != NODE_CALL) { // the parser has told
        sema_poison(node);
        return false;
    }
    Node *block = ast_new(s->arena, NODE_BLOCK, node->span);
    compute_call_before(s, block, call);
    if (node->spawn.block == NULL && block->block.statements.len == 0)
        return call_in_child(s, node);
    Node *spawn = ast_new(s->arena, NODE_SPAWN, call->span);
    spawn->spawn.call = call;
    spawn->spawn.waits = node->spawn.block != NULL;
    if (spawn->spawn.waits)
        bind_result(s, block, node, spawn);
    else
        add_statement(s, block, spawn);
    node->kind = NODE_BLOCK;
    node->block.statements = block->block.statements;
    return sema_visit(s, node, context);
}
