// jit_parts.c: compiles a large program for a run in parts, each by a thread of its own.
//
// Most of the time until a large program starts goes into LLVM's passes and its code generation, and
// one context cannot be used by two threads. So the merged module is written as bitcode once; every
// part reads it into a context of its own and keeps the functions that it was given:
//   functions     one part compiles each of the program's; small ones stay visible to the others,
//                 to be inlined (`available_externally`); the runtime's are copied into every part
//   variables     live in the first part; the others see the values of constant ones
// Functions that are not optimised (lower_effort.c) are a part of their own, of which LLVM's fast code
// generator makes code; where there are no others, the module stays whole and is compiled like that.
// What stands in one part and is named in another is a symbol of the session. Files are never made
// this way: in one module the optimiser sees more.
//
// Invariant: during the parallel phase a thread touches nothing but its Part, the bitcode and the
// plan, which are constant by then.

#include "backend.h"
#include "llvm_compat.h"
#include "lower_internal.h"
#include <llvm-c/BitReader.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTS_MOST = 8,
#ifdef FLAP_STRESS
    PART_LEAST = 1,   // instructions that are worth a part
    PARTS_ALWAYS = 3, // even where there are fewer processors
#else
    PART_LEAST = 1000,
    PARTS_ALWAYS = 1,
#endif
    PLAIN_LEAST = 1000, // instructions of functions that are not optimised that are worth a part
    SMALL = 60,         // instructions of a function that may be inlined elsewhere
};

typedef enum Owner { OWNER_ALL = 254, OWNER_NONE = 255 } Owner; // else the part's number

typedef struct PlanRow {
    uint32_t weight; // instructions
    bool plain;      // not optimised
    uint8_t owner;   // a part's number or Owner
    bool small;
} PlanRow;

typedef struct Plan {
    VEC(PlanRow) rows; // by the functions' order in the module
    uint32_t parts;
    bool plain; // the last part is of functions that are not optimised
    LLVMMemoryBufferRef bitcode;
} Plan;

typedef struct Part {
    Backend b;               // its own context, module and machine
    Compilation compilation; // b.c: only for diagnostics
    LoweringOptions options; // b.options
    const Backend *whole;
    const Plan *plan;
    uint32_t number;
    pthread_t thread;
    LoweringTimes times;
    JitObject *object; // where the result goes
} Part;

// --- the plan -----------------------------------------------------------------------------------

static uint32_t instructions_of(LLVMValueRef function) {
    uint32_t count = 0;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
            count++;
    return count;
}

static bool has_attribute(LLVMValueRef function, const char *name) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    return LLVMGetEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                       kind);
}

static bool is_program_code(LLVMValueRef function) {
    size_t length;
    return strncmp(LLVMGetValueName2(function, &length), "flap", 4) == 0;
}

static PlanRow row_of(LLVMValueRef function) {
    if (LLVMIsDeclaration(function)) return (PlanRow){.owner = OWNER_NONE};
    PlanRow row = {.weight = instructions_of(function), .owner = OWNER_ALL};
    if (!is_program_code(function)) return row;
    row.owner = OWNER_NONE;
    row.plain = has_attribute(function, "optnone");
    row.small = !row.plain && !has_attribute(function, "noinline") && row.weight <= SMALL;
    return row;
}

static uint32_t processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
}

typedef struct Heavy {
    uint32_t weight, row;
} Heavy;

static int by_weight(const void *left, const void *right) {
    const Heavy *a = left, *b = right;
    if (a->weight != b->weight) return a->weight < b->weight ? 1 : -1;
    return a->row < b->row ? -1 : a->row > b->row;
}

// The heaviest functions first, each to the part that has least.
static void share_out(Arena *arena, Plan *plan) {
    VEC(Heavy) heavy = {0};
    uint32_t optimised = plan->parts - plan->plain;
    for (uint32_t i = 0; i < plan->rows.len; i++) {
        PlanRow *row = &plan->rows.items[i];
        if (row->weight == 0 || row->owner != OWNER_NONE) continue;
        if (row->plain && plan->plain)
            row->owner = (uint8_t)optimised;
        else
            vec_push(arena, &heavy, ((Heavy){row->weight, i}));
    }
    qsort(heavy.items, heavy.len, sizeof *heavy.items, by_weight);
    uint64_t loads[PARTS_MOST] = {0};
    for (uint32_t i = 0; i < heavy.len; i++) {
        uint32_t least = 0;
        for (uint32_t p = 1; p < optimised; p++)
            if (loads[p] < loads[least]) least = p;
        loads[least] += heavy.items[i].weight;
        plan->rows.items[heavy.items[i].row].owner = (uint8_t)least;
    }
}

// The instructions of the program's functions, those that are optimised and the others.
typedef struct Weights {
    uint64_t optimised, plain;
} Weights;

