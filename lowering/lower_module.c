// lower_module.c: the module: context, globals, declarations of all instances, then their bodies.
#include "lower_internal.h"
#include "../rt/rt_layout.h"
#include <string.h>

static LLVMValueRef node_of(LowerCtx *cx, LLVMMetadataRef *parts, size_t count) {
    return LLVMMetadataAsValue(cx->context, LLVMMDNodeInContext2(cx->context, parts, count));
}

static LLVMMetadataRef text_of(LowerCtx *cx, const char *text) {
    return LLVMMDStringInContext2(cx->context, text, strlen(text));
}

static LLVMMetadataRef number_of(LowerCtx *cx, LLVMTypeRef type, uint64_t value) {
    (void)cx;
    return LLVMValueAsMetadata(LLVMConstInt(type, value, 0));
}

// Elements, headers and variables are never at one address.
static LLVMValueRef alias_tag(LowerCtx *cx, LLVMMetadataRef root, const char *name) {
    LLVMMetadataRef kind[] = {text_of(cx, name), root, number_of(cx, cx->i64, 0)};
    LLVMMetadataRef type = LLVMMDNodeInContext2(cx->context, kind, 3);
    LLVMMetadataRef tag[] = {type, type, number_of(cx, cx->i64, 0)};
    return node_of(cx, tag, 3);
}

static void make_metadata(LowerCtx *cx) {
    LLVMMetadataRef name = text_of(cx, "flap");
    LLVMMetadataRef root = LLVMMDNodeInContext2(cx->context, &name, 1);
    cx->tbaa_header = alias_tag(cx, root, "header");
    cx->tbaa_element = alias_tag(cx, root, "element");
    cx->tbaa_slot = alias_tag(cx, root, "variable");
    LLVMMetadataRef weights[] = {text_of(cx, "branch_weights"), number_of(cx, cx->i32, 1),
                                 number_of(cx, cx->i32, 1000000)};
    cx->rare = node_of(cx, weights, 3);
    LLVMMetadataRef range[] = {number_of(cx, cx->i64, 0),
                               number_of(cx, cx->i64, UINT64_C(1) << 48)};
    cx->range_length = node_of(cx, range, 2);
}

int lower_feature(const char *features, const char *name) {
    size_t len = strlen(name);
    int said = 0;
    for (const char *at = features; (at = strstr(at, name)) != NULL; at += len)
        if (at > features && (at[len] == ',' || at[len] == '\0'))
            said = at[-1] == '+' ? 1 : at[-1] == '-' ? -1 : said;
    return said;
}

// SSE4.1 rounds by instructions; elsewhere than on x86 every processor does, but RISC-V without Zfa.
static void find_target(LowerCtx *cx, const char *features) {
    const char *triple = LLVMGetTarget(cx->module);
    bool avx = lower_feature(features, "avx") > 0 || lower_feature(features, "avx2") > 0;
    int sse = lower_feature(features, "sse4.1");
    cx->is_x86_64 = strncmp(triple, "x86_64", 6) == 0;
    cx->fast_rounding = strncmp(triple, "riscv64", 7) != 0;
    if (cx->is_x86_64) cx->fast_rounding = sse > 0 || (sse == 0 && avx);
    cx->vector_doubles = lower_feature(features, "avx512f") > 0 ? 8 : avx ? 4 : 2;
    lower_math_find(cx, features);
}

static void make_types(LowerCtx *cx) {
    cx->void_t = LLVMVoidTypeInContext(cx->context);
    cx->i1 = LLVMInt1TypeInContext(cx->context);
    cx->i8 = LLVMInt8TypeInContext(cx->context);
    cx->i32 = LLVMInt32TypeInContext(cx->context);
    cx->i64 = LLVMInt64TypeInContext(cx->context);
    cx->f64 = LLVMDoubleTypeInContext(cx->context);
    cx->ptr = LLVMPointerTypeInContext(cx->context, 0);
    PtrMap empty = {.arena = cx->arena};
    cx->strings = cx->fields = cx->texts = cx->closures = cx->infos = cx->constants = empty;
    cx->constant_bytes = cx->constant_integers = empty;
    cx->flags = cx->depths = cx->addresses = cx->inside = cx->walked = cx->c_types = cx->remarked = cx->keys = empty;
}

// As the header of an immortal object.
static void make_taken(LowerCtx *cx) {
    LLVMValueRef words[] = {LLVMConstInt(cx->i64, (uint32_t)RT_IMMORTAL, 0)};
    LLVMValueRef value = LLVMConstArray2(cx->i64, words, 1);
    cx->taken = LLVMAddGlobal(cx->module, LLVMTypeOf(value), "flap.taken");
    LLVMSetInitializer(cx->taken, value);
    LLVMSetGlobalConstant(cx->taken, 1);
    LLVMSetLinkage(cx->taken, LLVMInternalLinkage);
}

