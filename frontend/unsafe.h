// unsafe.h: the register operations of `unsafe { } { } { }` (language.md 9), parsed.
//
// The parser knows the forms only. Which words are registers, and whether a word that is none names
// a Flap variable, depends on the machine: only the target's block is checked beyond its form.
#ifndef FLAP_UNSAFE_H
#define FLAP_UNSAFE_H

#include "ast.h"

// In the order in which the blocks stand.
typedef enum UnsafeArch {
    UNSAFE_X86_64,
    UNSAFE_ARM64,
    UNSAFE_RISCV64,
    UNSAFE_ARCH_COUNT
} UnsafeArch;

typedef enum UnsafeOpKind {
    UNSAFE_SET,     // r <- a: a register or an immediate
    UNSAFE_BINARY,  // r <- a op b
    UNSAFE_NOT,     // r <- ~b a
    UNSAFE_PUSH,    // stack <- a
    UNSAFE_POP,     // r <- stack
    UNSAFE_LOAD,    // r <- [address + offset] as type
    UNSAFE_STORE,   // [address + offset] <- a as type
    UNSAFE_CAST,    // r <- name as type: a Flap variable (or a register cut to the type)
    UNSAFE_SWAP,    // r <-> a
    UNSAFE_SYSCALL, // syscall
    UNSAFE_RESULT,  // r, r as type: the value of the block; its last operation
} UnsafeOpKind;

typedef enum UnsafeBinary {
    UNSAFE_ADD,
    UNSAFE_SUB,
    UNSAFE_MUL,
    UNSAFE_DIV,
    UNSAFE_MOD,
    UNSAFE_AND,
    UNSAFE_OR,
    UNSAFE_XOR,
    UNSAFE_SHL,
    UNSAFE_SHR,
    UNSAFE_ADD_CARRY, // a +! b
} UnsafeBinary;

typedef struct UnsafeOperand {
    Name *reg;     // null: an immediate
    int64_t value; // of an immediate, as 64 bits
    Span span;
} UnsafeOperand;

typedef struct UnsafeOp {
    UnsafeOpKind kind;
    UnsafeBinary op; // BINARY
    Span span;
    UnsafeOperand target; // r
    UnsafeOperand a, b;
    UnsafeOperand address; // LOAD, STORE
    int64_t offset;
    bool typed;     // `as …` is written; without it memory is 64 bits wide
    CastKind type;  // of `as`; CAST_STRUCT never
    Node *variable; // CAST: a NODE_NAME with the name in `a`
} UnsafeOp;

typedef struct UnsafeBlock {
    VEC(UnsafeOp *) ops;
    Span span;
} UnsafeBlock;

struct UnsafeNode {
    UnsafeBlock blocks[UNSAFE_ARCH_COUNT];
    UnsafeArch arch; // sema: the target's, whose block alone is looked at from then on
    bool checked;    // sema
};

// A register: its place among the processor's, integer registers first.
typedef struct UnsafeRegister {
    uint8_t index;
    bool is_float, is_zero;
} UnsafeRegister;
enum { UNSAFE_REGISTERS = 64 };

extern const char *const unsafe_arch_text[UNSAFE_ARCH_COUNT];
// The processor of a target triple; null: this machine's.
UnsafeArch unsafe_arch_of(const char *triple);
// False: the processor has no register of that name.
bool unsafe_register(UnsafeArch arch, const Name *name, UnsafeRegister *result);
uint8_t unsafe_stack_register(UnsafeArch arch);
// Holds the value of a block that names none.
uint8_t unsafe_result_register(UnsafeArch arch);
// Of the number of a system call and its six arguments; the result is in the first argument's, on
// x86-64 in the number's.
const uint8_t *unsafe_syscall_registers(UnsafeArch arch);

#endif
