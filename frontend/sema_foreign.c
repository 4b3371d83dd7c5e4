// sema_foreign.c: imported C libraries: what `sdl.NAME` stands for, and how many arguments C
// functions take.
//
// A member is looked up when it is first met; until then nothing of the library is read. Constants
// become literals, functions and variables NODE_FOREIGN. A function that is not called on the spot
// becomes a lambda that calls it, except where C itself wants its address.
#include "sema_internal.h"

#include "chelper.h"

#include <string.h>

// --- import --------------------------------------------------------------------------------------

static CLibrary *library_of(Sema *s, Name *name, const char *path) {
    Program *program = s->program;
    VEC_EACH(CLibrary *, known, &program->c_libraries)
    if (known->name == name && (known->path != NULL) == (path != NULL)) return known;
    CLibrary *library = ARENA_NEW(s->arena, CLibrary);
    library->arena = s->arena;
    library->names = &s->c->names;
    library->name = name;
    library->path = path;
    vec_push(s->arena, &program->c_libraries, library);
    return library;
}

void sema_import_library(Sema *s, Node *node) {
    const char *path = NULL;
    Name *name = node->import.library;
    if (name == NULL) {
        path = source_relative(s->arena, source_find(&s->c->sources, node->span.begin),
                               node->import.path);
        name = intern_c(&s->c->names, node->import.path);
    }
    if (node->import.as == NULL) {
        Diag *diag = diag_report(s->c, DIAG_E0813, node->span);
        diag_help(s->c, diag, "name it: `import %s as x`, then `x.NAME`",
                  path ? "\"…\"" : name->text);
        return;
    }
    s->program->c_types = true;
    Symbol *symbol = sema_declare(s, node->import.as, node->span, false);
    symbol->kind = SYMBOL_LIBRARY;
    symbol->library = library_of(s, name, path);
    scope_define(s->scope, symbol->name, symbol);
}

// --- members -------------------------------------------------------------------------------------

// The library that a name means here, or null.
static Symbol *library_symbol(Sema *s, const Node *node) {
    if (node->kind != NODE_NAME) return NULL;
    Symbol *early;
    Symbol *symbol = scope_find(s->scope, node->name.name, s->function, &early);
    return symbol != NULL && symbol->kind == SYMBOL_LIBRARY ? symbol : NULL;
}

static void report_unknown(Sema *s, const CLibrary *library, Name *name, Span span) {
    Diag *diag = diag_report(s->c, DIAG_E0803, span, library->name->text, name->text);
    const Name *near = s->c->errors <= 100 ? cheader_nearest(library, name) : NULL;
    if (near != NULL) diag_help(s->c, diag, "did you mean `%s`?", near->text);
    if (library->first_error != NULL)
        diag_note(s->c, diag, (Span){0, 0}, "clang found an error in the headers: %s",
                  library->first_error);
}

// The program needs libc from here on, and this library.
static void use_library(Sema *s, CLibrary *library, const Node *node) {
    Program *program = s->program;
    if (!program->foreign) {
        program->foreign = true;
        program->foreign_name = library->name->text;
        program->foreign_span = node->span;
    }
    if (library->linked) return;
    library->linked = true;
    VEC_EACH(const char *, name, &library->links) vec_push(s->arena, &program->libraries, name);
    VEC_EACH(const char *, folder, &library->folders)
    vec_push(s->arena, &program->library_folders, folder);
    if (library->path != NULL) vec_push(s->arena, &program->objects, library->path);
}

bool sema_read_library(Sema *s, CLibrary *library, Span span) {
    if (library->state == C_LIBRARY_UNREAD) {
        chelper_read(s->c, library, span);
        arena_free(&s->c->helper);
    }
    return library->state == C_LIBRARY_READ;
}

static void become_number(Node *node, double value) {
    node->kind = NODE_NUMBER;
    node->number.value = value;
    node->number.inexact = false;
}

static Node *new_name(Sema *s, Name *name, Span span) {
    Node *node = ast_new(s->arena, NODE_NAME, span);
    node->name.name = name;
    return node;
}

// f, not called: (a, b) => f(a, b)
static void wrap_function(Sema *s, Node *node, const CDecl *decl) {
    Node *callee = ast_new(s->arena, NODE_FOREIGN, node->span);
    Node *call = ast_new(s->arena, NODE_CALL, node->span);
    Clause clause = {.body = call, .span = node->span};
    callee->foreign.decl = decl;
    call->call.callee = callee;
    for (uint32_t i = 0; i < decl->prototype->params.len; i++) {
        Name *name = intern_c(&s->c->names, arena_printf(s->scratch, "_%u", i + 1));
        Pattern pattern = {.kind = PATTERN_NAME, .span = node->span, .name = name};
        vec_push(s->arena, &clause.params, pattern);
        vec_push(s->arena, &call->call.args, new_name(s, name, node->span));
    }
    node->kind = NODE_LAMBDA;
    memset(&node->lambda, 0, sizeof node->lambda);
    vec_push(s->arena, &node->lambda.clauses, clause);
    sema_lambda(s, node, NULL, true);
}

