// lower_arith.c: operators. Numbers are done in instructions, in the representation that the
// result's type has; strings and lists by the runtime; values of unknown kind by a test for numbers
// beside a call of the runtime. Nothing is reordered or contracted unless --fast-math allows it.
#include "lower_internal.h"
#include "../rt/rt_layout.h"
#include <string.h>

LLVMValueRef lower_fp(LowerCtx *cx, LLVMValueRef instruction) {
    if (cx->options->fast_math && LLVMIsAInstruction(instruction))
        LLVMSetFastMathFlags(instruction, LLVMFastMathAllowReassoc | LLVMFastMathAllowContract |
                                              LLVMFastMathAllowReciprocal);
    return instruction;
}

LLVMValueRef lower_intrinsic(LowerCtx *cx, const char *name, LLVMTypeRef type,
                             const LLVMValueRef *args, uint32_t count) {
    LLVMValueRef copy[4];
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = args[i];
    }
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    CHECK(id != 0, "LLVM knows the intrinsic");
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(cx->module, id, &type, 1);
    LLVMTypeRef signature = LLVMIntrinsicGetType(cx->context, id, &type, 1);
    return LLVMBuildCall2(cx->builder, signature, function, copy, count, "");
}

static bool is_number_rep(LVal v) {
    return v.rep == REP_F64 || v.rep == REP_I64 || v.rep == REP_NONE ||
           (v.rep == REP_ANY && v.type.kinds == KIND_NUMBER);
}

static LVal number_val(LLVMValueRef v) {
    return lower_val(REP_F64, type_number(), v, false);
}

static LVal integer_val(Type type, LLVMValueRef v) {
    return lower_val(REP_I64, type.integer ? type : type_integer(-0x1p53, 0x1p53), v, false);
}

// A 64-bit integer as a value: types that do not prove it small make it a double.
static LVal wide_val(LowerCtx *cx, Type type, LLVMValueRef v) {
    if (type_rep(type) == REP_I64) return integer_val(type, lower_checked_bits(cx, v, type));
    return number_val(LLVMBuildSIToFP(cx->builder, v, cx->f64, ""));
}

static LLVMValueRef as_double(LowerCtx *cx, LVal v) {
    return lower_convert(cx, v, REP_F64).v;
}

static LLVMValueRef as_integer(LowerCtx *cx, LVal v) {
    return lower_convert(cx, v, REP_I64).v;
}

// --- division ------------------------------------------------------------------------------------

static void stop_if_zero(LowerCtx *cx, LLVMValueRef zero, bool modulo) {
    if (LLVMIsAConstantInt(zero) && LLVMConstIntGetZExtValue(zero) == 0) return;
    if (!modulo && lower_zero_noted(cx, zero)) return;
    LLVMBasicBlockRef on = lower_rare(cx, zero, modulo ? "mod.zero" : "div.zero");
    if (modulo)
        RT0(cx, rt_stop_modulo);
    else
        RT0(cx, rt_stop_division);
    lower_rare_stop(cx, on);
}

static LLVMValueRef divide(LowerCtx *cx, LVal a, LVal b, bool modulo) {
    LLVMValueRef x = as_double(cx, a), y = as_double(cx, b);
    LLVMValueRef zero = b.rep == REP_I64 && !b.bit
                            ? LLVMBuildICmp(cx->builder, LLVMIntEQ, b.v, lower_i64(cx, 0), "")
                            : LLVMBuildFCmp(cx->builder, LLVMRealOEQ, y, lower_f64(cx, 0), "");
    stop_if_zero(cx, zero, modulo);
    if (modulo) return RT(cx, rt_mod, x, y);
    return lower_fp(cx, LLVMBuildFDiv(cx->builder, x, y, ""));
}

