// sim.h: the analysed hardware of a program: registers, modules, ports, and who is connected to
// whom. Made by sema (sema_sim*.c) from `register`, `module` and `downstream`; read by lowering,
// which lays the state out and emits the code of both engines, and by `flapc graph`.
//
// Everything that modules share is a SimTarget: a register (one element or an array), a port (a FIFO
// of its module) or a module's events (a counter of calls). Targets change only between cycles; a
// module's code changes none but those that it lists in `writes`, at most `most` times a cycle. So
// every (module, target) pair can have slots of its own, and no order of modules can matter.
//
// Bodies are trees of SimNode, in which every name is resolved: the parser's AST ends here.
#ifndef FLAP_SIM_H
#define FLAP_SIM_H

#include "ast.h"

typedef struct SimModule SimModule;
typedef struct SimNode SimNode;
typedef VEC(SimNode *) SimNodeVec;
typedef VEC(SimModule *) SimModuleVec;

// u1 … u64, i1 … i64. Width 0: a 64-bit integer of no declared width (the result of arithmetic).
typedef struct SimType {
    uint8_t width;
    bool is_signed;
} SimType;

// Most registers' elements, loop iterations and writes that the compiler accepts.
enum { SIM_ELEMENTS_MOST = 1 << 28, SIM_WRITES_MOST = 1 << 20, SIM_PORTS_MOST = 60,
       SIM_MODULES_MOST = 65535,
       SIM_COPIED_MOST = 8192 }; // bytes of a register array that several threads keep copies of

typedef enum SimTargetKind { SIM_REGISTER, SIM_PORT, SIM_EVENTS } SimTargetKind;

// A module that changes a target, and how often it can do so in one cycle.
typedef struct SimWriter {
    SimModule *module;
    uint32_t most;
} SimWriter;

typedef struct SimTarget {
    SimTargetKind kind;
    uint32_t number; // dense over the model
    Name *name;      // of events: the module's
    Span span;
    SimType type;    // of registers and ports
    bool is_array;   // a register with [n]
    uint64_t length; // registers: elements
    uint64_t depth;  // ports: how many values fit; 0: any number
    const uint64_t *initial; // registers: `length` values cut to the width; null: zeroes
    SimModule *module;       // ports, events: whose
    VEC(SimWriter) writers;  // in the order of SimModule.rank
    SimModuleVec readers;    // modules that read it, each once; of ports also those that ask .ready?
    bool used;               // registers: read by a module, or mentioned by ordinary code
} SimTarget;
typedef VEC(SimTarget *) SimTargetVec;

// An immutable name at the top level of a module's body.
typedef struct SimExposed {
    Name *name;
    SimModule *module;
    SimType type;
    uint32_t number; // dense over the model
    bool used;       // some downstream module reads it
} SimExposed;
typedef VEC(SimExposed *) SimExposedVec;

typedef struct SimLocal {
    Name *name; // null: hidden
    SimType type;
    bool is_mutable;
    uint32_t number; // dense within the body
    SimExposed *exposed; // or null
} SimLocal;

typedef struct SimLoop {
    SimLocal *variable;
    int64_t low, count; // values low … low + count - 1
    uint32_t number;    // dense within the body
} SimLoop;

// A constant list that bodies index.
typedef struct SimTable {
    const Symbol *symbol;
    uint32_t number;
    int64_t *values;
    uint32_t count;
} SimTable;

// What `log` and `assert` write: pieces of text and values.
typedef struct SimPiece {
    const char *text; // null: `value`
    uint32_t len;
    SimNode *value;
    char conversion;  // d u x X o c b
    bool left, zero, plus;
    uint8_t width;    // at least so many characters
} SimPiece;
typedef struct SimText {
    VEC(SimPiece) pieces;
} SimText;

// A function called from bodies: pure, not recursive, compiled for integers.
typedef struct SimFunction {
    Function *function;
    uint32_t number;
    VEC(SimLocal *) params;
    uint32_t locals, loops;
    SimNode *body;
    bool may_stop; // divides by what is no constant, or indexes a table
    bool building; // sema's own
    uint32_t weight;
} SimFunction;

typedef enum SimOp {
#define SIM_OP(op) SIM_##op,
#include "sim.def"
#undef SIM_OP
    SIM_OP_COUNT
} SimOp;

struct SimNode {
    uint8_t op; // SimOp
    SimType type;
    Span span;
    SimNode *a, *b, *c;
    SimNodeVec items;
    union {
        int64_t value;
        SimLocal *local;
        SimTarget *target;
        SimExposed *exposed;
        SimTable *table;
        SimFunction *function;
        SimLoop *loop;
        SimText *text;
    };
};

typedef enum SimModuleKind {
    SIM_DRIVER,     // no port list: runs in every cycle
    SIM_CALLED,     // runs when it has been called
    SIM_DOWNSTREAM, // runs after the modules whose exposed names it reads
} SimModuleKind;

// What a module may do to a target in one cycle.
typedef struct SimUse {
    SimTarget *target;
    uint32_t writes; // at most; 0: reads only
    bool reads;
    bool reads_late; // some read may come after a write in the same cycle
} SimUse;

struct SimModule {
    Name *name;
    Span span;
    SimModuleKind kind;
    uint32_t number; // in source order
    uint32_t level;  // 0, but for downstream modules: one more than the highest that it reads
    uint32_t rank;   // place in the order (level, source): what decides between effects of one cycle
    uint32_t part;   // of the pipeline: what it does is met in this and in later parts only
    SimTargetVec ports;
    SimTarget *events; // of called modules, else null
    SimExposedVec exposed;
    SimModuleVec upstream; // of downstream modules: those that it reads
    SimNode *wait;         // the condition of wait_until, or null
    SimNode *body;
    uint32_t locals, loops;
    VEC(SimUse) uses;
    bool logs;     // writes text
    bool partial;  // somebody calls it without values, or gives a value to a port alone
    uint32_t weight; // nodes of the body, with the functions that it calls
    Node *source;    // its NODE_MODULE, until the body is translated
};

typedef struct SimModel {
    SimModuleVec modules; // in source order
    SimModuleVec ranked;  // by rank
    SimTargetVec targets;
    SimExposedVec exposed;
    VEC(SimTable *) tables;
    VEC(SimFunction *) functions; // callees before callers
    uint32_t parts;               // one more than the last module's
} SimModel;

// The value as a number of that type.
int64_t sim_cut(SimType type, int64_t value);
// "u32", "i5"; of width 0: "i64".
const char *sim_type_text(Arena *arena, SimType type);
// "out", "add.a", "add": as messages name a target.
const char *sim_target_text(Arena *arena, const SimTarget *target);
// Bytes of an element where it is stored.
uint32_t sim_bytes(SimType type);
// A register array of which there is to be one copy: all that read it stay together.
bool sim_is_large(const SimTarget *target);
// The use of the target by the module, or null.
const SimUse *sim_use(const SimModule *module, const SimTarget *target);
// The graph of modules: as lines of text for -v, and for Graphviz.
void sim_print(const SimModel *model, Arena *arena, FILE *out);
void sim_print_dot(const SimModel *model, Arena *arena, FILE *out);

#endif
