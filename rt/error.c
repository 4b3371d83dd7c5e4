// error.c: stops: a message on standard error and status 1; and errors as values.
//
// A stop waits for its turn in a parallel loop, so the first stop in iteration order is the one
// that is told. Its first line is "Error: MESSAGE" alone; the place follows on a line of its own.
// Division and modulo by zero have no place (language.md 4).
#include "value.h"
#include "sys.h"

enum { MESSAGE_MOST = 1024 };

// --- messages ------------------------------------------------------------------------------------

typedef struct Text {
    char *at, *end;
} Text;

static void text_add(Text *text, const char *bytes, size_t length) {
    size_t room = (size_t)(text->end - text->at);
    if (length > room) length = room;
    rti_copy(text->at, bytes, length);
    text->at += length;
}

static void text_integer(Text *text, int64_t number) {
    char digits[24];
    if (number < 0) text_add(text, "-", 1);
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    text_add(text, digits, rti_integer_text(magnitude, digits));
}

size_t rti_format_message(char *to, size_t room, const char *format, __builtin_va_list arguments) {
    Text text = {to, to + room - 1};
    for (; *format != 0; format++) {
        if (*format != '%') {
            text_add(&text, format, 1);
            continue;
        }
        format++;
        if (*format == 's') {
            const char *part = __builtin_va_arg(arguments, const char *);
            text_add(&text, part, rti_cstr_length(part));
        } else if (*format == 'c') {
            char c = (char)__builtin_va_arg(arguments, int);
            text_add(&text, &c, 1);
        } else if (*format == 'd') {
            text_integer(&text, __builtin_va_arg(arguments, int));
        } else if (*format == 'l' && format[1] == 'l' && format[2] == 'd') {
            format += 2;
            text_integer(&text, __builtin_va_arg(arguments, long long));
        } else {
            text_add(&text, format, 1);
        }
    }
    *text.at = 0;
    return (size_t)(text.at - to);
}

const char *rti_system_error(long error) {
    switch (-error) {
    case RTI_EPERM: return "operation not permitted";
    case RTI_ENOENT: return "no such file or directory";
    case RTI_EIO: return "input/output error";
    case RTI_EBADF: return "it is closed";
    case RTI_EAGAIN: return "too many processes, or no room for one more";
    case RTI_ENOMEM: return "out of memory";
    case RTI_EACCES: return "permission denied";
    case RTI_EEXIST: return "file exists";
    case RTI_ENOTDIR: return "not a directory";
    case RTI_EISDIR: return "is a directory";
    case RTI_EINVAL: return "invalid argument";
    case 23: return "too many open files in the system";
    case 24: return "too many open files";
    case 26: return "file is being executed";
    case 27: return "file too large";
    case RTI_ENOSPC: return "no space left on device";
    case 30: return "read-only file system";
    case RTI_EPIPE: return "broken pipe";
    case 36: return "file name too long";
    case 40: return "too many levels of symbolic links";
    case 122: return "disk quota exceeded";
    }
    return "system error";
}

// --- stops ---------------------------------------------------------------------------------------

enum { PLAIN = 1 }; // a stop that is one line, unless FLAP_DEBUG=backtrace asks for more

// What a stop begins with, before anything is made for its message: the iteration may turn out not to
// be wanted.
static void wait_to_stop(void) {
    rti_mutexes_drop(NULL);
    rti_par_wait_turn();
}

static _Noreturn void stop_with(const RtPlace *place, const char *message, size_t length,
                                int flags) {
    wait_to_stop();
    char small[MESSAGE_MOST + 4096]; // no memory is asked for unless the message is long
    RtSink text = {.data = small, .capacity = sizeof small};
    bool long_message = length > MESSAGE_MOST;
    if (long_message) text = (RtSink){0};
    rti_sink_cstr(&text, "Error: ");
    rti_sink_add(&text, message, length);
    rti_sink_add(&text, "\n", 1);
    if (place != NULL) {
        char where[400];
        Text line = {where, where + sizeof where - 1};
        text_add(&line, "  at ", 5);
        text_add(&line, place->file, rti_cstr_length(place->file));
        text_add(&line, ":", 1);
        text_integer(&line, place->line);
        text_add(&line, " in ", 4);
        text_add(&line, place->function, rti_cstr_length(place->function));
        *line.at++ = '\n';
        rti_sink_add(&text, where, (size_t)(line.at - where));
    }
    if (!(flags & PLAIN) || rti_process.debug_backtrace)
        rti_backtrace_add(&text, (RtTrace){
                                     .frame = __builtin_frame_address(0),
                                     .known = place           ? place->function
                                              : flags & PLAIN ? ""
                                                              : NULL,
                                 });
    rti_err(text.data, text.length);
    rti_defers_run();
    rti_process_end(1);
}