// Remainder of integers. As a double, a multiple of a negative dividend leaves -0, as fmod does.
static LVal integer_modulo(LowerCtx *cx, LVal a, LVal b, Type type) {
    LLVMValueRef x = as_integer(cx, a), y = as_integer(cx, b);
    stop_if_zero(cx, LLVMBuildICmp(cx->builder, LLVMIntEQ, y, lower_i64(cx, 0), ""), true);
    bool small = a.type.integer && b.type.integer && a.type.low >= 0 && b.type.low >= 0 &&
                 a.type.high < 0x1p32 && b.type.high < 0x1p32 && !a.bit && !b.bit;
    LLVMValueRef rest;
    if (small) {
        x = LLVMBuildTrunc(cx->builder, x, cx->i32, "");
        y = LLVMBuildTrunc(cx->builder, y, cx->i32, "");
        rest = LLVMBuildZExt(cx->builder, LLVMBuildURem(cx->builder, x, y, ""), cx->i64, "");
    } else {
        rest = LLVMBuildSRem(cx->builder, x, y, "");
    }
    if (type_rep(type) == REP_I64) return integer_val(type, rest);
    LLVMValueRef number = LLVMBuildSIToFP(cx->builder, rest, cx->f64, "");
    if (small || (a.type.integer && a.type.low >= 0)) return number_val(number);
    LLVMValueRef sign[] = {number, as_double(cx, a)};
    return number_val(lower_intrinsic(cx, "llvm.copysign", cx->f64, sign, 2));
}

// --- numbers -------------------------------------------------------------------------------------

static LVal integer_operation(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Type type) {
    LLVMBuilderRef builder = cx->builder;
    LLVMValueRef x = as_integer(cx, a), y = as_integer(cx, b);
    if (op != BINARY_FUSED && op != BINARY_DIV && lower_is_checked(cx, type))
        return integer_val(type, lower_checked(cx, op, x, y, type));
    // A positive divisor that leaves nothing over. Not marked exact: LLVM would compute a remainder by
    // the same divisor from such a quotient even where it is not one.
    if (op == BINARY_DIV)
        return integer_val(type, a.type.integer && a.type.low >= 0
                                     ? LLVMBuildUDiv(builder, x, y, "")
                                     : LLVMBuildSDiv(builder, x, y, ""));
    if (op == BINARY_ADD || op == BINARY_SUB || op == BINARY_MUL)
        return integer_val(type, lower_integer_operation(cx, op, x, y));
    CHECK(op == BINARY_FUSED, "an operation of integers");
    x = LLVMBuildNSWMul(builder, x, x, "");
    return integer_val(type, LLVMBuildNSWAdd(builder, x, y, ""));
}

// A square is a product: rt_pow has it so, too.
static LLVMValueRef power_of(LowerCtx *cx, LLVMValueRef x, LLVMValueRef y) {
    LLVMBool loses;
    bool square = LLVMIsAConstantFP(y) && LLVMConstRealGetDouble(y, &loses) == 2;
    return square ? lower_fp(cx, LLVMBuildFMul(cx->builder, x, x, "")) : RT(cx, rt_pow, x, y);
}

static LVal number_operation(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Type type) {
    bool integers = a.rep == REP_I64 && b.rep == REP_I64;
    if (op == BINARY_MOD && integers) return integer_modulo(cx, a, b, type);
    bool simple = op == BINARY_ADD || op == BINARY_SUB || op == BINARY_MUL ||
                  op == BINARY_FUSED || op == BINARY_DIV;
    if (integers && simple && type_rep(type) == REP_I64)
        return integer_operation(cx, op, a, b, type);
    if (op == BINARY_DIV || op == BINARY_MOD) return number_val(divide(cx, a, b, op == BINARY_MOD));
    LLVMValueRef x = as_double(cx, a), y = as_double(cx, b);
    if (op == BINARY_ADD) return number_val(lower_fp(cx, LLVMBuildFAdd(cx->builder, x, y, "")));
    if (op == BINARY_SUB) return number_val(lower_fp(cx, LLVMBuildFSub(cx->builder, x, y, "")));
    if (op == BINARY_MUL) return number_val(lower_fp(cx, LLVMBuildFMul(cx->builder, x, y, "")));
    if (op == BINARY_POW) return number_val(power_of(cx, x, y));
    CHECK(op == BINARY_FUSED, "an operation of numbers");
    return number_val(RT(cx, rt_fma, x, x, y));
}

