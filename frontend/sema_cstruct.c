// sema_cstruct.c: cstructs, typed pointers and raw memory: which accesses are C fields, and where.
//
// Whether `p.x` reads a C field is decided by what `p` was defined by: a cast to a cstruct, a C
// function that gives a pointer to one, or a field that holds such a pointer. Such an access becomes
// a NODE_MEMORY with its offset and type; everything else stays a map's element.
#include "sema_internal.h"

#include "parser.h"

#include <string.h>

// --- declarations --------------------------------------------------------------------------------

static void define_constant(Sema *s, const char *text, double value, Span span) {
    Name *name = intern_c(&s->c->names, text);
    Symbol *symbol = sema_new_symbol(s, SYMBOL_CONSTANT, name, span);
    symbol->used = true;
    symbol->constant = ast_new(s->arena, NODE_NUMBER, span);
    symbol->constant->number.value = value;
    scope_define(s->scope, name, symbol);
}

static Symbol *find_type(Sema *s, Name *name) {
    Symbol *early;
    Symbol *symbol = scope_find(s->scope, name, s->function, &early);
    return symbol != NULL && symbol->kind == SYMBOL_TYPE ? symbol : NULL;
}

static void report_unknown(Sema *s, const char *name, Span span) {
    Diag *diag = diag_report(s->c, DIAG_E0808, span, name);
    diag_help(s->c, diag,
              "types are i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 ptr cstr, `*T`, `T[n]`, and the "
              "cstructs above");
}

// The type named in a cast or field; null after a report. Pointers may name what comes later.
const CType *sema_named_type(Sema *s, Name *name, bool pointer, Span span) {
    bool known;
    CastKind cast = parse_type_kind(name, &known);
    const CType *type = known ? ctype_of_cast(cast) : NULL;
    if (type != NULL) return type;
    Symbol *symbol = known ? NULL : find_type(s, name);
    if (symbol != NULL) {
        symbol->used = true;
        if (pointer || symbol->ctype->size > 0) return symbol->ctype;
        diag_report(s->c, DIAG_E0807, span, name->text,
                    "contains itself; a pointer `*T` may do so");
        return NULL;
    }
    if (pointer && !known) { // declared further down: nothing is known of it yet
        const Node *later = sema_later_cstruct(s, name);
        if (later != NULL) return sema_forward_cstruct(s, (Node *)(uintptr_t)later)->ctype;
    }
    report_unknown(s, name->text, span);
    return NULL;
}

const Node *sema_later_cstruct(const Sema *s, const Name *name) {
    for (const Scope *scope = s->scope; scope != NULL; scope = scope->parent)
        for (uint32_t i = 0; scope->statements != NULL && i < scope->statements->len; i++) {
            const Node *node = scope->statements->items[i];
            if (node->kind == NODE_CSTRUCT && node->cstruct.name == name) return node;
        }
    return NULL;
}

// The symbol of a cstruct whose fields are not laid out yet.
Symbol *sema_forward_cstruct(Sema *s, Node *node) {
    Symbol *symbol = find_type(s, node->cstruct.name);
    if (symbol != NULL && symbol->span.begin == node->span.begin) return symbol;
    symbol = sema_new_symbol(s, SYMBOL_TYPE, node->cstruct.name, node->span);
    CRecord *record = ARENA_NEW(s->arena, CRecord);
    record->name = node->cstruct.name->text;
    record->align = 1;
    symbol->ctype = ctype_record(s->arena, record);
    scope_define(s->scope, symbol->name, symbol);
    return symbol;
}

static bool whole_constant(Sema *s, Node *node, double most, double *value) {
    sema_value(s, node);
    const Node *folded = node->kind == NODE_POISON ? NULL : sema_fold(s, node);
    if (folded == NULL || folded->kind != NODE_NUMBER) return false;
    *value = folded->number.value;
    return *value >= 1 && *value <= most && *value == (double)(uint64_t)*value;
}

