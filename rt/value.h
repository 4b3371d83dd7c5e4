// value.h: what the runtime's own files need to handle values: counting, making words, text
// writers. Nothing here is visible to generated code.
//
// Counting looks at rti_process.parallel: while a parallel loop runs, counts change atomically;
// else by plain instructions. Immortal objects (negative counts) are never written.
#ifndef FLAP_RT_VALUE_H
#define FLAP_RT_VALUE_H

#include "rt_internal.h"
#include <stdatomic.h>

// --- counting ------------------------------------------------------------------------------------

// Relaxed: the loop's start and end are ordered by the hand-over of work (parfor.c).
static inline bool rti_in_parallel(void) {
    return atomic_load_explicit(&rti_process.parallel, memory_order_relaxed) != 0;
}

static inline void rti_retain(void *object) {
    RtHeader *header = object;
    if (RTI_UNLIKELY(rti_in_parallel())) {
        // Relaxed: whoever adds a reference holds one already.
        if (__atomic_load_n(&header->count, __ATOMIC_RELAXED) >= 0)
            __atomic_fetch_add(&header->count, 1, __ATOMIC_RELAXED);
    } else if (header->count >= 0) {
        header->count++;
    }
}

// Takes a reference away; true when it was the last and the object must be freed.
static inline bool rti_drop_count(RtHeader *header) {
    if (RTI_UNLIKELY(rti_in_parallel())) {
        if (__atomic_load_n(&header->count, __ATOMIC_RELAXED) < 0) return false;
        // Release pairs with the acquire below, of the thread that frees. (A load, not a fence: the
        // thread sanitizer knows no fences.)
        if (__atomic_fetch_sub(&header->count, 1, __ATOMIC_RELEASE) != 1) return false;
        (void)__atomic_load_n(&header->count, __ATOMIC_ACQUIRE);
        return true;
    }
    return header->count > 0 && --header->count == 0;
}

static inline void rti_release(void *object) {
    if (rti_drop_count(object)) rt_free_object(object);
}

// The block that a list lies in.
static inline void *rti_list_block(RtList *list) {
    return (uint64_t *)(void *)list - list->front;
}

// The caller holds the only reference, so it may change the object in place.
static inline bool rti_unshared(const void *object) {
    // Acquire pairs with the release of whoever dropped the other references.
    return __atomic_load_n(&((const RtHeader *)object)->count, __ATOMIC_ACQUIRE) == 1;
}

static inline uint64_t rti_retained(uint64_t word) {
    if (!rti_is_number(word)) rti_retain(rti_pointer(word));
    return word;
}

static inline void rti_release_word(uint64_t word) {
    if (!rti_is_number(word)) rti_release(rti_pointer(word));
}

static inline RtHeader rti_header(int kind, int flags) {
    return (RtHeader){.count = 1, .kind = (uint8_t)kind, .flags = (uint8_t)flags};
}

// --- words ---------------------------------------------------------------------------------------

static inline uint64_t rti_word_of(int64_t integer) {
    return rti_number_word((double)integer);
}
static inline uint64_t rti_string_word(const RtStr *string) {
    return rti_box(RT_TAG_STRING, string);
}
static inline uint64_t rti_list_word(const RtList *list) {
    return rti_box(RT_TAG_LIST, list);
}
static inline bool rti_is(uint64_t word, uint32_t tag) {
    return rti_tag(word) == tag;
}
static inline RtStr *rti_str(uint64_t word) {
    return rti_pointer(word);
}
static inline RtList *rti_list(uint64_t word) {
    return rti_pointer(word);
}

// The RT_IS_ bit of a word's kind.
int rti_kind_bit(uint64_t word);
// "a number", "a string" … of a word, for messages.
const char *rti_kind_text(uint64_t word);
// The same of a set of RT_IS_ bits: "a string or a list".
void rti_kinds_text(int kinds, char *to, size_t room);

