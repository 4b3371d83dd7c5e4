// lower_builtin.c: calls of builtin functions: mathematics by rt_ functions or instructions, the
// rest by words through the runtime, which checks kinds. exit and assert are here; output is
// lower_print.c.
#include "lower_internal.h"
#include "../frontend/range.h"
#include <math.h>

static LVal number_val(LLVMValueRef v) {
    return lower_val(REP_F64, type_number(), v, false);
}

static LLVMValueRef number_at(LowerCtx *cx, const BuiltinCall *call, uint32_t i) {
    return lower_number(cx, call->args[i], call->builtin->name, call->span);
}

static LVal by_math(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef values[2] = {0};
    for (uint32_t i = 0; i < call->count && i < 2; i++) values[i] = number_at(cx, call, i);
    RtId id = lower_rt_find(arena_printf(cx->arena, "rt_%s", call->builtin->name));
    CHECK(id != RTF_COUNT, "a mathematical builtin has its row in rt_abi.def");
    return number_val(lower_rt(cx, id, values));
}

// floor, ceil and trunc are instructions only where the processor has them; else LLVM would call
// libm.
static LVal rounding(LowerCtx *cx, const BuiltinCall *call) {
    if (call->args[0].rep == REP_I64) return call->args[0];
    LLVMValueRef x = number_at(cx, call, 0);
    bool floor = call->builtin->id == BUILTIN_floor, ceil = call->builtin->id == BUILTIN_ceil;
    if (call->builtin->id == BUILTIN_round) return number_val(RT(cx, rt_round, x));
    if (cx->fast_rounding) {
        const char *name = floor ? "llvm.floor" : ceil ? "llvm.ceil" : "llvm.trunc";
        return number_val(lower_intrinsic(cx, name, cx->f64, &x, 1));
    }
    if (floor) return number_val(RT(cx, rt_floor, x));
    return number_val(ceil ? RT(cx, rt_ceil, x) : RT(cx, rt_trunc, x));
}

static bool all_integers(const BuiltinCall *call) {
    for (uint32_t i = 0; i < call->count; i++)
        if (call->args[i].rep != REP_I64) return false;
    return true;
}

static LLVMValueRef integer_at(LowerCtx *cx, const BuiltinCall *call, uint32_t i) {
    return lower_convert(cx, call->args[i], REP_I64).v;
}

// What is known of a number; a whole one is never NaN nor -0.
typedef struct Sure {
    bool number;                // not NaN
    bool minus_zero, plus_zero; // perhaps
} Sure;

static Sure sure_of(LVal arg, LLVMValueRef number) {
    if (arg.rep == REP_I64)
        return (Sure){.number = true, .plus_zero = !(arg.type.low > 0 || arg.type.high < 0)};
    if (!LLVMIsAConstantFP(number)) return (Sure){false, true, true};
    LLVMBool loses;
    double value = LLVMConstRealGetDouble(number, &loses);
    return (Sure){value == value, value == 0 && signbit(value), value == 0 && !signbit(value)};
}

// The smaller or greater of two, one of which is no NaN: the instruction that gives its second operand
// where neither is less, and so NaN, as x86 has it. A zero of either sign makes more of it.
static LLVMValueRef extreme_with(LowerCtx *cx, bool greatest, LLVMValueRef known, Sure sure,
                                 LLVMValueRef other) {
    LLVMRealPredicate better = greatest ? LLVMRealOGT : LLVMRealOLT;
    LLVMValueRef is = LLVMBuildFCmp(cx->builder, better, known, other, "");
    LLVMValueRef best = LLVMBuildSelect(cx->builder, is, known, other, "");
    if (!greatest || !sure.plus_zero) return best;
    return LLVMBuildFAdd(cx->builder, best, lower_f64(cx, 0), ""); // max(0, -0) is 0
}

