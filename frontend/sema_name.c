// sema_name.c: what names mean, and the rules about defining them (language.md 3).
#include "sema_internal.h"
#include <string.h>

enum { MOST_SUGGESTIONS = 100 }; // searching all names takes time

// --- definitions --------------------------------------------------------------------------------

void sema_declare_functions(Sema *s, const NodeVec *statements) {
    for (uint32_t i = 0; i < statements->len; i++) {
        const Node *node = statements->items[i];
        if (node->kind == NODE_USE && node->use.included != NULL &&
            node->use.included->kind == NODE_BLOCK) {
            sema_declare_functions(s, &node->use.included->block.statements);
            continue;
        }
        if (node->kind != NODE_DEFINE) continue;
        const DefineNode *define = node->define;
        if (define->is_mutable || define->or_return || define->names.len != 1 ||
            define->value->kind != NODE_LAMBDA)
            continue;
        Name *name = define->names.items[0];
        Span span = define->name_spans.items[0];
        Symbol *before = map_get(&s->scope->forward, name);
        if (before != NULL) {
            Diag *diag = diag_report(s->c, DIAG_E0410, span, name->text);
            diag_note(s->c, diag, before->span, "defined here too");
            diag_help(s->c, diag,
                      "functions of one level see each other wherever they stand, so "
                      "each needs its own name");
            continue;
        }
        Symbol *symbol = sema_add_symbol(s, SYMBOL_VARIABLE, name, span, s->function);
        if (s->loops.len > s->loops_base) symbol->loop = s->loops.items[s->loops.len - 1];
        symbol->returns = sema_result_pointee(s, define->value);
        map_put(&s->scope->forward, name, symbol);
    }
}

// Reports a definition that the visible names forbid. Gives whether the new variable is mutable:
// one that was meant as an update is taken for such.
static bool check_definition(Sema *s, const Name *name, Span span, bool is_mutable) {
    const Symbol *seen = scope_find_defined(s->scope, name);
    if (seen == NULL || seen->owner == NULL) return is_mutable; // builtins: outside every scope
    if (is_mutable && seen->owner == s->function) {
        Diag *diag = diag_report(s->c, DIAG_E0403, span, name->text);
        diag_note(s->c, diag, seen->span, "first defined here");
        if (!seen->is_mutable)
            diag_help(s->c, diag,
                      "`%s` is immutable there; define it by `:=`, or choose another "
                      "name",
                      name->text);
    } else if (!is_mutable && seen->is_mutable) {
        Diag *diag = diag_report(s->c, DIAG_E0404, span, name->text);
        diag_note(s->c, diag, seen->span, "mutable since here");
        diag_help(s->c, diag,
                  seen->owner == s->function ? "use `<-` to update it, or choose another name"
                                             : "choose another name");
        return true;
    }
    return is_mutable;
}

// True for names whose not being used needs no warning.
static bool may_be_unused(const Sema *s, const Name *name) {
    return s->used_files > 0 || name->text[0] == '_' ||
           (s->function->parent == NULL && strcmp(name->text, "main") == 0);
}

Symbol *sema_declare(Sema *s, Name *name, Span span, bool is_mutable) {
    is_mutable = check_definition(s, name, span, is_mutable);
    Symbol *symbol = map_get(&s->scope->forward, name);
    if (symbol == NULL || symbol->span.begin != span.begin || symbol->order != 0) {
        symbol = sema_new_symbol(s, SYMBOL_VARIABLE, name, span);
    } else {
        symbol->order = ++s->order;
    }
    symbol->is_mutable = is_mutable;
    if (!may_be_unused(s, name)) vec_push(s->scratch, &s->defined, symbol);
    return symbol;
}

Symbol *sema_bind(Sema *s, Name *name, Span span) {
    Symbol *symbol = sema_new_symbol(s, SYMBOL_BOUND, name, span);
    if (!may_be_unused(s, name)) vec_push(s->scratch, &s->defined, symbol);
    return symbol;
}

void sema_declare_poison(Sema *s, Name *name) {
    Symbol *symbol = ARENA_NEW(s->arena, Symbol);
    symbol->name = name;
    symbol->kind = SYMBOL_VARIABLE;
    scope_define(s->scope, name, symbol);
}

