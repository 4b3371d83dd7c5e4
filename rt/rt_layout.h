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
    uint16_t spare; // lists: 0; of a packed one, the bytes of an element
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

// A place in the source, for messages of stops. Immutable, in generated code.
typedef struct RtPlace {
    const char *file;
    int32_t line, column;
    const char *function; // "main" at the top level
} RtPlace;

// What messages and tables say about a function.
typedef struct RtFunctionInfo {
    const char *name; // "f", "<lambda>"
    int64_t least, most; // arguments; most -1: any number
    const void *tail;    // code for calls in tail position (lower_jump.c), or null
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
// Arguments are borrowed, the result is owned. The place of the call is for builtins' messages.
typedef uint64_t RtCode(RtClosure *self, const uint64_t *args, int64_t count,
                        const RtPlace *place);
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

// A deferred block that was reached. Lies in the frame of the function that it is part of, as does
// its environment: the addresses of the variables that it mentions.
typedef struct RtDefer {
    void (*code)(void *environment);
    void *environment;
    struct RtDefer *next; // the one reached before, in the same thread
    const void *stack;    // below the frame that it lies in
} RtDefer;

// What a function owns while it runs, in its frame, where an iteration of a parallel loop may end in
// the middle of it: the runtime then releases what the words hold (roots.c). 0: nothing.
enum { // what a root is; roots.c has more
    RT_ROOT_OBJECT, // a pointer to an object
    RT_ROOT_WORD,   // a word of the program
    RT_ROOT_WORDS,  // a pointer to RT_PAR_MAX_BLOCKS such words, or 0 for each that there is not
    RT_ROOT_LOOP,   // a pointer to an RtParLoop, whose value it is, or 0
};
typedef struct RtRootMap {
    int64_t count;
    uint8_t kinds[]; // RT_ROOT_
} RtRootMap;
typedef struct RtRoots {
    struct RtRoots *next; // of what called the function, or further out
    const RtRootMap *map;
    // uint64_t words[map->count] follow
} RtRoots;

// A parallel loop as generated code hands it to rt_par_for().
enum {
    RT_PAR_PER_BLOCK = 1, // call the body once per block (it keeps per-block state: reductions)
    RT_PAR_OUTPUT = 2,    // the body may write output: keep it in order
    RT_PAR_WAITS = 4,     // the body may wait for its turn
    RT_PAR_COUNTED = 8,   // `N @`: engage that many threads even for an empty body
    RT_PAR_KEEPS = 16,    // the body may call rt_par_keep()
    RT_PAR_LEAVES = 32,   // the body may call rt_par_leave(): called once per block
    RT_PAR_ASKED = 64,    // rt_par_plain() was asked and said no
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
    uint64_t *history; // words of the loop's own that start as 0 and outlive it (parfor.c); or null. Atomic
} RtParLoop;
#define RT_PAR_LOOP_WORDS    10
#define RT_PAR_HISTORY_WORDS 4
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
#define RT_PAR_ALONE_COST  32000 // instructions: an `@@` loop so small is run without looking at the clock
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
    RT_C_BOOL,
    // From here on in RtCType only.
    RT_C_LONG_DOUBLE, // a number: rounded to a double, and exact the other way
    RT_C_RECORD,
    RT_C_ARRAY,
};

// Types of values that C holds in memory.
typedef struct RtCType {
    int32_t kind; // RT_C_
    uint32_t size;
    int64_t count;                  // RT_C_ARRAY
    const struct RtCType *element;  // RT_C_ARRAY
    const struct RtCRecord *record; // RT_C_RECORD
} RtCType;
typedef struct RtCField {
    const char *name;
    const RtCType *type;
    uint32_t offset;
    uint16_t bit, width; // of a bit-field, from the low end of the bytes at offset; width 0: none
} RtCField;
// A C struct, to be read into a map and filled from one.
typedef struct RtCRecord {
    const char *name;
    const uint8_t *scalars; // RT_C_ kinds that lie in it one after the other and then 0, when it is
                            // small enough for registers; else null
    int64_t size, align, count;
    RtCField fields[];
} RtCRecord;
// What a callback takes and gives.
typedef struct RtCSignature {
    const RtCType *result;
    int64_t count;
    const RtCType *params[];
} RtCSignature;

// A C function's parameter that is a pointer.
typedef struct RtCParam {
    const char *function;
    const RtCSignature *signature; // of a callback; null: nothing is known
    int32_t position;         // from 1
    uint8_t takes;            // RT_IS_ bits besides numbers
    uint8_t element;          // RT_C_ of the numbers that it points to
    uint8_t writes;           // C may write through it
    uint8_t spare;
} RtCParam;
// What is kept for the time of a call, in the frame of the caller.
typedef struct RtCKeep {
    const RtCParam *param;
    void *thing; // null: nothing
    RtList *list;
    int64_t kind;
} RtCKeep;
#define RT_C_KEEP_WORDS 4

// --- simulated hardware: what generated code (lowering/lower_sim*.c) and the runtime (sim*.c) share.
//
// Two engines run the same modules. The direct one is one generated function over global variables,
// for one thread. The staged one calls a generated function per module, which reads a copy of the
// state that its thread owns and writes only into slots of its own; the runtime applies the slots
// between cycles. Slots are a ring of cycles, in each of which every module has a block. Ranks number
// the modules in the order (level, source).

enum { RT_SIM_REGISTER, RT_SIM_PORT, RT_SIM_EVENTS }; // RtSimTarget.kind
enum { RT_SIM_DRIVER, RT_SIM_CALLED, RT_SIM_DOWNSTREAM }; // RtSimModule.kind