// Without knowledge: NaN wins, and -0 is less than 0.
static LLVMValueRef extreme_of(LowerCtx *cx, bool greatest, LVal a, LLVMValueRef x, LVal b,
                               LLVMValueRef y) {
    Sure first = sure_of(a, x), second = sure_of(b, y);
    if (second.number && !second.minus_zero) return extreme_with(cx, greatest, y, second, x);
    if (first.number && !first.minus_zero) return extreme_with(cx, greatest, x, first, y);
    LLVMValueRef two[] = {x, y};
    const char *name = greatest ? "llvm.maximum" : "llvm.minimum";
    return lower_intrinsic(cx, name, cx->f64, two, 2);
}

static LVal extreme(LowerCtx *cx, const BuiltinCall *call) {
    bool greatest = call->builtin->id == BUILTIN_max, integers = all_integers(call);
    const char *name = greatest ? "llvm.smax" : "llvm.smin";
    LVal so_far = call->args[0];
    LLVMValueRef best = integers ? integer_at(cx, call, 0) : number_at(cx, call, 0);
    for (uint32_t i = 1; i < call->count; i++) {
        if (!integers) {
            LLVMValueRef next = number_at(cx, call, i);
            best = extreme_of(cx, greatest, so_far, best, call->args[i], next);
            so_far = number_val(best);
            continue;
        }
        LLVMValueRef two[] = {best, integer_at(cx, call, i)};
        best = lower_intrinsic(cx, name, cx->i64, two, 2);
    }
    if (!integers) return number_val(best);
    return lower_val(REP_I64, type_integer(-0x1p53, 0x1p53), best, false);
}

static LVal absolute(LowerCtx *cx, const BuiltinCall *call) {
    if (call->args[0].rep == REP_I64) {
        LLVMValueRef two[] = {integer_at(cx, call, 0), LLVMConstInt(cx->i1, 0, 0)};
        LLVMValueRef v = lower_intrinsic(cx, "llvm.abs", cx->i64, two, 2);
        return lower_val(REP_I64, type_integer(0, 0x1p53), v, false);
    }
    LLVMValueRef x = number_at(cx, call, 0);
    return number_val(lower_intrinsic(cx, "llvm.fabs", cx->f64, &x, 1));
}

static LVal sign_of(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef x = number_at(cx, call, 0), zero = lower_f64(cx, 0);
    LLVMValueRef up = LLVMBuildFCmp(cx->builder, LLVMRealOGT, x, zero, "");
    LLVMValueRef down = LLVMBuildFCmp(cx->builder, LLVMRealOLT, x, zero, "");
    LLVMValueRef rest = LLVMBuildSelect(cx->builder, down, lower_f64(cx, -1), x, "");
    return number_val(LLVMBuildSelect(cx->builder, up, lower_f64(cx, 1), rest, ""));
}

static LVal clamp(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef x = number_at(cx, call, 0), low = number_at(cx, call, 1);
    LLVMValueRef high = number_at(cx, call, 2);
    LLVMValueRef above = LLVMBuildFCmp(cx->builder, LLVMRealOGT, x, high, "");
    LLVMValueRef below = LLVMBuildFCmp(cx->builder, LLVMRealOLT, x, low, "");
    x = LLVMBuildSelect(cx->builder, above, high, x, "");
    return number_val(LLVMBuildSelect(cx->builder, below, low, x, ""));
}

static LVal approx(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef a = number_at(cx, call, 0), b = number_at(cx, call, 1);
    LLVMValueRef apart = LLVMBuildFSub(cx->builder, a, b, "");
    apart = lower_intrinsic(cx, "llvm.fabs", cx->f64, &apart, 1);
    LLVMValueRef near = LLVMBuildFCmp(cx->builder, LLVMRealOLE, apart, number_at(cx, call, 2), "");
    return lower_bit(cx, near);
}

