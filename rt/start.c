// start.c: a freestanding program from the kernel's first instruction to its last: thread pointer
// and canary before any C that needs them, the process record, the handler for stack overflow, the
// program, the end. There is no libc in such a process.
#include "start.h"

#include "sys.h"

enum { AT_NULL = 0, AT_RANDOM = 25, AT_EXECFN = 31 };

static RtThread first_thread;

_Noreturn void rti_start(uintptr_t *stack);

static uintptr_t aux_value(const uintptr_t *auxv, uintptr_t key) {
    for (; *auxv != AT_NULL; auxv += 2)
        if (*auxv == key) return auxv[1];
    return 0;
}

_Noreturn void rti_exit(int status, bool orderly) {
    (void)orderly;
    rti_sys_exit_group(status);
}

long rti_process_fork(void) {
    return rti_sys_fork();
}

// --- faults --------------------------------------------------------------------------------------

#if defined(__x86_64__)
void rti_sigreturn(void); // start_x86_64.S
#endif

static void set_fault_handler(void (*handler)(int, void *, void *)) {
    RtiSigaction action = {
        .handler = handler,
        .flags = RTI_SA_SIGINFO | (unsigned long)RTI_SA_ONSTACK | RTI_SA_RESTORER,
    };
#if defined(__x86_64__)
    action.restorer = &rti_sigreturn;
#endif
    (void)rti_sys_sigaction(RTI_SIGSEGV, &action, NULL);
}

static void on_fault(int signal, void *info, void *context) {
    (void)signal;
    char *address;
    __builtin_memcpy(&address, (char *)info + 16, sizeof address); // siginfo's si_addr
    if (rti_fault(address, context)) return;
    rti_fault_tell(address, "");
    set_fault_handler(NULL); // no overflow: the instruction faults again, and that ends the process
}

// --- start ---------------------------------------------------------------------------------------

// gcc calls it where distributions compile with a stack protector; the runtime itself does without.
_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void) {
    static const char message[] = "Error: a stack frame was overwritten\n";
    (void)rti_sys_write(2, message, sizeof message - 1);
    rti_sys_exit_group(134);
}
#if !defined(__x86_64__)
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard;
#endif

// Called by _start with the initial stack: argc, argv, NULL, envp, NULL, auxv.
__attribute__((noinline)) static _Noreturn void run(uintptr_t *stack, const uintptr_t *auxv) {
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    char **envp = argv + argc + 1;
    bool named = argc > 0;
    rti_process_start(named ? argc - 1 : 0, named ? argv + 1 : argv, envp, auxv);
    const char *top = (const char *)aux_value(auxv, AT_EXECFN); // the highest thing on the stack
    rti_thread_first(rti_stack_low(top ? top : (const char *)stack));
    set_fault_handler(&on_fault);
    int32_t status = flap_program();
    rti_leaks_tell();
    rti_process_end(status);
}

// Compiled without a canary of its own, because it sets the canary.
__attribute__((no_stack_protector)) _Noreturn void rti_start(uintptr_t *stack) {
    uintptr_t *at = stack + 1 + stack[0] + 1;
    while (*at) ++at;
    const uintptr_t *auxv = at + 1;
    first_thread.self = &first_thread;
    uintptr_t random = aux_value(auxv, AT_RANDOM);
    if (random) __builtin_memcpy(&first_thread.canary, (const char *)random, sizeof random);
    first_thread.canary &= ~(uintptr_t)0xFF; // a NUL in it stops runaway strings
    rti_set_thread_pointer(&first_thread);
#if !defined(__x86_64__)
    __stack_chk_guard = first_thread.canary;
#endif
    run(stack, auxv);
}
