// rt_layout.h: the shapes of run-time values, shared by the runtime and by lowering.
//
// Words. A value whose kind is not known is a NaN-boxed 64-bit word. A double is its own word; the
// words from RT_TAG_STRING << 48 up, negative quiet NaNs that no arithmetic produces, hold a tag in
// the upper 16 bits and a pointer in the lower 48. So a list of numbers *is* a flat array of
// doubles: lists have one layout, and only knowledge about them differs. NaNs that come from
// outside (raw memory, foreign calls) are made canonical before they become words.
//
// Ownership. Unless its row says otherwise a runtime function borrows its arguments and returns a
// new reference ("owned"). Counts: positive, the number of references; negative, immortal (literals
// in generated code, never counted nor freed). An object with count 1 may be changed in place.
#ifndef FLAP_RT_LAYOUT_H
#define FLAP_RT_LAYOUT_H

#include <stdint.h>

enum {
    RT_TAG_STRING = 0xFFF9,
    RT_TAG_LIST = 0xFFFA,
    RT_TAG_MAP = 0xFFFB,
    RT_TAG_FUNCTION = 0xFFFC,
    RT_TAG_ERROR = 0xFFFD,
};
#define RT_TAG_SHIFT     48
#define RT_POINTER_MASK  UINT64_C(0x0000FFFFFFFFFFFF)
#define RT_FIRST_BOXED   ((uint64_t)RT_TAG_STRING << RT_TAG_SHIFT) // words below are numbers
#define RT_CANONICAL_NAN UINT64_C(0x7FF8000000000000)
#define RT_ABSENT        UINT64_C(0xFFFFFFFFFFFFFFFF) // no value: an omitted part of a slice

enum { // RtHeader.kind
    RT_KIND_STRING = 1,
    RT_KIND_LIST,
    RT_KIND_MAP,
    RT_KIND_FUNCTION,
    RT_KIND_ERROR,
};

enum { // RtHeader.flags
    RT_FLAG_BOXED =
        1, // lists, maps: some element or key may be no number, so copies and drops must look
    RT_FLAG_ASCII = 2, // strings: all bytes below 0x80, so positions are byte offsets
    RT_FLAG_UTF8 = 4,  // strings: known to be valid UTF-8; a hint that need not be set (nor if ASCII)
};

#define RT_IMMORTAL (-0x40000000)

typedef struct RtHeader {
    int32_t count;
    uint8_t kind, flags;
    uint16_t spare;
} RtHeader;

typedef struct RtStr {
    RtHeader header;
    int64_t length;   // bytes
    int64_t points;   // code points (of invalid UTF-8: one per byte that fits nowhere)
    int64_t capacity; // bytes that fit, without the NUL
    char bytes[];     // length of them and a NUL
} RtStr;

typedef struct RtList {
    RtHeader header;
    int64_t length, capacity; // elements
    int64_t front;    // words of its block that are free in front of it: what was taken off, or room
    uint64_t words[]; // at offset 32
} RtList;

typedef struct RtMapEntry {
    uint64_t key; // RT_ABSENT: removed
    uint64_t value;
} RtMapEntry;

// Entries in the order of their insertion; the index finds them by hash (map.c). Keys are strings and
// numbers, but no NaN and no -0.
typedef struct RtMap {
    RtHeader header;
    int64_t length;      // keys
    int64_t used;        // entries in use, removed ones among them
    int64_t capacity;    // entries that fit
    int64_t mask;        // slots of the index less one
    uint32_t *index;     // null while the entries are few: they are looked through
    RtMapEntry *entries; // room, or a block of their own
    int64_t first;       // all entries before this one are removed
    int64_t dense;       // so many of the first entries have, or had, the keys 0, 1, 2 …
    RtMapEntry room[];   // at offset 72
} RtMap;

// What messages and tables say about a function.
typedef struct RtFunctionInfo {
    const char *name; // "f", "<lambda>"
    int64_t arity;    // -1: any (builtins)
} RtFunctionInfo;

// A row of the table from code to functions, for messages.
typedef struct RtFunctionEntry {
    const void *code;
    const char *name; // null: not of the program
    const char *file;
    int32_t line; // where the function begins in it
    int32_t part; // 1: code of a part of it, called by way of the runtime: a parallel or deferred body
} RtFunctionEntry;

typedef struct RtClosure RtClosure;
// Arguments are borrowed, the result is owned.
typedef uint64_t RtCode(RtClosure *self, const uint64_t *args, int64_t count);
struct RtClosure {
    RtHeader header;
    RtCode *code;
    const RtFunctionInfo *info;
    int64_t captured; // how many
    uint64_t words[]; // captured values, owned; numbers as doubles. At offset 32
};

typedef struct RtError {
    RtHeader header;
    RtStr *message;
} RtError;

// A place in the source, for messages of stops. Immutable, in generated code.
typedef struct RtPlace {
    const char *file;
    int32_t line, column;
    const char *function; // "main" at the top level
} RtPlace;

// A deferred block that was reached. Lies in the frame of the function that it is part of, as does
// its environment: the addresses of the variables that it mentions.
typedef struct RtDefer {
    void (*code)(void *environment);
    void *environment;
    struct RtDefer *next; // the one reached before, in the same thread
    const void *stack;    // below the frame that it lies in
} RtDefer;