static LVal count_bits(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef x = lower_integer(cx, call->args[0], call->builtin->name, call->span);
    LLVMValueRef two[] = {x, LLVMConstInt(cx->i1, 0, 0)};
    bool all = call->builtin->id == BUILTIN_popcount, high = call->builtin->id == BUILTIN_clz;
    LLVMValueRef v = all ? lower_intrinsic(cx, "llvm.ctpop", cx->i64, two, 1)
                         : lower_intrinsic(cx, high ? "llvm.ctlz" : "llvm.cttz", cx->i64, two, 2);
    return lower_val(REP_I64, type_integer(0, 64), v, false);
}

static LVal by_instruction(LowerCtx *cx, const BuiltinCall *call) {
    switch ((int)call->builtin->id) {
    case BUILTIN_sqrt: {
        LLVMValueRef x = number_at(cx, call, 0);
        return number_val(lower_intrinsic(cx, "llvm.sqrt", cx->f64, &x, 1));
    }
    case BUILTIN_abs: return absolute(cx, call);
    case BUILTIN_floor:
    case BUILTIN_ceil:
    case BUILTIN_round:
    case BUILTIN_trunc: return rounding(cx, call);
    case BUILTIN_min:
    case BUILTIN_max: return extreme(cx, call);
    case BUILTIN_approx: return approx(cx, call);
    case BUILTIN_clamp: return clamp(cx, call);
    case BUILTIN_sign: return sign_of(cx, call);
    case BUILTIN_popcount:
    case BUILTIN_clz:
    case BUILTIN_ctz: return count_bits(cx, call);
    }
    UNREACHABLE("a builtin by instruction");
}

static LVal by_words(LowerCtx *cx, const BuiltinCall *call) {
    if (call->builtin->id == BUILTIN_chr && call->args[0].rep != REP_ANY) {
        LLVMValueRef point = lower_integer(cx, call->args[0], "chr", call->span);
        return lower_val(REP_STRING, type_of_kind(KIND_STRING), RT(cx, rt_chr, point), true);
    }
    LLVMValueRef drawn = call->builtin->id == BUILTIN_random ? lower_drawn(cx) : NULL;
    if (drawn) return number_val(drawn);
    LLVMValueRef words = lower_pack(cx, call->args, call->count);
    LLVMValueRef result = lower_rt_words(cx, call->builtin, words, lower_i64(cx, call->count),
                                         lower_place(cx, call->span));
    return lower_as(cx, lower_val(REP_ANY, call->type, result, true), call->type);
}

// --- ends ----------------------------------------------------------------------------------------

static LVal exit_program(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef status = lower_i64(cx, 0);
    if (call->count > 0) status = lower_integer(cx, call->args[0], "exit", call->span);
    RT(cx, rt_exit, status);
    lower_dead(cx);
    return lower_val(REP_NONE, TYPE_NEVER, lower_i64(cx, 0), false);
}

static LVal assert_that(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef holds = lower_truth(cx, call->args[0], call->span);
    LLVMBasicBlockRef on = lower_rare(cx, LLVMBuildNot(cx->builder, holds, ""), "assert.failed");
    LLVMValueRef place = lower_place(cx, call->span);
    if (call->count > 1)
        RT(cx, rt_stop_text, lower_word(cx, call->args[1]), place);
    else
        RT(cx, rt_stop_cstr, lower_cstr(cx, "assertion failed"), place);
    lower_rare_stop(cx, on);
    return lower_zero(cx);
}

static LVal by_special(LowerCtx *cx, const BuiltinCall *call) {
    switch ((int)call->builtin->id) {
    case BUILTIN_println:
    case BUILTIN_print:
    case BUILTIN_printf:
    case BUILTIN_eprintln:
    case BUILTIN_eprintf: return lower_print(cx, call);
    case BUILTIN_exit: return exit_program(cx, call);
    case BUILTIN_assert: return assert_that(cx, call);
    case BUILTIN_dlopen:
    case BUILTIN_dlsym:
    case BUILTIN_dlclose: return lower_foreign(cx, call);
    }
    if (call->builtin->id >= BUILTIN_read_i8 && call->builtin->id <= BUILTIN_sizeof_ptr)
        return lower_raw_memory(cx, call);
    UNREACHABLE("a builtin with code of its own");
}

