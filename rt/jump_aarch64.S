// jump_aarch64.S: see jump_x86_64.S. Room: x19 … x30, sp, d8 … d15.
    .text
    .globl rti_jump_set
    .hidden rti_jump_set
    .type rti_jump_set, @function
rti_jump_set:
    stp x19, x20, [x0]
    stp x21, x22, [x0, #16]
    stp x23, x24, [x0, #32]
    stp x25, x26, [x0, #48]
    stp x27, x28, [x0, #64]
    stp x29, x30, [x0, #80]
    mov x9, sp
    str x9, [x0, #96]
    stp d8, d9, [x0, #112]
    stp d10, d11, [x0, #128]
    stp d12, d13, [x0, #144]
    stp d14, d15, [x0, #160]
    mov w0, #0
    ret
    .size rti_jump_set, . - rti_jump_set
    .globl rti_jump
    .hidden rti_jump
    .type rti_jump, @function
rti_jump:
    ldp x19, x20, [x0]
    ldp x21, x22, [x0, #16]
    ldp x23, x24, [x0, #32]
    ldp x25, x26, [x0, #48]
    ldp x27, x28, [x0, #64]
    ldp x29, x30, [x0, #80]
    ldp d8, d9, [x0, #112]
    ldp d10, d11, [x0, #128]
    ldp d12, d13, [x0, #144]
    ldp d14, d15, [x0, #160]
    ldr x9, [x0, #96]
    mov sp, x9
    mov w0, #1
    br x30
    .size rti_jump, . - rti_jump
    .section .note.GNU-stack, "", @progbits