void rti_stop(const RtPlace *place, const char *format, ...) {
    char message[MESSAGE_MOST];
    __builtin_va_list arguments;
    __builtin_va_start(arguments, format);
    size_t length = rti_format_message(message, sizeof message, format, arguments);
    __builtin_va_end(arguments);
    stop_with(place, message, length, 0);
}

void rti_stop_memory(void) {
    rti_stop(NULL, "out of memory");
}

void rti_stop_error(uint64_t error, const RtPlace *place) {
    const RtError *it = rti_pointer(error);
    stop_with(place, it->message->bytes, (size_t)it->message->length, 0);
}

void rti_stop_kind(const char *what, const char *needed, uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, place);
    rti_stop(place, "%s needs %s, not %s", what, needed, rti_kind_text(word));
}

void rti_stop_index(const char *what, uint64_t index, const RtPlace *place) {
    if (!rti_is(index, RT_TAG_STRING)) rti_stop_kind("a position", "a number", index, place);
    wait_to_stop();
    RtSink text = {0};
    rti_sink_cstr(&text, what);
    rti_sink_cstr(&text, " has no field '");
    rti_sink_add(&text, rti_str(index)->bytes, (size_t)rti_str(index)->length);
    rti_sink_add(&text, "'", 1);
    stop_with(place, text.data, text.length, 0);
}

void rt_stop_division(void) {
    static const char message[] = "division by zero";
    stop_with(NULL, message, sizeof message - 1, PLAIN);
}

void rt_stop_modulo(void) {
    static const char message[] = "modulo by zero";
    stop_with(NULL, message, sizeof message - 1, PLAIN);
}

void rt_stop_range(int64_t position, int64_t length, const RtPlace *place) {
    if (position == INT64_MIN) // rt_to_position: NaN, or far outside
        rti_stop(place, "index out of range (length %lld)", (long long)length);
    rti_stop(place, "index %lld out of range (length %lld)", (long long)position,
             (long long)length);
}

void rt_stop_apart(int64_t names, int64_t length, const RtPlace *place) {
    rti_stop(place, "%lld names take a list of %lld element%s apart", (long long)names,
             (long long)length, length == 1 ? "" : "s");
}

void rt_stop_loop_at(int64_t most, const RtPlace *place) {
    rti_stop(place, "loop exceeded maximum iterations (%lld)", (long long)most);
}

void rt_stop_depth(const RtPlace *place) {
    rti_stop(place, "recursion exceeded maximum depth");
}

void rt_stop_text(uint64_t message, const RtPlace *place) {
    wait_to_stop();
    RtSink text = {0};
    rti_write_value(&text, message);
    stop_with(place, text.data, text.length, 0);
}

void rt_stop_cstr(const void *message, const RtPlace *place) {
    stop_with(place, message, rti_cstr_length(message), 0);
}

void rt_stop_error(uint64_t error, const RtPlace *place) {
    if (rti_is(error, RT_TAG_ERROR)) rti_stop_error(error, place);
    rt_stop_text(error, place);
}

void rt_exit_error(uint64_t error) {
    wait_to_stop();
    RtStr *text = rt_str_of(error);
    stop_with(NULL, text->bytes, (size_t)text->length, PLAIN);
}

void rt_discard(uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, place);
}

void rt_exit(int64_t status) {
    rti_mutexes_drop(NULL);
    rti_par_wait_turn();
    rti_defers_run();
    rti_process_end((int)(status & 255));
}

// --- errors as values ----------------------------------------------------------------------------

uint64_t rt_error_new(RtStr *message) {
    RtError *error = rti_alloc(sizeof(RtError));
    error->header = rti_header(RT_KIND_ERROR, 0);
    rti_retain(message);
    error->message = message;
    return rti_box(RT_TAG_ERROR, error);
}

// Takes the text.
static uint64_t error_with(RtStr *text) {
    RtiRooted rooted;
    rti_root(&rooted, rti_string_word(text), 0, NULL);
    uint64_t error = rt_error_new(text);
    rti_unroot(&rooted);
    rti_release(text);
    return error;
}

uint64_t rti_draft_error(RtiDraft *text) {
    return error_with(rti_draft_end(text));
}

uint64_t rt_error_of(uint64_t word) {
    return rti_is(word, RT_TAG_ERROR) ? rti_retained(word) : error_with(rt_str_of(word));
}

RtStr *rt_error_message(uint64_t word) {
    return rt_str_of(word);
}

uint64_t rti_error_about(const char *what, const RtStr *about) {
    RtiDraft text;
    rti_draft_begin(&text);
    rti_sink_cstr(&text.sink, what);
    rti_sink_add(&text.sink, about->bytes, (size_t)about->length);
    return rti_draft_error(&text);
}

uint64_t rti_error(const char *format, ...) {
    char message[MESSAGE_MOST];
    __builtin_va_list arguments;
    __builtin_va_start(arguments, format);
    size_t length = rti_format_message(message, sizeof message, format, arguments);
    __builtin_va_end(arguments);
    return error_with(rt_str_new(message, (int64_t)length));
}
