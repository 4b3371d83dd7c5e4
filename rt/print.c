// print.c: output: sinks, the buffer in front of standard output, standard error.
//
// Text for standard output goes through the calling thread's sink: the process's own, or, in a
// block of a parallel loop that is not first in line, one that only collects (parfor.c sets and
// empties it). Invariant: only the thread whose turn it is touches the process's sink.
#include "value.h"
#include "sys.h"

enum {
    SINK_FIRST = 256,
    OUT_ROOM = 64 * 1024, // standard output's buffer
};

// --- sinks ---------------------------------------------------------------------------------------

char *rti_sink_room(RtSink *sink, size_t more) {
    if (RTI_UNLIKELY(sink->capacity - sink->length < more)) {
        size_t capacity = sink->capacity < SINK_FIRST / 2 ? SINK_FIRST : sink->capacity * 2;
        if (capacity - sink->length < more) capacity = sink->length + more;
        sink->data = rti_realloc(sink->data, capacity);
        sink->capacity = rti_usable(sink->data);
    }
    return sink->data + sink->length;
}

void rti_sink_add(RtSink *sink, const char *bytes, size_t length) {
    if (length == 0) return; // nor make room: data may be null
    rti_copy(rti_sink_room(sink, length), bytes, length);
    sink->length += length;
}

void rti_sink_free(RtSink *sink) {
    rti_free(sink->data);
    *sink = (RtSink){0};
}

// --- writing to descriptors ----------------------------------------------------------------------

// The reader of a pipe is gone: ends as SIGPIPE would, also where it is ignored.
static _Noreturn void end_by_sigpipe(void) {
    RtiSigaction standard = {0};
    uint64_t set = UINT64_C(1) << (RTI_SIGPIPE - 1);
    (void)rti_sys_sigaction(RTI_SIGPIPE, &standard, NULL);
    (void)rti_sys_sigprocmask(RTI_SIG_UNBLOCK, &set, NULL);
    (void)rti_sys_kill((int)rti_sys_getpid(), RTI_SIGPIPE);
    rti_sys_exit_group(128 + RTI_SIGPIPE);
}

long rti_write_all(int fd, const char *bytes, size_t length) {
    enum { POLLOUT = 4 };
    while (length > 0) {
        long done = rti_sys_write(fd, bytes, length);
        if (done == -RTI_EINTR) continue;
        if (done == -RTI_EAGAIN) {
            RtiPoll wait = {.fd = fd, .events = POLLOUT};
            (void)rti_sys_poll(&wait, 1, NULL);
            continue;
        }
        if (done < 0) return done;
        bytes += done;
        length -= (size_t)done;
    }
    return 0;
}

static _Noreturn void out_failed(long error) {
    if (error == -RTI_EPIPE) end_by_sigpipe();
    char message[128];
    RtSink text = {.data = message, .capacity = sizeof message};
    rti_sink_cstr(&text, "Error: cannot write to standard output: ");
    rti_sink_cstr(&text, rti_system_error(error));
    rti_sink_cstr(&text, "\n");
    (void)rti_write_all(2, text.data, text.length);
    if (atomic_load_explicit(&rti_process.ending, memory_order_relaxed) != 0) rti_sys_exit_group(1);
    rti_process_end(1);
}

void rti_out_flush(void) {
    RtSink *out = &rti_process.out;
    size_t length = out->length;
    out->length = 0; // first: a failure ends the process, which flushes again
    if (length == 0) return;
    long error = rti_write_all(1, out->data, length);
    if (RTI_UNLIKELY(error != 0)) out_failed(error);
}

// --- standard output and error -------------------------------------------------------------------

static bool has_newline(const char *bytes, size_t length) {
    for (size_t i = length; i > 0; i--) {
        if (bytes[i - 1] == '\n') return true;
    }
    return false;
}

void rti_out(const char *bytes, size_t length) {
    RtSink *own = rti_self()->sink;
    if (own != NULL) {
        rti_sink_add(own, bytes, length);
        // Not while it holds a mutex, which earlier blocks may wait for.
        if (own->length > RTI_SINK_LIMIT && rti_self()->held == NULL) rti_par_wait_turn();
        return;
    }
    RtSink *out = &rti_process.out;
    if (RTI_UNLIKELY(out->capacity == 0)) (void)rti_sink_room(out, OUT_ROOM);
    if (RTI_UNLIKELY(out->capacity - out->length < length)) {
        rti_out_flush();
        if (length >= out->capacity / 2) {
            long error = rti_write_all(1, bytes, length);
            if (error != 0) out_failed(error);
            return;
        }
    }
    rti_copy(out->data + out->length, bytes, length);
    out->length += length;
    if (rti_process.out_is_terminal && has_newline(bytes, length)) rti_out_flush();
}

void rti_err(const char *bytes, size_t length) {
    rti_par_wait_turn();
    rti_out_flush();
    (void)rti_write_all(2, bytes, length); // nowhere to report a failure to
}

static void out_to(int fd, const char *bytes, size_t length) {
    if (fd == 2)
        rti_err(bytes, length);
    else
        rti_out(bytes, length);
}

void rt_print_str(RtStr *string) {
    rti_out(string->bytes, (size_t)string->length);
}

void rt_print(int32_t fd, const void *words, int64_t count, int32_t newline) {
    const uint64_t *word = words;
    if (fd == 2) rti_par_wait_turn(); // before anything is made for it
    char small[128];
    size_t used = 0;
    if (count == 1 && rti_is_number(*word)) { // the common case, without a sink
        used = rti_number_text(rti_number(*word), small);
        if (newline) small[used++] = '\n';
        out_to(fd, small, used);
        return;
    }
    if (count == 0) {
        if (newline) out_to(fd, "\n", 1);
        return;
    }
    RtiDraft text;
    rti_draft_begin(&text);
    for (int64_t i = 0; i < count; i++) {
        if (i > 0) rti_sink_add(&text.sink, " ", 1);
        rti_write_value(&text.sink, word[i]);
    }
    if (newline) rti_sink_add(&text.sink, "\n", 1);
    out_to(fd, text.sink.data, text.sink.length);
    rti_draft_drop(&text);
}

void rt_printf(int32_t fd, uint64_t format, const void *words, int64_t count,
               const RtPlace *place) {
    if (!rti_is(format, RT_TAG_STRING)) rti_stop_kind("printf", "a format string", format, place);
    RtiDraft text;
    rti_draft_begin(&text);
    rti_format(&text.sink, rti_str(format), words, count, place);
    out_to(fd, text.sink.data, text.sink.length);
    rti_draft_drop(&text);
}