// --- uses ---------------------------------------------------------------------------------------

// Told once: further mentions anywhere below the top level's scope find the poison.
static void poison_everywhere(Sema *s, Name *name) {
    Scope *inner = s->scope;
    while (s->scope->parent != s->universe) s->scope = s->scope->parent;
    if (map_get(&s->scope->names, name) == NULL) sema_declare_poison(s, name);
    s->scope = inner;
}

static void report_undefined(Sema *s, Node *node, bool callee, const Symbol *early) {
    Name *name = node->name.name;
    Diag *diag;
    if (early != NULL) {
        diag = diag_report(s->c, DIAG_E0407, node->span, name->text);
        diag_note(s->c, diag, early->span, "defined here");
        diag_help(s->c, diag,
                  "functions see each other regardless of order, but other code runs "
                  "from top to bottom: move the definition up");
        return;
    }
    diag = diag_report(s->c, callee ? DIAG_E0406 : DIAG_E0405, node->span, name->text);
    const Node *later =
        s->c->errors <= MOST_SUGGESTIONS ? scope_later_definition(s->scope, name) : NULL;
    if (later != NULL) {
        diag_note(s->c, diag, later->define->name_spans.items[0], "defined only here");
    } else if (s->c->errors <= MOST_SUGGESTIONS) {
        const Name *near = scope_nearest(s->scope, name, callee);
        if (near != NULL) diag_help(s->c, diag, "did you mean `%s`?", near->text);
    }
    poison_everywhere(s, name);
}

void sema_mention(Sema *s, Node *node, Symbol *symbol, bool callee) {
    if (sema_is_poison(symbol)) {
        sema_poison(node);
        return;
    }
    symbol->used = true;
    if (s->defer_function != NULL && symbol->is_mutable) {
        Watch watch = {symbol, s->order};
        vec_push(s->scratch, &s->watches, watch);
    }
    CHECK(symbol->kind != SYMBOL_REGISTER, "mentions of registers are rewritten (sema_sim_use.c)");
    if (symbol->kind == SYMBOL_MODULE) {
        Diag *diag = diag_report(s->c, DIAG_E0727, node->span, symbol->name->text);
        diag_note(s->c, diag, symbol->span, "a module");
        sema_poison(node);
        return;
    }
    if (symbol->kind == SYMBOL_LIBRARY || symbol->kind == SYMBOL_TYPE ||
        symbol->kind == SYMBOL_PACKAGE) {
        bool library = symbol->kind != SYMBOL_TYPE;
        Diag *diag = diag_report(s->c, DIAG_E0809, node->span, symbol->name->text,
                                 symbol->kind == SYMBOL_PACKAGE ? "a package"
                                 : library                      ? "a library"
                                                                : "a C struct");
        if (library) diag_help(s->c, diag, "name something of it: `%s.…`", symbol->name->text);
        sema_poison(node);
        return;
    }
    node->name.symbol = symbol;
    if (symbol->kind == SYMBOL_BUILTIN && (symbol->builtin->effects & EFFECT_FOREIGN) != 0 &&
        !s->program->foreign) {
        s->program->foreign = true;
        s->program->foreign_name = symbol->builtin->name;
        s->program->foreign_span = node->span;
    }
    if (symbol->kind == SYMBOL_BUILTIN && symbol->builtin->id == BUILTIN_call && !callee)
        diag_report(s->c, DIAG_E0506, node->span, symbol->name->text);
    if (symbol->kind == SYMBOL_BUILTIN || symbol->kind == SYMBOL_CONSTANT) return;
    Mention mention = {node, s->function, ++s->order, callee};
    vec_push(s->scratch, &s->mentions, mention);
}

void sema_resolve_name(Sema *s, Node *node, bool callee) {
    Symbol *early;
    Symbol *symbol = scope_find(s->scope, node->name.name, s->function, &early);
    if (symbol == NULL) {
        report_undefined(s, node, callee, early);
        sema_poison(node);
        return;
    }
    sema_mention(s, node, symbol, callee);
}