static LLVMRealPredicate real_predicate(BinaryOp op) {
    return op == BINARY_LT   ? LLVMRealOLT
           : op == BINARY_LE ? LLVMRealOLE
           : op == BINARY_GT ? LLVMRealOGT
                             : LLVMRealOGE;
}

static LLVMIntPredicate int_predicate(BinaryOp op) {
    return op == BINARY_LT   ? LLVMIntSLT
           : op == BINARY_LE ? LLVMIntSLE
           : op == BINARY_GT ? LLVMIntSGT
                             : LLVMIntSGE;
}

// --- any kind ------------------------------------------------------------------------------------

static LLVMValueRef both_numbers(LowerCtx *cx, LVal a, LVal b, LLVMValueRef x, LLVMValueRef y) {
    if (is_number_rep(a)) return lower_is_number(cx, y);
    if (is_number_rep(b)) return lower_is_number(cx, x);
    return LLVMBuildAnd(cx->builder, lower_is_number(cx, x), lower_is_number(cx, y), "");
}

static bool may_be_numbers(LVal a, LVal b) {
    return (is_number_rep(a) || (a.rep == REP_ANY && type_may(a.type, KIND_NUMBER))) &&
           (is_number_rep(b) || (b.rep == REP_ANY && type_may(b.type, KIND_NUMBER)));
}

static LLVMValueRef phi2(LowerCtx *cx, LLVMTypeRef type, LLVMValueRef x, LLVMBasicBlockRef from_x,
                         LLVMValueRef y, LLVMBasicBlockRef from_y) {
    LLVMValueRef phi = LLVMBuildPhi(cx->builder, type, "");
    LLVMAddIncoming(phi, &x, &from_x, 1);
    LLVMAddIncoming(phi, &y, &from_y, 1);
    return phi;
}

static LLVMValueRef quick(LowerCtx *cx, BinaryOp op, LLVMValueRef x, LLVMValueRef y) {
    LLVMBuilderRef builder = cx->builder;
    x = LLVMBuildBitCast(builder, x, cx->f64, "");
    y = LLVMBuildBitCast(builder, y, cx->f64, "");
    if (op >= BINARY_LT && op <= BINARY_GE)
        return LLVMBuildFCmp(builder, real_predicate(op), x, y, "");
    if (op == BINARY_EQ) return LLVMBuildFCmp(builder, LLVMRealOEQ, x, y, "");
    LLVMValueRef result = op == BINARY_ADD   ? LLVMBuildFAdd(builder, x, y, "")
                          : op == BINARY_SUB ? LLVMBuildFSub(builder, x, y, "")
                                             : LLVMBuildFMul(builder, x, y, "");
    return LLVMBuildBitCast(builder, lower_fp(cx, result), cx->i64, "");
}

static LLVMValueRef slow(LowerCtx *cx, BinaryOp op, LLVMValueRef x, LLVMValueRef y, Span span) {
    LLVMValueRef code = lower_i32(cx, (int32_t)op);
    if (op == BINARY_EQ) return lower_bit_of(cx, RT(cx, rt_equal, x, y));
    if (op >= BINARY_LT && op <= BINARY_GE)
        return lower_bit_of(cx, RT(cx, rt_compare, code, x, y, lower_place(cx, span)));
    return RT(cx, rt_arithmetic, code, x, y, lower_place(cx, span));
}

// An operation on words: numbers inline, the rest by the runtime. An i1 or an owned word.
static LLVMValueRef any_operation(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Span span) {
    LLVMValueRef x = lower_word(cx, a), y = lower_word(cx, b);
    bool simple = op == BINARY_ADD || op == BINARY_SUB || op == BINARY_MUL || op == BINARY_EQ ||
                  (op >= BINARY_LT && op <= BINARY_GE);
    if (!simple || !may_be_numbers(a, b)) return slow(cx, op, x, y, span);
    LLVMBasicBlockRef yes = lower_block_new(cx, "numbers"), no = lower_block_new(cx, "any");
    LLVMBasicBlockRef on = lower_block_new(cx, "on");
    lower_branch(cx, both_numbers(cx, a, b, x, y), yes, no);
    lower_at(cx, yes);
    LLVMValueRef fast = quick(cx, op, x, y);
    LLVMBuildBr(cx->builder, on);
    lower_at(cx, no);
    LLVMValueRef other = slow(cx, op, x, y, span);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    lower_go(cx, on);
    return phi2(cx, LLVMTypeOf(fast), fast, yes, other, from);
}

