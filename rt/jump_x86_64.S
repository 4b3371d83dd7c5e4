// jump_x86_64.S: gives up what a thread is doing and goes on at a place noted before: for iterations of
// a parallel loop that turn out not to be wanted (pool.h). Room: rbx rbp r12 r13 r14 r15 rsp rip.
    .text
    .globl rti_jump_set
    .hidden rti_jump_set
    .type rti_jump_set, @function
rti_jump_set:
    .cfi_startproc
    mov %rbx, (%rdi)
    mov %rbp, 8(%rdi)
    mov %r12, 16(%rdi)
    mov %r13, 24(%rdi)
    mov %r14, 32(%rdi)
    mov %r15, 40(%rdi)
    lea 8(%rsp), %rax
    mov %rax, 48(%rdi)
    mov (%rsp), %rax
    mov %rax, 56(%rdi)
    xor %eax, %eax
    ret
    .cfi_endproc
    .size rti_jump_set, . - rti_jump_set
    .globl rti_jump
    .hidden rti_jump
    .type rti_jump, @function
rti_jump:
    .cfi_startproc
    mov (%rdi), %rbx
    mov 8(%rdi), %rbp
    mov 16(%rdi), %r12
    mov 24(%rdi), %r13
    mov 32(%rdi), %r14
    mov 40(%rdi), %r15
    mov 48(%rdi), %rsp
    mov $1, %eax
    jmp *56(%rdi)
    .cfi_endproc
    .size rti_jump, . - rti_jump
    .section .note.GNU-stack, "", @progbits