static Weights weigh(const Backend *b) {
    Weights weights = {0};
    for (LLVMValueRef f = LLVMGetFirstFunction(b->module); f; f = LLVMGetNextFunction(f)) {
        PlanRow row = row_of(f);
        if (row.owner == OWNER_NONE) *(row.plain ? &weights.plain : &weights.optimised) += row.weight;
    }
    return weights;
}

static void make_plan(Weights weights, Plan *plan) {
    uint64_t worth = weights.optimised / PART_LEAST;
    plan->parts = processors();
    plan->plain = weights.plain >= PLAIN_LEAST;
    if (plan->parts < PARTS_ALWAYS) plan->parts = PARTS_ALWAYS;
    if (plan->parts >= PARTS_MOST) plan->parts = PARTS_MOST - 1;
    if (plan->parts > worth) plan->parts = worth > 0 ? (uint32_t)worth : 1;
    plan->parts += plan->plain;
}

// --- the module as all parts read it --------------------------------------------------------------

static void give_name(Backend *b, LLVMValueRef value, uint32_t number) {
    size_t length;
    if (LLVMGetValueName2(value, &length)[0] != '\0') return;
    const char *name = arena_printf(&b->c->unit, "flap.unnamed.%u", number);
    LLVMSetValueName2(value, name, strlen(name));
}

static bool is_llvm_own(LLVMValueRef global) {
    size_t length;
    return strncmp(LLVMGetValueName2(global, &length), "llvm.", 5) == 0;
}

// The mathematics for vectors that any part may come to call (lower_math.c).
static bool keeps_declarations(LLVMValueRef global) {
    size_t length;
    return strcmp(LLVMGetValueName2(global, &length), LOWER_WIDE_MATH) == 0;
}

// Makes symbols of everything that one part has and others may name.
static void make_public(Backend *b, const Plan *plan) {
    uint32_t i = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(b->module); f; f = LLVMGetNextFunction(f), i++)
        if (plan->rows.items[i].owner < PARTS_MOST) LLVMSetLinkage(f, LLVMExternalLinkage);
    i = 0;
    for (LLVMValueRef g = LLVMGetFirstGlobal(b->module); g; g = LLVMGetNextGlobal(g)) {
        give_name(b, g, i++);
        if (LLVMIsDeclaration(g) || is_llvm_own(g)) continue;
        LLVMSetLinkage(g, LLVMExternalLinkage);
        LLVMSetVisibility(g, LLVMDefaultVisibility);
    }
}

// What nothing refers to would be read by every part.
static bool drop_unused(Backend *b) {
    LLVMPassBuilderOptionsRef settings = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(b->module, "globaldce", b->machine, settings);
    LLVMDisposePassBuilderOptions(settings);
    return compat_succeeded(b->c, DIAG_E0606, error) && !b->failed;
}

// --- one part -----------------------------------------------------------------------------------

static void make_declaration(LLVMValueRef function) {
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef i;
        while ((i = LLVMGetLastInstruction(block))) {
            if (LLVMGetFirstUse(i)) LLVMReplaceAllUsesWith(i, LLVMGetPoison(LLVMTypeOf(i)));
            LLVMInstructionEraseFromParent(i);
        }
    }
    LLVMBasicBlockRef block;
    while ((block = LLVMGetFirstBasicBlock(function))) LLVMDeleteBasicBlock(block);
    LLVMSetLinkage(function, LLVMExternalLinkage);
    LLVMSetSection(function, "");
}

static void keep_own_functions(Part *part) {
    const PlanRow *row = part->plan->rows.items;
    for (LLVMValueRef f = LLVMGetFirstFunction(part->b.module); f;
         f = LLVMGetNextFunction(f), row++) {
        if (row->owner >= PARTS_MOST || row->owner == part->number) continue;
        if (row->small)
            LLVMSetLinkage(f, LLVMAvailableExternallyLinkage);
        else
            make_declaration(f);
    }
}

static void keep_own_variables(Part *part) {
    LLVMValueRef next;
    for (LLVMValueRef g = LLVMGetFirstGlobal(part->b.module); g && part->number > 0; g = next) {
        next = LLVMGetNextGlobal(g);
        if (LLVMIsDeclaration(g)) continue;
        if (is_llvm_own(g) && !keeps_declarations(g))
            LLVMDeleteGlobal(g);
        else if (LLVMIsGlobalConstant(g))
            LLVMSetLinkage(g, LLVMAvailableExternallyLinkage);
        else
            LLVMSetInitializer(g, NULL);
    }
}