static bool read_field(Sema *s, CRecord *record, const FieldDecl *decl) {
    CField field = {.name = decl->name};
    const CType *type = sema_named_type(s, decl->type_name, decl->pointer, decl->span);
    if (type == NULL) return false;
    if (crecord_field(record, decl->name) != NULL) {
        diag_report(s->c, DIAG_E0411, decl->span, decl->name->text);
        return false;
    }
    if (decl->pointer) type = ctype_pointer(s->arena, type);
    double count;
    if (decl->count != NULL) {
        if (!whole_constant(s, decl->count, 1 << 24, &count)) {
            diag_report(s->c, DIAG_E0807, decl->count->span, record->name,
                        "has an array whose length is no constant whole number from 1 to 2^24");
            return false;
        }
        type = ctype_array(s->arena, type, (uint64_t)count);
    }
    field.type = type;
    vec_push(s->arena, &record->fields, field);
    return true;
}

void sema_cstruct(Sema *s, Node *node) {
    const Symbol *before = map_get(&s->scope->names, node->cstruct.name);
    if (before != NULL && before->span.begin != node->span.begin) {
        Diag *diag = diag_report(s->c, DIAG_E0403, node->span, node->cstruct.name->text);
        diag_note(s->c, diag, before->span, "first defined here");
        return;
    }
    Symbol *symbol = sema_forward_cstruct(s, node);
    s->program->c_types = true;
    CRecord *record = symbol->ctype->record;
    symbol->used = true;
    bool good = true;
    for (uint32_t i = 0; i < node->cstruct.fields.len; i++)
        good = read_field(s, record, &node->cstruct.fields.items[i]) && good;
    double aligned = 0;
    if (node->cstruct.aligned != NULL &&
        (!whole_constant(s, node->cstruct.aligned, 4096, &aligned) ||
         ((uint64_t)aligned & ((uint64_t)aligned - 1)) != 0))
        diag_report(s->c, DIAG_E0807, node->cstruct.aligned->span, record->name,
                    "is aligned to what is no power of two up to 4096");
    if (good && record->fields.len == 0)
        diag_report(s->c, DIAG_E0807, node->span, record->name, "has no fields");
    crecord_layout(record, node->cstruct.packed, (uint32_t)aligned);
    ((CType *)(uintptr_t)symbol->ctype)->size = record->size;
    ((CType *)(uintptr_t)symbol->ctype)->align = record->align;
    const char *name = record->name;
    define_constant(s, arena_printf(s->arena, "%s_SIZEOF", name), (double)record->size, node->span);
    for (uint32_t i = 0; i < record->fields.len; i++) {
        const CField *field = &record->fields.items[i];
        define_constant(s, arena_printf(s->arena, "%s_%s_OFFSET", name, field->name->text),
                        (double)field->offset, node->span);
    }
}

// --- types in expressions ------------------------------------------------------------------------

// `lib.Name`, or the name of a cstruct; null: it is no type.
static const CType *type_expression(Sema *s, Node *node) {
    if (node->kind == NODE_NAME) {
        Symbol *symbol = find_type(s, node->name.name);
        if (symbol == NULL) return NULL;
        symbol->used = true;
        return symbol->ctype;
    }
    if (node->kind != NODE_FIELD || node->field.base->kind != NODE_NAME) return NULL;
    Symbol *early;
    Symbol *symbol = scope_find(s->scope, node->field.base->name.name, s->function, &early);
    if (symbol == NULL || (symbol->kind != SYMBOL_LIBRARY && symbol->kind != SYMBOL_PACKAGE))
        return NULL;
    return sema_library_type(s, node->field.base->name.name, node->field.name, node->span);
}

static void become_number(Node *node, double value) {
    node->kind = NODE_NUMBER;
    node->number.value = value;
    node->number.inexact = false;
}

// sizeof(Name)
static bool size_of(Sema *s, Node *node) {
    Symbol *early;
    if (node->kind != NODE_CALL || node->call.callee->kind != NODE_NAME ||
        node->call.args.len != 1 || strcmp(node->call.callee->name.name->text, "sizeof") != 0 ||
        scope_find(s->scope, node->call.callee->name.name, s->function, &early) != NULL)
        return false;
    Node *arg = node->call.args.items[0];
    const CType *type = type_expression(s, arg);
    bool known = false;
    if (type == NULL && arg->kind == NODE_NAME) {
        CastKind cast = parse_type_kind(arg->name.name, &known);
        if (known) type = ctype_of_cast(cast);
    }
    if (type == NULL) {
        report_unknown(s, arg->kind == NODE_NAME ? arg->name.name->text : "…", arg->span);
        sema_poison(node);
        return true;
    }
    become_number(node, (double)type->size);
    return true;
}