// Stops with the error's own message.
_Noreturn void rti_stop_error(uint64_t error, const RtPlace *place);
// Stops with "WHAT needs NEEDED, not KIND"; with the error's message when the word is an error.
_Noreturn void rti_stop_kind(const char *what, const char *needed, uint64_t word,
                             const RtPlace *place);
// Stops for an operator that has no meaning for these kinds.
_Noreturn void rti_stop_operands(int32_t op, uint64_t left, uint64_t right, const RtPlace *place);
// Stops for an index that cannot be one in `what`: "a list has no field 'name'".
_Noreturn void rti_stop_index(const char *what, uint64_t index, const RtPlace *place);

// An error (owned) with a message formatted like rti_stop.
uint64_t rti_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The same with `about` behind the text, however long it is.
uint64_t rti_error_about(const char *what, const RtStr *about);
// The text of a failed system call's result.
const char *rti_system_error(long error);
// Formats a message with a NUL: %s %d %lld %c; returns the length, cut at room - 1.
size_t rti_format_message(char *to, size_t room, const char *format, __builtin_va_list arguments);

// Unlocks the mutexes that this thread has locked since it had locked `until` (null: all of them): it
// is about to wait for its turn for the last time, and earlier blocks may wait for them
// (builtin_cell.c).
void rti_mutexes_drop(const struct RtCell *until);
// In a child process, when the thread has its new number: what it held it holds there too.
void rti_mutexes_forked(void);

// In a child process, the parent's so-and-so-manieth: it draws other numbers. (builtin_random.c)
void rti_random_forked(uint64_t number);

// --- memory --------------------------------------------------------------------------------------

void *rti_set(void *to, int byte, size_t size);
void *rti_move(void *to, const void *from, size_t size); // may overlap
int rti_bytes_compare(const void *a, const void *b, size_t size);
size_t rti_cstr_length(const char *text);
static inline bool rti_bytes_equal(const void *a, const void *b, size_t size) {
    return rti_bytes_compare(a, b, size) == 0;
}

// --- strings -------------------------------------------------------------------------------------

// A new string with count 1 and room for `capacity` bytes; length 0, flagged ASCII. The caller
// fills bytes, then calls rti_str_finish with the length.
RtStr *rti_str_make(int64_t capacity);
// Sets length, NUL, points, flags and index from the bytes. May move the string: use the result.
RtStr *rti_str_finish(RtStr *string, int64_t length);
RtStr *rti_str_empty(void); // owned
// The byte offset of a code point's position, 0 … points.
int64_t rti_str_offset(const RtStr *string, int64_t position);
// Bytes [from, from + length) as a new string; points: how many, or -1 for unknown.
RtStr *rti_str_part(const RtStr *string, int64_t from, int64_t length);
// Byte offset of the first `part` at or after `from`; -1: none.
int64_t rti_str_find(const RtStr *string, const RtStr *part, int64_t from);

#define RTI_BAD_POINT 0xFFFD
// One code point of bytes [at, end), at < end; its length in bytes in *size. What is no UTF-8 is
// one byte each and reads as U+FFFD.
uint32_t rti_utf8_decode(const unsigned char *at, const unsigned char *end, int *size);
// 1 … 4 bytes; surrogates and what lies above 0x10FFFF become U+FFFD.
int rti_utf8_encode(uint32_t point, char *to);
// Code points in bytes; *ascii is cleared when there is a byte above 0x7F.
int64_t rti_utf8_count(const unsigned char *bytes, int64_t length, bool *ascii);

// --- text ----------------------------------------------------------------------------------------

