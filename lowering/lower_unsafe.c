// lower_unsafe.c: unsafe blocks as ordinary code: each register is a variable of 64 bits that LLVM
// keeps where it likes, so nothing of the machine's state can be disturbed. The block has a stack of
// its own. A system call is the one thing that leaves ordinary code.
#include "lower_c.h"
#include "../frontend/unsafe.h"

enum { STACK_LEAST = 512, STACK_MOST = 1 << 16, STACK_ABOVE = 64 };

typedef struct Block {
    Node *node;
    const UnsafeBlock *code;
    UnsafeArch arch;
    LLVMValueRef registers[UNSAFE_REGISTERS]; // allocas
    LLVMValueRef carry;
} Block;

static LLVMTypeRef register_type(LowerCtx *cx, const UnsafeRegister *reg) {
    return reg->is_float ? cx->f64 : cx->i64;
}

static UnsafeRegister find(const Block *block, const Name *name) {
    UnsafeRegister reg;
    bool known = unsafe_register(block->arch, name, &reg);
    CHECK(known, "sema has checked the registers");
    return reg;
}

static LLVMValueRef place(LowerCtx *cx, Block *block, uint8_t index, bool is_float) {
    if (!block->registers[index]) {
        LLVMTypeRef type = is_float ? cx->f64 : cx->i64;
        block->registers[index] = lower_alloca(cx, type, "register");
        LLVMBuildStore(cx->builder, LLVMConstNull(type), block->registers[index]);
    }
    return block->registers[index];
}

static LLVMValueRef read_index(LowerCtx *cx, Block *block, uint8_t index) {
    return LLVMBuildLoad2(cx->builder, cx->i64, place(cx, block, index, false), "");
}

static void write_index(LowerCtx *cx, Block *block, uint8_t index, LLVMValueRef v) {
    LLVMBuildStore(cx->builder, v, place(cx, block, index, false));
}

// The register's bits as an integer, or its double.
static LLVMValueRef read_as(LowerCtx *cx, Block *block, const UnsafeOperand *operand,
                            bool as_float) {
    if (!operand->reg) return lower_i64(cx, operand->value);
    UnsafeRegister reg = find(block, operand->reg);
    if (reg.is_zero) return lower_i64(cx, 0);
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, register_type(cx, &reg),
                                    place(cx, block, reg.index, reg.is_float), "");
    if (reg.is_float == as_float) return v;
    return LLVMBuildBitCast(cx->builder, v, as_float ? cx->f64 : cx->i64, "");
}

static LLVMValueRef read(LowerCtx *cx, Block *block, const UnsafeOperand *operand) {
    return read_as(cx, block, operand, false);
}

// Integer bits go into a floating-point register as they are.
static void write(LowerCtx *cx, Block *block, const UnsafeOperand *operand, LLVMValueRef v) {
    UnsafeRegister reg = find(block, operand->reg);
    if (reg.is_zero) return;
    LLVMTypeRef type = register_type(cx, &reg);
    if (LLVMTypeOf(v) != type) v = LLVMBuildBitCast(cx->builder, v, type, "");
    LLVMBuildStore(cx->builder, v, place(cx, block, reg.index, reg.is_float));
}

// --- arithmetic ----------------------------------------------------------------------------------

static LLVMValueRef divide(LowerCtx *cx, const UnsafeOp *op, LLVMValueRef a, LLVMValueRef b) {
    LLVMValueRef zero = LLVMBuildICmp(cx->builder, LLVMIntEQ, b, lower_i64(cx, 0), "zero.divisor");
    LLVMBasicBlockRef on = lower_rare(cx, zero, "division.by.zero");
    if (op->op == UNSAFE_DIV)
        RT0(cx, rt_stop_division);
    else
        RT0(cx, rt_stop_modulo);
    lower_rare_stop(cx, on);
    // The least integer by -1 wraps: it is divided by 1 and negated.
    LLVMValueRef minus = LLVMBuildICmp(cx->builder, LLVMIntEQ, b, lower_i64(cx, -1), "");
    LLVMValueRef safe = LLVMBuildSelect(cx->builder, minus, lower_i64(cx, 1), b, "");
    if (op->op == UNSAFE_MOD) return LLVMBuildSRem(cx->builder, a, safe, "");
    LLVMValueRef quotient = LLVMBuildSDiv(cx->builder, a, safe, "");
    return LLVMBuildSelect(cx->builder, minus, LLVMBuildNeg(cx->builder, a, ""), quotient, "");
}

