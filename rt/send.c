// send.c: values on their way from a child process to its parent, through a pipe.
//
// Both run the same program on the same machine, so numbers go as they are, all bits of them, and lists
// of numbers as one piece. Anything else begins with a word that has its tag above and a length, or
// nothing, below:
//   string  bytes, then these            list  elements * 2, then these words; + 1: values of any kind
//   map     keys, then keys and values   error  nothing, then its message, a string
// A function means nothing in another process: its word is the last one that is written, and what is
// read then is an error. No recursion: a list nested a million deep is sent with a stack on the heap.
#include "map.h"
#include "sys.h"

enum { BUFFER = 16 * 1024 };

// --- sending -------------------------------------------------------------------------------------

typedef struct Out {
    int fd;
    long error; // the first one
    size_t used;
    char bytes[BUFFER];
} Out;

static void out_write(Out *out, const char *bytes, size_t size) {
    if (out->error == 0) out->error = rti_write_all(out->fd, bytes, size);
}

static void put(Out *out, const void *bytes, size_t size) {
    if (size > BUFFER - out->used) {
        out_write(out, out->bytes, out->used);
        out->used = 0;
    }
    if (size > BUFFER) {
        out_write(out, bytes, size);
    } else {
        rti_copy(out->bytes + out->used, bytes, size);
        out->used += size;
    }
}

static void put_head(Out *out, uint32_t tag, int64_t length) {
    uint64_t word = (uint64_t)tag << RT_TAG_SHIFT | (uint64_t)length;
    put(out, &word, sizeof word);
}

static void put_str(Out *out, const RtStr *string) {
    put_head(out, RT_TAG_STRING, string->length);
    put(out, string->bytes, (size_t)string->length);
}

// A list or a map whose values are being sent.
typedef struct Sent {
    uint64_t whole;
    int64_t at;
} Sent;

// Sends a value but for the values in it, of which *inside tells; false: a function.
static bool put_shallow(Out *out, uint64_t word, bool *inside) {
    *inside = false;
    if (rti_is_number(word)) {
        put(out, &word, sizeof word);
        return true;
    }
    switch (rti_tag(word)) {
    case RT_TAG_STRING: put_str(out, rti_str(word)); return true;
    case RT_TAG_LIST: {
        const RtList *list = rti_list(word);
        *inside = (list->header.flags & RT_FLAG_BOXED) != 0;
        put_head(out, RT_TAG_LIST, list->length * 2 + *inside);
        if (!*inside) put(out, list->words, (size_t)list->length * sizeof(uint64_t));
        return true;
    }
    case RT_TAG_MAP:
        *inside = true;
        put_head(out, RT_TAG_MAP, rti_map(word)->length);
        return true;
    case RT_TAG_ERROR:
        put_head(out, RT_TAG_ERROR, 0);
        put_str(out, ((const RtError *)rti_pointer(word))->message);
        return true;
    }
    put_head(out, RT_TAG_FUNCTION, 0);
    return false;
}

// The next value of a list or map, whose key is sent with it; false: that was the last.
static bool next_inside(Out *out, Sent *sent, uint64_t *word) {
    if (rti_is(sent->whole, RT_TAG_LIST)) {
        const RtList *list = rti_list(sent->whole);
        if (sent->at == list->length) return false;
        *word = list->words[sent->at++];
        return true;
    }
    RtMap *map = rti_map(sent->whole);
    int64_t at = rt_map_next(map, sent->at);
    if (at < 0) return false;
    bool inside;
    (void)put_shallow(out, map->entries[at].key, &inside);
    *word = map->entries[at].value;
    sent->at = at + 1;
    return true;
}

static void put_value(Out *out, uint64_t word) {
    RtSink stack = {0};
    bool inside;
    while (put_shallow(out, word, &inside)) {
        if (inside) rti_sink_add(&stack, (const char *)&(Sent){word, 0}, sizeof(Sent));
        for (;; stack.length -= sizeof(Sent)) {
            if (stack.length == 0) goto done;
            char *top = stack.data + stack.length - sizeof(Sent);
            if (next_inside(out, (Sent *)(void *)top, &word)) break;
        }
    }
done:
    rti_sink_free(&stack);
}

long rti_send(int fd, uint64_t word) {
    Out out;
    out.fd = fd;
    out.error = 0;
    out.used = 0;
    put_value(&out, word);
    out_write(&out, out.bytes, out.used);
    return out.error;
}

// --- receiving -----------------------------------------------------------------------------------

typedef struct In {
    int fd;
    size_t at, end;
    char bytes[BUFFER];
} In;

// At least one byte, at most `size`; 0: there are no more.
static size_t in_read(In *in, char *to, size_t size) {
    for (;;) {
        long got = rti_sys_read(in->fd, to, size);
        if (got != -RTI_EINTR) return got > 0 ? (size_t)got : 0;
    }
}

