// rt_link.c: merges the runtime's small functions (rt/rt_inline.c as bitcode, embedded in flapc)
// into the module, so that a list read or a count is inlined like generated code.
//
// The merged functions lose what clang wrote about its own target and settings, since LLVM does not
// inline between functions that disagree in those. Everything but the program's entry becomes
// private to the module.

#include "backend.h"
#include "llvm_compat.h"
#include <llvm-c/BitReader.h>
#include <string.h>

#define EMBEDDED(name) extern const unsigned char embed_##name##_begin[], embed_##name##_end[];
#define EMBEDDED_FOR(arch)                                                                         \
    EMBEDDED(rt_##arch)                                                                            \
    EMBEDDED(hosted_##arch)                                                                        \
    EMBEDDED(ffi_##arch)                                                                           \
    EMBEDDED(inline_##arch)
EMBEDDED_FOR(x86_64)
EMBEDDED_FOR(aarch64)
EMBEDDED_FOR(riscv64)

typedef struct Range {
    const unsigned char *begin, *end;
} Range;

#define RANGES_OF(kind)                                                                            \
    {                                                                                              \
        [ARCH_X86_64] = {embed_##kind##_x86_64_begin, embed_##kind##_x86_64_end},                  \
        [ARCH_AARCH64] = {embed_##kind##_aarch64_begin, embed_##kind##_aarch64_end},               \
        [ARCH_RISCV64] = {embed_##kind##_riscv64_begin, embed_##kind##_riscv64_end},               \
    }
static const Range archives[] = RANGES_OF(rt), hosted_archives[] = RANGES_OF(hosted);
static const Range ffi_archives[] = RANGES_OF(ffi), bitcodes[] = RANGES_OF(inline);

static Embedded embedded(const Range *range) {
    return (Embedded){range->begin, (size_t)(range->end - range->begin)};
}

Embedded rt_link_archive(Arch arch, bool hosted) {
    return embedded(hosted ? &hosted_archives[arch] : &archives[arch]);
}

Embedded rt_link_ffi(Arch arch) {
    return embedded(&ffi_archives[arch]);
}

static void drop_settings(LLVMValueRef function) {
    static const char *const names[] = {"target-cpu",
                                        "target-features",
                                        "tune-cpu",
                                        "no-builtins",
                                        "frame-pointer",
                                        "no-trapping-math",
                                        "stack-protector-buffer-size",
                                        "target-abi",
                                        "min-legal-vector-width"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        LLVMRemoveStringAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                         names[i], (unsigned)strlen(names[i]));
}

// The bitcode as a module of the same context; bodies are read when they are linked.
static LLVMModuleRef read_bitcode(Backend *b) {
    Embedded bitcode = embedded(&bitcodes[b->arch]);
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRange(
        (const char *)bitcode.begin, bitcode.size, "rt_inline.bc", 0);
    LLVMModuleRef module = NULL;
    if (LLVMGetBitcodeModuleInContext2(b->context, buffer, &module)) { // takes the buffer
        if (!b->failed)
            diag_report(b->c, DIAG_E0606, (Span){0, 0}, "the runtime's bitcode cannot be read");
        return NULL;
    }
    return module;
}

// The linker takes of such functions only those that are referred to.
static void make_optional(LLVMValueRef function) {
    if (!LLVMIsDeclaration(function) && LLVMGetLinkage(function) == LLVMExternalLinkage)
        LLVMSetLinkage(function, LLVMLinkOnceODRLinkage);
}

static bool is_public(LLVMValueRef value, const char *name) {
    if (LLVMIsAFunction(value) &&
        LLVMGetStringAttributeAtIndex(value, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                      LOWER_EXPORTED, sizeof LOWER_EXPORTED - 1))
        return true;
    return strcmp(name, "flap_program") == 0 || strncmp(name, "llvm.", 5) == 0;
}

static void make_private(LLVMValueRef value) {
    size_t len;
    if (LLVMIsDeclaration(value) || is_public(value, LLVMGetValueName2(value, &len))) return;
    LLVMSetVisibility(value, LLVMDefaultVisibility);
    LLVMSetLinkage(value, LLVMInternalLinkage);
}

// Stops tell who called whom by walking the frames (rt/functions.c).
static void keep_frame_pointer(Backend *b, LLVMValueRef function) {
    static const char name[] = "frame-pointer", value[] = "non-leaf";
    if (LLVMIsDeclaration(function)) return;
    LLVMAttributeRef attribute =
        LLVMCreateStringAttribute(b->context, name, sizeof name - 1, value, sizeof value - 1);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute);
}

bool rt_link_merge(Backend *b) {
    LLVMModuleRef runtime = read_bitcode(b);
    if (!runtime) return false;
    for (LLVMValueRef f = LLVMGetFirstFunction(runtime); f; f = LLVMGetNextFunction(f)) {
        drop_settings(f);
        make_optional(f);
    }
    LLVMSetTarget(runtime, b->triple);
    LLVMSetDataLayout(runtime, LLVMGetDataLayoutStr(b->module));
    if (!compat_link(b, runtime)) return false;
    for (LLVMValueRef f = LLVMGetFirstFunction(b->module); f; f = LLVMGetNextFunction(f)) {
        make_private(f);
        keep_frame_pointer(b, f);
    }
    for (LLVMValueRef g = LLVMGetFirstGlobal(b->module); g; g = LLVMGetNextGlobal(g))
        make_private(g);
    return true;
}