static LLVMValueRef add_carry(LowerCtx *cx, Block *block, LLVMValueRef a, LLVMValueRef b) {
    if (!block->carry) {
        block->carry = lower_alloca(cx, cx->i64, "carry");
        LLVMBuildStore(cx->builder, lower_i64(cx, 0), block->carry);
    }
    LLVMValueRef carry = LLVMBuildLoad2(cx->builder, cx->i64, block->carry, "");
    LLVMValueRef sum = LLVMBuildAdd(cx->builder, a, b, "");
    LLVMValueRef over = LLVMBuildICmp(cx->builder, LLVMIntULT, sum, a, "");
    LLVMValueRef all = LLVMBuildAdd(cx->builder, sum, carry, "");
    LLVMValueRef again = LLVMBuildICmp(cx->builder, LLVMIntULT, all, sum, "");
    LLVMValueRef out = LLVMBuildOr(cx->builder, over, again, "");
    LLVMBuildStore(cx->builder, LLVMBuildZExt(cx->builder, out, cx->i64, ""), block->carry);
    return all;
}

static LLVMValueRef shift_count(LowerCtx *cx, LLVMValueRef b) {
    return LLVMBuildAnd(cx->builder, b, lower_i64(cx, 63), "");
}

static LLVMValueRef integer_operation(LowerCtx *cx, Block *block, const UnsafeOp *op) {
    LLVMValueRef a = read(cx, block, &op->a), b = read(cx, block, &op->b);
    switch (op->op) {
    case UNSAFE_ADD: return LLVMBuildAdd(cx->builder, a, b, "");
    case UNSAFE_SUB: return LLVMBuildSub(cx->builder, a, b, "");
    case UNSAFE_MUL: return LLVMBuildMul(cx->builder, a, b, "");
    case UNSAFE_DIV:
    case UNSAFE_MOD: return divide(cx, op, a, b);
    case UNSAFE_AND: return LLVMBuildAnd(cx->builder, a, b, "");
    case UNSAFE_OR: return LLVMBuildOr(cx->builder, a, b, "");
    case UNSAFE_XOR: return LLVMBuildXor(cx->builder, a, b, "");
    case UNSAFE_SHL: return LLVMBuildShl(cx->builder, a, shift_count(cx, b), "");
    case UNSAFE_SHR: return LLVMBuildLShr(cx->builder, a, shift_count(cx, b), "");
    case UNSAFE_ADD_CARRY: return add_carry(cx, block, a, b);
    }
    UNREACHABLE("an operation of registers");
}

static LLVMValueRef float_operation(LowerCtx *cx, Block *block, const UnsafeOp *op) {
    LLVMValueRef a = read_as(cx, block, &op->a, true), b = read_as(cx, block, &op->b, true);
    if (op->op == UNSAFE_ADD) return LLVMBuildFAdd(cx->builder, a, b, "");
    if (op->op == UNSAFE_SUB) return LLVMBuildFSub(cx->builder, a, b, "");
    if (op->op == UNSAFE_MUL) return LLVMBuildFMul(cx->builder, a, b, "");
    return LLVMBuildFDiv(cx->builder, a, b, "");
}

// --- memory --------------------------------------------------------------------------------------

static const CType *memory_type(const UnsafeOp *op) {
    const CType *type = op->typed ? ctype_of_cast(op->type) : NULL;
    return type && type->kind != C_POINTER ? type : ctype_scalar(C_U64);
}

static LLVMValueRef address(LowerCtx *cx, Block *block, const UnsafeOp *op) {
    LLVMValueRef at = read(cx, block, &op->address);
    at = LLVMBuildAdd(cx->builder, at, lower_i64(cx, op->offset), "");
    return LLVMBuildIntToPtr(cx->builder, at, cx->ptr, "");
}

// An integer's low bits as 64, by the type's sign.
static LLVMValueRef widened(LowerCtx *cx, LLVMValueRef v, const CType *type) {
    if (type->size == 8) return v;
    bool is_signed = type->kind >= C_I8 && type->kind <= C_I64;
    return is_signed ? LLVMBuildSExt(cx->builder, v, cx->i64, "")
                     : LLVMBuildZExt(cx->builder, v, cx->i64, "");
}

static LLVMValueRef narrowed(LowerCtx *cx, LLVMValueRef v, const CType *type) {
    return type->size == 8 ? v : LLVMBuildTrunc(cx->builder, v, lower_c_type(cx, type), "");
}

static void load(LowerCtx *cx, Block *block, const UnsafeOp *op) {
    const CType *type = memory_type(op);
    LLVMValueRef v =
        LLVMBuildLoad2(cx->builder, lower_c_type(cx, type), address(cx, block, op), "");
    LLVMSetAlignment(v, 1);
    if (type->kind == C_F32) v = LLVMBuildFPExt(cx->builder, v, cx->f64, "");
    write(cx, block, &op->target, ctype_is_integer(type) ? widened(cx, v, type) : v);
}