// Name.field_offset
static bool offset_of(Sema *s, Node *node) {
    static const char suffix[] = "_offset";
    if (node->kind != NODE_FIELD) return false;
    const CType *type = type_expression(s, node->field.base);
    if (type == NULL || type->kind != C_RECORD) return false;
    const Name *name = node->field.name;
    size_t tail = sizeof suffix - 1;
    if (name->len > tail && strcmp(name->text + name->len - tail, suffix) == 0) {
        const CField *field =
            crecord_field(type->record, intern(&s->c->names, name->text, name->len - tail));
        if (field != NULL) {
            become_number(node, (double)field->offset);
            return true;
        }
    }
    diag_report(s->c, DIAG_E0806, node->field.name_span, type->record->name, name->text);
    sema_poison(node);
    return true;
}

bool sema_type_constant(Sema *s, Node *node) {
    return size_of(s, node) || offset_of(s, node);
}

// `p as lib.Name` was parsed as the field Name of `p as lib`.
void sema_join_cast(Sema *s, Node *node) {
    if (node->kind != NODE_FIELD) return;
    Node *cast = node->field.base;
    if (cast->kind != NODE_CAST || cast->cast.to != CAST_STRUCT || cast->parenthesized ||
        cast->cast.type != NULL)
        return;
    const CType *type =
        sema_library_type(s, cast->cast.type_name, node->field.name, node->field.name_span);
    if (type == NULL) return;
    Node *operand = cast->cast.operand;
    node->kind = NODE_CAST;
    node->cast.operand = operand;
    node->cast.to = CAST_STRUCT;
    node->cast.type = type;
}

void sema_cast_type(Sema *s, Node *node) {
    if (node->cast.to != CAST_STRUCT || node->cast.type != NULL) return;
    node->cast.type = sema_named_type(s, node->cast.type_name, true, node->span);
    if (node->cast.type == NULL) sema_poison(node);
}

// --- what a number points to ---------------------------------------------------------------------

// The type of what lies at the address that `node` gives, or null.
const CType *sema_pointee(const Node *node) {
    switch ((int)node->kind) {
    case NODE_NAME: return node->name.symbol != NULL ? node->name.symbol->ctype : NULL;
    case NODE_CAST: return node->cast.to == CAST_STRUCT ? node->cast.type : NULL;
    case NODE_ORELSE: return node->orelse.is_and ? NULL : sema_pointee(node->orelse.left);
    case NODE_FOREIGN: {
        const CType *type = node->foreign.decl->type;
        if (type == NULL) return NULL;
        return type->kind == C_RECORD ? type : type->element;
    }
    case NODE_CALL: {
        const CDecl *decl = sema_foreign_function(node->call.callee);
        const Symbol *symbol =
            node->call.callee->kind == NODE_NAME ? node->call.callee->name.symbol : NULL;
        if (symbol != NULL) return symbol->returns;
        return decl != NULL && decl->prototype->result->kind == C_POINTER
                   ? decl->prototype->result->element
                   : NULL;
    }
    case NODE_INDEX: return sema_elements(node->index.base);
    case NODE_MEMORY:
        return node->memory.type->kind == C_RECORD ? node->memory.type : node->memory.type->element;
    }
    return NULL;
}

bool sema_pointee_known(const Node *node) {
    return sema_pointee(node) != NULL;
}

static void become_memory(Sema *s, Node *node, Node *base, Node *index, const CType *type,
                          uint64_t offset) {
    node->kind = NODE_MEMORY;
    memset(&node->memory, 0, sizeof node->memory);
    node->memory.base = base;
    node->memory.index = index;
    node->memory.type = type;
    node->memory.offset = offset;
    *s->effects |= EFFECT_STOP | EFFECT_SHARED;
}

