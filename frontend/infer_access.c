// infer_access.c: accesses of C's memory that only types tell: `p.x` where `p` comes out of a list, a map,
// a function or a mutable variable and can be nothing but the address of a struct.
//
// Such an access is known when all types are final. It is noted by its place in the source, and the
// program is analysed again, with that access resolved (sema_cstruct.c). What was wrong about a note,
// because another one showed more, is never noted again; so this ends.
#include "infer_internal.h"

enum { MOST_ROUNDS = 16 };

// The name of the field that is accessed, or null: an element is.
static Name *field_name(Walk *w, const Node *node) {
    const Node *index = node->index.index;
    if (node->kind == NODE_FIELD) return node->field.name;
    if (index->kind != NODE_STRING) return NULL;
    return intern(&w->infer->c->names, index->string.bytes, index->string.len);
}

static void note(Walk *w, const Node *node, const CType *type) {
    Infer *infer = w->infer;
    const void *place = ast_place(node);
    if (type != NULL) {
        const CType *before = map_put(&infer->accesses, place, (void *)(uintptr_t)type);
        if (before == NULL || ctype_same(before, type)) return;
    }
    // A value's own code may be called with anything.
    if (!w->instance->shared.boxed) map_put(&infer->no_accesses, place, infer);
}

bool infer_access(Walk *w, const Node *node, Type base, Type *result) {
    const Name *name = field_name(w, node);
    // Strings, lists and functions have no fields: the run tells that this is no address.
    uint8_t kinds = name != NULL ? KIND_STRING | KIND_LIST | KIND_FUNCTION : 0;
    kinds |= KIND_NUMBER | KIND_ERROR;
    if (!w->infer->c->program->c_types || !type_may(base, KIND_NUMBER) ||
        (base.kinds & ~kinds) != 0)
        return false;
    const CType *type = type_pointee(base);
    bool good = type != NULL &&
                (name != NULL ? type->kind == C_RECORD : type->size > 0 && type->kind != C_OTHER);
    if (w->infer->counting) note(w, node, good ? type : NULL);
    if (!good) return false;
    if (name != NULL) {
        const CField *field = crecord_field(type->record, name);
        if (field != NULL) type = field->type;
    }
    *result = infer_c_value(type);
    return true;
}

void infer_help_address(Walk *w, const Node *node, Diag *diag) {
    Compilation *c = w->infer->c;
    Span base = node->index.base->span, whole = node->span;
    const Source *source = source_find(&c->sources, whole.begin);
    const char *text = source->text + (whole.begin - source->base);
    int len = (int)(base.end - base.begin), rest = (int)(whole.end - base.end);
    if (len + rest > 60 || base.begin != whole.begin) return;
    diag_help(
        c, diag,
        "if this is the address of a struct T, say so: `(%.*s as T)%.*s`; addresses are known as "
        "such where nothing but addresses of one type, and 0, can stand",
        len, text, rest, text + len);
}

void infer_check_update(Walk *w, const Node *node, Type value) {
    const Node *target = node->update.target;
    if (target->kind != NODE_NAME || target->name.symbol == NULL) return;
    const CType *from = type_pointee(value), *to = target->name.symbol->ctype;
    if (from == NULL || to == NULL || from->kind != C_RECORD || to->kind != C_RECORD) return;
    if (ctype_same(from, to) || !infer_may_report(w, node)) return;
    Diag *diag = diag_report(w->infer->c, DIAG_E0821, node->update.value->span,
                             target->name.name->text, to->record->name, from->record->name);
    diag_help(w->infer->c, diag, "say what is meant: `… as %s`", to->record->name);
}

void infer_check_access(Walk *w, const Node *node, Type base) {
    Infer *infer = w->infer;
    const void *place = ast_place(node);
    const CType *type = type_pointee(base);
    if (!infer->counting || w->instance->shared.boxed || base.kinds == 0) return;
    if (type == NULL || !ctype_same(type, map_get(&infer->c->accesses, place)))
        map_put(&infer->no_accesses, place, infer);
}

bool infer_found_accesses(Infer *infer) {
    Compilation *c = infer->c;
    bool found = false;
    if (c->access_rounds++ >= MOST_ROUNDS) return false;
    c->accesses.arena = c->no_accesses.arena = &c->unit;
    for (uint32_t i = 0; i < infer->no_accesses.capacity; i++) {
        const void *place = infer->no_accesses.slots[i].key;
        if (place == NULL || infer->no_accesses.slots[i].value == NULL) continue;
        found |= map_get(&c->accesses, place) != NULL;
        map_put(&c->no_accesses, place, c);
        map_put(&c->accesses, place, NULL);
    }
    for (uint32_t i = 0; i < infer->accesses.capacity; i++) {
        const void *place = infer->accesses.slots[i].key;
        if (place == NULL || map_get(&c->no_accesses, place) != NULL) continue;
        found |= map_put(&c->accesses, place, infer->accesses.slots[i].value) == NULL;
    }
    return found;
}
