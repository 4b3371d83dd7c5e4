// escape.c: which closures may lie in the frame of the function that makes them (Node.in_frame).
//
// A parameter keeps nothing (Symbol.unkept) if the function only calls what it is given, or hands it
// on to parameters, and builtins, that keep nothing either: then a closure made for it need not
// outlive the call. A call in tail position may leave the frame before the function that it calls
// is through, so closures made for such a call are not among these; a parameter that is handed on
// there comes from further up and may be.
//
// All parameters are taken to keep nothing until some mention says otherwise; what is handed on is
// followed until nothing changes. Types are not looked at: the mark says nothing about other values.
#include "sema_internal.h"

// `from` is handed on as the parameter `to`, or is a closure (`made`) for it.
typedef struct Handing {
    Symbol *from;
    Node *made;
    Symbol *to;
} Handing;

typedef struct Escape {
    Sema *s;
    VEC(Handing) handings;
} Escape;

// The function whose closure the node makes, if that has something to hold.
static const Function *closure_of(const Node *node) {
    const Function *function = sema_known_function(node);
    return function && function->captures.len > 0 ? function : NULL;
}

// Mentioned where its value might be kept.
static void keep(const Node *node) {
    if (node->kind != NODE_NAME || !node->name.symbol) return;
    Symbol *symbol = node->name.symbol;
    (symbol->param ? symbol->param : symbol)->unkept = false;
}

static void visit(void *context, Node **child);

// A value that is only called, or only looked at.
static void look(Escape *e, Node *node) {
    if (node->kind != NODE_NAME) visit(e, &node);
}

// An argument for the parameter `to`.
static void hand(Escape *e, Node *arg, Symbol *to, bool tail) {
    Handing handing = {.to = to};
    arg->in_frame = false; // as may have been said in an earlier analysis
    if (closure_of(arg)) {
        if (!tail) handing.made = arg;
    } else if (arg->kind == NODE_NAME && arg->name.symbol) {
        handing.from = arg->name.symbol->param ? arg->name.symbol->param : arg->name.symbol;
    }
    if (handing.made || handing.from) vec_push(e->s->scratch, &e->handings, handing);
    look(e, arg);
}

static void visit_arg(Escape *e, const Node *call, Node *arg, uint32_t position, uint32_t count) {
    const Node *callee = call->call.callee;
    const Function *function = sema_known_function(callee);
    if (function && function->param_count == count) {
        hand(e, arg, function->params.items[position], call->call.tail);
    } else if (sema_calls_argument(callee, position)) {
        if (closure_of(arg)) arg->in_frame = true;
        look(e, arg);
    } else {
        visit(e, &arg);
    }
}

// `piped` values come after the arguments that are written.
static void visit_call(Escape *e, Node *call, uint32_t piped) {
    uint32_t count = call->call.args.len;
    look(e, call->call.callee);
    for (uint32_t i = 0; i < count; i++)
        visit_arg(e, call, call->call.args.items[i], i, count + piped);
    if (call->call.max) visit(e, &call->call.max);
}

static void visit_pipe(Escape *e, Node *pipe) {
    visit(e, &pipe->pipe.left);
    if (sema_pipes_into_call(pipe))
        visit_call(e, pipe->pipe.right, 1);
    else
        look(e, pipe->pipe.right);
}

static void visit(void *context, Node **child) {
    Escape *e = context;
    Node *node = *child;
    if (!node) return;
    switch ((int)node->kind) {
    case NODE_NAME: keep(node); return;
    case NODE_CALL: visit_call(e, node, 0); return;
    case NODE_PIPE: visit_pipe(e, node); return;
    }
    ast_children(node, visit, e);
}

static bool is_held(const Symbol *symbol) {
    return symbol->captured || symbol->deferred;
}

static void begin_params(Function *function) {
    VEC_EACH(Symbol *, param, &function->params) param->unkept = !is_held(param);
    if (!function->has_clauses) return;
    VEC_EACH(Symbol *, symbol, &function->symbols)
    if (symbol->param && is_held(symbol)) symbol->param->unkept = false;
}

static void follow_handings(Escape *e) {
    for (bool grew = true; grew;) {
        grew = false;
        VEC_EACH(Handing, handing, &e->handings) {
            if (!handing.from || !handing.from->unkept || handing.to->unkept) continue;
            handing.from->unkept = false;
            grew = true;
        }
    }
    VEC_EACH(Handing, handing, &e->handings)
    if (handing.made && handing.to->unkept) handing.made->in_frame = true;
}

void sema_find_escapes(Sema *s) {
    if (s->c->errors > 0) return;
    Escape e = {.s = s};
    VEC_EACH(Function *, function, &s->program->functions) begin_params(function);
    visit(&e, &s->program->main->body);
    follow_handings(&e);
}
