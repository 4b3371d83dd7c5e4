// sema_stmt.c: definitions, updates and swaps: the rules of mutability.
#include "sema_internal.h"
#include <string.h>

// --- definitions --------------------------------------------------------------------------------

static void define_function(Sema *s, Node *node) {
    DefineNode *define = node->define;
    Name *name = define->names.items[0];
    Symbol *symbol = sema_declare(s, name, define->name_spans.items[0], define->is_mutable);
    vec_push(s->arena, &define->symbols, symbol);
    if (!define->is_mutable) symbol->returns = sema_result_pointee(s, define->value);
    if (define->exported) sema_export(s, node, symbol);
    sema_number(s, define->value);
    sema_lambda(s, define->value, symbol, false);
    scope_define(s->scope, name, symbol);
    if (s->function->parent == NULL && s->scope->parent == s->universe &&
        strcmp(name->text, "main") == 0)
        s->main_symbol = symbol;
}

// Names of one definition must differ; `_` drops an element.
void sema_check_names(Sema *s, const DefineNode *define) {
    for (uint32_t i = 1; i < define->names.len; i++) {
        const Name *name = define->names.items[i];
        if (strcmp(name->text, "_") == 0) continue;
        for (uint32_t j = 0; j < i; j++) {
            if (define->names.items[j] != name) continue;
            diag_report(s->c, DIAG_E0411, define->name_spans.items[i], name->text);
            return;
        }
    }
}

void sema_define(Sema *s, Node *node) {
    DefineNode *define = node->define;
    if (define->names.len == 1 && define->value->kind == NODE_LAMBDA) {
        define_function(s, node);
        return;
    }
    if (define->exported) diag_report(s->c, DIAG_E0818, node->span);
    if (define->or_return) sema_observe(define->value);
    sema_value(s, define->value);
    if (!define->bound) sema_text_bound(s, define->value);
    if (define->or_return) sema_leave_function(s, node->span, "=?");
    sema_check_names(s, define);
    if (define->names.len > 1) *s->effects |= EFFECT_STOP | EFFECT_DIVIDE; // lengths must agree
    for (uint32_t i = 0; i < define->names.len; i++) {
        Name *name = define->names.items[i];
        bool dropped = define->names.len > 1 && strcmp(name->text, "_") == 0;
        Span span = define->name_spans.items[i];
        Symbol *symbol = dropped         ? sema_new_symbol(s, SYMBOL_VARIABLE, name, span)
                         : define->bound ? sema_bind(s, name, span)
                                         : sema_declare(s, name, span, define->is_mutable);
        symbol->to_f32 = define->to_f32;
        vec_push(s->arena, &define->symbols, symbol);
        if (dropped) continue;
        sema_define_constant(s, define, symbol);
        if (define->names.len == 1) {
            map_put(&s->values, symbol, define->value);
            symbol->ctype = sema_pointee(define->value);
            if (!define->is_mutable) symbol->elements = sema_elements(define->value);
        }
        scope_define(s->scope, name, symbol);
    }
}

// --- targets of updates -------------------------------------------------------------------------

static Diag *report_immutable(Compilation *c, const Node *node, const Symbol *symbol) {
    const char *name = symbol->name->text;
    Diag *diag = diag_report(c, DIAG_E0401, node->span, name);
    if (symbol->kind == SYMBOL_LOOP) {
        diag_note(c, diag, symbol->span, "a loop variable is new in every iteration");
        const LoopNode *loop = symbol->loop;
        if (loop != NULL && loop->kind == LOOP_EACH)
            diag_help(c, diag,
                      "elements are updated through the loop variable when the loop goes "
                      "over a mutable list variable (`xs := …`, `@ %s in xs`)",
                      name);
        return diag;
    }
    if (symbol->kind == SYMBOL_PARAMETER || symbol->kind == SYMBOL_BOUND) {
        diag_note(c, diag, symbol->span, "bound here");
        diag_help(c, diag, "copy it into a mutable variable of another name first");
        return diag;
    }
    diag_note(c, diag, symbol->span, "defined by `=` here");
    diag_help(c, diag, "define it by `:=` to make it mutable: `%s := …`", name);
    return diag;
}

static Diag *report_captured(Compilation *c, const Node *node, const Symbol *symbol) {
    Diag *diag = diag_report(c, DIAG_E0409, node->span, symbol->name->text);
    diag_note(c, diag, symbol->span, "belongs to the code around the function");
    diag_help(c, diag,
              "a function captures by value: give the new value back instead "
              "(`%s <- f(%s)`)",
              symbol->name->text, symbol->name->text);
    return diag;
}

// A loop variable over a mutable list variable of the same function updates the list's elements.
static bool write_through(Sema *s, Symbol *symbol) {
    LoopNode *loop = symbol->loop;
    if (symbol->kind != SYMBOL_LOOP || loop == NULL || loop->kind != LOOP_EACH ||
        loop->iterable->kind != NODE_NAME)
        return false;
    Symbol *source = loop->iterable->name.symbol;
    if (source == NULL || source->kind != SYMBOL_VARIABLE || !source->is_mutable ||
        source->owner != s->function)
        return false;
    loop->writes_through = true;
    loop->source = source;
    source->updated = true;
    symbol->is_mutable = true;
    symbol->rebound_by_loop = true;
    return true;
}

