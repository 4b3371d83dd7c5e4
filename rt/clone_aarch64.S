// clone_aarch64.S: as clone_x86_64.S. The kernel takes tls before child_tid here.
    .text
    .globl rti_clone
    .hidden rti_clone
    .type rti_clone, %function
rti_clone:
    .cfi_startproc
    mov x8, #220
    mov x9, x3
    mov x3, x4
    mov x4, x9
    svc #0
    cbz x0, 1f
    ret
1:  .cfi_undefined x30
    mov x29, xzr
    mov x30, xzr
    ldp x1, x0, [sp], #16
    blr x1
    mov x0, #0
    mov x8, #93
    svc #0
    brk #0
    .cfi_endproc
    .size rti_clone, . - rti_clone
    .section .note.GNU-stack, "", %progbits
