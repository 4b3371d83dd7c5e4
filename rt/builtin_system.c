// builtin_system.c: builtins that talk to the system: args, env, files, standard input, time,
// processes, system calls.
//
// Those whose order can be observed wait for their turn in a parallel loop. What the system refuses
// is an error value, not a stop.
#include "builtin_words.h"
#include "value.h"
#include "sys.h"
#include "thread.h"

enum { INPUT_ROOM = 64 * 1024 };

uint64_t rt_b_args(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    RtList *list = rt_list_new(rti_process.argc);
    for (int i = 0; i < rti_process.argc; i++) {
        const char *text = rti_process.argv[i];
        list->words[i] = rti_string_word(rt_str_new(text, (int64_t)rti_cstr_length(text)));
        list->header.flags |= RT_FLAG_BOXED;
    }
    list->length = rti_process.argc;
    return rti_list_word(list);
}

uint64_t rt_b_env(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    const RtStr *name = rti_need_string("env", args[0], place);
    bool whole = name->length > 0 && (int64_t)rti_cstr_length(name->bytes) == name->length;
    for (int64_t i = 0; i < name->length; i++) whole &= name->bytes[i] != '=';
    const char *value = whole ? rti_env(name->bytes) : NULL;
    if (value == NULL) return rti_error_about("environment variable not set: ", name);
    return rti_string_word(rt_str_new(value, (int64_t)rti_cstr_length(value)));
}

// --- files --------------------------------------------------------------------------------------

static uint64_t file_error(const char *what, const RtStr *path, long error) {
    RtiDraft text;
    rti_draft_begin(&text);
    rti_sink_cstr(&text.sink, what);
    rti_sink_add(&text.sink, path->bytes, (size_t)path->length);
    rti_sink_cstr(&text.sink, ": ");
    rti_sink_cstr(&text.sink, rti_system_error(error));
    return rti_draft_error(&text);
}

// Opens a path; a NUL inside names no file.
static long open_path(const RtStr *path, int flags) {
    if ((int64_t)rti_cstr_length(path->bytes) != path->length) return -RTI_ENOENT;
    for (;;) {
        long fd = rti_sys_open(path->bytes, flags | RTI_O_CLOEXEC, 0666);
        if (fd != -RTI_EINTR) return fd;
    }
}

// Reads to the end straight into a string's bytes; null, with *error, when that fails.
static RtStr *read_all(int fd, long *error) {
    RtiStat stat;
    int64_t room = 0;
    if (rti_sys_fstat(fd, &stat) == 0 && (stat.mode & RTI_S_IFMT) == RTI_S_IFREG) room = stat.size;
    RtStr *string = rti_str_make(room < 4096 ? 4096 : room + 1);
    int64_t length = 0;
    for (;;) {
        if (length == string->capacity) {
            int64_t capacity = string->capacity * 2;
            string = rti_realloc(string, sizeof(RtStr) + (size_t)capacity + 1);
            string->capacity = capacity;
        }
        long got = rti_sys_read(fd, string->bytes + length, (size_t)(string->capacity - length));
        if (got == -RTI_EINTR) continue;
        if (got < 0) {
            *error = got;
            rti_free(string);
            return NULL;
        }
        if (got == 0) break;
        length += got;
    }
    string = rti_realloc(string, sizeof(RtStr) + (size_t)length + 1);
    string->capacity = length;
    return rti_str_finish(string, length);
}

uint64_t rt_b_read_file(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    const RtStr *path = rti_need_string("read_file", args[0], place);
    rti_par_wait_turn();
    long fd = open_path(path, RTI_O_RDONLY), error = fd;
    if (fd < 0) return file_error("cannot read ", path, error);
    RtStr *text = read_all((int)fd, &error);
    (void)rti_sys_close((int)fd);
    if (text == NULL) return file_error("cannot read ", path, error);
    return rti_string_word(text);
}

static uint64_t write_to(const char *what, const uint64_t *args, int flags, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, 2);
    if (passed != RT_ABSENT) return passed;
    const RtStr *path = rti_need_string(what, args[0], place);
    const RtStr *text = rti_need_string(what, args[1], place);
    rti_par_wait_turn();
    long fd = open_path(path, RTI_O_WRONLY | RTI_O_CREAT | flags);
    if (fd < 0) return file_error("cannot write ", path, fd);
    long error = rti_write_all((int)fd, text->bytes, (size_t)text->length);
    long closed = rti_sys_close((int)fd);
    if (error == 0 && closed != -RTI_EINTR) error = closed;
    if (error < 0) return file_error("cannot write ", path, error);
    return 0;
}

