// sema_refuse.c: what parses but has no lowering yet is refused here, once, by name.
//
// This is the only place: support for a construct begins with removing its line.
#include "sema_internal.h"

static const char *refused_loop(const LoopNode *loop) {
    bool receives = loop->kind == LOOP_PAIRS &&
                    (loop->iterable->kind == NODE_STRING || loop->iterable->kind == NODE_PORT);
    if (receives && loop->prefix != PREFIX_NONE) return NULL; // E0301, now and later
    if (receives) return "a loop that receives messages";
    return NULL;
}

// The construct in words, or null when it is supported.
static const char *refused(const Node *node) {
    switch ((int)node->kind) {
    case NODE_SEND: return "`<==`";
    case NODE_PIPE: return node->pipe.binds.len > 0 ? "binding names in a pipe" : NULL;
    case NODE_LOOP: return refused_loop(node->loop);
    }
    return NULL;
}

// Names that the construct would have defined: their uses are not mistakes.
static void declare_names(Sema *s, const Node *node) {
    switch ((int)node->kind) {
    case NODE_DEFINE:
        VEC_EACH(Name *, name, &node->define->names) sema_declare_poison(s, name);
        return;
    case NODE_IMPORT:
        if (node->import.as != NULL) sema_declare_poison(s, node->import.as);
        return;
    case NODE_PIPE: VEC_EACH(Name *, name, &node->pipe.binds) sema_declare_poison(s, name); return;
    }
}

bool sema_refuse(Sema *s, Node *node) {
    const char *construct = refused(node);
    if (construct == NULL) return false;
    Span span = node->kind == NODE_LOOP ? node->loop->header : node->span;
    diag_report(s->c, DIAG_E0901, span, construct);
    declare_names(s, node);
    sema_poison(node);
    return true;
}
