// lower_alias.c: what LLVM is told of lists that a loop keeps at hand: two of them never overlap as
// far as it matters. One that is written is unshared, so no other list's elements are its; two that
// are only read may be one, which nobody can tell.
//
// Each list has an alias scope for the loop; an access to its elements lies in that scope and in
// none of the others open then. Rows of one variable's list share a scope: two may be the same row.
#include "lower_internal.h"
#include <string.h>

static unsigned kind_of(LowerCtx *cx, const char *name) {
    return LLVMGetMDKindIDInContext(cx->context, name, (unsigned)strlen(name));
}

static LLVMMetadataRef text_of(LowerCtx *cx, const char *text) {
    return LLVMMDStringInContext2(cx->context, text, strlen(text));
}

uint32_t lower_alias_mark(LowerCtx *cx) {
    return cx->fs->scopes.len;
}

void lower_alias_end(LowerCtx *cx, uint32_t mark) {
    cx->fs->scopes.len = mark;
}

// Tells where the scope's life begins, so that copies of the loop get scopes of their own.
static void declare(LowerCtx *cx, LLVMMetadataRef scope) {
    static const char name[] = "llvm.experimental.noalias.scope.decl";
    unsigned id = LLVMLookupIntrinsicID(name, sizeof name - 1);
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(cx->module, id, NULL, 0);
    LLVMTypeRef type = LLVMIntrinsicGetType(cx->context, id, NULL, 0);
    LLVMMetadataRef list = LLVMMDNodeInContext2(cx->context, &scope, 1);
    LLVMValueRef argument = LLVMMetadataAsValue(cx->context, list);
    LLVMBuildCall2(cx->builder, type, function, &argument, 1, "");
}

void lower_alias_add(LowerCtx *cx, LLVMValueRef data, const void *owner) {
    if (cx->options->optimize < 2 || !data) return;
    AliasScope scope = {.data = data, .owner = owner};
    VEC_EACH(AliasScope, other, &cx->fs->scopes)
    if (other.owner == owner) scope.scope = other.scope;
    if (!scope.scope) {
        LLVMMetadataRef domain[] = {text_of(cx, "lists")};
        LLVMMetadataRef parts[] = {
            text_of(cx, arena_printf(cx->arena, "list %u", cx->alias_scopes++)),
            LLVMMDNodeInContext2(cx->context, domain, 1)};
        scope.scope = LLVMMDNodeInContext2(cx->context, parts, 2);
        declare(cx, scope.scope);
    }
    vec_push(cx->arena, &cx->fs->scopes, scope);
}

static void set(LowerCtx *cx, LLVMValueRef access, const char *kind, LLVMMetadataRef *scopes,
                uint32_t count) {
    if (count == 0) return;
    LLVMMetadataRef list = LLVMMDNodeInContext2(cx->context, scopes, count);
    LLVMSetMetadata(access, kind_of(cx, kind), LLVMMetadataAsValue(cx->context, list));
}

void lower_alias_access(LowerCtx *cx, LLVMValueRef access, LLVMValueRef data) {
    enum { MOST = 24 };
    LLVMMetadataRef own = NULL, others[MOST];
    uint32_t count = 0;
    VEC_EACH(AliasScope, scope, &cx->fs->scopes)
    if (scope.data == data) own = scope.scope;
    if (!own) return;
    VEC_EACH(AliasScope, scope, &cx->fs->scopes)
    if (scope.scope != own && count < MOST) others[count++] = scope.scope;
    set(cx, access, "alias.scope", &own, 1);
    set(cx, access, "noalias", others, count);
}
