// chelper.h: finds an imported C library and has its headers read by the helper process.
#ifndef FLAP_CHELPER_H
#define FLAP_CHELPER_H

#include "cheader.h"
#include "frontend.h"

// The hidden command of flapc that reads headers (tools/cmd_headers.c), and the last line of a
// complete answer, with the number of its form.
#define CHELPER_COMMAND "--read-c-headers"
#define CHELPER_DEBUG   "--read-c-debug-info" // of a shared object (tools/cmd_debug_info.c)
#define CHELPER_END     ". 3"
#define CHELPER_LACKS   "Z\t" // the whole answer: a library or function that the helper lacks

// Reads what `library` declares, once. A library that is not there, or whose headers cannot be read,
// is reported at `span`; its state is then C_LIBRARY_MISSING.
void chelper_read(Compilation *c, CLibrary *library, Span span);

// The system's answer to a command: its standard output, or null when it could not be started or
// failed. `input` may be null.
char *chelper_ask(Arena *arena, const char *const *words, const char *input, size_t *size);

#endif
