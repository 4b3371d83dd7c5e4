// sema_port.c: port literals. `:5000` becomes the string ":5000"; `:5000?` and `:5000+` become calls of
// builtins, so that the later stages know nothing of ports.
#include "sema_internal.h"
#include <stdlib.h>
#include <string.h>

static void make_call(Sema *s, Node *node, const char *builtin, double port) {
    Node *callee = ast_new(s->arena, NODE_NAME, node->span);
    callee->name.name = intern_c(&s->c->names, builtin);
    Node *number = ast_new(s->arena, NODE_NUMBER, node->span);
    number->number.value = port;
    node->kind = NODE_CALL;
    memset(&node->call, 0, sizeof(node->call));
    node->call.callee = callee;
    vec_push(s->arena, &node->call.args, number);
}

void sema_port(Sema *s, Node *node) {
    if (node->kind != NODE_PORT) return;
    const char *text = node->port.text;
    uint32_t len = node->port.len;
    double port = strtod(text + 1, NULL);
    if (node->port.suffix == '?') {
        make_call(s, node, "_port_free", port);
    } else if (node->port.suffix == '+') {
        make_call(s, node, "_port_next", port);
    } else {
        node->kind = NODE_STRING;
        node->string.bytes = text;
        node->string.len = len;
    }
}