static void become_function(Sema *s, Node *node, const CDecl *decl, unsigned context) {
    if ((context & (CTX_CALLEE | CTX_ADDRESS)) != 0) {
        node->kind = NODE_FOREIGN;
        node->foreign.decl = decl;
        return;
    }
    if (decl->prototype->variadic) {
        diag_report(s->c, DIAG_E0810, node->span, decl->name,
                    "takes any number of arguments and can only be called");
        sema_poison(node);
        return;
    }
    wrap_function(s, node, decl);
}

static void become_member(Sema *s, Node *node, const CDecl *decl, unsigned context) {
    switch (decl->kind) {
    case C_DECL_FUNCTION: become_function(s, node, decl, context); return;
    case C_DECL_NUMBER: become_number(node, decl->number); return;
    case C_DECL_VARIABLE:
        *s->effects |= EFFECT_FOREIGN | EFFECT_SHARED;
        node->kind = NODE_FOREIGN;
        node->foreign.decl = decl;
        return;
    case C_DECL_TEXT:
        node->kind = NODE_STRING;
        node->string.bytes = decl->text;
        node->string.len = (uint32_t)strlen(decl->text);
        return;
    case C_DECL_TYPE: diag_report(s->c, DIAG_E0809, node->span, decl->name, "a C type"); break;
    case C_DECL_INLINE:
        diag_report(s->c, DIAG_E0810, node->span, decl->name,
                    "is defined in the header only: the library does not contain it");
        break;
    case C_DECL_MACRO:
        diag_report(s->c, DIAG_E0810, node->span, decl->name,
                    "is a macro with arguments, of which nothing is left after C's preprocessor");
        break;
    }
    sema_poison(node);
}

// Of what was not compiled with debugging information, in an object where other things were.
static void warn_untyped(Sema *s, const CLibrary *library, const CDecl *decl, Span span) {
    if (decl->kind != C_DECL_FUNCTION || !decl->prototype->untyped || library->untyped) return;
    if (map_put(&s->told, decl, s) == NULL)
        diag_report(s->c, DIAG_W0803, span, library->name->text, decl->name);
}

bool sema_member(Sema *s, Node *node, unsigned context) {
    if (node->kind != NODE_FIELD) return false;
    Symbol *symbol = library_symbol(s, node->field.base);
    if (symbol == NULL) return false;
    CLibrary *library = symbol->library;
    Name *name = node->field.name;
    symbol->used = true;
    if (!sema_read_library(s, library, node->span)) {
        sema_poison(node);
        return true;
    }
    use_library(s, library, node);
    const CDecl *decl = cheader_find(library, name);
    if (decl == NULL) {
        report_unknown(s, library, name, node->field.name_span);
        sema_poison(node);
        return true;
    }
    warn_untyped(s, library, decl, node->span);
    become_member(s, node, decl, context);
    return true;
}

// A cstruct of a package.
static const CType *package_type(Symbol *package, const Name *name) {
    const Symbol *symbol = map_get(&package->package->names, name);
    if (symbol == NULL || symbol->kind != SYMBOL_TYPE || name->text[0] == '_') return NULL;
    package->used = true;
    return symbol->ctype;
}

const CType *sema_library_type(Sema *s, Name *alias, Name *name, Span span) {
    Symbol *early;
    Symbol *symbol = scope_find(s->scope, alias, s->function, &early);
    if (symbol != NULL && symbol->kind == SYMBOL_PACKAGE) return package_type(symbol, name);
    if (symbol == NULL || symbol->kind != SYMBOL_LIBRARY) return NULL;
    symbol->used = true;
    if (!sema_read_library(s, symbol->library, span)) return ctype_scalar(C_VOID);
    const CType *type = cheader_type(symbol->library, name);
    if (type != NULL) return type;
    report_unknown(s, symbol->library, name, span);
    return ctype_scalar(C_VOID);
}

// --- call("name", …) -----------------------------------------------------------------------------

// The text that the node certainly is, or null.
static const Node *certain_text(Sema *s, const Node *node) {
    if (node->kind == NODE_NAME) {
        Symbol *early;
        Symbol *symbol = scope_find(s->scope, node->name.name, s->function, &early);
        if (symbol == NULL || symbol->is_mutable) return NULL;
        node = symbol->constant != NULL ? symbol->constant : map_get(&s->values, symbol);
        if (node == NULL || node->kind != NODE_STRING) return NULL;
        symbol->used = true;
    }
    return node->kind == NODE_STRING ? node : NULL;
}