static void declare_globals(LowerCtx *cx, const Program *program) {
    const Instance *main = program->instances.items[0];
    cx->globals = ARENA_ARRAY(cx->arena, SymSlot, program->main->symbols.len + 1);
    VEC_EACH(Symbol *, symbol, &program->globals) {
        if (symbol->function || symbol->kind == SYMBOL_CONSTANT) continue;
        SymSlot *slot = &cx->globals[symbol->index];
        slot->type = main->symbol_types[symbol->index];
        slot->rep = type_rep(slot->type);
        const char *name =
            arena_printf(cx->arena, "flap.%s", symbol->name ? symbol->name->text : "");
        LLVMTypeRef type = lower_type(cx, slot->rep);
        slot->at = LLVMAddGlobal(cx->module, type, name);
        LLVMSetInitializer(slot->at, LLVMConstNull(type));
        LLVMSetLinkage(slot->at, LLVMInternalLinkage);
    }
}

static void add_string_attribute(LowerCtx *cx, LLVMValueRef function, const char *name,
                                 const char *value) {
    LLVMAttributeRef attribute = LLVMCreateStringAttribute(
        cx->context, name, (unsigned)strlen(name), value, (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute);
}

void lower_code_attributes(LowerCtx *cx, LLVMValueRef function) {
    lower_fn_attr(cx, function, "nounwind", 0);
    add_string_attribute(cx, function, "probe-stack", "inline-asm");
}

void lower_begin_note(LowerCtx *cx, LLVMValueRef code, const Function *function) {
    const Node *node = function->node ? function->node : function->body;
    Place place = source_place(&cx->c->unit, &cx->c->sources, node->span.begin);
    add_string_attribute(cx, code, LOWER_BEGIN_FILE, place.source ? place.source->path : "");
    add_string_attribute(cx, code, LOWER_BEGIN_LINE, arena_printf(cx->arena, "%u", place.line));
}

static LLVMValueRef declare(LowerCtx *cx, const char *name, LLVMTypeRef type, bool main) {
    LLVMValueRef function = LLVMAddFunction(cx->module, name, type);
    lower_code_attributes(cx, function);
    if (main) return function;
    LLVMSetLinkage(function, LLVMInternalLinkage);
    LLVMSetFunctionCallConv(function, LLVMFastCallConv);
    return function;
}

static void declare_instance(LowerCtx *cx, const Instance *instance) {
    bool main = instance->function->parent == NULL;
    const char *name =
        main ? "flap_program" : arena_printf(cx->arena, "flap.%s", instance->link_name);
    LLVMTypeRef type = main ? LLVMFunctionType(cx->i32, NULL, 0, 0) : lower_signature(cx, instance);
    cx->signatures[instance->number] = type;
    cx->functions[instance->number] = declare(cx, name, type, main);
    if (!instance->integers) return;
    cx->doubles[instance->number] = cx->functions[instance->number];
    name = arena_printf(cx->arena, "%s.-either", name);
    cx->functions[instance->number] = declare(cx, name, type, false);
}

bool lower_program(Compilation *c, const LoweringOptions *options, const char *features,
                   LLVMContextRef context, LLVMModuleRef module) {
    Arena arena = {0};
    Program *program = c->program;
    LowerCtx *cx = ARENA_NEW(&arena, LowerCtx);
    cx->c = c;
    cx->options = options;
    cx->arena = &arena;
    cx->context = context;
    cx->module = module;
    cx->builder = LLVMCreateBuilderInContext(context);
    make_types(cx);
    make_metadata(cx);
    find_target(cx, features);
    make_taken(cx);
    cx->functions = ARENA_ARRAY(&arena, LLVMValueRef, program->instances.len);
    cx->doubles = ARENA_ARRAY(&arena, LLVMValueRef, program->instances.len);
    cx->signatures = ARENA_ARRAY(&arena, LLVMTypeRef, program->instances.len);
    cx->entries = ARENA_ARRAY(&arena, LLVMValueRef, program->instances.len);
    declare_globals(cx, program);
    VEC_EACH(Instance *, instance, &program->instances) declare_instance(cx, instance);
    lower_survey(cx);
    lower_find_rarely_run(cx);
    lower_sim(cx);
    VEC_EACH(Instance *, instance, &program->instances) lower_instance(cx, instance);
    lower_exports(cx);
    lower_math_end(cx);
    LLVMDisposeBuilder(cx->builder);
    arena_free(&arena);
    return c->errors == 0;
}
