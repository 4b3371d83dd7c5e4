// start_riscv64.S: as start_x86_64.S; signal handlers return through the kernel's own trampoline.
    .text
    .globl _start
    .type _start, @function
_start:
    .cfi_startproc
    .cfi_undefined ra
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    li s0, 0
    mv a0, sp
    andi sp, sp, -16
    call rti_start
    ebreak
    .cfi_endproc
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