static LVal dispatch(LowerCtx *cx, const BuiltinCall *call) {
    switch ((BuiltinLowering)call->builtin->lowering) {
    case BY_MATH: return by_math(cx, call);
    case BY_INSTRUCTION: return by_instruction(cx, call);
    case BY_SPECIAL: return by_special(cx, call);
    case BY_WORDS: return by_words(cx, call);
    }
    UNREACHABLE("a builtin is lowered somehow");
}

static bool passes_errors(const BuiltinCall *call) {
    BuiltinLowering how = (BuiltinLowering)call->builtin->lowering;
    if (how != BY_MATH && how != BY_INSTRUCTION) return false; // the runtime does
    for (uint32_t i = 0; i < call->count; i++)
        if (call->args[i].rep == REP_ANY && type_may(call->args[i].type, KIND_ERROR)) return true;
    return false;
}

// The first error among the arguments of a function of numbers is its result.
static LVal unless_error(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef slot = lower_words_alloca(cx, 1, "result");
    LLVMBasicBlockRef end = lower_block_new(cx, "either");
    LVal *values = ARENA_ARRAY(cx->arena, LVal, call->count + 1);
    for (uint32_t i = 0; i < call->count; i++) {
        LVal arg = call->args[i];
        values[i] = lower_no_error(cx, arg);
        if (arg.rep != REP_ANY || !type_may(arg.type, KIND_ERROR)) continue;
        LLVMBasicBlockRef on = lower_rare(cx, lower_is_error(cx, arg), "error");
        lower_retain(cx, arg);
        LLVMBuildStore(cx->builder, arg.v, slot);
        LLVMBuildBr(cx->builder, end);
        lower_at(cx, on);
        values[i] = lower_no_error(cx, arg);
    }
    BuiltinCall good = *call;
    good.args = values;
    LLVMBuildStore(cx->builder, lower_word(cx, dispatch(cx, &good)), slot);
    lower_go(cx, end);
    LLVMValueRef word = LLVMBuildLoad2(cx->builder, cx->i64, slot, "");
    return lower_val(REP_ANY, type_of_kind(KIND_NUMBER | KIND_ERROR), word, true);
}

// floor(a / b) of whole numbers is a division of integers (range.h).
static bool floor_quotient(LowerCtx *cx, const BuiltinCall *call, LVal *result) {
    bool down = call->builtin->id == BUILTIN_floor || call->builtin->id == BUILTIN_trunc;
    if (!down || !call->nodes || call->count != 1) return false;
    const Node *quotient = call->nodes->items[0];
    if (quotient->kind != NODE_BINARY || quotient->binary.op != BINARY_DIV) return false;
    Node *parts[] = {quotient->binary.left, quotient->binary.right};
    Type a = lower_node_type(cx, parts[0]), b = lower_node_type(cx, parts[1]);
    Type type = range_floor_quotient(a, b);
    if (type_rep(a) != REP_I64 || type_rep(b) != REP_I64 || !type.integer) return false;
    LVal v[2];
    lower_operands(cx, parts, 2, v);
    LLVMValueRef x = lower_convert(cx, v[0], REP_I64).v, y = lower_convert(cx, v[1], REP_I64).v;
    *result = lower_val(REP_I64, type, LLVMBuildUDiv(cx->builder, x, y, ""), false);
    return true;
}

LVal lower_builtin(LowerCtx *cx, BuiltinCall call) {
    LVal quotient;
    if (floor_quotient(cx, &call, &quotient)) return quotient;
    if (call.args) return passes_errors(&call) ? unless_error(cx, &call) : dispatch(cx, &call);
    LVal *values = ARENA_ARRAY(cx->arena, LVal, call.count + 1);
    lower_operands(cx, call.nodes->items, call.count, values);
    call.args = values;
    LVal result = passes_errors(&call) ? unless_error(cx, &call) : dispatch(cx, &call);
    lower_release_all(cx, values, call.count);
    return result;
}