uint64_t rt_b_write_file(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return write_to("write_file", args, RTI_O_TRUNC, place);
}

uint64_t rt_b_append_file(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return write_to("append_file", args, RTI_O_APPEND, place);
}

// --- standard input -----------------------------------------------------------------------------

// Reads some more behind what is there; the bytes got, 0 at the end, or a negative error number.
static long input_more(RtSink *in) {
    if (rti_process.out_is_terminal)
        rti_out_flush(); // a prompt is seen before its answer is awaited
    if (rti_process.in_at > 0) {
        in->length -= rti_process.in_at;
        rti_move(in->data, in->data + rti_process.in_at, in->length);
        rti_process.in_at = 0;
    }
    char *to = rti_sink_room(in, INPUT_ROOM);
    for (;;) {
        long got = rti_sys_read(0, to, in->capacity - in->length);
        if (got == -RTI_EINTR) continue;
        if (got > 0) in->length += (size_t)got;
        return got;
    }
}

uint64_t rt_b_readln(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    rti_par_wait_turn();
    RtSink *in = &rti_process.in;
    size_t looked = 0; // bytes after in_at without a newline
    (void)rti_sink_room(in, 1);
    for (;;) {
        const char *from = in->data + rti_process.in_at;
        size_t left = in->length - rti_process.in_at;
        while (looked < left && from[looked] != '\n') looked++;
        if (looked < left) {
            rti_process.in_at += looked + 1;
            return rti_string_word(rt_str_new(from, (int64_t)looked));
        }
        long got = input_more(in);
        if (got > 0) continue;
        if (left > 0) { // the last line, without a newline
            rti_process.in_at = in->length;
            return rti_string_word(rt_str_new(in->data, (int64_t)left));
        }
        if (got == 0) return rti_error("end of input");
        return rti_error("cannot read standard input: %s", rti_system_error(got));
    }
}

// --- time ---------------------------------------------------------------------------------------

static uint64_t clock_word(int clock) {
    RtiTimespec now = {0};
    (void)rti_sys_clock_gettime(clock, &now);
    return rti_number_word((double)now.seconds + (double)now.nanoseconds * 1e-9);
}

uint64_t rt_b_now(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    return clock_word(RTI_CLOCK_MONOTONIC);
}

uint64_t rt_b_time(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    return clock_word(RTI_CLOCK_REALTIME);
}

uint64_t rt_b_sleep(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    double seconds = rti_need_number("sleep", args[0], place);
    rti_par_wait_turn();
    if (!(seconds > 0)) return 0;
    if (seconds > 1e15) seconds = 1e15;
    RtiTimespec left = {.seconds = (int64_t)seconds};
    left.nanoseconds = (int64_t)((seconds - (double)left.seconds) * 1e9);
    while (rti_sys_nanosleep(&left, &left) == -RTI_EINTR) {
    }
    return 0;
}

// --- processes ----------------------------------------------------------------------------------

uint64_t rt_b_getpid(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    return rti_word_of(rti_sys_getpid());
}

uint64_t rt_b_cpu_count(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    RtiCpus cpus;
    return rti_word_of(rti_thread_default(rti_cpus_allowed(&cpus)));
}

uint64_t rt_b_thread_id(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    return rti_word_of(rti_self()->id);
}

int64_t rt_syscall(const void *words) {
    const int64_t *word = words;
    rti_par_wait_turn();
    rti_out_flush();
    return rti_syscall(word[0], word[1], word[2], word[3], word[4], word[5], word[6]);
}

// Strings go as addresses of their bytes, numbers as integers. The result is the kernel's: below 0 an
// error number.
uint64_t rt_b_syscall(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    long words[7] = {0};
    for (int64_t i = 0; i < count; i++) {
        if (i > 0 && rti_is(args[i], RT_TAG_STRING))
            words[i] = (long)(uintptr_t)rti_str(args[i])->bytes;
        else if (rti_is_number(args[i]))
            words[i] = rt_to_int(rti_number(args[i]));
        else
            rti_stop_kind("syscall", i > 0 ? "numbers and strings" : "a number", args[i], place);
    }
    rti_par_wait_turn();
    rti_out_flush();
    return rti_word_of(
        rti_syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]));
}
