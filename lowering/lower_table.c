// lower_table.c: the table from code to functions, by which the runtime says who called whom and whose
// stack has run out. Made after the optimiser, from the functions that are left: a table made before
// would keep all of them.
//
// Every function of the module has its entry; those that are not Flap's have no name. The code of all
// of them is in one section, in this order, so that the end of one is the beginning of the next.
#include "lower_internal.h"
#include <stdlib.h>
#include <string.h>

// Code that only passes arguments on: the function proper follows.
static bool is_passing(const char *part) {
    return strcmp(part, "entry") == 0 || strcmp(part, "-look") == 0 || strcmp(part, "-either") == 0;
}

static bool is_suffix(const char *part) {
    if (strcmp(part, "shared") == 0 || strcmp(part, "par") == 0 || is_passing(part) ||
        strcmp(part, "defer") == 0 || strcmp(part, "body") == 0)
        return true;
    return part[0] != '\0' && part[strspn(part, "0123456789")] == '\0';
}

// What a parallel body does by way of the runtime: "….par.0.keep", cut off at the last dot.
static bool is_change(const char *text, const char *suffix) {
    if (strcmp(suffix, "keep") != 0 && strcmp(suffix, "undo") != 0) return false;
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] >= '0' && text[length - 1] <= '9') length--;
    return length >= 5 && memcmp(text + length - 5, ".par.", 5) == 0;
}

// Whether the code is reached by way of the runtime from the function that it is a part of.
static bool is_part(const char *suffix) {
    return strcmp(suffix, "par") == 0 || strcmp(suffix, "defer") == 0;
}

// "flap.outer.f.1.shared.par.0" is part of f.
static const char *flap_name(Arena *arena, const char *name, bool *part) {
    if (strcmp(name, "flap_program") == 0) return "main";
    if (strncmp(name, "flap.", 5) != 0) return NULL;
    char *text = arena_copy(arena, name + 5, strlen(name + 5)), *dot = strrchr(text, '.');
    while (dot) {
        *dot = '\0';
        if (!is_change(text, dot + 1) && !is_suffix(dot + 1)) {
            *dot = '.';
            break;
        }
        if (is_passing(dot + 1)) return NULL;
        *part |= is_part(dot + 1);
        dot = strrchr(text, '.');
    }
    const char *last = dot ? dot + 1 : text;
    return strcmp(last, "lambda") == 0 ? "<lambda>" : last;
}

typedef struct Table {
    Arena arena;
    LLVMModuleRef module;
    LLVMContextRef context;
    LLVMTypeRef pointer, i32;
    VEC(LLVMValueRef) rows;
    const char *file; // the last one, and its constant
    LLVMValueRef file_text;
} Table;

static LLVMValueRef text_constant(const Table *table, const char *text) {
    if (!text) return LLVMConstNull(table->pointer);
    LLVMValueRef value = LLVMConstStringInContext(table->context, text, (unsigned)strlen(text), 0);
    LLVMValueRef global = LLVMAddGlobal(table->module, LLVMTypeOf(value), "flap.name");
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    return global;
}

static const char *noted(LLVMValueRef function, const char *what) {
    LLVMAttributeRef attribute = LLVMGetStringAttributeAtIndex(
        function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, what, (unsigned)strlen(what));
    unsigned length;
    return attribute ? LLVMGetStringAttributeValue(attribute, &length) : NULL;
}

static LLVMValueRef file_constant(Table *table, const char *file) {
    if (!file || !table->file || strcmp(file, table->file) != 0) {
        table->file_text = text_constant(table, file);
        table->file = file;
    }
    return table->file_text;
}

static void add_row(Table *table, LLVMValueRef function) {
    size_t length;
    bool part = false;
    const char *name = flap_name(&table->arena, LLVMGetValueName2(function, &length), &part);
    const char *line = name ? noted(function, LOWER_BEGIN_LINE) : NULL;
    if (!line) name = NULL;
    LLVMValueRef fields[] = {function, text_constant(table, name),
                             file_constant(table, name ? noted(function, LOWER_BEGIN_FILE) : NULL),
                             LLVMConstInt(table->i32, name ? strtoull(line, NULL, 10) : 0, 0),
                             LLVMConstInt(table->i32, part, 0)};
    LLVMValueRef row = LLVMConstStructInContext(table->context, fields, COUNT_OF(fields), 0);
    vec_push(&table->arena, &table->rows, row);
    LLVMSetSection(function, ".text.flap");
}

// Makes the program tell the runtime of the table before anything else.
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

uint32_t lower_function_table(LLVMModuleRef module, const char *symbol) {
    add_end(module);
    LLVMContextRef context = LLVMGetModuleContext(module);
    Table table = {.module = module,
                   .context = context,
                   .pointer = LLVMPointerTypeInContext(context, 0),
                   .i32 = LLVMInt32TypeInContext(context)};
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f)) add_row(&table, f);
    LLVMTypeRef row = LLVMTypeOf(table.rows.items[0]);
    LLVMValueRef value = LLVMConstArray2(row, table.rows.items, table.rows.len);
    LLVMValueRef global =
        LLVMAddGlobal(module, LLVMTypeOf(value), symbol ? symbol : "flap.functions");
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetAlignment(global, 8);
    if (!symbol) {
        LLVMSetLinkage(global, LLVMInternalLinkage);
        announce(module, global, table.rows.len);
    }
    uint32_t rows = table.rows.len;
    arena_free(&table.arena);
    return rows;
}
