// start.h: what the ways to start and end a process share. start_process.c is in all of them;
// start.c belongs to freestanding programs, start_hosted.c to processes with a libc.
#ifndef FLAP_RT_START_H
#define FLAP_RT_START_H

#include "rt_internal.h"
#include "thread.h"

// Ends the process now; everything of the runtime is flushed. Orderly: no other thread of the
// runtime runs, so that a libc may run its own exit handlers.
_Noreturn void rti_exit(int status, bool orderly);

// Forks: what C has buffered is written before, so that the child does not write it too. The child's
// number; 0 in the child, which has this thread alone; or a negative error number.
long rti_process_fork(void);

// Frees what foreign calls keep between them (callback_hosted.c); no call is in progress.
void rti_foreign_end(void);

#endif
