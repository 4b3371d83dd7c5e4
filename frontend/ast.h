// ast.h: the syntax tree. The parser builds it; sema fills the members marked "sema:" in place.
// Types are not here: they differ between instances of a function (sema.h, Instance.node_types).
//
// Every node has an `id`, dense within its Function (numbered by sema), which indexes the tables
// of an instance.
#ifndef FLAP_AST_H
#define FLAP_AST_H

#include "intern.h"
#include "source.h"
#include "vec.h"
#include <stdio.h>

typedef struct Node Node;
typedef struct Symbol Symbol;
typedef struct Function Function;
typedef struct ParPlan ParPlan;
typedef struct Scope Scope;

typedef VEC(Node *) NodeVec;
typedef VEC(Name *) NameVec;
typedef VEC(Symbol *) SymbolVec;

typedef enum NodeKind {
#define NODE(kind, member, name) NODE_##kind,
#include "ast.def"
#undef NODE
    NODE_KIND_COUNT
} NodeKind;

typedef enum UnaryOp {
    UNARY_NEG,  // -a
    UNARY_NOT,  // not a
    UNARY_BNOT, // ~b a
    UNARY_LEN,  // #a
    UNARY_HEAD, // ^a
    UNARY_TAIL, // &a
} UnaryOp;

typedef enum BinaryOp {
    BINARY_ADD, BINARY_SUB, BINARY_MUL, BINARY_DIV, BINARY_MOD, BINARY_POW,
    BINARY_FUSED, // a *+ b: a*a + b
    BINARY_CARRY, // a +! b
    BINARY_LT, BINARY_LE, BINARY_GT, BINARY_GE, BINARY_EQ, BINARY_NE,
    BINARY_AND, BINARY_OR, BINARY_XOR,
    BINARY_IN, BINARY_NOT_IN, // right side may be a NODE_RANGE
    BINARY_SHL, BINARY_SHR, BINARY_ROL, BINARY_ROR, BINARY_BAND, BINARY_BOR, BINARY_BXOR,
    BINARY_CONS, // v :: xs
    BINARY_OP_COUNT
} BinaryOp;
// The operator's spelling in the language, for messages ("+", "<b", "not in").
extern const char *const binary_op_text[BINARY_OP_COUNT];

// Number types that `as`, cstructs and registers name; synonyms are folded by the parser.
typedef enum CastKind {
    CAST_I8, CAST_I16, CAST_I32, CAST_I64, CAST_U8, CAST_U16, CAST_U32, CAST_U64,
    CAST_F32, CAST_F64, // f64 and number
    CAST_CSTR, CAST_PTR, CAST_STRING, CAST_LIST,
    CAST_STRUCT, // the name of a cstruct: Node.cast.type_name
} CastKind;

// A piece of an f-string: text (expr null) or a hole.
typedef struct FPart {
    Node *expr;
    const char *text; // decoded bytes of a text piece
    uint32_t len;
    const char *spec; // of a hole: the conversion with its '%', "%.2f"; null: "%v"
} FPart;

typedef struct MapEntry {
    Node *key; // an identifier key is a NODE_STRING
    Node *value;
} MapEntry;

// A parameter's pattern in a clause.
typedef enum PatternKind { PATTERN_NAME, PATTERN_LITERAL, PATTERN_ANY } PatternKind;
typedef struct Pattern {
    PatternKind kind;
    Span span;
    Name *name;     // PATTERN_NAME
    Name *note;     // what C gives an exported function here, or null
    Symbol *symbol; // sema: what the name is bound to
    const struct CType *pointee; // sema: what a note or the prototype of a callback says
    Node *literal;  // PATTERN_LITERAL: NUMBER, STRING, negated NUMBER, or a constant's NAME
} Pattern;

typedef struct Clause {
    VEC(Pattern) params;
    Node *body; // an expression, or a NODE_BLOCK
    Span span;
} Clause;

typedef enum ArmKind {
    ARM_GUARD,      // guard -> body
    ARM_ERR_GUARD,  // err? -> body
    ARM_VAL_GUARD,  // val? -> body
    ARM_BIND_VALUE, // -> v { }   (binds.len names)
    ARM_THEN,       // the first arm without a guard: `-> body`, or a bare body
    ARM_DEFAULT,    // ~> body
    ARM_BIND_ERROR, // ~> e { }
} ArmKind;