static bool report_type(Sema *s, Node *node, const char *what, const char *name) {
    diag_report(s->c, DIAG_E0806, node->span, what, name);
    sema_poison(node);
    return true;
}

// What inference found the base of an access to point to.
static const CType *noted(const Sema *s, const Node *node) {
    return map_get(&s->c->accesses, ast_place(node));
}

static bool memory_field(Sema *s, Node *node, Node *base, const Name *name) {
    const CType *known = sema_pointee(base);
    const CType *type = known != NULL ? known : noted(s, node);
    if (type == NULL || type->kind != C_RECORD) return false;
    const CField *field = crecord_field(type->record, name);
    if (field == NULL) return report_type(s, node, type->record->name, name->text);
    if (field->type->kind == C_OTHER || field->type->kind == C_VOID)
        return report_type(s, node, type->record->name,
                           arena_printf(s->arena, "%s that Flap can read", name->text));
    become_memory(s, node, base, NULL, field->type, field->offset);
    node->memory.noted = known == NULL;
    node->memory.bit = field->bit;
    node->memory.width = field->width;
    return true;
}

// The bases of what may be an access of C's memory have been visited.
bool sema_memory(Sema *s, Node *node) {
    if (node->kind == NODE_FIELD) return memory_field(s, node, node->field.base, node->field.name);
    if (node->kind != NODE_INDEX) return false;
    const Node *index = node->index.index;
    if (index->kind == NODE_STRING)
        return memory_field(s, node, node->index.base,
                            intern(&s->c->names, index->string.bytes, index->string.len));
    const CType *known = sema_pointee(node->index.base);
    const CType *type = known != NULL ? known : noted(s, node);
    if (type == NULL || type->size == 0 || type->kind == C_OTHER) return false;
    become_memory(s, node, node->index.base, node->index.index, type, 0);
    node->memory.noted = known == NULL;
    return true;
}

// --- raw memory ----------------------------------------------------------------------------------

// p ++ v as T: the next place behind what was appended to p before, in the order of the source.
void sema_append(Sema *s, Node *node) {
    Node *target = node->append.target, *value = node->append.value;
    const Node *cast = value->kind == NODE_UNARY ? value->unary.operand : value; // -5 as T
    const CType *type = cast->kind == NODE_CAST ? ctype_of_cast(cast->cast.to) : NULL;
    sema_value(s, target);
    sema_value(s, value->kind == NODE_CAST ? value->cast.operand : value);
    if (target->kind != NODE_NAME || target->name.symbol == NULL || type == NULL) {
        if (target->kind != NODE_POISON) diag_report(s->c, DIAG_E0814, node->span);
        sema_poison(node);
        return;
    }
    Symbol *symbol = target->name.symbol;
    uint64_t offset = symbol->appended;
    symbol->appended += type->size;
    Node *place = ast_new(s->arena, NODE_MEMORY, node->span);
    sema_number(s, place);
    become_memory(s, place, target, NULL, type, offset);
    node->kind = NODE_UPDATE;
    memset(&node->update, 0, sizeof node->update);
    node->update.target = place;
    node->update.value = value->kind == NODE_CAST ? value->cast.operand : value;
    node->update.op = UPDATE_SET;
}

// The target of an update, when it is C's memory: visited then.
bool sema_memory_target(Sema *s, Node *target) {
    const Node *root = target;
    bool found = false; // by inference
    while (root->kind == NODE_INDEX || root->kind == NODE_FIELD) {
        found |= noted(s, root) != NULL;
        root = root->kind == NODE_INDEX ? root->index.base : root->field.base;
    }
    if (root == target) return false;
    if (root->kind == NODE_NAME && !found) {
        Symbol *early;
        const Symbol *symbol = scope_find(s->scope, root->name.name, s->function, &early);
        if (symbol == NULL || (symbol->ctype == NULL && symbol->kind != SYMBOL_LIBRARY))
            return false;
    }
    sema_value(s, target);
    if (target->kind == NODE_MEMORY || target->kind == NODE_POISON) return true;
    diag_report(s->c, DIAG_E0414, target->span);
    sema_poison(target);
    return true;
}