void sema_report_unproven(Compilation *c) {
    const PtrMap *unproven = &c->program->unproven;
    for (uint32_t i = 0; i < unproven->capacity; i++) {
        const Unproven *update = unproven->slots[i].value;
        if (update == NULL || update->is_number) continue;
        Diag *diag = update->symbol->is_mutable ? report_captured(c, update->root, update->symbol)
                                                : report_immutable(c, update->root, update->symbol);
        diag_help(c, diag, "if `%s` is the address of a struct T, say so: `(%s as T)`",
                  update->symbol->name->text, update->symbol->name->text);
    }
}

// Leaves it to inference whether the path `target` leads into C's memory: its root is looked at, not
// updated.
static bool leave_open(Sema *s, const Node *target, Node *root, Symbol *symbol) {
    if (!s->program->c_types || target == root || symbol->function != NULL) return false;
    Unproven *update = ARENA_NEW(s->arena, Unproven);
    update->root = root;
    update->symbol = symbol;
    s->program->unproven.arena = s->arena;
    map_put(&s->program->unproven, ast_place(target), update);
    sema_value(s, root);
    return true;
}

// The root of an update's path. Gives its symbol, or null after a report.
static Symbol *resolve_root(Sema *s, const Node *target, Node *node) {
    Name *name = node->name.name;
    Symbol *early;
    Symbol *symbol = scope_find(s->scope, name, s->function, &early);
    if (symbol == NULL) symbol = early;
    if (symbol == NULL || symbol->kind == SYMBOL_BUILTIN || symbol->constant != NULL) {
        if (symbol != NULL && symbol->owner != NULL) {
            report_immutable(s->c, node, symbol);
        } else {
            Diag *diag = diag_report(s->c, DIAG_E0402, node->span, name->text);
            const Name *near =
                symbol == NULL && s->c->errors <= 100 ? scope_nearest(s->scope, name, false) : NULL;
            if (near != NULL) diag_help(s->c, diag, "did you mean `%s`?", near->text);
            diag_help(s->c, diag, "define it first: `%s := …`", name->text);
        }
        return NULL;
    }
    if (sema_is_poison(symbol)) return NULL;
    if (symbol->kind == SYMBOL_REGISTER) {
        diag_report(s->c, DIAG_E0728, node->span, name->text);
        return NULL;
    }
    bool immutable = !symbol->is_mutable && !write_through(s, symbol);
    if (!immutable && symbol->owner == s->function) {
        symbol->updated = true;
        return symbol;
    }
    if (leave_open(s, target, node, symbol)) return symbol;
    if (immutable)
        report_immutable(s->c, node, symbol);
    else
        report_captured(s->c, node, symbol);
    return NULL;
}

// The part of a path before its last step, or null for what is no step.
static Node *path_base(const Node *node) {
    switch ((int)node->kind) {
    case NODE_INDEX: return node->index.base;
    case NODE_FIELD: return node->field.base;
    }
    return NULL;
}

// NAME, or a path of indexes and fields that begins with one.
static void visit_target(Sema *s, Node *target) {
    if (sema_memory_target(s, target)) return;
    uint32_t base = s->spine.len;
    Node *node = target;
    for (;;) {
        sema_number(s, node);
        sema_field_as_index(s, node);
        Node *before = sema_refuse(s, node) ? NULL : path_base(node);
        if (before == NULL) break;
        vec_push(s->scratch, &s->spine, node);
        node = before;
    }
    if (node->kind == NODE_NAME) {
        node->name.symbol = resolve_root(s, target, node);
        if (node->name.symbol == NULL) sema_poison(node);
    } else if (node->kind != NODE_POISON) {
        Diag *diag = diag_report(s->c, DIAG_E0414, node->span);
        diag_help(s->c, diag,
                  "only a mutable variable can be updated: keep the value in one first");
        sema_poison(node);
    }
    if (s->spine.len > base) *s->effects |= EFFECT_STOP | EFFECT_DIVIDE;
    while (s->spine.len > base) {
        const Node *step = s->spine.items[--s->spine.len];
        if (step->kind == NODE_INDEX) sema_value(s, step->index.index);
    }
}

void sema_update(Sema *s, Node *node) {
    visit_target(s, node->update.target);
    if (node->update.or_return) sema_observe(node->update.value);
    sema_value(s, node->update.value);
    if (node->update.op == UPDATE_SET) sema_text_bound(s, node->update.value);
    if (node->update.or_return) sema_leave_function(s, node->span, "<-?");
    UpdateOp op = node->update.op;
    if (op == UPDATE_DIV || op == UPDATE_MOD) *s->effects |= EFFECT_STOP | EFFECT_DIVIDE;
    if (op != UPDATE_SET) *s->effects |= EFFECT_STOP;
}

void sema_swap(Sema *s, Node *node) {
    Node *const sides[2] = {node->swap.left, node->swap.right};
    for (int i = 0; i < 2; i++) {
        visit_target(s, sides[i]);
        const Node *root = sides[i];
        while (path_base(root) != NULL) root = path_base(root);
        if (root->kind == NODE_NAME) root->name.symbol->used = true; // a swap reads what it updates
        if (sides[i]->kind != NODE_MEMORY) continue;
        Diag *diag = diag_report(s->c, DIAG_E0414, sides[i]->span);
        diag_help(s->c, diag, "C's memory is updated by `<-`: swap through a variable");
    }
}
