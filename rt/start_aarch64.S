// start_aarch64.S: as start_x86_64.S; signal handlers return through the kernel's own trampoline.
    .text
    .globl _start
    .type _start, %function
_start:
    .cfi_startproc
    .cfi_undefined x30
    mov x29, xzr
    mov x30, xzr
    mov x0, sp
    and x1, x0, #-16
    mov sp, x1
    bl rti_start
    brk #0
    .cfi_endproc
    .size _start, . - _start
    .section .note.GNU-stack, "", %progbits