// A port's values, or a module's calls, of which there is only a number.
typedef struct RtSimQueue {
    int64_t count;  // at the start of the cycle
    int64_t head;   // where the first one is in the ring
    int64_t mask;   // the ring's size less one
    int64_t pushed; // in this cycle, behind the others
    int64_t popped; // the same: 0 or 1
    int64_t *values;
} RtSimQueue;

// In the direct engine, the calls of a module whose calls are always taken in the next cycle, and a
// port of such a module.
typedef struct RtSimPlain {
    int64_t now, next;
} RtSimPlain;

// What a module says of itself in a cycle, at the beginning of its block. The block is valid when the
// stamp is that cycle's.
typedef struct RtSimBlock {
    int64_t stamp; // cycle + 1, when it ran
    int64_t taken; // ports whose head it took, a bit each; its call: RT_SIM_CALL
} RtSimBlock;
#define RT_SIM_CALL ((int64_t)1 << 62)

// Slots of a module for one target, in its block. Events have only the count.
typedef struct RtSimSlots {
    int64_t spare, count;
    struct {
        int64_t index, value;
        const struct RtSimSite *site; // the statement
        int64_t spare;
    } entries[];
} RtSimSlots;
#define RT_SIM_SLOTS_SIZE(most) (16 + 32 * (int64_t)(most))

// What a module counts in the state of its thread.
typedef struct RtSimOwn {
    int64_t active; // cycle + 1 when it last changed anything, or ran and is no driver
    int64_t runs, stalls, spare;
} RtSimOwn;

typedef struct RtSimWriter {
    int32_t rank, most;
    int64_t block, slots; // offsets of its block and of its RtSimSlots in the slots of a cycle
} RtSimWriter;

typedef struct RtSimTarget {
    const char *name; // "out", "add.a", "add"
    int32_t kind, width, is_signed, bytes; // bytes of an element
    int64_t length;       // registers: elements; ports: depth, 0: any number
    int32_t is_array, rank; // rank: of the module that a port or events belong to
    int32_t plain, position; // direct engine: RtSimPlain; ports: which one of the module
    int32_t large, spare; // a register array that all its readers share
    const void *initial;  // registers: elements; null: zeroes
    void *data;           // direct engine: elements, RtSimQueue or RtSimPlain
    void *next;           // direct engine: of a register whose writes wait for the end of the cycle
    uint64_t *stamps;     // direct engine: (cycle + 1) << 16 | rank of an element's last write; or null
    int64_t offset;       // staged engine: in a thread's state: elements, or RtSimQueue
    int64_t stamps_offset; // the same of stamps; -1: not needed
    const RtSimWriter *writers;
    int64_t writer_count;
} RtSimTarget;

typedef struct RtSimExposed {
    const char *name;
    int32_t rank, width, is_signed, spare;
    int64_t offset; // staged engine: value, stamp
} RtSimExposed;

typedef struct RtSimRun RtSimRun;
typedef void RtSimStep(RtSimRun *run, char *state, char *slots, int64_t cycle); // slots of the cycle
typedef void RtSimCycles(RtSimRun *run);

typedef struct RtSimModule {
    const char *name;
    int32_t kind, level, number, weight; // number: place in the source
    int32_t part, spare;        // part: of the pipeline (sim.h)
    RtSimStep *step;
    int64_t own;                // offset of its RtSimOwn in the state
    int64_t block;              // offset of its RtSimBlock in the slots of a cycle
    const int32_t *uses;        // numbers of the targets that it reads or asks
    int64_t use_count;
    const int32_t *upstream;    // ranks
    int64_t upstream_count;
} RtSimModule;

typedef struct RtSim {
    const RtSimModule *modules; // by rank
    int64_t module_count;
    const RtSimTarget *targets; // by number
    int64_t target_count;
    const RtSimExposed *exposed;
    int64_t exposed_count;
    RtSimCycles *cycles; // the direct engine
    int64_t *counts;     // direct engine: runs and stalls of each module, by rank
    int64_t state_size, slots_size; // of a thread, of a cycle
    int64_t state_zeroed;           // so much of a state, at its beginning, begins with zeroes
    int64_t parts;
} RtSim;

// One thread of a simulation, as generated code sees it; the runtime has more behind it.
struct RtSimRun {
    int64_t cycle, end;       // direct engine: the next cycle; it returns before `end`
    int64_t idle, idle_limit; // cycles in a row in which nothing happened
    int64_t ending;           // 1: the simulation stops after the cycle
    int64_t failed;           // 1 + rank of a module that was stopped in the middle
};

// A piece of a text with values in it.
typedef struct RtSimPiece {
    const char *text; // null: the next value
    int32_t length;
    uint8_t conversion, flags, width, spare; // flags: RT_SIM_LEFT …
} RtSimPiece;
enum { RT_SIM_LEFT = 1, RT_SIM_ZERO = 2, RT_SIM_PLUS = 4 };

enum { // RtSimSite.kind: why a simulation stops
    RT_SIM_DIVISION,
    RT_SIM_MODULO,
    RT_SIM_INDEX,    // a: index, of target `object`
    RT_SIM_TABLE,    // a: index, b: length
    RT_SIM_EMPTY,    // the port `object` holds no value
    RT_SIM_ABSENT,   // the exposed name `object` has no value
    RT_SIM_ASSERTION,
    RT_SIM_TWICE,    // a: element of target `object`, b: rank of the one that wrote it before
    RT_SIM_FULL,     // the port `object`
};
// A statement or expression that writes text or may stop.
typedef struct RtSimSite {
    const RtPlace *place;
    const RtSimPiece *pieces; // of a text
    int32_t piece_count;
    int32_t kind, object, spare;
} RtSimSite;

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