static bool get(In *in, void *to, size_t size) {
    char *at = to;
    while (size > 0) {
        size_t part = in->end - in->at;
        if (part == 0 && size >= BUFFER) {
            part = in_read(in, at, size);
            if (part == 0) return false;
        } else {
            if (part == 0) {
                in->at = 0;
                part = in->end = in_read(in, in->bytes, BUFFER);
                if (part == 0) return false;
            }
            if (part > size) part = size;
            rti_copy(at, in->bytes + in->at, part);
            in->at += part;
        }
        at += part;
        size -= part;
    }
    return true;
}

static RtStr *get_str(In *in, int64_t length) {
    RtStr *string = rti_str_make(length);
    if (get(in, string->bytes, (size_t)length)) return rti_str_finish(string, length);
    rti_free(string);
    return NULL;
}

static RtList *get_numbers(In *in, int64_t length) {
    RtList *list = rt_list_new(length);
    if (get(in, list->words, (size_t)length * sizeof(uint64_t))) {
        list->length = length;
        return list;
    }
    rti_release(list);
    return NULL;
}

static bool get_error(In *in, uint64_t *word) {
    uint64_t head;
    RtStr *message = NULL;
    if (get(in, &head, sizeof head)) message = get_str(in, (int64_t)(head & RT_POINTER_MASK));
    if (!message) return false;
    *word = rt_error_new(message);
    rti_release(message);
    return true;
}

// A list or a map that still lacks values.
typedef struct Got {
    uint64_t whole;
    int64_t left;
    uint64_t key; // RT_ABSENT: the next one is a key
} Got;

typedef enum Piece { PIECE_NONE, PIECE_VALUE, PIECE_OPEN, PIECE_FUNCTION } Piece;

// A value, or (PIECE_OPEN) a list or map with *left values to come.
static Piece get_shallow(In *in, uint64_t *word, int64_t *left) {
    if (!get(in, word, sizeof *word)) return PIECE_NONE;
    if (rti_is_number(*word)) return PIECE_VALUE;
    int64_t length = (int64_t)(*word & RT_POINTER_MASK);
    switch (rti_tag(*word)) {
    case RT_TAG_STRING: {
        const RtStr *string = get_str(in, length);
        *word = rti_string_word(string);
        return string ? PIECE_VALUE : PIECE_NONE;
    }
    case RT_TAG_LIST: {
        *left = length / 2;
        const RtList *list = length % 2 ? rt_list_new(*left) : get_numbers(in, *left);
        *word = rti_list_word(list);
        return !list ? PIECE_NONE : length % 2 && *left > 0 ? PIECE_OPEN : PIECE_VALUE;
    }
    case RT_TAG_MAP:
        *left = length;
        *word = rti_map_word(rt_map_new(length));
        return length > 0 ? PIECE_OPEN : PIECE_VALUE;
    case RT_TAG_ERROR: return get_error(in, word) ? PIECE_VALUE : PIECE_NONE;
    }
    return PIECE_FUNCTION;
}

// Puts a value, which it takes, where it belongs.
static void put_inside(Got *got, uint64_t word) {
    if (rti_is(got->whole, RT_TAG_LIST)) {
        RtList *list = rti_list(got->whole);
        list->words[list->length++] = word;
        rti_list_flag(list, word);
        got->left--;
    } else if (got->key == RT_ABSENT) {
        got->key = word;
    } else {
        RtMap *map = rt_map_put(rti_map(got->whole), got->key, word, NULL);
        rti_release_word(got->key);
        *got = (Got){rti_map_word(map), got->left - 1, RT_ABSENT};
    }
}

static Got *top_of(RtSink *stack) {
    return (Got *)(void *)(stack->data + stack->length - sizeof(Got));
}

static Piece get_value(In *in, RtSink *stack, uint64_t *word) {
    for (;;) {
        Got next = {0, 0, RT_ABSENT};
        Piece piece = get_shallow(in, word, &next.left);
        if (piece == PIECE_OPEN) {
            next.whole = *word;
            rti_sink_add(stack, (const char *)&next, sizeof next);
            continue;
        }
        if (piece != PIECE_VALUE) return piece;
        while (stack->length > 0) { // what is complete with it
            put_inside(top_of(stack), *word);
            if (top_of(stack)->left > 0) break;
            *word = top_of(stack)->whole;
            stack->length -= sizeof(Got);
        }
        if (stack->length == 0) return PIECE_VALUE;
    }
}

bool rti_receive(int fd, uint64_t *word) {
    In in;
    in.fd = fd;
    in.at = in.end = 0;
    RtSink stack = {0};
    Piece piece = get_value(&in, &stack, word);
    for (; stack.length > 0; stack.length -= sizeof(Got)) {
        rti_release_word(top_of(&stack)->whole);
        if (top_of(&stack)->key != RT_ABSENT) rti_release_word(top_of(&stack)->key);
    }
    rti_sink_free(&stack);
    if (piece == PIECE_FUNCTION) *word = rti_error("a function cannot be sent to another process");
    return piece != PIECE_NONE;
}