typedef struct MatchArm {
    ArmKind kind;
    Span span;
    Node *guard;
    bool literal_guard; // the guard is compared with the subject (constants' names: set by sema)
    NameVec binds;
    SymbolVec symbols; // sema: one per bind
    Node *body;
} MatchArm;

typedef enum LoopKind {
    LOOP_FOREVER, // @ { }
    LOOP_WHILE,   // @ cond { }
    LOOP_RANGE,   // @ i in a..<b { }: the iterable is written as a range
    LOOP_EACH,    // @ x in xs { }
    LOOP_PAIRS,   // @ k, v in m { }: a map, or an address to receive from
} LoopKind;

typedef enum LoopPrefix { PREFIX_NONE, PREFIX_ALL /* @@ */, PREFIX_COUNT /* N @ */ } LoopPrefix;

typedef struct LoopNode {
    LoopKind kind;
    LoopPrefix prefix;
    Node *threads;      // PREFIX_COUNT: how many
    Span header;        // from the prefix to the last byte before '{'
    NameVec names;      // loop variables as written
    SymbolVec symbols;  // sema: one per name
    Node *condition;    // LOOP_WHILE
    Node *iterable;     // LOOP_EACH, LOOP_PAIRS
    Node *low, *high;   // LOOP_RANGE
    bool inclusive;     // ..=
    bool max_inf;       // `max inf`
    Node *max;          // `max N` or null
    Node *body;         // NODE_BLOCK
    uint32_t level;     // sema: nesting number, outermost of its function 1
    bool has_value;     // sema: some `ret @ v` or `err @` aims at it
    bool left;          // sema: some jump leaves it early (ret @, err @, ret)
    bool draws; // sema: a numbered loop, with random() in its body: iterations draw from streams of their own
    bool writes_through; // sema: the loop variable is updated, over a mutable list variable
    Symbol *source;     // sema: the variable iterated over when writes_through
    ParPlan *plan;      // sema: for a prefixed loop
} LoopNode;

typedef enum LoopValueKind { LOOP_FIRST, LOOP_LAST, LOOP_COUNTER, LOOP_ITEM, LOOP_CYCLE } LoopValueKind;
typedef enum PipeKind { PIPE_APPLY /* | */, PIPE_PARALLEL /* || */, PIPE_REDUCE /* ||| */ } PipeKind;
typedef enum UpdateOp { // x <- e, x += e …; x++ and x-- are ADD and SUB of a NUMBER 1
    UPDATE_SET, UPDATE_ADD, UPDATE_SUB, UPDATE_MUL, UPDATE_DIV, UPDATE_MOD, UPDATE_POW,
} UpdateOp;

typedef struct DefineNode {
    NameVec names; // several: a list taken apart
    VEC(Span) name_spans;
    SymbolVec symbols; // sema
    Node *value;
    bool is_mutable;  // :=
    bool or_return;   // =?
    bool hot, exported;
    bool bound;       // sema: of names that may shadow anything
    bool to_f32;      // type note f32
    Name *note;       // type note of an exported function: what C gets
    Name *type_name;  // type note of hardware, u1 … i64, or null
} DefineNode;

// Fields, registers and port lists: `name: type[, …]`
typedef struct FieldDecl {
    Name *name;
    Span span;
    Name *type_name; // "u32", or a cstruct's name
    bool pointer;    // *T
    Node *count;     // T[n]; null: one
    Node *depth;     // ports: `depth N`
} FieldDecl;
typedef VEC(FieldDecl) FieldDeclVec;

// The parsed register operations of `unsafe { } { } { }`; declared in unsafe.h.
typedef struct UnsafeNode UnsafeNode;

