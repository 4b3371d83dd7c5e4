// unsafe_register.c: the registers of the three processors.
#include "unsafe.h"

#include <stdlib.h>
#include <string.h>

const char *const unsafe_arch_text[UNSAFE_ARCH_COUNT] = {"x86-64", "arm64", "riscv64"};

// A family of registers: PREFIX and a number, or a name alone.
typedef struct Row {
    const char *prefix;
    uint8_t first, count; // numbers; count 0: the name alone
    uint8_t index;        // of the first one
    bool is_float, is_zero;
} Row;

#define INTEGER(prefix, first, count, index)                                                       \
    { prefix, first, count, index, false, false }
#define FLOATING(prefix, first, count, index)                                                      \
    { prefix, first, count, index, true, false }
#define ZERO(name, index)                                                                          \
    { name, 0, 0, index, false, true }

static const Row x86_64[] = {
    INTEGER("rax", 0, 0, 0),    INTEGER("rcx", 0, 0, 1), INTEGER("rdx", 0, 0, 2),
    INTEGER("rbx", 0, 0, 3),    INTEGER("rsp", 0, 0, 4), INTEGER("rbp", 0, 0, 5),
    INTEGER("rsi", 0, 0, 6),    INTEGER("rdi", 0, 0, 7), INTEGER("r", 8, 8, 8),
    FLOATING("xmm", 0, 16, 32),
};
static const Row arm64[] = {
    INTEGER("x", 0, 31, 0),
    ZERO("xzr", 40),
    INTEGER("sp", 0, 0, 31),
    INTEGER("fp", 0, 0, 29),
    INTEGER("lr", 0, 0, 30),
    FLOATING("d", 0, 32, 32),
};
static const Row riscv64[] = {
    ZERO("zero", 0),           ZERO("x0", 0),
    INTEGER("x", 1, 31, 1),    INTEGER("ra", 0, 0, 1),
    INTEGER("sp", 0, 0, 2),    INTEGER("gp", 0, 0, 3),
    INTEGER("tp", 0, 0, 4),    INTEGER("t", 0, 3, 5),
    INTEGER("fp", 0, 0, 8),    INTEGER("s", 0, 2, 8),
    INTEGER("a", 0, 8, 10),    INTEGER("s", 2, 10, 18),
    INTEGER("t", 3, 4, 28),    FLOATING("ft", 0, 8, 32),
    FLOATING("fs", 0, 2, 40),  FLOATING("fa", 0, 8, 42),
    FLOATING("fs", 2, 10, 50), FLOATING("ft", 8, 4, 60),
    FLOATING("f", 0, 32, 32),
};

static const struct {
    const Row *rows;
    size_t count;
} tables[UNSAFE_ARCH_COUNT] = {
    [UNSAFE_X86_64] = {x86_64, COUNT_OF(x86_64)},
    [UNSAFE_ARM64] = {arm64, COUNT_OF(arm64)},
    [UNSAFE_RISCV64] = {riscv64, COUNT_OF(riscv64)},
};

// The number behind the prefix, which is written without leading zeroes; -1: none.
static int number_behind(const char *text) {
    size_t len = strlen(text);
    if (len == 0 || len > 2 || strspn(text, "0123456789") != len) return -1;
    if (len == 2 && text[0] == '0') return -1;
    return atoi(text);
}

bool unsafe_register(UnsafeArch arch, const Name *name, UnsafeRegister *result) {
    for (size_t i = 0; i < tables[arch].count; i++) {
        const Row *row = &tables[arch].rows[i];
        size_t len = strlen(row->prefix);
        int number = 0;
        if (strncmp(name->text, row->prefix, len) != 0) continue;
        if (row->count == 0 && name->len != len) continue;
        if (row->count > 0) {
            number = number_behind(name->text + len) - row->first;
            if (number < 0 || number >= row->count) continue;
        }
        *result = (UnsafeRegister){(uint8_t)(row->index + number), row->is_float, row->is_zero};
        return true;
    }
    return false;
}

UnsafeArch unsafe_arch_of(const char *triple) {
    if (triple == NULL) {
#if defined(__x86_64__)
        return UNSAFE_X86_64;
#elif defined(__aarch64__)
        return UNSAFE_ARM64;
#else
        return UNSAFE_RISCV64;
#endif
    }
    if (strncmp(triple, "aarch64", 7) == 0 || strncmp(triple, "arm64", 5) == 0) return UNSAFE_ARM64;
    return strncmp(triple, "riscv64", 7) == 0 ? UNSAFE_RISCV64 : UNSAFE_X86_64;
}

uint8_t unsafe_stack_register(UnsafeArch arch) {
    static const uint8_t indices[] = {
        [UNSAFE_X86_64] = 4, [UNSAFE_ARM64] = 31, [UNSAFE_RISCV64] = 2};
    return indices[arch];
}

uint8_t unsafe_result_register(UnsafeArch arch) {
    static const uint8_t indices[] = {
        [UNSAFE_X86_64] = 0, [UNSAFE_ARM64] = 0, [UNSAFE_RISCV64] = 10};
    return indices[arch];
}

const uint8_t *unsafe_syscall_registers(UnsafeArch arch) {
    static const uint8_t indices[][7] = {
        [UNSAFE_X86_64] = {0, 7, 6, 2, 10, 8, 9}, // rax; rdi rsi rdx r10 r8 r9
        [UNSAFE_ARM64] = {8, 0, 1, 2, 3, 4, 5},
        [UNSAFE_RISCV64] = {17, 10, 11, 12, 13, 14, 15},
    };
    return indices[arch];
}