static void store(LowerCtx *cx, Block *block, const UnsafeOp *op) {
    const CType *type = memory_type(op);
    LLVMValueRef v = read_as(cx, block, &op->a, ctype_is_float(type));
    if (type->kind == C_F32) v = LLVMBuildFPTrunc(cx->builder, v, lower_c_type(cx, type), "");
    if (ctype_is_integer(type)) v = narrowed(cx, v, type);
    LLVMSetAlignment(LLVMBuildStore(cx->builder, v, address(cx, block, op)), 1);
}

static void push(LowerCtx *cx, Block *block, LLVMValueRef v) {
    uint8_t stack = unsafe_stack_register(block->arch);
    LLVMValueRef at = LLVMBuildSub(cx->builder, read_index(cx, block, stack), lower_i64(cx, 8), "");
    write_index(cx, block, stack, at);
    LLVMValueRef to = LLVMBuildIntToPtr(cx->builder, at, cx->ptr, "");
    LLVMSetAlignment(LLVMBuildStore(cx->builder, v, to), 1);
}

static LLVMValueRef pop(LowerCtx *cx, Block *block) {
    uint8_t stack = unsafe_stack_register(block->arch);
    LLVMValueRef at = read_index(cx, block, stack);
    LLVMValueRef v =
        LLVMBuildLoad2(cx->builder, cx->i64, LLVMBuildIntToPtr(cx->builder, at, cx->ptr, ""), "");
    LLVMSetAlignment(v, 1);
    write_index(cx, block, stack, LLVMBuildAdd(cx->builder, at, lower_i64(cx, 8), ""));
    return v;
}

// --- values from and to Flap ---------------------------------------------------------------------

static LLVMValueRef variable_bits(LowerCtx *cx, const UnsafeOp *op, LVal v) {
    bool text = op->type == CAST_CSTR || op->type == CAST_STRING || op->type == CAST_PTR;
    if (text && v.rep == REP_STRING)
        return LLVMBuildPtrToInt(cx->builder, lower_field(cx, v.v, 32), cx->i64, "");
    if (op->type == CAST_PTR && v.rep == REP_LIST)
        return LLVMBuildPtrToInt(cx->builder, lower_data(cx, v.v), cx->i64, "");
    if (op->type == CAST_F64 || op->type == CAST_F32) {
        LLVMValueRef number = lower_number(cx, v, "unsafe", op->span);
        if (op->type == CAST_F64) return number;
        LLVMTypeRef single = LLVMFloatTypeInContext(cx->context);
        number = LLVMBuildFPTrunc(cx->builder, number, single, "");
        return LLVMBuildFPExt(cx->builder, number, cx->f64, "");
    }
    const CType *type = ctype_of_cast(op->type);
    if (!type || type->kind == C_POINTER) type = ctype_scalar(C_U64);
    return widened(cx, lower_to_c(cx, v, type, "unsafe", op->span), type);
}

static void cast(LowerCtx *cx, Block *block, const UnsafeOp *op) {
    if (op->variable) {
        LVal v = lower_expr(cx, op->variable);
        LLVMValueRef bits = variable_bits(cx, op, v);
        UnsafeRegister target = find(block, op->target.reg);
        // A fraction in an integer register is its bits; an integer in the others a number.
        if (target.is_float && LLVMTypeOf(bits) == cx->i64)
            bits = LLVMBuildSIToFP(cx->builder, bits, cx->f64, "");
        write(cx, block, &op->target, bits);
        lower_release(cx, v);
        return;
    }
    const CType *type = ctype_of_cast(op->type);
    LLVMValueRef v = read(cx, block, &op->a);
    if (type && ctype_is_integer(type)) v = widened(cx, narrowed(cx, v, type), type);
    write(cx, block, &op->target, v);
}

static LVal result_of(LowerCtx *cx, Block *block) {
    const UnsafeOp *op = sema_unsafe_result(block->node);
    if (!op)
        return lower_from_c(cx, read_index(cx, block, unsafe_result_register(block->arch)),
                            ctype_scalar(C_I64));
    UnsafeRegister reg = find(block, op->target.reg);
    const CType *type = op->typed ? ctype_of_cast(op->type) : NULL;
    bool text = op->typed && (op->type == CAST_CSTR || op->type == CAST_STRING);
    if (text) {
        LVal number = lower_from_c(cx, read(cx, block, &op->target), ctype_scalar(C_U64));
        LLVMValueRef made = RT(cx, rt_str_of_c, lower_word(cx, number), lower_place(cx, op->span));
        return lower_val(REP_STRING, type_of_kind(KIND_STRING), made, true);
    }
    bool as_float = reg.is_float || (type && type->kind == C_F64);
    if (as_float && (!type || ctype_is_float(type)))
        return lower_from_c(cx, read_as(cx, block, &op->target, true), ctype_scalar(C_F64));
    if (!type || ctype_is_float(type)) type = ctype_scalar(C_I64);
    if (type->kind == C_POINTER) type = ctype_scalar(C_U64);
    return lower_from_c(cx, narrowed(cx, read(cx, block, &op->target), type), type);
}