LLVMValueRef lower_equal(LowerCtx *cx, LVal a, LVal b) {
    LLVMBuilderRef builder = cx->builder;
    if (is_number_rep(a) && is_number_rep(b)) {
        if (a.rep == REP_I64 && b.rep == REP_I64)
            return LLVMBuildICmp(builder, LLVMIntEQ, as_integer(cx, a), as_integer(cx, b), "");
        return LLVMBuildFCmp(builder, LLVMRealOEQ, as_double(cx, a), as_double(cx, b), "");
    }
    if (a.rep == REP_STRING && b.rep == REP_STRING)
        return lower_bit_of(cx, RT(cx, rt_str_equal, a.v, b.v));
    if (a.type.kinds && b.type.kinds && (a.type.kinds & b.type.kinds) == 0 && a.rep != REP_ANY &&
        b.rep != REP_ANY)
        return LLVMConstInt(cx->i1, 0, 0);
    return any_operation(cx, BINARY_EQ, a, b, (Span){0, 0});
}

static LVal compare(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Span span) {
    LLVMBuilderRef builder = cx->builder;
    if (a.rep == REP_I64 && b.rep == REP_I64)
        return lower_bit(cx, LLVMBuildICmp(builder, int_predicate(op), as_integer(cx, a),
                                           as_integer(cx, b), ""));
    if (is_number_rep(a) && is_number_rep(b))
        return lower_bit(
            cx, LLVMBuildFCmp(builder, real_predicate(op), as_double(cx, a), as_double(cx, b), ""));
    if (a.rep == REP_STRING && b.rep == REP_STRING) {
        LLVMValueRef order = RT(cx, rt_str_compare, a.v, b.v);
        return lower_bit(cx,
                         LLVMBuildICmp(builder, int_predicate(op), order, lower_i32(cx, 0), ""));
    }
    return lower_bit(cx, any_operation(cx, op, a, b, span));
}

// Where kinds are not known: an error passes through.
static LVal by_runtime(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Type type, Span span) {
    LVal result = lower_val(REP_ANY, type, any_operation(cx, op, a, b, span), true);
    return lower_as(cx, result, type);
}

static LVal arithmetic(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Type type, Span span) {
    if (is_number_rep(a) && is_number_rep(b)) return number_operation(cx, op, a, b, type);
    if (op == BINARY_ADD && a.rep == REP_STRING && b.rep == REP_STRING)
        return lower_val(REP_STRING, type, RT(cx, rt_str_concat, a.v, b.v), true);
    if (op == BINARY_ADD && a.rep == REP_LIST && b.rep == REP_LIST)
        return lower_val(REP_LIST, type, RT(cx, rt_list_concat, a.v, b.v), true);
    if (op == BINARY_MUL && a.rep == REP_STRING && is_number_rep(b))
        return lower_val(REP_STRING, type, RT(cx, rt_str_repeat, a.v, as_double(cx, b)), true);
    if (op == BINARY_MUL && a.rep == REP_LIST && is_number_rep(b))
        return lower_val(REP_LIST, type, RT(cx, rt_list_repeat, a.v, as_double(cx, b)), true);
    return by_runtime(cx, op, a, b, type, span);
}

// --- bits ----------------------------------------------------------------------------------------

static LVal bit_operation(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Type type, Span span) {
    LLVMBuilderRef builder = cx->builder;
    const char *what = arena_printf(cx->arena, "'%s'", binary_op_text[op]);
    LLVMValueRef x = lower_integer(cx, a, what, span), y = lower_integer(cx, b, what, span);
    LLVMValueRef by = LLVMBuildAnd(builder, y, lower_i64(cx, 63), "");
    LLVMValueRef turn[] = {x, x, by}, result = NULL;
    if (op == BINARY_SHL) result = LLVMBuildShl(builder, x, by, "");
    if (op == BINARY_SHR) result = LLVMBuildLShr(builder, x, by, "");
    if (op == BINARY_ROL) result = lower_intrinsic(cx, "llvm.fshl", cx->i64, turn, 3);
    if (op == BINARY_ROR) result = lower_intrinsic(cx, "llvm.fshr", cx->i64, turn, 3);
    if (op == BINARY_BAND) result = LLVMBuildAnd(builder, x, y, "");
    if (op == BINARY_BOR) result = LLVMBuildOr(builder, x, y, "");
    if (op == BINARY_BXOR) result = LLVMBuildXor(builder, x, y, "");
    CHECK(result != NULL, "an operator on bits");
    return wide_val(cx, type, result);
}

