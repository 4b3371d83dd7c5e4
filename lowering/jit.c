// jit.c: runs a program in this process. The object code, of one module or of parts (jit_parts.c), made by the same target machine and
// passes as for files, is loaded by ORC's LLJIT; the runtime is the one inside flapc.
//
// The runtime's symbols come from a table made of rt_abi.def and builtin.def. Nothing else of the
// process is visible to the program unless it uses foreign code, so no symbol table is searched.

#include "backend.h"
#include "llvm_compat.h"
#include "../rt/rt.h"
#include <dlfcn.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <math.h>
#include <string.h>

typedef struct JitSymbol {
    const char *name;
    void (*address)(void);
} JitSymbol;

typedef struct Jit {
    Backend *b;
    LLVMOrcLLJITRef lljit;
    LLVMOrcJITDylibRef dylib;
} Jit;

#define JIT_BY_WORDS(name)                                                                         \
    uint64_t rt_b_##name(const uint64_t *args, int64_t count, const RtPlace *place);
#define JIT_BY_MATH(name)
#define JIT_BY_INSTRUCTION(name)
#define JIT_BY_SPECIAL(name)
#define BUILTIN(name, least, most, result, lowering, ...) JIT_##lowering(name)
#include "../frontend/builtin.def"
#undef JIT_BY_WORDS

// Of mathematics for vectors only the address is taken here.
#if defined(__x86_64__)
#define OF_WIDTHS(OF, name) OF(name##_2) OF_WIDE(OF, name)
#define OF_WIDE(OF, name)   OF(name##_4) OF(name##_8)
#elif defined(__aarch64__)
#define OF_WIDTHS(OF, name) OF(name##_2)
#define OF_WIDE(OF, name)
#else
#define OF_WIDTHS(OF, name)
#define OF_WIDE(OF, name)
#endif
#define DECLARE_WIDE(name)  void name(void);
#define MATH_1(name)        OF_WIDTHS(DECLARE_WIDE, rt_##name)
#define MATH_1_FROM_4(name) OF_WIDE(DECLARE_WIDE, rt_##name)
#define MATH_2(name)        OF_WIDTHS(DECLARE_WIDE, rt_##name)
#include "../rt/rt_vector.def"
#undef MATH_1
#undef MATH_1_FROM_4
#undef MATH_2

static const JitSymbol symbols[] = {
#define SYMBOL_OF(name)                         {#name, (void (*)(void))name},
#define RT_FN0(r, name, attr)                   SYMBOL_OF(name)
#define RT_FN1(r, name, a, attr)                SYMBOL_OF(name)
#define RT_FN2(r, name, a, b, attr)             SYMBOL_OF(name)
#define RT_FN3(r, name, a, b, c, attr)          SYMBOL_OF(name)
#define RT_FN4(r, name, a, b, c, d, attr)       SYMBOL_OF(name)
#define RT_FN5(r, name, a, b, c, d, e, attr)    SYMBOL_OF(name)
#define RT_FN6(r, name, a, b, c, d, e, f, attr) SYMBOL_OF(name)
#include "../rt/rt_abi.def"
#define JIT_BY_WORDS(name) SYMBOL_OF(rt_b_##name)
#include "../frontend/builtin.def"
#define MATH_1(name) OF_WIDTHS(SYMBOL_OF, rt_##name)
#define MATH_1_FROM_4(name) OF_WIDE(SYMBOL_OF, rt_##name)
#define MATH_2(name) OF_WIDTHS(SYMBOL_OF, rt_##name)
#include "../rt/rt_vector.def"
    // What LLVM itself calls for larger copies and for instructions that a processor lacks.
    SYMBOL_OF(memcpy) SYMBOL_OF(memmove) SYMBOL_OF(memset) SYMBOL_OF(memcmp) SYMBOL_OF(strlen)
        SYMBOL_OF(fmod) SYMBOL_OF(floor) SYMBOL_OF(ceil) SYMBOL_OF(trunc) SYMBOL_OF(round)
            SYMBOL_OF(rint) SYMBOL_OF(nearbyint) SYMBOL_OF(fma)
#if FLAP_TSAN // the sanitizer's own versions of them, which see the accesses
#define SYMBOL_AS(name, function) {#name, (void (*)(void))function},
                SYMBOL_AS(__tsan_memcpy, memcpy) SYMBOL_AS(__tsan_memmove, memmove)
                    SYMBOL_AS(__tsan_memset, memset)
#endif
};

static void collect_error(void *context, LLVMErrorRef error) {
    Jit *jit = context;
    (void)compat_succeeded(jit->b->c, DIAG_E0607, error);
}

static bool define_symbols(Jit *jit) {
    LLVMOrcCSymbolMapPair pairs[COUNT_OF(symbols)];
    LLVMOrcExecutionSessionRef session = LLVMOrcLLJITGetExecutionSession(jit->lljit);
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        pairs[i].Name = LLVMOrcExecutionSessionIntern(session, symbols[i].name);
        pairs[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)symbols[i].address;
        pairs[i].Sym.Flags = (LLVMJITSymbolFlags){
            LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable, 0};
    }
    LLVMErrorRef error =
        LLVMOrcJITDylibDefine(jit->dylib, LLVMOrcAbsoluteSymbols(pairs, COUNT_OF(symbols)));
    return compat_succeeded(jit->b->c, DIAG_E0607, error);
}