// --- the block -----------------------------------------------------------------------------------

static void system_call(LowerCtx *cx, Block *block) {
    const uint8_t *registers = unsafe_syscall_registers(block->arch);
    LLVMValueRef words = lower_words_alloca(cx, 7, "syscall");
    for (int64_t i = 0; i < 7; i++)
        LLVMBuildStore(cx->builder, read_index(cx, block, registers[i]),
                       lower_field(cx, words, 8 * i));
    LLVMValueRef result = RT(cx, rt_syscall, words);
    write_index(cx, block, registers[block->arch == UNSAFE_X86_64 ? 0 : 1], result);
}

static void operation(LowerCtx *cx, Block *block, const UnsafeOp *op) {
    switch (op->kind) {
    case UNSAFE_SET: write(cx, block, &op->target, read(cx, block, &op->a)); return;
    case UNSAFE_BINARY: {
        bool as_float = find(block, op->target.reg).is_float;
        write(cx, block, &op->target,
              as_float ? float_operation(cx, block, op) : integer_operation(cx, block, op));
        return;
    }
    case UNSAFE_NOT:
        write(cx, block, &op->target, LLVMBuildNot(cx->builder, read(cx, block, &op->a), ""));
        return;
    case UNSAFE_PUSH: push(cx, block, read(cx, block, &op->a)); return;
    case UNSAFE_POP: write(cx, block, &op->target, pop(cx, block)); return;
    case UNSAFE_LOAD: load(cx, block, op); return;
    case UNSAFE_STORE: store(cx, block, op); return;
    case UNSAFE_CAST: cast(cx, block, op); return;
    case UNSAFE_SWAP: {
        LLVMValueRef a = read(cx, block, &op->target), b = read(cx, block, &op->a);
        write(cx, block, &op->target, b);
        write(cx, block, &op->a, a);
        return;
    }
    case UNSAFE_SYSCALL: system_call(cx, block); return;
    case UNSAFE_RESULT: return;
    }
    UNREACHABLE("an operation has a kind");
}

// How much of a stack the block can use, and whether it uses one at all.
static int64_t stack_size(const Block *block) {
    int64_t size = 0;
    uint8_t stack = unsafe_stack_register(block->arch);
    VEC_EACH(UnsafeOp *, op, &block->code->ops) {
        UnsafeRegister target = {0}, base = {0};
        if (op->kind == UNSAFE_PUSH || op->kind == UNSAFE_POP) size += 8;
        if (op->target.reg) (void)unsafe_register(block->arch, op->target.reg, &target);
        if (op->address.reg) (void)unsafe_register(block->arch, op->address.reg, &base);
        bool moves = op->target.reg && target.index == stack && !target.is_float;
        if (moves && op->kind == UNSAFE_BINARY && !op->b.reg && op->b.value > 0)
            size += op->b.value;
        else if (moves)
            size += STACK_MOST;
        if (op->address.reg && base.index == stack) size += 8;
    }
    if (size == 0) return 0;
    return size > STACK_MOST ? STACK_MOST : size + STACK_LEAST;
}

static void make_stack(LowerCtx *cx, Block *block) {
    int64_t size = stack_size(block) / 16 * 16;
    if (size == 0) return;
    LLVMValueRef room = lower_words_alloca(cx, (uint32_t)(size + STACK_ABOVE) / 8, "unsafe.stack");
    LLVMSetAlignment(room, 16);
    LLVMValueRef top = LLVMBuildPtrToInt(cx->builder, lower_field(cx, room, size), cx->i64, "");
    write_index(cx, block, unsafe_stack_register(block->arch), top);
}

// Every register that is mentioned is 0 at the start.
static void make_registers(LowerCtx *cx, Block *block) {
    VEC_EACH(UnsafeOp *, op, &block->code->ops) {
        const Name *names[] = {op->target.reg, op->variable ? NULL : op->a.reg, op->b.reg,
                               op->address.reg};
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            UnsafeRegister reg;
            if (names[i] && unsafe_register(block->arch, names[i], &reg) && !reg.is_zero)
                (void)place(cx, block, reg.index, reg.is_float);
        }
    }
}

LVal lower_unsafe(LowerCtx *cx, Node *node) {
    Block *block = ARENA_NEW(cx->arena, Block);
    block->node = node;
    block->arch = node->unsafe_code->arch;
    block->code = &node->unsafe_code->blocks[block->arch];
    make_registers(cx, block);
    make_stack(cx, block);
    VEC_EACH(UnsafeOp *, op, &block->code->ops) operation(cx, block, op);
    return result_of(cx, block);
}