// Doubles up to 2^64 as unsigned integers; negative ones wrap.
static LLVMValueRef unsigned_of(LowerCtx *cx, LVal v, Span span) {
    if (v.rep == REP_I64) return as_integer(cx, v);
    LLVMValueRef number = lower_number(cx, v, "'+!'", span);
    LLVMTypeRef types[] = {cx->i64, cx->f64};
    unsigned id = LLVMLookupIntrinsicID("llvm.fptoui.sat", 15);
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(cx->module, id, types, 2);
    LLVMTypeRef signature = LLVMFunctionType(cx->i64, &cx->f64, 1, 0);
    LLVMValueRef large = LLVMBuildCall2(cx->builder, signature, function, &number, 1, "");
    LLVMValueRef negative = LLVMBuildFCmp(cx->builder, LLVMRealOLT, number, lower_f64(cx, 0), "");
    return LLVMBuildSelect(cx->builder, negative, lower_integer(cx, number_val(number), "'+!'", span),
                           large, "");
}

static LVal add_carry(LowerCtx *cx, LVal a, LVal b, Type type, Span span) {
    LLVMBuilderRef builder = cx->builder;
    LLVMValueRef x = unsigned_of(cx, a, span), y = unsigned_of(cx, b, span);
    LLVMValueRef carry = LLVMBuildLoad2(builder, cx->i64, cx->fs->carry, "");
    LLVMValueRef half = LLVMBuildAdd(builder, x, y, ""),
                 sum = LLVMBuildAdd(builder, half, carry, "");
    LLVMValueRef first = LLVMBuildICmp(builder, LLVMIntULT, half, x, "");
    LLVMValueRef second = LLVMBuildICmp(builder, LLVMIntULT, sum, half, "");
    LLVMValueRef out = LLVMBuildOr(builder, first, second, "");
    LLVMBuildStore(builder, LLVMBuildZExt(builder, out, cx->i64, ""), cx->fs->carry);
    if (type_rep(type) == REP_I64) return integer_val(type, sum);
    return number_val(LLVMBuildUIToFP(builder, sum, cx->f64, ""));
}

// An error passes through; it leaves the carry as it is.
static LVal add_unless_error(LowerCtx *cx, LVal a, LVal b, Type type, Span span) {
    LLVMValueRef slot = lower_words_alloca(cx, 1, "result");
    LLVMBasicBlockRef end = lower_block_new(cx, "either");
    LVal operands[] = {a, b};
    for (uint32_t i = 0; i < 2; i++) {
        LVal operand = operands[i];
        if (operand.rep != REP_ANY || !type_may(operand.type, KIND_ERROR)) continue;
        LLVMBasicBlockRef on = lower_rare(cx, lower_is_error(cx, operand), "error");
        lower_retain(cx, operand);
        LLVMBuildStore(cx->builder, operand.v, slot);
        LLVMBuildBr(cx->builder, end);
        lower_at(cx, on);
        operands[i] = lower_no_error(cx, operand);
    }
    Type good = type;
    good.kinds &= (uint8_t)~KIND_ERROR;
    if (good.kinds == 0) good = type_number();
    LVal sum = add_carry(cx, operands[0], operands[1], good, span);
    LLVMBuildStore(cx->builder, lower_word(cx, sum), slot);
    lower_go(cx, end);
    LLVMValueRef word = LLVMBuildLoad2(cx->builder, cx->i64, slot, "");
    return lower_val(REP_ANY, type, word, true);
}

// --- dispatch ------------------------------------------------------------------------------------