static bool read_part(Part *part) {
    Backend *b = &part->b;
    b->context = LLVMContextCreate();
    compat_listen(b);
    if (LLVMParseBitcodeInContext2(b->context, part->plan->bitcode, &b->module)) {
        if (!b->failed)
            diag_report(b->c, DIAG_E0606, (Span){0, 0}, "a part's bitcode cannot be read");
        return false;
    }
    target_copy(b, part->whole);
    keep_own_functions(part);
    keep_own_variables(part);
    return true;
}

static void *compile_part(void *argument) {
    Part *part = argument;
    Backend *b = &part->b;
    double since = lowering_now();
    if (read_part(part) && pipeline_run(b)) {
        part->object->rows = lower_function_table(b->module, part->object->table);
        lowering_verify(b, "the passes of a part");
        lowering_lap(&part->times.passes, &since);
        part->object->code = emit_code(b, LLVMObjectFile);
        lowering_lap(&part->times.code, &since);
    }
    if (b->machine) LLVMDisposeTargetMachine(b->machine);
    if (b->module) LLVMDisposeModule(b->module);
    LLVMContextDispose(b->context);
    return NULL;
}

// --- all parts ----------------------------------------------------------------------------------

static void prepare(Part *part, Backend *whole, const Plan *plan, uint32_t number) {
    part->whole = whole;
    part->plan = plan;
    part->number = number;
    part->compilation.program = whole->c->program;
    part->options = *whole->options;
    if (plan->plain && number == plan->parts - 1) part->options.optimize = 0;
    part->b = (Backend){.c = &part->compilation,
                        .options = &part->options,
                        .triple = whole->triple,
                        .arch = whole->arch,
                        .for_jit = true};
}

// Takes over what a part reported. False: something.
static bool hear(Backend *b, Part *part) {
    VEC_EACH(const Diag *, diag, &part->compilation.diags) diag_repeat(b->c, diag);
    bool good = part->compilation.errors == 0;
    arena_free(&part->compilation.unit);
    return good;
}

// As much stack as the main thread has, for deeply nested code.
static bool start(Part *part) {
    enum { STACK = 256 << 20 };
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    bool good = pthread_attr_setstacksize(&attributes, STACK) == 0 &&
                pthread_create(&part->thread, &attributes, compile_part, part) == 0;
    pthread_attr_destroy(&attributes);
    return good;
}

static bool compile_parts(Backend *b, const Plan *plan, JitObjects *objects, LoweringTimes *times) {
    Part *parts = ARENA_ARRAY(&b->c->unit, Part, plan->parts);
    bool *started = ARENA_ARRAY(&b->c->unit, bool, plan->parts);
    for (uint32_t i = 0; i < plan->parts; i++) {
        JitObject object = {.table = arena_printf(&b->c->unit, "flap.functions.%u", i)};
        vec_push(&b->c->unit, objects, object);
        prepare(&parts[i], b, plan, i);
    }
    for (uint32_t i = 0; i < plan->parts; i++) {
        parts[i].object = &objects->items[i];
        started[i] = i > 0 && start(&parts[i]);
    }
    bool good = true;
    for (uint32_t i = 0; i < plan->parts; i++) {
        if (started[i])
            pthread_join(parts[i].thread, NULL);
        else
            compile_part(&parts[i]);
        if (times->passes < parts[i].times.passes) times->passes = parts[i].times.passes;
        if (times->code < parts[i].times.code) times->code = parts[i].times.code;
        good = hear(b, &parts[i]) && objects->items[i].code && good;
    }
    return good;
}

// Nothing of the program is optimised: nor is anything else.
static void make_plain(Backend *b) {
    LoweringOptions *options = ARENA_NEW(&b->c->unit, LoweringOptions);
    *options = *b->options;
    options->optimize = 0;
    Backend before = *b;
    b->options = options;
    target_copy(b, &before);
    LLVMDisposeTargetMachine(before.machine);
}

bool jit_compile_parts(Backend *b, JitObjects *objects, LoweringTimes *times, bool *worth) {
    Plan plan = {0};
    Weights weights = weigh(b);
    if (weights.optimised == 0 && b->options->optimize > 0) make_plain(b);
    if (weights.optimised > 0) make_plan(weights, &plan);
    *worth = plan.parts > 1;
    if (!*worth) return true;
    if (!drop_unused(b)) return false;
    for (LLVMValueRef f = LLVMGetFirstFunction(b->module); f; f = LLVMGetNextFunction(f))
        vec_push(&b->c->unit, &plan.rows, row_of(f));
    share_out(&b->c->unit, &plan);
    if (b->options->verbose) fprintf(stderr, "compiled in %u parts\n", plan.parts);
    make_public(b, &plan);
    plan.bitcode = LLVMWriteBitcodeToMemoryBuffer(b->module);
    bool good = compile_parts(b, &plan, objects, times);
    LLVMDisposeMemoryBuffer(plan.bitcode);
    return good;
}
