// value_text.c: the text of values, as println and %v write it (language.md 10).
//
// Strings are bare at the outermost level, quoted and escaped inside lists and maps; so are keys,
// unless they could follow a dot. No recursion: a list nested a million deep is written with a stack
// of positions on the heap.
#include "map.h"

typedef struct Frame {
    uint64_t whole; // a list or a map
    int64_t at, written;
} Frame;

void rti_write_number(RtSink *sink, double number) {
    char *to = rti_sink_room(sink, RTI_NUMBER_TEXT);
    sink->length += rti_number_text(number, to);
}

static void write_escape(RtSink *sink, unsigned char byte) {
    static const char names[] = "n\nt\tr\r\\\\\"\"0";
    char text[4] = {'\\', 0, 0, 0};
    for (size_t i = 0; i < sizeof names; i += 2) {
        if ((unsigned char)names[i + 1] == byte) {
            text[1] = names[i];
            rti_sink_add(sink, text, 2);
            return;
        }
    }
    text[1] = 'x';
    text[2] = "0123456789ABCDEF"[byte >> 4];
    text[3] = "0123456789ABCDEF"[byte & 15];
    rti_sink_add(sink, text, 4);
}

// Length of the run at the start that needs no escape.
static int64_t plain_run(const unsigned char *at, const unsigned char *end) {
    const unsigned char *start = at;
    while (at < end) {
        if (*at < 0x80) {
            if (*at < 0x20 || *at == 0x7F || *at == '"' || *at == '\\') break;
            at++;
            continue;
        }
        int size;
        (void)rti_utf8_decode(at, end, &size);
        if (size == 1) break; // no UTF-8
        at += size;
    }
    return at - start;
}

static void write_quoted(RtSink *sink, const RtStr *string) {
    const unsigned char *at = (const unsigned char *)string->bytes, *end = at + string->length;
    rti_sink_add(sink, "\"", 1);
    while (at < end) {
        int64_t run = plain_run(at, end);
        rti_sink_add(sink, (const char *)at, (size_t)run);
        at += run;
        if (at < end) write_escape(sink, *at++);
    }
    rti_sink_add(sink, "\"", 1);
}

// Writes anything but the elements of a list or map, of which it writes only the bracket; true for one.
static bool write_shallow(RtSink *sink, uint64_t word, bool quoted) {
    if (rti_is_number(word)) {
        rti_write_number(sink, rti_number(word));
        return false;
    }
    switch (((const RtHeader *)rti_pointer(word))->kind) {
    case RT_KIND_STRING: {
        const RtStr *string = rti_str(word);
        if (quoted)
            write_quoted(sink, string);
        else
            rti_sink_add(sink, string->bytes, (size_t)string->length);
        break;
    }
    case RT_KIND_LIST: rti_sink_add(sink, "[", 1); return true;
    case RT_KIND_FUNCTION:
        rti_sink_cstr(sink, "<function ");
        rti_sink_cstr(sink, ((const RtClosure *)rti_pointer(word))->info->name);
        rti_sink_cstr(sink, ">");
        break;
    case RT_KIND_ERROR: {
        const RtStr *message = ((const RtError *)rti_pointer(word))->message;
        rti_sink_add(sink, message->bytes, (size_t)message->length);
        break;
    }
    case RT_KIND_MAP: rti_sink_add(sink, "{", 1); return true;
    }
    return false;
}

static void write_key(RtSink *sink, uint64_t key) {
    bool bare = rti_is(key, RT_TAG_STRING) && rti_is_identifier(rti_str(key));
    (void)write_shallow(sink, key, !bare);
    rti_sink_add(sink, ": ", 2);
}

// The next element of the frame's list or map, with what is written in front of it; false: it is
// done, and closed.
static bool next_element(RtSink *sink, Frame *frame, uint64_t *word) {
    if (rti_is(frame->whole, RT_TAG_LIST)) {
        const RtList *list = rti_list(frame->whole);
        if (frame->at == list->length) {
            rti_sink_add(sink, "]", 1);
            return false;
        }
        if (frame->written++ > 0) rti_sink_add(sink, ", ", 2);
        *word = list->words[frame->at++];
        return true;
    }
    RtMap *map = rti_map(frame->whole);
    int64_t at = rt_map_next(map, frame->at);
    if (at < 0) {
        rti_sink_add(sink, "}", 1);
        return false;
    }
    if (frame->written++ > 0) rti_sink_add(sink, ", ", 2);
    write_key(sink, map->entries[at].key);
    *word = map->entries[at].value;
    frame->at = at + 1;
    return true;
}

enum { FRAMES_ON_STACK = 16 };

static void write_elements(RtSink *sink, uint64_t whole) {
    Frame small[FRAMES_ON_STACK], *frames = small;
    int64_t count = 1, capacity = FRAMES_ON_STACK;
    frames[0] = (Frame){whole, 0, 0};
    while (count > 0) {
        uint64_t word;
        if (!next_element(sink, &frames[count - 1], &word)) {
            count--;
            continue;
        }
        if (!write_shallow(sink, word, true)) continue;
        if (count == capacity) {
            capacity *= 2;
            Frame *grown =
                rti_realloc(frames == small ? NULL : frames, (size_t)capacity * sizeof(Frame));
            if (frames == small) rti_copy(grown, small, sizeof small);
            frames = grown;
        }
        frames[count++] = (Frame){word, 0, 0};
    }
    if (frames != small) rti_free(frames);
}

void rti_write_value(RtSink *sink, uint64_t word) {
    if (write_shallow(sink, word, false)) write_elements(sink, word);
}