static LVal element_of(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Span span) {
    LLVMValueRef word = lower_word(cx, a);
    LLVMValueRef found = b.rep == REP_LIST
                             ? RT(cx, rt_list_contains, b.v, word)
                             : RT(cx, rt_in, word, lower_word(cx, b), lower_place(cx, span));
    LLVMValueRef bit = lower_bit_of(cx, found);
    return lower_bit(cx, op == BINARY_IN ? bit : LLVMBuildNot(cx->builder, bit, ""));
}

LVal lower_operation(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Type type, Span span) {
    switch (op) {
    case BINARY_ADD:
    case BINARY_SUB:
    case BINARY_MUL:
    case BINARY_DIV:
    case BINARY_MOD:
    case BINARY_POW:
    case BINARY_FUSED: return arithmetic(cx, op, a, b, type, span);
    case BINARY_CARRY:
        if (type_may(type, KIND_ERROR)) return add_unless_error(cx, a, b, type, span);
        return add_carry(cx, a, b, type, span);
    case BINARY_LT:
    case BINARY_LE:
    case BINARY_GT:
    case BINARY_GE: return compare(cx, op, a, b, span);
    case BINARY_EQ: return lower_bit(cx, lower_equal(cx, a, b));
    case BINARY_NE: return lower_bit(cx, LLVMBuildNot(cx->builder, lower_equal(cx, a, b), ""));
    case BINARY_XOR: {
        LLVMValueRef x = lower_truth(cx, a, span);
        return lower_bit(cx, LLVMBuildXor(cx->builder, x, lower_truth(cx, b, span), ""));
    }
    case BINARY_IN:
    case BINARY_NOT_IN: return element_of(cx, op, a, b, span);
    case BINARY_SHL:
    case BINARY_SHR:
    case BINARY_ROL:
    case BINARY_ROR:
    case BINARY_BAND:
    case BINARY_BOR:
    case BINARY_BXOR:
        if (type_may(type, KIND_ERROR)) return by_runtime(cx, op, a, b, type, span);
        return bit_operation(cx, op, a, b, type, span);
    case BINARY_CONS: return lower_cons(cx, a, lower_own(cx, b), type, span);
    case BINARY_AND:
    case BINARY_OR:
    case BINARY_OP_COUNT: break;
    }
    UNREACHABLE("`and` and `or` do not evaluate both sides");
}

static LVal lower_logical(LowerCtx *cx, Node *node) {
    bool is_and = node->binary.op == BINARY_AND;
    LVal left = lower_rooted(cx, lower_expr(cx, node->binary.left));
    LLVMValueRef first = lower_truth(cx, left, node->binary.left->span);
    lower_release(cx, left);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    LLVMBasicBlockRef more = lower_block_new(cx, is_and ? "and" : "or"),
                      on = lower_block_new(cx, "on");
    lower_branch(cx, first, is_and ? more : on, is_and ? on : more);
    lower_at(cx, more);
    uint32_t mark = lower_scope(cx);
    LVal right = lower_rooted(cx, lower_expr(cx, node->binary.right));
    LLVMValueRef second = lower_truth(cx, right, node->binary.right->span);
    lower_release(cx, right);
    lower_scope_end(cx, mark);
    LLVMBasicBlockRef last = LLVMGetInsertBlock(cx->builder);
    lower_go(cx, on);
    return lower_bit(cx, phi2(cx, cx->i1, LLVMConstInt(cx->i1, !is_and, 0), from, second, last));
}

// x in a..<b: a number between the bounds.
static LVal lower_in_range(LowerCtx *cx, Node *node) {
    Node *range = node->binary.right;
    Node *parts[] = {node->binary.left, range->range.low, range->range.high};
    LVal v[3];
    lower_operands(cx, parts, 3, v);
    for (int i = 0; i < 3; i++) {
        if (is_number_rep(v[i])) continue;
        const char *what = i == 0 ? "'in' a range" : "a range";
        v[i] = number_val(lower_number(cx, v[i], what, parts[i]->span)); // so nothing to release
    }
    LVal low = lower_operation(cx, BINARY_GE, v[0], v[1], type_boolean(), node->span);
    BinaryOp op = range->range.inclusive ? BINARY_LE : BINARY_LT;
    LVal high = lower_operation(cx, op, v[0], v[2], type_boolean(), node->span);
    lower_release_all(cx, v, 3);
    LLVMValueRef both = LLVMBuildAnd(cx->builder, low.v, high.v, "");
    if (node->binary.op == BINARY_NOT_IN) both = LLVMBuildNot(cx->builder, both, "");
    return lower_bit(cx, both);
}

