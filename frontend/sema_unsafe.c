// sema_unsafe.c: unsafe blocks: the target's block is checked, the others are left as they are.
//
// A word that is no register names a Flap variable, in `r <- name as T` only.
#include "sema_internal.h"

#include "unsafe.h"

typedef struct Check {
    Sema *s;
    UnsafeArch arch;
    bool good;
} Check;

static bool find(Check *check, const UnsafeOperand *operand, UnsafeRegister *reg) {
    if (unsafe_register(check->arch, operand->reg, reg)) return true;
    diag_report(check->s->c, DIAG_E0816, operand->span, unsafe_arch_text[check->arch],
                operand->reg->text);
    check->good = false;
    return false;
}

static void refuse(Check *check, const UnsafeOperand *operand, const char *why) {
    const char *what = operand->reg != NULL ? operand->reg->text : "this number";
    diag_report(check->s->c, DIAG_E0817, operand->span, what, why);
    check->good = false;
}

static void want_integer(Check *check, const UnsafeOperand *operand) {
    UnsafeRegister reg;
    if (operand->reg != NULL && find(check, operand, &reg) && reg.is_float)
        refuse(check, operand, "is no integer register");
}

static void want_float(Check *check, const UnsafeOperand *operand) {
    UnsafeRegister reg;
    if (operand->reg == NULL)
        refuse(check, operand, "is no floating-point register");
    else if (find(check, operand, &reg) && !reg.is_float)
        refuse(check, operand, "is no floating-point register");
}

static void check_binary(Check *check, const UnsafeOp *op) {
    UnsafeRegister target;
    if (!find(check, &op->target, &target)) return;
    if (!target.is_float) {
        want_integer(check, &op->a);
        want_integer(check, &op->b);
        return;
    }
    if (op->op > UNSAFE_DIV)
        refuse(check, &op->target, "is floating-point, which knows + - * / only");
    want_float(check, &op->a);
    want_float(check, &op->b);
}

static bool is_fraction(const UnsafeOp *op) {
    return op->typed && (op->type == CAST_F32 || op->type == CAST_F64);
}

// r <- name as T: a Flap variable, or a register.
static void check_cast(Check *check, UnsafeOp *op) {
    UnsafeRegister reg;
    if (find(check, &op->target, &reg) && op->type == CAST_LIST)
        refuse(check, &op->a, "cannot become a list");
    if (unsafe_register(check->arch, op->a.reg, &reg)) {
        op->variable = NULL;
        return;
    }
    sema_value(check->s, op->variable);
    if (op->variable->kind == NODE_POISON) check->good = false;
}

static void check_operation(Check *check, UnsafeOp *op) {
    UnsafeRegister reg;
    switch (op->kind) {
    case UNSAFE_SET:
        if (find(check, &op->target, &reg) && reg.is_float && op->a.reg == NULL)
            refuse(check, &op->target, "is floating-point: a number comes into it by `as f64`");
        if (op->a.reg != NULL) find(check, &op->a, &reg);
        return;
    case UNSAFE_BINARY: check_binary(check, op); return;
    case UNSAFE_NOT:
        want_integer(check, &op->target);
        want_integer(check, &op->a);
        return;
    case UNSAFE_PUSH: want_integer(check, &op->a); return;
    case UNSAFE_POP: want_integer(check, &op->target); return;
    case UNSAFE_LOAD:
        want_integer(check, &op->address);
        if (is_fraction(op))
            want_float(check, &op->target);
        else
            find(check, &op->target, &reg);
        return;
    case UNSAFE_STORE:
        want_integer(check, &op->address);
        if (is_fraction(op))
            want_float(check, &op->a);
        else if (op->a.reg != NULL)
            find(check, &op->a, &reg);
        return;
    case UNSAFE_CAST: check_cast(check, op); return;
    case UNSAFE_SWAP: {
        UnsafeRegister other;
        if (find(check, &op->target, &reg) && find(check, &op->a, &other) &&
            reg.is_float != other.is_float)
            refuse(check, &op->a, "is a register of the other kind");
        return;
    }
    case UNSAFE_SYSCALL: *check->s->effects |= EFFECT_WAIT; return;
    case UNSAFE_RESULT: find(check, &op->target, &reg); return;
    }
    UNREACHABLE("an operation has a kind");
}

const UnsafeOp *sema_unsafe_result(const Node *node) {
    const UnsafeBlock *block = &node->unsafe_code->blocks[node->unsafe_code->arch];
    const UnsafeOp *last = block->ops.len > 0 ? block->ops.items[block->ops.len - 1] : NULL;
    return last != NULL && last->kind == UNSAFE_RESULT ? last : NULL;
}

void sema_unsafe(Sema *s, Node *node) {
    UnsafeNode *code = node->unsafe_code;
    code->arch = (UnsafeArch)s->c->arch;
    code->checked = true;
    *s->effects |= EFFECT_STOP | EFFECT_SHARED;
    Check check = {s, code->arch, true};
    VEC_EACH(UnsafeOp *, op, &code->blocks[code->arch].ops) check_operation(&check, op);
    if (!check.good) sema_poison(node);
}