// A parallel loop as generated code hands it to rt_par_for().
enum {
    RT_PAR_PER_BLOCK = 1, // call the body once per block (it keeps per-block state: reductions)
    RT_PAR_OUTPUT = 2,    // the body may write output: keep it in order
    RT_PAR_WAITS = 4,     // the body may wait for its turn
    RT_PAR_COUNTED = 8,   // `N @`: engage that many threads even for an empty body
    RT_PAR_KEEPS = 16,    // the body may call rt_par_keep()
    RT_PAR_LEAVES = 32,   // the body may call rt_par_leave(): called once per block
};
// Runs iterations [begin, end) of the loop, numbered from 0. With RT_PAR_PER_BLOCK, `block` is the
// block's number, and [begin, end) is exactly that block (parallel.md 3).
typedef void RtParBody(void *captures, int64_t begin, int64_t end, int64_t block);
typedef struct RtParLoop {
    RtParBody *body;
    void *captures;
    int64_t count;   // iterations, at least 0
    int64_t threads; // 0: `@@`
    int32_t flags;
    int32_t cost; // instructions of one iteration, as estimated; 0 whenever the body has loops or calls
                  // whose cost is not known: a loop that is thought small is run on the caller alone
    const RtPlace *place;
    // Set by rt_par_for(), with RT_PAR_LEAVES:
    int64_t left;   // the lowest block that left the loop early; RT_PAR_MAX_BLOCKS: none. Atomic
    int64_t exit;   // the number of its exit; -1: the loop ran to its end
    uint64_t value; // what the exit is given, owned
} RtParLoop;
#define RT_PAR_LOOP_WORDS 9
// A change of variables around a parallel loop, made in the order of iterations: takes the words.
// rt_par_keep_mark() comes before one that may stop the program.
typedef void RtParChange(void *captures, const uint64_t *words);
// Copies of a list, one for each thread, whose elements are combined in the end (copies.c): so many
// words of the loop's function.
#define RT_PAR_COPIES_WORDS 4
enum {
    RT_COMBINE_ADD,
    RT_COMBINE_MIN,
    RT_COMBINE_MAX,
    RT_COMBINE_AND,
    RT_COMBINE_OR,
    RT_COMBINE_BAND,
    RT_COMBINE_BOR,
    RT_COMBINE_BXOR,
};
#define RT_PAR_MAX_BLOCKS  1024
#define RT_PAR_MAX_THREADS 1024

// Kinds of C values for rt_foreign_call(), one byte per argument, the result's first.
enum {
    RT_C_VOID,
    RT_C_I8,
    RT_C_I16,
    RT_C_I32,
    RT_C_I64,
    RT_C_U8,
    RT_C_U16,
    RT_C_U32,
    RT_C_U64,
    RT_C_F32,
    RT_C_F64,
    RT_C_POINTER,  // a number holding an address
    RT_C_TEXT,     // a string as const char * (result: an address)
    RT_C_CALLBACK, // a Flap function as a C function pointer
};

// The runtime's copies of vocabularies that the front end lists too: BinaryOp, UnaryOp and CastKind
// of ast.h, the KIND_ bits of type.h, in the same order with the same values
// (test/unit/test_layout.c compares them).
enum {
    RT_BINARY_ADD,
    RT_BINARY_SUB,
    RT_BINARY_MUL,
    RT_BINARY_DIV,
    RT_BINARY_MOD,
    RT_BINARY_POW,
    RT_BINARY_FUSED,
    RT_BINARY_CARRY,
    RT_BINARY_LT,
    RT_BINARY_LE,
    RT_BINARY_GT,
    RT_BINARY_GE,
    RT_BINARY_EQ,
    RT_BINARY_NE,
    RT_BINARY_AND,
    RT_BINARY_OR,
    RT_BINARY_XOR,
    RT_BINARY_IN,
    RT_BINARY_NOT_IN,
    RT_BINARY_SHL,
    RT_BINARY_SHR,
    RT_BINARY_ROL,
    RT_BINARY_ROR,
    RT_BINARY_BAND,
    RT_BINARY_BOR,
    RT_BINARY_BXOR,
    RT_BINARY_CONS,
};
enum { RT_UNARY_NEG, RT_UNARY_NOT, RT_UNARY_BNOT, RT_UNARY_LEN, RT_UNARY_HEAD, RT_UNARY_TAIL };
enum {
    RT_CAST_I8,
    RT_CAST_I16,
    RT_CAST_I32,
    RT_CAST_I64,
    RT_CAST_U8,
    RT_CAST_U16,
    RT_CAST_U32,
    RT_CAST_U64,
    RT_CAST_F32,
    RT_CAST_F64,
    RT_CAST_CSTR,
    RT_CAST_PTR,
    RT_CAST_STRING,
    RT_CAST_LIST,
};
enum {
    RT_IS_NUMBER = 1,
    RT_IS_STRING = 2,
    RT_IS_LIST = 4,
    RT_IS_MAP = 8,
    RT_IS_FUNCTION = 16,
    RT_IS_ERROR = 32,
};

#endif
