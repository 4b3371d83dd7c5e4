// sema_import.c: `import`: C libraries are named here and read when they are used; packages are
// resolved here, each in a scope of its own, where they are first imported.
//
// A package's top level is part of the program's: its variables belong to main and its statements run
// at the import. Only its names are apart.
#include "sema_internal.h"

#include <string.h>

static bool is_private(const Name *name) {
    return name->text[0] == '_';
}

// The scope of the package's names, whose statements are walked on the first import.
static Scope *package_scope(Sema *s, Node *node) {
    Scope *known = map_get(&s->packages, node->import.library);
    Node *block = node->import.included;
    if (known != NULL || block == NULL) return known;
    Scope *outer = s->scope;
    // One scope between, so that this is not the program's own top level.
    s->scope = scope_new(s->scratch, s->universe, s->function);
    sema_push_scope(s);
    Scope *scope = s->scope;
    map_put(&s->packages, node->import.library, scope);
    scope->statements = &block->block.statements;
    sema_number(s, block);
    block->statement = true;
    s->used_files++;
    sema_declare_functions(s, &block->block.statements);
    sema_statements(s, &block->block.statements, CTX_STATEMENT);
    s->used_files--;
    s->scope = outer;
    return scope;
}

static void make_visible(Sema *s, const Scope *package) {
    for (uint32_t i = 0; i < package->names.capacity; i++) {
        const Name *name = package->names.slots[i].key;
        Symbol *symbol = package->names.slots[i].value;
        if (name == NULL || symbol == NULL || is_private(name)) continue;
        scope_define(s->scope, (Name *)(uintptr_t)name, symbol);
    }
}

static void import_package(Sema *s, Node *node) {
    if (s->function->parent != NULL || s->loops.len > 0) {
        diag_report(s->c, DIAG_E0613, node->span);
        if (node->import.as != NULL) sema_declare_poison(s, node->import.as);
        return;
    }
    Scope *package = package_scope(s, node);
    if (package == NULL) { // told by the parser
        if (node->import.as != NULL) sema_declare_poison(s, node->import.as);
        return;
    }
    if (node->import.as == NULL) {
        make_visible(s, package);
        return;
    }
    Symbol *symbol = sema_declare(s, node->import.as, node->span, false);
    symbol->kind = SYMBOL_PACKAGE;
    symbol->package = package;
    scope_define(s->scope, symbol->name, symbol);
}

void sema_import(Sema *s, Node *node) {
    if (node->import.path != NULL && !node->import.is_file)
        import_package(s, node);
    else
        sema_import_library(s, node);
}

static void report_unknown(Sema *s, const Node *node, const Symbol *package) {
    const Name *name = node->field.name;
    Diag *diag =
        diag_report(s->c, DIAG_E0615, node->field.name_span, package->name->text, name->text);
    const Name *near = NULL;
    uint32_t least = name->len / 3 + 1;
    for (uint32_t i = 0; i < package->package->names.capacity; i++) {
        const Name *other = package->package->names.slots[i].key;
        if (other == NULL || is_private(other)) continue;
        uint32_t distance = name_edits(name, other, least);
        if (distance > least) continue;
        if (distance == least && near != NULL && strcmp(near->text, other->text) < 0) continue;
        near = other;
        least = distance;
    }
    if (near != NULL) diag_help(s->c, diag, "did you mean `%s`?", near->text);
}

bool sema_package_member(Sema *s, Node *node, bool callee) {
    if (node->kind != NODE_FIELD || node->field.base->kind != NODE_NAME) return false;
    Symbol *early;
    Symbol *package = scope_find(s->scope, node->field.base->name.name, s->function, &early);
    if (package == NULL || package->kind != SYMBOL_PACKAGE) return false;
    package->used = true;
    Name *name = node->field.name;
    Symbol *symbol = map_get(&package->package->names, name);
    if (is_private(name) || symbol == NULL) {
        if (is_private(name))
            diag_report(s->c, DIAG_E0614, node->field.name_span, name->text);
        else
            report_unknown(s, node, package);
        sema_poison(node);
        return true;
    }
    node->kind = NODE_NAME;
    memset(&node->name, 0, sizeof node->name);
    node->name.name = name;
    sema_mention(s, node, symbol, callee);
    return true;
}