// glibc's own libm.so is a text for the linker, which names the library itself.
static bool load_named_in(Backend *b, const char *why) {
    size_t size = 0;
    const char *path = arena_copy(&b->c->unit, why, strcspn(why, ":")), *reason = NULL;
    char *text = source_read(&b->c->unit, path, &size, &reason);
    const char *at = text ? strstr(text, "GROUP") : NULL;
    at = at ? strchr(at, '/') : NULL;
    return at && dlopen(arena_copy(&b->c->unit, at, strcspn(at, " )\n")), RTLD_NOW | RTLD_GLOBAL);
}

static bool load_object(Backend *b, const char *path) {
    if (dlopen(path, RTLD_NOW | RTLD_GLOBAL)) return true;
    const char *why = dlerror();
    if (why && strstr(why, "invalid ELF header") && load_named_in(b, why)) return true;
    diag_report(b->c, DIAG_E0608, (Span){0, 0}, path, why ? why : "no reason given");
    return false;
}

static bool load_from(Backend *b, const char *folder, const char *name) {
    const char *path = arena_printf(&b->c->unit, "%s/lib%s.so", folder, name);
    return dlopen(path, RTLD_NOW | RTLD_GLOBAL) != NULL;
}

static bool load_library(Backend *b, const char *name) {
    VEC_EACH(const char *, folder, &b->options->library_paths)
    if (load_from(b, folder, name)) return true;
    VEC_EACH(const char *, folder, &b->c->program->library_folders)
    if (load_from(b, folder, name)) return true;
    return load_object(b, arena_printf(&b->c->unit, "lib%s.so", name));
}

static bool load_libraries(Jit *jit) {
    Backend *b = jit->b;
    bool good = true;
    VEC_EACH(const char *, name, &b->options->libraries) good = load_library(b, name) && good;
    VEC_EACH(const char *, name, &b->c->program->libraries) good = load_library(b, name) && good;
    VEC_EACH(const char *, path, &b->c->program->objects) good = load_object(b, path) && good;
    // ThreadSanitizer's functions are the process's, too.
    if (!good || !(b->c->program->foreign || FLAP_TSAN)) return good;
    LLVMOrcDefinitionGeneratorRef process = NULL;
    LLVMErrorRef error =
        LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&process, '\0', NULL, NULL);
    if (!compat_succeeded(b->c, DIAG_E0607, error)) return false;
    LLVMOrcJITDylibAddGenerator(jit->dylib, process);
    return true;
}

// The session only loads objects, but LLJIT wants a machine anyway: a plain one is made much faster
// than one with all features of this processor.
static bool open_session(Jit *jit) {
    LLVMTargetMachineRef plain =
        LLVMCreateTargetMachine(LLVMGetTargetMachineTarget(jit->b->machine), jit->b->triple, "", "",
                                LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
    LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(
        builder, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(plain)); // takes it
    LLVMErrorRef error = LLVMOrcCreateLLJIT(&jit->lljit, builder);
    if (!compat_succeeded(jit->b->c, DIAG_E0607, error)) return false;
    jit->dylib = LLVMOrcLLJITGetMainJITDylib(jit->lljit);
    LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(jit->lljit),
                                            collect_error, jit);
    return true;
}

static bool add_objects(Jit *jit, JitObjects *objects) {
    bool good = true;
    for (uint32_t i = 0; i < objects->len && good; i++) {
        LLVMErrorRef error =
            LLVMOrcLLJITAddObjectFile(jit->lljit, jit->dylib, objects->items[i].code); // takes it
        objects->items[i].code = NULL;
        good = compat_succeeded(jit->b->c, DIAG_E0607, error);
    }
    return good;
}

// Null after a diagnostic.
static void *find(Jit *jit, const char *symbol) {
    LLVMOrcExecutorAddress address = 0;
    LLVMErrorRef error = LLVMOrcLLJITLookup(jit->lljit, &address, symbol);
    if (error && jit->b->c->errors > 0) { // collect_error() was told why
        LLVMConsumeError(error);
        return NULL;
    }
    return compat_succeeded(jit->b->c, DIAG_E0607, error) ? (void *)(uintptr_t)address : NULL;
}

// Tells the runtime of the tables of functions that the program does not tell of itself: all as one.
static bool announce_tables(Jit *jit, const JitObjects *objects) {
    uint32_t rows = 0;
    VEC_EACH(JitObject, object, objects) rows += object.table ? object.rows : 0;
    if (rows == 0) return true;
    RtFunctionEntry *all = ARENA_ARRAY(&jit->b->c->unit, RtFunctionEntry, rows), *next = all;
    VEC_EACH(JitObject, object, objects) {
        const RtFunctionEntry *table = find(jit, object.table);
        if (!table) return false;
        memcpy(next, table, object.rows * sizeof *table);
        next += object.rows;
    }
    rt_functions(all, rows);
    return true;
}

bool jit_run(Backend *b, JitObjects *objects, int argc, char **argv, int *status) {
    Jit *jit = ARENA_NEW(&b->c->unit, Jit);
    jit->b = b;
    RtProgram *program = NULL;
    if (open_session(jit) && define_symbols(jit) && load_libraries(jit) &&
        add_objects(jit, objects) && announce_tables(jit, objects))
        program = (RtProgram *)(uintptr_t)find(jit, "flap_program");
    VEC_EACH(JitObject, object, objects)
    if (object.code) LLVMDisposeMemoryBuffer(object.code);
    if (program && b->c->errors == 0) {
        if (b->options->before_run) b->options->before_run(b->options->before_run_context);
        *status = rt_hosted_run(program, argc, argv);
        return true;
    }
    if (jit->lljit) (void)compat_succeeded(b->c, DIAG_E0607, LLVMOrcDisposeLLJIT(jit->lljit));
    return false;
}