LVal lower_binary(LowerCtx *cx, Node *node) {
    BinaryOp op = node->binary.op;
    if (op == BINARY_AND || op == BINARY_OR) return lower_logical(cx, node);
    bool in = op == BINARY_IN || op == BINARY_NOT_IN;
    if (in && node->binary.right->kind == NODE_RANGE) return lower_in_range(cx, node);
    if (op == BINARY_ADD) return lower_sum(cx, node);
    Node *parts[] = {node->binary.left, node->binary.right};
    LVal v[2];
    lower_operands(cx, parts, 2, v);
    if (op == BINARY_CONS) return lower_cons_given(cx, node, v);
    LVal result = lower_operation(cx, op, v[0], v[1], lower_node_type(cx, node), node->span);
    lower_release_all(cx, v, 2);
    return result;
}

// --- one operand ---------------------------------------------------------------------------------

static LVal unary_any(LowerCtx *cx, Node *node, LVal v) {
    LLVMValueRef op = lower_i32(cx, (int32_t)node->unary.op), place = lower_place(cx, node->span);
    LLVMValueRef word = node->unary.op == UNARY_LEN
                            ? RT(cx, rt_length_of, lower_word(cx, v), place)
                            : RT(cx, rt_unary, op, lower_word(cx, v), place);
    return lower_as(cx, lower_val(REP_ANY, lower_node_type(cx, node), word, true),
                    lower_node_type(cx, node));
}

static LVal negate(LowerCtx *cx, Node *node, LVal v) {
    Type type = lower_node_type(cx, node);
    if (!is_number_rep(v)) return unary_any(cx, node, v);
    if (v.rep == REP_I64 && type_rep(type) == REP_I64)
        return integer_val(type,
                           LLVMBuildNSWSub(cx->builder, lower_i64(cx, 0), as_integer(cx, v), ""));
    return number_val(lower_fp(cx, LLVMBuildFNeg(cx->builder, as_double(cx, v), "")));
}

static LVal length(LowerCtx *cx, Node *node, LVal v) {
    LLVMValueRef count;
    if (v.rep == REP_LIST || v.rep == REP_PACKED)
        count = lower_length(cx, v.v);
    else if (v.rep == REP_STRING)
        count = lower_load(cx, cx->i64, lower_field(cx, v.v, 16), cx->tbaa_header, "points");
    else
        count = RT(cx, rt_length, lower_word(cx, v), lower_place(cx, node->span));
    return wide_val(cx, lower_node_type(cx, node), count);
}

static LVal unary_of(LowerCtx *cx, Node *node, LVal v) {
    LLVMValueRef bit;
    bool passes = v.rep == REP_ANY && type_may(v.type, KIND_ERROR);
    if (passes && node->unary.op != UNARY_NOT) return unary_any(cx, node, v);
    switch (node->unary.op) {
    case UNARY_NEG: return negate(cx, node, v);
    case UNARY_NOT:
        bit = lower_truth(cx, v, node->span);
        return lower_bit(cx, LLVMBuildNot(cx->builder, bit, ""));
    case UNARY_BNOT:
        bit = LLVMBuildNot(cx->builder, lower_integer(cx, v, "'~b'", node->span), "");
        return wide_val(cx, lower_node_type(cx, node), bit);
    case UNARY_LEN: return length(cx, node, v);
    case UNARY_HEAD:
        if (v.rep == REP_LIST)
            return lower_index_value(cx, v, lower_zero(cx), lower_node_type(cx, node), node->span);
        return unary_any(cx, node, v);
    case UNARY_TAIL:
        UNREACHABLE("lower_rest() does that");
    }
    UNREACHABLE("a prefix operator");
}