// Reads a library that only may be meant: what goes wrong is told when it is named.
static bool try_library(Sema *s, CLibrary *library, Span span) {
    Compilation *c = s->c;
    uint32_t kept = c->diags.len, errors = c->errors, warnings = c->warnings;
    if (library->absent || library->state == C_LIBRARY_MISSING) return false;
    if (sema_read_library(s, library, span)) return true;
    library->absent = true;
    library->state = C_LIBRARY_UNREAD;
    c->diags.len = kept;
    c->errors = errors;
    c->warnings = warnings;
    return false;
}

void sema_named_call(Sema *s, Node *node) {
    Node *callee = node->call.callee;
    NodeVec *args = &node->call.args;
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL || args->len == 0) return;
    const Symbol *symbol = callee->name.symbol;
    if (symbol->kind != SYMBOL_BUILTIN || symbol->builtin->id != BUILTIN_call) return;
    const Node *text = certain_text(s, args->items[0]);
    if (text == NULL) return;
    const Name *name = intern(&s->c->names, text->string.bytes, text->string.len);
    VEC_EACH(CLibrary *, library, &s->program->c_libraries) {
        const CDecl *decl =
            try_library(s, library, node->span) ? cheader_find(library, name) : NULL;
        if (decl == NULL || decl->kind != C_DECL_FUNCTION) continue;
        use_library(s, library, node);
        if (decl->prototype->untyped) return; // the casts around its arguments tell more
        callee->kind = NODE_FOREIGN;
        callee->foreign.decl = decl;
        args->len--;
        memmove(args->items, args->items + 1, args->len * sizeof *args->items);
        return;
    }
}

// --- calls ---------------------------------------------------------------------------------------

const CDecl *sema_foreign_function(const Node *callee) {
    if (callee->kind != NODE_FOREIGN || callee->foreign.decl->kind != C_DECL_FUNCTION) return NULL;
    return callee->foreign.decl;
}

static const char *plural(uint32_t count) {
    return count == 1 ? "" : "s";
}

void sema_check_foreign(Sema *s, const CallSite *site, uint32_t given) {
    const CDecl *decl = sema_foreign_function(site->callee);
    if (decl == NULL) return; // a variable that holds an address: told by its type
    uint32_t wanted = decl->prototype->params.len;
    if (given == wanted || (decl->prototype->variadic && given > wanted)) return;
    const char *how_many =
        arena_printf(s->arena, "%s%u argument%s", decl->prototype->variadic ? "at least " : "",
                     wanted, plural(wanted));
    Diag *diag = diag_report(s->c, DIAG_E0501, site->node->span,
                             arena_printf(s->arena, "'%s'", decl->name), how_many, given);
    diag_help(s->c, diag, "in C: %s", decl->text);
}

// A callback that stands in the call takes what the prototype says.
static void type_callback(Sema *s, const CDecl *decl, Node *arg, const CType *param) {
    if (arg->kind != NODE_LAMBDA || param->kind != C_FUNCTION || param->prototype == NULL) return;
    uint32_t wanted = param->prototype->params.len, takes = arg->lambda.clauses.items[0].params.len;
    if (wanted != takes && !param->prototype->variadic) {
        Diag *diag = diag_report(s->c, DIAG_E0501, arg->span, "this callback",
                                 arena_printf(s->arena, "%u argument%s", takes, plural(takes)),
                                 wanted);
        diag_help(s->c, diag, "in C: %s", decl->text);
    }
    for (uint32_t i = 0; i < arg->lambda.clauses.len; i++) {
        Clause *clause = &arg->lambda.clauses.items[i];
        for (uint32_t at = 0; at < clause->params.len; at++) {
            if (at >= param->prototype->params.len) break;
            const CType *type = param->prototype->params.items[at];
            if (type->kind == C_POINTER) clause->params.items[at].pointee = type->element;
        }
    }
}

void sema_foreign_args(Sema *s, const CDecl *decl, const Node *call) {
    const NodeVec *args = &call->call.args;
    for (uint32_t i = 0; i < args->len; i++) {
        if (i < decl->prototype->params.len)
            type_callback(s, decl, args->items[i], decl->prototype->params.items[i]);
        bool address =
            i >= decl->prototype->params.len || ctype_is_address(decl->prototype->params.items[i]);
        sema_visit(s, args->items[i], address ? CTX_VALUE | CTX_ADDRESS : CTX_VALUE);
        if (sema_call_fills(call, i)) args->items[i]->name.symbol->updated = true;
    }
}

bool sema_call_fills(const Node *call, uint32_t at) {
    if (call->kind != NODE_CALL) return false;
    const CDecl *decl = sema_foreign_function(call->call.callee);
    const Node *arg = call->call.args.items[at];
    return decl != NULL && at < decl->prototype->params.len && arg->kind == NODE_NAME &&
           arg->name.symbol != NULL && arg->name.symbol->is_mutable &&
           sema_fills(decl->prototype->params.items[at]);
}

bool sema_fills(const CType *param) {
    return !param->is_const && ctype_is_numbers(param);
}
