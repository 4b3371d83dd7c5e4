// ast.c: making nodes and visiting their children.
//
// ast_children() is the one place that knows where a kind keeps its children; passes that treat
// most kinds alike are written on top of it.
#include "ast.h"

#include "unsafe.h"

const char *const binary_op_text[BINARY_OP_COUNT] = {
    [BINARY_ADD] = "+",   [BINARY_SUB] = "-",   [BINARY_MUL] = "*",         [BINARY_DIV] = "/",
    [BINARY_MOD] = "%",   [BINARY_POW] = "**",  [BINARY_FUSED] = "*+",      [BINARY_CARRY] = "+!",
    [BINARY_LT] = "<",    [BINARY_LE] = "<=",   [BINARY_GT] = ">",          [BINARY_GE] = ">=",
    [BINARY_EQ] = "==",   [BINARY_NE] = "!=",   [BINARY_AND] = "and",       [BINARY_OR] = "or",
    [BINARY_XOR] = "xor", [BINARY_IN] = "in",   [BINARY_NOT_IN] = "not in", [BINARY_SHL] = "<b",
    [BINARY_SHR] = ">b",  [BINARY_ROL] = "<<b", [BINARY_ROR] = ">>b",       [BINARY_BAND] = "&b",
    [BINARY_BOR] = "|b",  [BINARY_BXOR] = "^b", [BINARY_CONS] = "::",
};

Node *ast_new(Arena *arena, NodeKind kind, Span span) {
    Node *node = arena_alloc_words(arena, sizeof(Node));
    node->kind = (uint8_t)kind;
    node->span = span;
    return node;
}

const char *ast_kind_name(NodeKind kind) {
    static const char *const names[NODE_KIND_COUNT] = {
#define NODE(kind, member, name) [NODE_##kind] = name,
#include "ast.def"
#undef NODE
    };
    CHECK(kind < NODE_KIND_COUNT, "a node kind from ast.def");
    return names[kind];
}

bool ast_is_expression(const Node *node) {
    return node->kind <= NODE_UNSAFE;
}

typedef struct Visit {
    void (*visit)(void *context, Node **child);
    void *context;
} Visit;

static void one(const Visit *v, Node **child) {
    if (*child) v->visit(v->context, child);
}

static void two(const Visit *v, Node **first, Node **second) {
    one(v, first);
    one(v, second);
}

static void many(const Visit *v, NodeVec *nodes) {
    for (uint32_t i = 0; i < nodes->len; i++) one(v, &nodes->items[i]);
}

static void visit_lambda(const Visit *v, Node *node) {
    for (uint32_t i = 0; i < node->lambda.clauses.len; i++) {
        Clause *clause = &node->lambda.clauses.items[i];
        for (uint32_t k = 0; k < clause->params.len; k++) one(v, &clause->params.items[k].literal);
        one(v, &clause->body);
    }
}

static void visit_match(const Visit *v, Node *node) {
    one(v, &node->match.subject);
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        two(v, &node->match.arms.items[i].guard, &node->match.arms.items[i].body);
    }
}

static void visit_loop(const Visit *v, LoopNode *loop) {
    one(v, &loop->threads);
    two(v, &loop->low, &loop->high);
    two(v, &loop->iterable, &loop->max);
    two(v, &loop->condition, &loop->body);
}

static void visit_fields(const Visit *v, FieldDeclVec *fields) {
    for (uint32_t i = 0; i < fields->len; i++)
        two(v, &fields->items[i].count, &fields->items[i].depth);
}

static void visit_unsafe(const Visit *v, UnsafeNode *code) {
    for (int i = 0; i < UNSAFE_ARCH_COUNT; i++) {
        if (code->checked && code->arch != (UnsafeArch)i) continue;
        for (uint32_t k = 0; k < code->blocks[i].ops.len; k++)
            one(v, &code->blocks[i].ops.items[k]->variable);
    }
}