// The text of a value at the end of a sink, as %v writes it; strings bare at the outermost level.
void rti_write_value(RtSink *sink, uint64_t word);
void rti_write_number(RtSink *sink, double number);
// A text that is being made: goes with the iteration that makes it, if that is given up.
typedef struct RtiDraft {
    RtSink sink;
    RtiRooted rooted;
} RtiDraft;
void rti_draft_begin(RtiDraft *text);
RtStr *rti_draft_end(RtiDraft *text);     // as a string (owned)
void rti_draft_drop(RtiDraft *text);      // in place of the end
uint64_t rti_draft_error(RtiDraft *text); // the same: an error with that message
static inline void rti_sink_cstr(RtSink *sink, const char *text) {
    rti_sink_add(sink, text, rti_cstr_length(text));
}
// Room for `more` bytes at the end: write there, then add to sink->length.
char *rti_sink_room(RtSink *sink, size_t more);

// Writes everything to a descriptor; 0, or the negative error number that stopped it.
long rti_write_all(int fd, const char *bytes, size_t length);

// --- numbers and text (num.c) --------------------------------------------------------------------

#define RTI_NUMBER_TEXT 32                          // longest %v of a number, with room to spare
size_t rti_number_text(double number, char *to);    // %v; no NUL
size_t rti_integer_text(uint64_t number, char *to); // decimal digits; up to 20
// The number at the start of text, as C's strtod reads it (decimal, 0x hexadecimal, inf, nan), but
// without leading blanks and whatever the locale; *used: bytes read, 0 when there is none.
double rti_parse_number(const char *text, size_t length, size_t *used);

// The decimal digits of a finite number's magnitude, correctly rounded (ties to even): the first is
// not 0, and after the last one given all are 0. Zero has no digits and point 1.
typedef struct RtiDigits {
    int64_t count;
    int64_t point;    // value = 0.DIGITS × 10^point
    char digits[800]; // as characters; a double has at most 767
} RtiDigits;
// Rounded to `places` digits after the decimal point.
void rti_digits_fixed(RtiDigits *digits, double number, int64_t places);
// Rounded to `count` significant digits, at least 1.
void rti_digits_significant(RtiDigits *digits, double number, int64_t count);

// 10^power as high:low × 2^(exponent - 127), high's top bit set, for powers -364 … 363. Cut off,
// less than 4 units of low too small; exact for 0 … 55.
typedef struct RtiPower {
    uint64_t high, low;
    int32_t exponent;
    bool exact;
} RtiPower;
RtiPower rti_power_of_ten(int32_t power);
// factor × power: 192 bits, most significant word first.
void rti_power_times(RtiPower power, uint64_t factor, uint64_t product[3]);

// --- formats (fmt.c) -----------------------------------------------------------------------------

// Formats into a sink; stops on conversions that do not fit their values.
void rti_format(RtSink *sink, const RtStr *format, const uint64_t *words, int64_t count,
                const RtPlace *place);

// --- lists, slices -------------------------------------------------------------------------------

// Stored only where it is not set: other threads may be storing into the same list.
static inline void rti_mark_boxed(RtHeader *header) {
    uint8_t flags = __atomic_load_n(&header->flags, __ATOMIC_RELAXED);
    if (!(flags & RT_FLAG_BOXED))
        __atomic_store_n(&header->flags, (uint8_t)(flags | RT_FLAG_BOXED), __ATOMIC_RELAXED);
}
static inline void rti_list_flag(RtList *list, uint64_t word) {
    if (!rti_is_number(word)) rti_mark_boxed(&list->header);
}
void rti_retain_words(const uint64_t *words, int64_t count);
RtList *rti_packed_copy(RtList *list); // packed.c
RtList *rti_list_part(const RtList *list, int64_t first, int64_t count);

// The parts of a slice of a sequence, resolved: its first position, its step, how many.
typedef struct RtiSlice {
    int64_t first, step, count;
} RtiSlice;
RtiSlice rti_slice_of(int64_t length, uint64_t low, uint64_t high, uint64_t step,
                      const RtPlace *place);
RtList *rti_list_slice(RtList *list, RtiSlice slice); // takes the list
RtStr *rti_str_slice(const RtStr *string, RtiSlice slice);

#endif
