// target.c: the target machine: triple, processor, features, code model.
//
// Only the target that is asked for is initialised, so that `flapc run` pays for one. Executables
// without libc are linked at a fixed address and use the static model; everything else is position
// independent.

#include "backend.h"
#include <fcntl.h>
#include <llvm-c/Target.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct TargetRow {
    const char *prefix; // of triples
    const char *triple, *cpu, *features, *abi;
    const char *needed; // features that values are passed and returned by
    void (*init[5])(void);
} TargetRow;

#define TARGET_INIT(T)                                                                             \
    {                                                                                              \
        LLVMInitialize##T##TargetInfo, LLVMInitialize##T##Target, LLVMInitialize##T##TargetMC,     \
            LLVMInitialize##T##AsmPrinter, LLVMInitialize##T##AsmParser                            \
    }

static const TargetRow targets[] = {
    [ARCH_X86_64] = {"x86_64", "x86_64-pc-linux-gnu", "x86-64", "", "", "64bit,sse,sse2",
                     TARGET_INIT(X86)},
    [ARCH_AARCH64] = {"aarch64", "aarch64-unknown-linux-gnu", "generic", "", "",
                      "fp-armv8,neon", TARGET_INIT(AArch64)},
    [ARCH_RISCV64] = {"riscv64", "riscv64-unknown-linux-gnu", "generic-rv64", "+m,+a,+f,+d,+c",
                      "lp64d", "64bit,m,a,f,d,zicsr", TARGET_INIT(RISCV)},
};

static bool choose_arch(Backend *b) {
    const char *triple = b->options->target;
    b->arch = ARCH_OWN;
    b->triple = targets[ARCH_OWN].triple;
    if (!triple) return true;
    if (strncmp(triple, "arm64", 5) == 0)
        triple = arena_printf(&b->c->unit, "aarch64%s", triple + 5);
    if (strncmp(triple, "amd64", 5) == 0)
        triple = arena_printf(&b->c->unit, "x86_64%s", triple + 5);
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        size_t len = strlen(targets[i].prefix);
        if (strncmp(triple, targets[i].prefix, len) != 0) continue;
        if (triple[len] == '\0') {
            b->triple = targets[i].triple;
        } else if (triple[len] == '-' && strstr(triple, "linux")) {
            b->triple = triple;
        } else {
            continue;
        }
        b->arch = (Arch)i;
        return true;
    }
    Diag *diag = diag_report(b->c, DIAG_E0605, (Span){0, 0}, "target", b->options->target);
    diag_help(b->c, diag,
              "flapc compiles for x86_64, aarch64 and riscv64 Linux, for example "
              "--target=aarch64-linux-gnu");
    return false;
}

// What x86 processors of that name have, as far as lowering asks for it.
static const char *features_of(const char *cpu) {
    static const struct {
        const char *cpu, *features;
    } known[] = {
        {"x86-64-v2", "+sse4.1"},
        {"x86-64-v3", "+sse4.1,+avx2"},
        {"haswell", "+sse4.1,+avx2"},
        {"broadwell", "+sse4.1,+avx2"},
        {"skylake", "+sse4.1,+avx2"},
        {"alderlake", "+sse4.1,+avx2"},
        {"znver1", "+sse4.1,+avx2"},
        {"znver2", "+sse4.1,+avx2"},
        {"znver3", "+sse4.1,+avx2"},
        {"x86-64-v4", "+sse4.1,+avx2,+avx512f"},
        {"skylake-avx512", "+sse4.1,+avx2,+avx512f"},
        {"cascadelake", "+sse4.1,+avx2,+avx512f"},
        {"cooperlake", "+sse4.1,+avx2,+avx512f"},
        {"icelake-server", "+sse4.1,+avx2,+avx512f"},
        {"sapphirerapids", "+sse4.1,+avx2,+avx512f"},
        {"emeraldrapids", "+sse4.1,+avx2,+avx512f"},
        {"graniterapids", "+sse4.1,+avx2,+avx512f"},
        {"znver4", "+sse4.1,+avx2,+avx512f"},
        {"znver5", "+sse4.1,+avx2,+avx512f"},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(cpu, known[i].cpu) == 0) return known[i].features;
    return "";
}

static LLVMCodeGenOptLevel code_level(const LoweringOptions *options) {
    static const LLVMCodeGenOptLevel levels[] = {LLVMCodeGenLevelNone, LLVMCodeGenLevelLess,
                                                 LLVMCodeGenLevelDefault,
                                                 LLVMCodeGenLevelAggressive};
    return levels[options->optimize < 0 ? 0 : options->optimize > 3 ? 3 : options->optimize];
}

static bool is_static_executable(const Backend *b) {
    return !b->for_jit && b->options->emit == EMIT_EXE && !b->c->program->foreign &&
           b->options->libraries.len == 0 && b->options->link != LINK_DYNAMIC;
}