// #xs of a list whose length a loop keeps at hand.
static bool hoisted_length(LowerCtx *cx, Node *node, LVal *result) {
    Node *operand = node->unary.operand;
    if (node->unary.op != UNARY_LEN || operand->kind != NODE_NAME) return false;
    Symbol *symbol = operand->name.symbol;
    if (!symbol || symbol->function || symbol->kind == SYMBOL_CONSTANT ||
        symbol->kind == SYMBOL_BUILTIN)
        return false;
    SymSlot *slot = lower_slot(cx, symbol);
    if (!slot->length) return false;
    *result = wide_val(cx, lower_node_type(cx, node), slot->length);
    return true;
}

LVal lower_unary(LowerCtx *cx, Node *node) {
    LVal result;
    if (hoisted_length(cx, node, &result)) return result;
    LVal v = lower_expr(cx, node->unary.operand);
    if (node->unary.op == UNARY_TAIL) return lower_rest(cx, node, v);
    v = lower_rooted(cx, v);
    result = unary_of(cx, node, v);
    if (v.owned && !result.owned) result = lower_own(cx, result); // ^xs of a list that goes now
    lower_release(cx, v);
    return result;
}

// --- as ------------------------------------------------------------------------------------------

static LLVMValueRef narrow_integer(LowerCtx *cx, LLVMValueRef v, CastKind to) {
    static const uint8_t bits[] = {
        [CAST_I8] = 8, [CAST_I16] = 16, [CAST_I32] = 32, [CAST_I64] = 64,
        [CAST_U8] = 8, [CAST_U16] = 16, [CAST_U32] = 32, [CAST_U64] = 64};
    if (bits[to] == 64) return v;
    LLVMTypeRef type = LLVMIntTypeInContext(cx->context, bits[to]);
    v = LLVMBuildTrunc(cx->builder, v, type, "");
    bool is_signed = to == CAST_I8 || to == CAST_I16 || to == CAST_I32;
    return is_signed ? LLVMBuildSExt(cx->builder, v, cx->i64, "")
                     : LLVMBuildZExt(cx->builder, v, cx->i64, "");
}

static LVal cast_number(LowerCtx *cx, LVal v, CastKind to) {
    bool to_integer = to <= CAST_U64;
    if (to == CAST_F64 || to == CAST_PTR || to == CAST_STRUCT) return v;
    bool negative_u64 = to == CAST_U64 && !(v.type.integer && v.type.low >= 0);
    if (to_integer && v.rep == REP_I64 && !negative_u64)
        return lower_val(REP_I64, v.type, narrow_integer(cx, as_integer(cx, v), to), false);
    LLVMValueRef number = as_double(cx, v);
    return number_val(RT(cx, rt_cast_number, number, lower_i32(cx, (int32_t)to)));
}

LVal lower_cast(LowerCtx *cx, Node *node) {
    bool foreign = lower_is_foreign_call(node->cast.operand);
    CastKind to = node->cast.to;
    LVal v = foreign ? lower_foreign_call(cx, node->cast.operand, node)
                     : lower_expr(cx, node->cast.operand);
    bool to_text = to == CAST_STRING || to == CAST_CSTR;
    if (to_text && v.rep == REP_STRING) return v;
    if (to == CAST_LIST && v.rep == REP_LIST) return v;
    if (!to_text && to != CAST_LIST && is_number_rep(v)) return cast_number(cx, v, to);
    v = lower_rooted(cx, v);
    if (to == CAST_CSTR || (to == CAST_STRING && lower_gives_address(cx, node->cast.operand))) {
        LLVMValueRef text = RT(cx, rt_str_of_c, lower_word(cx, v), lower_place(cx, node->span));
        lower_release(cx, v);
        return lower_val(REP_STRING, type_of_kind(KIND_STRING), text, true);
    }
    if (to == CAST_STRUCT) to = CAST_PTR;
    LLVMValueRef word =
        RT(cx, rt_cast, lower_word(cx, v), lower_i32(cx, (int32_t)to), lower_place(cx, node->span));
    lower_release(cx, v);
    Type type = lower_node_type(cx, node);
    return lower_as(cx, lower_val(REP_ANY, type, word, true), type);
}