struct Node {
    uint8_t kind;  // NodeKind
    bool observed : 1; // sema: INDEX/FIELD/CALL whose error is looked at (language.md 4, a miss)
    bool parenthesized : 1;
    bool statement : 1; // sema: value unused
    bool in_frame : 1;  // sema: LAMBDA, NAME: the closure that it makes is not kept (escape.c)
    uint32_t id;   // sema: dense within its Function
    Span span;
    union {
        struct { double value; bool inexact; } number;
        struct { const char *bytes; uint32_t len; } string; // decoded
        struct { VEC(FPart) parts; } fstring;
        struct { Name *name; Symbol *symbol; bool last, late; } name; // sema: last: nothing reads the value after this;
                                     // late: that holds where all arguments around it are computed
        struct { NodeVec items; } list;
        struct { VEC(MapEntry) entries; } map;
        struct { UnaryOp op; Node *operand; } unary;
        struct { BinaryOp op; Node *left, *right; Span op_span; } binary;
        struct { Node *low, *high; bool inclusive; } range;
        struct { Node *base, *index; } index;
        struct { Node *base, *low, *high, *step; } slice; // parts may be null
        struct { Node *base; Name *name; Span name_span; } field;
        struct { Node *callee; NodeVec args; Node *max; bool max_inf, tail; } call; // sema: tail: what it gives is what the function gives
        struct { Node *operand; CastKind to; Name *type_name; const struct CType *type; } cast; // sema: type, of CAST_STRUCT
        struct { VEC(Clause) clauses; Function *function; } lambda; // sema: function
        struct { NodeVec statements; } block;
        struct { Node *subject; VEC(MatchArm) arms; bool on_result; } match; // on_result: has a binding arm
        LoopNode *loop;
        struct { PipeKind op; Node *left, *right; NameVec binds; } pipe;
        struct { Node *left, *right; bool is_and; } orelse;
        struct { Node *operand; bool is_err; } result_test; // operand null: the match's subject
        struct { LoopValueKind what; uint32_t level; LoopNode *loop; } loop_value; // level 0: innermost; sema: loop
        struct { Node *address, *message; } send;
        struct { const char *text; uint32_t len; char suffix; } port; // suffix '?', '+' or 0
        struct { Node *call, *binds, *block; bool bind_map, waits; } spawn; // binds: a DEFINE without a value, or null.
                                     // sema: waits for the result, which is its value; binds and block are null
        struct { const struct CDecl *decl; } foreign;
        struct { // at base + offset + index * (size of the type); index null: 0
            Node *base, *index;
            const struct CType *type;
            uint64_t offset;
            uint8_t bit, width; // of a bit-field; width 0: none
            bool noted;         // inference found what the base points to (infer_access.c)
        } memory;
        UnsafeNode *unsafe_code;
        DefineNode *define;
        struct { Node *target, *value; UpdateOp op; bool or_return; } update; // target: NAME, INDEX or FIELD path
        struct { Node *left, *right; } swap;
        struct { Node *value; } ret; // several values are a NODE_LIST; null: none
        struct { uint32_t level; Node *value; LoopNode *loop; } leave; // level 0: innermost; sema: loop
        struct { uint32_t level; LoopNode *loop; } next;
        struct { Node *value; bool from_loop; uint32_t level; LoopNode *loop; } err;
        struct { Node *body; } defer;
        struct { Node *body; } arena;
        struct { const char *path; uint32_t len; Node *included; } use;
        struct { const char *path; Name *library, *as; Node *included; uint32_t len; bool as_all, is_file; } import; // included: a package
        struct { Name *name; FieldDeclVec fields; bool packed; Node *aligned; } cstruct;
        struct { Name *name; uint8_t token; } alias;
        struct { Node *target, *value; } append;
        struct { FieldDecl *decl; Node *initial; } reg;
        struct { Name *name; FieldDeclVec ports; Node *body; bool downstream, has_ports; } module;
        struct { Node *condition; } wait_until;
        struct { Name *name; } hold;
    };
};
_Static_assert(sizeof(Node) == 56, "a node is 56 bytes; put larger parts behind a pointer");

// A zeroed node of `kind`.
Node *ast_new(Arena *arena, NodeKind kind, Span span);
const char *ast_kind_name(NodeKind kind);
// Whether a node gives a value: all kinds up to UNSAFE.
bool ast_is_expression(const Node *node);
// True for expressions of the same form over the same symbols, without effects: they have the same
// value wherever nothing that they mention has changed in between. (sema: names are resolved)
bool ast_same(const Node *a, const Node *b);
// Stands for the node's place in the source, which is the same in every analysis: a key of maps.
static inline const void *ast_place(const Node *node) {
    return (const void *)(uintptr_t)((uint64_t)node->span.end << 32 | node->span.begin);
}
// An s-expression with a statement a line, for --emit=ast.
void ast_dump(const Node *node, FILE *out);
// Calls `visit(context, slot)` for every direct child in evaluation order; slot may be replaced.
// Registers and modules count as having none.
void ast_children(Node *node, void (*visit)(void *context, Node **child), void *context);

#endif