static void visit_map(const Visit *v, Node *node) {
    for (uint32_t i = 0; i < node->map.entries.len; i++) {
        two(v, &node->map.entries.items[i].key, &node->map.entries.items[i].value);
    }
}

static void visit_slice(const Visit *v, Node *node) {
    two(v, &node->slice.base, &node->slice.low);
    two(v, &node->slice.high, &node->slice.step);
}

static void visit_call(const Visit *v, Node *node) {
    one(v, &node->call.callee);
    many(v, &node->call.args);
    one(v, &node->call.max);
}

static void visit_fstring(const Visit *v, Node *node) {
    for (uint32_t i = 0; i < node->fstring.parts.len; i++)
        one(v, &node->fstring.parts.items[i].expr);
}

void ast_children(Node *node, void (*visit)(void *context, Node **child), void *context) {
    Visit v = {visit, context};
    switch ((NodeKind)node->kind) {
    case NODE_POISON:
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_NAME:
    case NODE_LOOP_VALUE:
    case NODE_PORT:
    case NODE_NEXT:
    case NODE_FOREIGN:
    case NODE_ALIAS:
    case NODE_HOLD:
    case NODE_REGISTER:
    case NODE_MODULE: break; // hardware is no part of the code around it (sim.h)
    case NODE_FSTRING: visit_fstring(&v, node); break;
    case NODE_LIST: many(&v, &node->list.items); break;
    case NODE_MAP: visit_map(&v, node); break;
    case NODE_UNARY: one(&v, &node->unary.operand); break;
    case NODE_BINARY: two(&v, &node->binary.left, &node->binary.right); break;
    case NODE_RANGE: two(&v, &node->range.low, &node->range.high); break;
    case NODE_INDEX: two(&v, &node->index.base, &node->index.index); break;
    case NODE_SLICE: visit_slice(&v, node); break;
    case NODE_FIELD: one(&v, &node->field.base); break;
    case NODE_CALL: visit_call(&v, node); break;
    case NODE_CAST: one(&v, &node->cast.operand); break;
    case NODE_LAMBDA: visit_lambda(&v, node); break;
    case NODE_BLOCK: many(&v, &node->block.statements); break;
    case NODE_MATCH: visit_match(&v, node); break;
    case NODE_LOOP: visit_loop(&v, node->loop); break;
    case NODE_PIPE: two(&v, &node->pipe.left, &node->pipe.right); break;
    case NODE_ORELSE: two(&v, &node->orelse.left, &node->orelse.right); break;
    case NODE_RESULT_TEST: one(&v, &node->result_test.operand); break;
    case NODE_SEND: two(&v, &node->send.address, &node->send.message); break;
    case NODE_SPAWN: two(&v, &node->spawn.call, &node->spawn.block); break;
    case NODE_UNSAFE: visit_unsafe(&v, node->unsafe_code); break;
    case NODE_DEFINE: one(&v, &node->define->value); break;
    case NODE_UPDATE: two(&v, &node->update.target, &node->update.value); break;
    case NODE_SWAP: two(&v, &node->swap.left, &node->swap.right); break;
    case NODE_RET: one(&v, &node->ret.value); break;
    case NODE_LEAVE: one(&v, &node->leave.value); break;
    case NODE_ERR: one(&v, &node->err.value); break;
    case NODE_DEFER: one(&v, &node->defer.body); break;
    case NODE_ARENA: one(&v, &node->arena.body); break;
    case NODE_USE: one(&v, &node->use.included); break;
    case NODE_IMPORT: one(&v, &node->import.included); break;
    case NODE_MEMORY: two(&v, &node->memory.base, &node->memory.index); break;
    case NODE_CSTRUCT:
        visit_fields(&v, &node->cstruct.fields);
        one(&v, &node->cstruct.aligned);
        break;
    case NODE_APPEND: two(&v, &node->append.target, &node->append.value); break;
    case NODE_WAIT_UNTIL: one(&v, &node->wait_until.condition); break;
    case NODE_KIND_COUNT: UNREACHABLE("no node has this kind");
    }
}
