// lower_table.c: the table from code to names, by which the runtime says whose stack has run out.
// Made after the optimiser, from the functions that are left: a table made before would keep all of
// them.
//
// Every function of the module has its entry; those that are not Flap's have no name.
#include "lower_internal.h"
#include <string.h>

static bool is_suffix(const char *part) {
    if (strcmp(part, "shared") == 0 || strcmp(part, "par") == 0 || strcmp(part, "entry") == 0 ||
        strcmp(part, "defer") == 0 || strcmp(part, "body") == 0)
        return true;
    return part[0] != '\0' && part[strspn(part, "0123456789")] == '\0';
}

// "flap.outer.f.1.shared.par.0" is part of f.
static const char *flap_name(Arena *arena, const char *name) {
    if (strcmp(name, "flap_program") == 0) return "main";
    if (strncmp(name, "flap.", 5) != 0) return NULL;
    char *text = arena_copy(arena, name + 5, strlen(name + 5)), *dot = strrchr(text, '.');
    while (dot && is_suffix(dot + 1)) {
        // Only passes arguments on: the function proper follows.
        if (strcmp(dot + 1, "entry") == 0 || strcmp(dot + 1, "body") == 0) return NULL;
        *dot = '\0';
        dot = strrchr(text, '.');
    }
    const char *last = dot ? dot + 1 : text;
    return strcmp(last, "lambda") == 0 ? "<lambda>" : last;
}

static LLVMValueRef text_constant(LLVMModuleRef module, const char *text) {
    LLVMContextRef context = LLVMGetModuleContext(module);
    if (!text) return LLVMConstNull(LLVMPointerTypeInContext(context, 0));
    LLVMValueRef value = LLVMConstStringInContext(context, text, (unsigned)strlen(text), 0);
    LLVMValueRef global = LLVMAddGlobal(module, LLVMTypeOf(value), "flap.name");
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    return global;
}

// The program tells the runtime of the table before anything else.
static void announce(LLVMModuleRef module, LLVMValueRef table, uint32_t count) {
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMTypeRef params[] = {LLVMPointerTypeInContext(context, 0), LLVMInt64TypeInContext(context)};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(context), params, 2, 0);
    LLVMValueRef function = LLVMGetNamedFunction(module, "rt_functions");
    if (!function) function = LLVMAddFunction(module, "rt_functions", type);
    LLVMValueRef program = LLVMGetNamedFunction(module, "flap_program");
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(program);
    LLVMValueRef at = LLVMGetFirstInstruction(entry);
    while (at && LLVMIsAAllocaInst(at)) at = LLVMGetNextInstruction(at);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    LLVMPositionBuilderBefore(builder, at);
    LLVMValueRef args[] = {table, LLVMConstInt(params[1], count, 0)};
    LLVMBuildCall2(builder, type, function, args, 2, "");
    LLVMDisposeBuilder(builder);
}

// An empty function after all others, so that the last of those has an end too.
static void add_end(LLVMModuleRef module) {
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(context), NULL, 0, 0);
    LLVMValueRef end = LLVMAddFunction(module, "end.of.code", type);
    LLVMSetLinkage(end, LLVMInternalLinkage);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, end, ""));
    LLVMBuildRetVoid(builder);
    LLVMDisposeBuilder(builder);
}

void lower_function_table(LLVMModuleRef module) {
    add_end(module);
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMTypeRef pointer = LLVMPointerTypeInContext(context, 0);
    Arena arena = {0};
    VEC(LLVMValueRef) words = {0};
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        size_t length;
        if (LLVMIsDeclaration(f)) continue;
        vec_push(&arena, &words, f);
        vec_push(&arena, &words,
                 text_constant(module, flap_name(&arena, LLVMGetValueName2(f, &length))));
    }
    LLVMValueRef value = LLVMConstArray2(pointer, words.items, words.len);
    LLVMValueRef table = LLVMAddGlobal(module, LLVMTypeOf(value), "flap.functions");
    LLVMSetInitializer(table, value);
    LLVMSetGlobalConstant(table, 1);
    LLVMSetLinkage(table, LLVMInternalLinkage);
    LLVMSetAlignment(table, 8);
    announce(module, table, words.len / 2);
    arena_free(&arena);
}
