// clone_x86_64.S: the one thing about threads that C cannot say: a system call that returns twice, the
// second time on another stack.
//
// long rti_clone(unsigned long flags, void *stack, RtiWord *parent_tid, RtiWord *child_tid, void *tls)
// gives the child's number or a negative error number. On the child's stack lie, lowest first, the
// address of its main function and the argument for it; above them the stack is 16-byte aligned.
    .text
    .globl rti_clone
    .hidden rti_clone
    .type rti_clone, @function
rti_clone:
    .cfi_startproc
    mov $56, %eax
    mov %rcx, %r10
    syscall
    test %rax, %rax
    jz 1f
    ret
1:  .cfi_undefined rip
    xor %ebp, %ebp
    pop %rax
    pop %rdi
    call *%rax
    xor %edi, %edi
    mov $60, %eax
    syscall
    hlt
    .cfi_endproc
    .size rti_clone, . - rti_clone
    .section .note.GNU-stack, "", @progbits
