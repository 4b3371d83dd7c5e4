// start_x86_64.S: where the kernel enters a freestanding program, and where it returns to from a signal
// handler. Nothing here but handing the initial stack (argc, argv, environment, auxiliary vector) to C.
    .text
    .globl _start
    .type _start, @function
_start:
    .cfi_startproc
    .cfi_undefined rip
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call rti_start
    hlt
    .cfi_endproc
    .size _start, . - _start

    .globl rti_sigreturn
    .hidden rti_sigreturn
    .type rti_sigreturn, @function
rti_sigreturn:
    mov $15, %eax
    syscall
    .size rti_sigreturn, . - rti_sigreturn
    .section .note.GNU-stack, "", @progbits
