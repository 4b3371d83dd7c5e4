// process.c: `spawn`: calls in child processes.
//
// A child is a copy of the process with the calling thread alone: it makes the call, flushes its output,
// sends the result if its parent waits for one, and ends. It goes on in the middle of its parent's frames
// and never returns to them. So what the thread was inside of is no longer its concern: the parallel
// loop, the iteration's output, deferred blocks (child_begin).
//
// A child whose result nobody waits for has to be reaped although nobody comes back for it. It is made
// by a process in between that ends at once and is waited for here: then it is init's, who reaps it. This
// leaves no zombie, not even for a while, costs a second fork, and has no list of children to look
// through at later spawns or at the end; nothing waits for it, and no child of foreign code is taken
// away, as handling SIGCHLD or waiting for any child would. (Process 1 of a container has no init to
// leave it to; whoever starts a program as that gives it one.)
#include "value.h"
#include "pool.h"
#include "start.h"
#include "sys.h"

#include <stdatomic.h>

static uint64_t start_error(long error) {
    return rti_error("cannot start a child process: %s", rti_system_error(error));
}

// --- the child -----------------------------------------------------------------------------------

// pipe: where its result goes, or -1.
static void child_begin(int pipe) {
    RtThread *self = rti_self();
    if (rti_process.result_pipe) (void)rti_sys_close(rti_process.result_pipe - 1); // its parent's
    rti_process.result_pipe = pipe + 1;
    rti_process.forks++;
    // relaxed, all: nobody else is here
    atomic_store_explicit(&rti_process.ending, 0, memory_order_relaxed);
    atomic_store_explicit(&rti_process.parallel, 0, memory_order_relaxed);
    rti_pool_forked(self->id);
    self->id = 0;
    self->par = self->running = NULL;
    self->defers = NULL;
    self->unwound = NULL;
    self->roots = NULL;
    rti_mutexes_forked();
    rti_random_forked(rti_process.spawned);
    rti_process.spawned = 0;
    rti_leaks_forked();
}

void rt_spawn_end(uint64_t word, const RtPlace *place) {
    if (rti_process.result_pipe) {
        // Should either fail, there is no result, or nobody who wants it.
        rti_out_flush();
        (void)rti_send(rti_process.result_pipe - 1, word);
    } else {
        rt_discard(word, place);
    }
    rti_release_word(word);
    rti_leaks_tell();
    rti_process_end(0);
}

// --- the parent ----------------------------------------------------------------------------------

// Waits until the child has ended; its status, or -1 when the system does not tell (SIGCHLD is ignored, or
// foreign code has waited for it).
static int reap(long pid) {
    int status = 0;
    long result;
    do result = rti_sys_wait4((int)pid, &status, 0);
    while (result == -RTI_EINTR);
    return result < 0 ? -1 : status;
}

static uint64_t death_error(int status) {
    if (status == -1) return rti_error("the child process ended without a result");
    int signal = status & 127;
    if (signal != 0) return rti_error("the child process was killed by signal %d", signal);
    return rti_error("the child process ended with status %d", status >> 8 & 255);
}

static void close_both(const int pipe[2]) {
    (void)rti_sys_close(pipe[0]);
    (void)rti_sys_close(pipe[1]);
}

// The process in between: makes the child and tells its number. True in the child.
static bool between(const int pipe[2]) {
    int64_t pid = rti_process_fork();
    if (pid == 0) {
        close_both(pipe);
        child_begin(-1);
        return true;
    }
    (void)rti_write_all(pipe[1], (const char *)&pid, sizeof pid);
    rti_sys_exit_group(0);
}

static bool spawn_alone(const int pipe[2], uint64_t *result) {
    long pid = rti_process_fork();
    if (pid == 0) return between(pipe);
    (void)rti_sys_close(pipe[1]);
    int64_t told = pid;
    long got = 0;
    if (pid > 0) {
        do got = rti_sys_read(pipe[0], &told, sizeof told);
        while (got == -RTI_EINTR);
        if (got != (long)sizeof told) told = -RTI_EIO;
        (void)reap(pid);
    }
    (void)rti_sys_close(pipe[0]);
    *result = told < 0 ? start_error((long)told) : rti_word_of(told);
    return false;
}

static bool spawn_waiting(const int pipe[2], uint64_t *result) {
    long pid = rti_process_fork();
    if (pid == 0) {
        (void)rti_sys_close(pipe[0]);
        child_begin(pipe[1]);
        return true;
    }
    (void)rti_sys_close(pipe[1]);
    bool whole = pid > 0 && rti_receive(pipe[0], result);
    (void)rti_sys_close(pipe[0]);
    int status = pid > 0 ? reap(pid) : 0;
    if (!whole) *result = pid < 0 ? start_error(pid) : death_error(status);
    return false;
}

int32_t rt_spawn(int32_t waits, const void *result) {
    uint64_t *word = (uint64_t *)(uintptr_t)result;
    rti_par_wait_turn();
    rti_out_flush();
    int pipe[2];
    long failed = rti_sys_pipe2(pipe, RTI_O_CLOEXEC);
    if (failed < 0) {
        *word = start_error(failed);
        return 0;
    }
    rti_process.spawned++;
    return waits ? spawn_waiting(pipe, word) : spawn_alone(pipe, word);
}