// LLVM tells of processor and feature names that it does not know only on standard error, while it
// makes the machine. So that is kept apart for a moment when such names come from the user.
static LLVMTargetMachineRef create_listening(LLVMTargetRef target, const char *triple,
                                             LLVMTargetMachineOptionsRef options, char *said,
                                             size_t size) {
    said[0] = '\0';
    fflush(stderr);
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    int ear = memfd_create("flapc-target", MFD_CLOEXEC);
    if (kept >= 0 && ear >= 0) dup2(ear, STDERR_FILENO);
    LLVMTargetMachineRef machine = LLVMCreateTargetMachineWithOptions(target, triple, options);
    if (kept >= 0 && ear >= 0) {
        dup2(kept, STDERR_FILENO);
        ssize_t len = pread(ear, said, size - 1, 0);
        said[len > 0 ? len : 0] = '\0';
    }
    if (kept >= 0) close(kept);
    if (ear >= 0) close(ear);
    return machine;
}

static LLVMTargetMachineOptionsRef machine_options(const Backend *b, const char *cpu,
                                                   const char *features) {
    LLVMTargetMachineOptionsRef options = LLVMCreateTargetMachineOptions();
    LLVMTargetMachineOptionsSetCPU(options, cpu);
    LLVMTargetMachineOptionsSetFeatures(options, features);
    LLVMTargetMachineOptionsSetABI(options, targets[b->arch].abi);
    LLVMTargetMachineOptionsSetCodeGenOptLevel(options, code_level(b->options));
    LLVMTargetMachineOptionsSetRelocMode(options,
                                         is_static_executable(b) ? LLVMRelocStatic : LLVMRelocPIC);
    // RISC-V reaches 2 GiB only with what it calls medium; "default" knows.
    LLVMTargetMachineOptionsSetCodeModel(options, LLVMCodeModelDefault);
    return options;
}

static bool create_machine(Backend *b, LLVMTargetRef target, const char *cpu,
                           const char *features) {
    LLVMTargetMachineOptionsRef options = machine_options(b, cpu, features);
    char said[400] = "";
    if (b->options->cpu || b->options->features)
        b->machine = create_listening(target, b->triple, options, said, sizeof said);
    else
        b->machine = LLVMCreateTargetMachineWithOptions(target, b->triple, options);
    LLVMDisposeTargetMachineOptions(options);
    said[strcspn(said, "\n")] = '\0';
    if (said[0]) {
        diag_report(b->c, DIAG_E0606, (Span){0, 0}, said);
        return false;
    }
    return true;
}

static bool is_in(const char *list, const char *name, size_t length) {
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0) return true;
    return false;
}

// Whether --mattr leaves the features that the calls of the target's libraries are made with.
static bool keeps_needed(Backend *b, const TargetRow *row) {
    const char *at = b->options->features ? b->options->features : "";
    for (size_t length; *at; at += length, at += *at == ',') {
        length = strcspn(at, ",");
        if (*at != '-' || !is_in(row->needed, at + 1, length - 1)) continue;
        const char *name = arena_copy(&b->c->unit, at + 1, length - 1);
        Diag *diag = diag_report(b->c, DIAG_E0618, (Span){0, 0}, name, row->prefix);
        diag_help(b->c, diag, "leave `-%s` out of --mattr", name);
        return false;
    }
    return true;
}

bool target_open(Backend *b) {
    if (!choose_arch(b)) return false;
    const TargetRow *row = &targets[b->arch];
    if (!keeps_needed(b, row)) return false;
    for (size_t i = 0; i < COUNT_OF(row->init); i++) row->init[i]();

    LLVMTargetRef target;
    char *message = NULL;
    if (LLVMGetTargetFromTriple(b->triple, &target, &message)) {
        diag_report(b->c, DIAG_E0606, (Span){0, 0}, message);
        LLVMDisposeMessage(message);
        return false;
    }
    const char *cpu = b->options->cpu, *features = row->features;
    bool native = b->arch == ARCH_OWN && (cpu ? strcmp(cpu, "native") == 0 : b->for_jit);
    char *own_cpu = NULL, *own_features = NULL;
    if (native) {
        cpu = own_cpu = LLVMGetHostCPUName();
        features = own_features = LLVMGetHostCPUFeatures();
    } else if (!cpu) {
        cpu = row->cpu;
    }
    if (b->options->features)
        features = arena_printf(&b->c->unit, "%s%s%s", features, *features ? "," : "",
                                b->options->features);
    bool good = create_machine(b, target, cpu, features);
    b->features = arena_printf(&b->c->unit, "%s,%s", features_of(cpu), features);
    if (own_cpu) LLVMDisposeMessage(own_cpu);
    if (own_features) LLVMDisposeMessage(own_features);
    return good;
}

void target_copy(Backend *b, const Backend *from) {
    char *cpu = LLVMGetTargetMachineCPU(from->machine);
    char *features = LLVMGetTargetMachineFeatureString(from->machine);
    LLVMTargetMachineOptionsRef options = machine_options(b, cpu, features);
    b->machine = LLVMCreateTargetMachineWithOptions(LLVMGetTargetMachineTarget(from->machine),
                                                    b->triple, options);
    LLVMDisposeTargetMachineOptions(options);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
}

void target_mark(Backend *b) {
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(b->machine);
    LLVMSetModuleDataLayout(b->module, layout);
    LLVMDisposeTargetData(layout);
    LLVMSetTarget(b->module, b->triple);
}
