// lower_internal.h: what the files that generate LLVM IR share.
//
// Lowering reads the analysed program (sema.h, type.h) and emits; it decides nothing about the
// language. One FuncState per LLVM function being filled; a parallel loop's body is a function of
// its own with the same Instance. The invariants that every file keeps:
//   - a value in flight is an LVal; who gets an owned one releases it or stores it;
//   - a slot (variable) of a counted kind owns its value from its definition to the end of its scope;
//   - after a jump the builder stands in a fresh block that nothing reaches, so that emitting may go on.
#ifndef FLAP_LOWER_INTERNAL_H
#define FLAP_LOWER_INTERNAL_H

#include "../frontend/frontend.h"
#include "../frontend/map.h"
#include "lowering.h"
#include <llvm-c/Core.h>

// Fills the empty module (its triple and data layout set): `i32 @flap_program()` and one function per
// instance. `features`: the processor's, "+sse4.1,+avx2". False after a diagnostic; a module that does not verify is a compiler_bug().
bool lower_program(Compilation *c, const LoweringOptions *options, const char *features,
                   LLVMContextRef context, LLVMModuleRef module);

// lower_module.c: what all functions of Flap code have in common.
typedef struct LowerCtx LowerCtx;
void lower_code_attributes(LowerCtx *cx, LLVMValueRef function);
// Notes in attributes, which survive the passes, where the code's function begins.
#define LOWER_BEGIN_FILE "flap-file"
#define LOWER_BEGIN_LINE "flap-line"
void lower_begin_note(LowerCtx *cx, LLVMValueRef code, const Function *function);

// lower_table.c: adds the table of code addresses and names to the optimised module. Without a symbol
// for it the program announces it to the runtime; else whoever loads the code has to. The number of
// rows (RtFunctionEntry).
uint32_t lower_function_table(LLVMModuleRef module, const char *symbol);

typedef enum RtId {
#define RT_FN0(r, name, attr)                   RTF_##name,
#define RT_FN1(r, name, a, attr)                RTF_##name,
#define RT_FN2(r, name, a, b, attr)             RTF_##name,
#define RT_FN3(r, name, a, b, c, attr)          RTF_##name,
#define RT_FN4(r, name, a, b, c, d, attr)       RTF_##name,
#define RT_FN5(r, name, a, b, c, d, e, attr)    RTF_##name,
#define RT_FN6(r, name, a, b, c, d, e, f, attr) RTF_##name,
#include "../rt/rt_abi.def"
#undef RT_FN0
#undef RT_FN1
#undef RT_FN2
#undef RT_FN3
#undef RT_FN4
#undef RT_FN5
#undef RT_FN6
    RTF_COUNT
} RtId;

// A value being computed.
typedef struct LVal {
    Rep rep;
    bool bit;   // REP_I64 whose `v` is still an i1
    bool owned; // whoever holds it must release it (only of counted kinds)
    Type type;
    LLVMValueRef v;
    LLVMValueRef root; // lower_roots.c: where it is written down that it is owned, or null
} LVal;

// Where a symbol lives in the function being filled.
typedef struct SymSlot {
    LLVMValueRef at;    // alloca or global; null: not defined yet
    LLVMValueRef value; // what is there from the definition on, or null: it may change
    Rep rep;
    Type type;
    LLVMValueRef data, length; // of a list while a loop keeps them at hand, else null
    bool hoisted_write; // data and length are of an unshared list, which may be written
    bool hoisted_rows;  // the same, and its elements may be made unshared; nobody takes them
    bool known_unique;  // a list that nobody else holds for as long as this function runs
    bool undo;          // of a parallel body: an element's old value is noted before it is written
    bool borrowed;      // somebody else's value: it is not to be handed on
    bool root;          // lower_roots.c: what it holds is owned at any time
    bool kept;          // of a parallel body: its changes are kept, the slot is not to be touched
} SymSlot;

typedef struct Cleanup {
    SymSlot *slot; // or null
    LVal value;    // a value held while others are computed
    LLVMValueRef defer; // record of a deferred block, or null
    bool arena;         // an arena to be left
    bool active;
    bool roots;         // the value has a root only because it is held
} Cleanup;

// lower_roots.c: a variable whose value the runtime finds; of REP_ANY or a pointer to an object.
typedef struct Root {
    LLVMValueRef at; // an alloca until the function is complete
    uint8_t kind;    // RT_ROOT_
} Root;

typedef struct LoopFrame {
    struct LoopFrame *outer;
    LoopNode *loop;
    LLVMBasicBlockRef next, end;
    uint32_t cleanups;    // how many stand outside the body
    LLVMValueRef index;   // alloca of the running i64
    LLVMValueRef first, total; // index at the start; iterations (null: never known)
    LLVMValueRef result;  // alloca, or null
    Rep result_rep;
    LLVMValueRef key, drawn; // lower_random.c: of its streams; alloca: numbers drawn by the iteration; or null
} LoopFrame;

// lower_alias.c: elements that overlap with those of no other scope.
typedef struct AliasScope {
    LLVMValueRef data;
    const void *owner;
    LLVMMetadataRef scope;
} AliasScope;

// One word of a parallel body's capture record, after the first two.
typedef struct ParImport {
    Symbol *symbol;     // what it holds; null:
    LLVMValueRef value; // a value of the function that the loop stands in
    bool kept;          // of a deferred block: the value must be put into a variable
} ParImport;

typedef struct FuncState {
    struct FuncState *outer; // of a parallel body: the function that the loop stands in
    Instance *instance;
    Function *function;
    LLVMValueRef value;
    const char *name;        // for messages: the Flap function's
    LLVMValueRef place;      // of a builtin as a value: that of the call; else null
    bool shared;             // counts change atomically
    bool gives_up;           // an iteration may end in the middle of it: what it owns has roots
    ParPlan *plan;           // of a parallel body
    struct Par *par;         // the same, and of a deferred block in one
    bool deferred;           // a deferred block: what it mentions lies in the function around it
    VEC(ParImport) imports;  // of those two: what their capture record holds, in order
    SymSlot *slots;          // by Symbol.index
    SymSlot *captures;       // by position in Function.captures
    LLVMValueRef entry_end;  // end of the entry block: allocas and loads of captures go before it
    LLVMValueRef record;     // of a parallel body: its capture record
    uint32_t param_cleanups; // how many cleanups are of parameters
    VEC(Cleanup) cleanups;
    LoopFrame *loop;
    bool repeats;            // has a loop
    LLVMBasicBlockRef head;  // where a self call in tail position goes on
    LLVMValueRef self;       // what a call of itself is of, which then becomes part of it; else null
    LLVMBasicBlockRef give_up; // of a checked instance: where it returns without a result, or null
    LLVMValueRef carry;      // of `+!` in the block being filled
    VEC(AliasScope) scopes;  // open
    const Speculation *speculation; // of the loop being filled, where it runs on integers
    struct Active *active;          // the same
    LLVMValueRef zero_divisor; // of the loop around: a bit to note them in, or null
    bool in_child;             // what is filled runs in a child process (lower_spawn.c)
    bool in_lockstep;          // what is filled are iterations side by side (lower_lockstep.c)
    VEC(Root) roots;
    VEC(LLVMValueRef) temporaries; // roots for values in flight, of which so many are in use:
    uint32_t in_flight;
    VEC(LLVMValueRef) root_notes;          // instructions that unlink the record
    LLVMValueRef root_record, root_chain;  // allocas that stand for it and for where the chain begins
} FuncState;

// The recursion of a function that some call bounds with `max N`: how deep it is now and may be. Programs
// with parallel loops keep them for each thread (rt_depths).
typedef struct Depth {
    LLVMValueRef now, most; // global variables; null:
    uint32_t number;
} Depth;

enum { LOWER_JUMP_ARGS = 4 }; // most arguments of a value that is called in constant stack

struct LowerCtx {
    Compilation *c;
    const LoweringOptions *options;
    Arena *arena;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    LLVMTypeRef void_t, i1, i8, i32, i64, f64, ptr;
    LLVMTypeRef rt_types[RTF_COUNT];
    LLVMValueRef rt_values[RTF_COUNT];
    LLVMValueRef *functions;  // by Instance.number
    LLVMValueRef *doubles;    // the same: the function proper of one with Instance.integers
    LLVMTypeRef *signatures;
    LLVMValueRef jumps[LOWER_JUMP_ARGS + 1]; // by number of arguments: calls a value in tail position
    LLVMValueRef *entries;    // by Instance.number: the wrapper that closures call, or null
    SymSlot *globals;         // by Symbol.index of main
    PtrMap strings;           // Name -> global RtStr
    PtrMap fields;            // global RtStr -> its place in a map literal, plus one
    PtrMap texts;             // Name -> global C string
    PtrMap closures;          // Instance, Builtin -> constant RtClosure
    PtrMap infos;             // Instance -> RtFunctionInfo
    PtrMap constants;         // a literal list's Node -> global RtList
    PtrMap constant_bytes, constant_integers; // the same of packed ones
    PtrMap depths;            // Function, or CALL of a value -> Depth
    uint32_t depth_count;
    PtrMap addresses;         // symbols that hold what `as ptr` gave
    PtrMap inside;            // INDEX -> address of the elements, where no check is needed
    PtrMap walked;            // INDEX -> address of the rows: of these, elements of one after the other
    PtrMap keys;              // loops -> their keys (lower_random.c), of the run that is being lowered
    PtrMap remarked;          // loops of which something was said
    PtrMap flags;             // Instance -> uint8_t by Node.id: NODE_MAY_…
    LLVMValueRef taken;       // global: what stands in a variable whose value was handed on
    PtrMap c_types;           // CType, CRecord, CPrototype -> global RtCType, RtCRecord, RtCSignature
    LLVMValueRef tbaa_header, tbaa_element, tbaa_slot, rare, range_length;
    uint32_t deferred;        // blocks so far
    uint32_t changes;         // functions made for changes of kept variables
    uint32_t maps;            // bodies made of `xs || f`
    uint32_t alias_scopes;
    bool *rarely_run;  // by Instance.number
    uint32_t unlikely; // > 0 in copies of loops that run when some position may be outside
    bool fast_rounding;       // floor and its like are instructions
    bool is_x86_64;           // the target
    uint32_t vector_doubles;  // how many one of its vector registers holds
    uint32_t math_widths[4];  // of vectors that mathematics has versions for; ends with 0
    VEC(LLVMValueRef) wide_math; // those that are declared (lower_math.c)
    LLVMValueRef sim_model;   // RtSim of the simulated hardware, or null
    FuncState *fs;
};

// --- lower_type.c ---------------------------------------------------------------------------------
LLVMTypeRef lower_type(LowerCtx *cx, Rep rep);
LLVMTypeRef lower_signature(LowerCtx *cx, const Instance *instance);
bool lower_is_counted_rep(Rep rep);

// --- lower_rt.c -----------------------------------------------------------------------------------
LLVMValueRef lower_rt(LowerCtx *cx, RtId id, const LLVMValueRef *args);
#define RT(cx, name, ...) lower_rt((cx), RTF_##name, (const LLVMValueRef[]){__VA_ARGS__})
#define RT0(cx, name)     lower_rt((cx), RTF_##name, NULL)
RtId lower_rt_find(const char *name); // RTF_COUNT: none
// rt_b_<builtin>(args, count, place).
LLVMValueRef lower_rt_words(LowerCtx *cx, const Builtin *builtin, LLVMValueRef args,
                            LLVMValueRef count, LLVMValueRef place);
void lower_fn_attr(LowerCtx *cx, LLVMValueRef function, const char *name, uint64_t value);
void lower_call_attr(LowerCtx *cx, LLVMValueRef call, const char *name); // of one call
void lower_pure(LowerCtx *cx, LLVMValueRef function); // neither memory nor effects
// i32 result of a runtime function as i1.
LLVMValueRef lower_bit_of(LowerCtx *cx, LLVMValueRef i32);
// After a call of a function that does not return.
void lower_dead(LowerCtx *cx);

// --- lower_math.c ---------------------------------------------------------------------------------
// Which widths the processor with these features (of `feature`) has.
void lower_math_find(LowerCtx *cx, const char *features);
// Whether loops can be made vectors of that call this function of rt_abi.def.
bool lower_math_is_wide(const LowerCtx *cx, const char *name);
// Notes at its declaration which functions do the same for vectors, if there are any.
void lower_math_declare(LowerCtx *cx, const char *name, LLVMValueRef function);
// Behind the last declaration.
void lower_math_end(LowerCtx *cx);

// --- lower_module.c: what the last mention of a feature in a list says: 1, -1, or 0: there is none
int lower_feature(const char *features, const char *name);

// --- lower_const.c --------------------------------------------------------------------------------
LLVMValueRef lower_i64(LowerCtx *cx, int64_t value);
LLVMValueRef lower_i32(LowerCtx *cx, int32_t value);
LLVMValueRef lower_f64(LowerCtx *cx, double value);
LLVMValueRef lower_cstr(LowerCtx *cx, const char *text);             // private constant, NUL-terminated
LLVMValueRef lower_str(LowerCtx *cx, const char *bytes, size_t len); // immortal RtStr
// The immortal RtList of a list of literals, numbers, texts and lists of those; else null.
LLVMValueRef lower_literal_list(LowerCtx *cx, const Node *node);
LLVMValueRef lower_packed_literal(LowerCtx *cx, const Node *node, Type element); // the same, packed
LLVMValueRef lower_place(LowerCtx *cx, Span span);                   // RtPlace
// Constant data of the module, which may be merged with equal data.
LLVMValueRef lower_private(LowerCtx *cx, LLVMValueRef value, const char *name, unsigned align);
// RtFunctionInfo; tail: null, or code for calls in tail position.
LLVMValueRef lower_info(LowerCtx *cx, const char *name, int64_t least, int64_t most,
                        LLVMValueRef tail);
// Notes where the names of a map literal stand, and tells for a key that is one of them: -1, or the
// entry at which it is probably found.
void lower_note_fields(LowerCtx *cx, const Node *map);
int64_t lower_field_place(LowerCtx *cx, LVal key);
LLVMValueRef lower_header(LowerCtx *cx, int kind, int flags, int spare); // RtHeader, immortal
LLVMValueRef lower_static_closure(LowerCtx *cx, LLVMValueRef code, LLVMValueRef info,
                                  const char *name);
// The value of a folded constant; node ids are not looked at.
LVal lower_constant(LowerCtx *cx, Node *node);
bool lower_number_literal(const Node *node, double *value);

// --- lower_value.c --------------------------------------------------------------------------------
LVal lower_val(Rep rep, Type type, LLVMValueRef v, bool owned);
LVal lower_bit(LowerCtx *cx, LLVMValueRef i1);
LVal lower_zero(LowerCtx *cx);
bool lower_is_counted(LVal v);
void lower_retain(LowerCtx *cx, LVal v);
void lower_release(LowerCtx *cx, LVal v);   // if it is owned
void lower_drop(LowerCtx *cx, LVal v);      // whether or not it says that it is owned
LVal lower_own(LowerCtx *cx, LVal v);       // retains unless it is owned
LVal lower_convert(LowerCtx *cx, LVal v, Rep rep); // widening, or a narrowing that types prove
LVal lower_fit(LowerCtx *cx, LVal v, Type type, Rep rep); // the same for what has that type: packs lists
LLVMValueRef lower_word(LowerCtx *cx, LVal v);
// A double, i64 or pointer; kinds that do not fit stop the program: "<what> needs a number".
LLVMValueRef lower_number(LowerCtx *cx, LVal v, const char *what, Span span);
LLVMValueRef lower_integer(LowerCtx *cx, LVal v, const char *what, Span span); // truncated, saturated
LLVMValueRef lower_position(LowerCtx *cx, LVal v, Span span); // in a list: i64; NaN misses
LLVMValueRef lower_string_position(LowerCtx *cx, LVal v, Span span); // the same in a string
LLVMValueRef lower_expect(LowerCtx *cx, LVal v, uint8_t kind, const char *what, Span span);
LLVMValueRef lower_truth(LowerCtx *cx, LVal v, Span span); // i1
LLVMValueRef lower_is_tag(LowerCtx *cx, LLVMValueRef word, uint32_t tag);
LLVMValueRef lower_is_number(LowerCtx *cx, LLVMValueRef word);
// The value as the type says it is, when that is narrower.
LVal lower_as(LowerCtx *cx, LVal v, Type type);
LLVMValueRef lower_field(LowerCtx *cx, LLVMValueRef object, int64_t offset);
LLVMValueRef lower_load(LowerCtx *cx, LLVMTypeRef type, LLVMValueRef at, LLVMValueRef tbaa,
                        const char *name);
LLVMValueRef lower_store(LowerCtx *cx, LLVMValueRef v, LLVMValueRef at, LLVMValueRef tbaa);
LLVMValueRef lower_length(LowerCtx *cx, LLVMValueRef list);
LLVMValueRef lower_data(LowerCtx *cx, LLVMValueRef list);

// --- lower_roots.c --------------------------------------------------------------------------------
bool lower_needs_root(const LowerCtx *cx, Rep rep);
// A variable that owns what it holds: a root where the code needs one.
LLVMValueRef lower_variable(LowerCtx *cx, Rep rep, const char *name);
void lower_empty_root(LowerCtx *cx, LLVMValueRef root); // null: none
// A root that leads to words of the function's frame which are owned from here on; or null. kind: RT_ROOT_WORDS,
// RT_ROOT_LOOP.
LLVMValueRef lower_root_of(LowerCtx *cx, LLVMValueRef words, uint8_t kind);
// The value; if it is owned, with a root until it is released or somebody else owns it.
LVal lower_rooted(LowerCtx *cx, LVal v);
LVal lower_own_rooted(LowerCtx *cx, LVal v);     // the same, owned in any case
LVal lower_unrooted(LowerCtx *cx, LVal v); // now it is, or is about to be
void lower_roots_leave(LowerCtx *cx);      // before the function returns
void lower_roots_end(LowerCtx *cx);        // it is complete

// --- lower_func.c ---------------------------------------------------------------------------------
void lower_begin(LowerCtx *cx, FuncState *fs, Instance *instance, LLVMValueRef function);
void lower_begin_plain(LowerCtx *cx, FuncState *fs, LLVMValueRef function, const char *name);
void lower_end(LowerCtx *cx);
void lower_instance(LowerCtx *cx, Instance *instance);
LLVMBasicBlockRef lower_block_new(LowerCtx *cx, const char *name);
void lower_go(LowerCtx *cx, LLVMBasicBlockRef block);   // branches there and goes on there
void lower_at(LowerCtx *cx, LLVMBasicBlockRef block);   // goes on there
LLVMValueRef lower_alloca(LowerCtx *cx, LLVMTypeRef type, const char *name);
LLVMValueRef lower_words_alloca(LowerCtx *cx, uint32_t count, const char *name);
// Branches to a block that is rarely run if `condition`; the builder then stands in it. Finish it
// with lower_rare_end(), which goes on at the returned block.
LLVMBasicBlockRef lower_rare(LowerCtx *cx, LLVMValueRef condition, const char *name);
void lower_rare_stop(LowerCtx *cx, LLVMBasicBlockRef on); // ends in unreachable
void lower_branch(LowerCtx *cx, LLVMValueRef condition, LLVMBasicBlockRef yes, LLVMBasicBlockRef no);
SymSlot *lower_slot(LowerCtx *cx, Symbol *symbol);      // for reading or updating
SymSlot *lower_slot_define(LowerCtx *cx, Symbol *symbol, bool owns); // with its alloca; owns: what it holds
void lower_define(LowerCtx *cx, Symbol *symbol, LVal value); // stores and keeps until the scope ends
void lower_alias(LowerCtx *cx, Symbol *symbol, LVal value);  // the same for a value that outlives it
uint32_t lower_scope(LowerCtx *cx);
void lower_scope_end(LowerCtx *cx, uint32_t mark);
void lower_clean(LowerCtx *cx, uint32_t mark); // emits the releases, keeps the entries
LVal lower_clean_around(LowerCtx *cx, uint32_t mark, LVal owned); // the same while that is in flight
uint32_t lower_hold(LowerCtx *cx, LVal value); // released by jumps that leave
void lower_unhold(LowerCtx *cx, uint32_t at);
void lower_return(LowerCtx *cx, LVal value);
void lower_tail(LowerCtx *cx, Node *node); // the value that the function gives
Instance *lower_callee(LowerCtx *cx, const Node *node);
Type lower_node_type(LowerCtx *cx, const Node *node);

// --- lower_expr.c ---------------------------------------------------------------------------------
enum {
    NODE_MAY_UPDATE = 1,
    NODE_MAY_JUMP = 2,
    NODE_MAY_CARRY = 4,
    NODE_MAY_TAKE = 8, // a variable's value is handed on
    NODE_FLAGS_KNOWN = 128
};
uint8_t lower_node_flags(LowerCtx *cx, Node *node);
LVal lower_expr(LowerCtx *cx, Node *node);
void lower_effect(LowerCtx *cx, Node *node); // a statement: its value is dropped
// Several operands, left to right, each still valid when the last is computed. The value of a variable
// stays in it, even at its last use; lower_take() then has it handed on.
void lower_operands(LowerCtx *cx, Node *const *nodes, uint32_t count, LVal *values);
LVal lower_peek(LowerCtx *cx, Node *node);               // the same for one
void lower_take(LowerCtx *cx, Node *node, LVal *value);  // value: what lower_operands gave for it
void lower_take_late(LowerCtx *cx, Node *node, LVal *value); // where Node.name.late holds
void lower_release_all(LowerCtx *cx, const LVal *values, uint32_t count);
LVal lower_block(LowerCtx *cx, Node *node, bool want_value, bool tail);
void lower_statements(LowerCtx *cx, Node *block); // of the top level, without the end of their scope

// --- lower_arith.c --------------------------------------------------------------------------------
LVal lower_binary(LowerCtx *cx, Node *node);
LVal lower_unary(LowerCtx *cx, Node *node);
// `a op b` with the type that the result has; releases nothing.
LVal lower_operation(LowerCtx *cx, BinaryOp op, LVal a, LVal b, Type type, Span span);
LLVMValueRef lower_equal(LowerCtx *cx, LVal a, LVal b);
LVal lower_cast(LowerCtx *cx, Node *node);
LLVMValueRef lower_fp(LowerCtx *cx, LLVMValueRef instruction); // with the flags of --fast-math
LLVMValueRef lower_intrinsic(LowerCtx *cx, const char *name, LLVMTypeRef type,
                             const LLVMValueRef *args, uint32_t count);

// --- lower_give.c: operators whose result may be an operand that was handed on -------------------
LVal lower_sum(LowerCtx *cx, Node *node);                     // a + b
LVal lower_cons(LowerCtx *cx, LVal first, LVal rest, Type type, Span span); // takes the rest
LVal lower_cons_given(LowerCtx *cx, Node *node, LVal *operands); // releases them
// The arguments of a call; of &xs, at the last use of xs, the rest is made when all are computed.
void lower_args(LowerCtx *cx, const NodeVec *nodes, LVal *args);
LVal lower_rest(LowerCtx *cx, Node *node, LVal v);            // &v; takes it if it is owned
bool lower_is_short_list(const Node *node); // [a, b]: its items are better appended one by one
// `at`: the variable that holds the list, which the caller stores the result to; or null.
LLVMValueRef lower_push_items(LowerCtx *cx, LVal list, LLVMValueRef at, const LVal *items,
                              uint32_t count);

// --- lower_mem.c, lower_path.c, lower_hoist.c -----------------------------------------------------
LVal lower_symbol(LowerCtx *cx, Symbol *symbol);
LVal lower_index(LowerCtx *cx, Node *node);
LVal lower_index_value(LowerCtx *cx, LVal base, LVal index, Type type, Span span);
// The element at a position of `count` words; 0 outside. Borrowed.
LVal lower_element_inside(LowerCtx *cx, LLVMValueRef data, LLVMValueRef position, Type element);
LVal lower_element(LowerCtx *cx, LLVMValueRef data, LLVMValueRef count, LLVMValueRef position,
                   Type element);
Type lower_element_type(LowerCtx *cx, const Node *node); // of what an INDEX reads, but for misses
LVal lower_slice(LowerCtx *cx, Node *node);
// --- lower_packed.c -------------------------------------------------------------------------------
// `element`: a list's type_element(), which knows how it is stored. Positions are inside.
LLVMTypeRef lower_element_llvm(LowerCtx *cx, Type element);
LLVMValueRef lower_element_at(LowerCtx *cx, LLVMValueRef data, LLVMValueRef position, Type element);
LLVMValueRef lower_element_load(LowerCtx *cx, LLVMValueRef data, LLVMValueRef position, Type element);
LVal lower_element_val(LowerCtx *cx, LLVMValueRef loaded, Type element); // borrowed
// Stores a number at that address; gives the store.
LLVMValueRef lower_number_store(LowerCtx *cx, LLVMValueRef at, Type element, LVal value);
LVal lower_unpacked(LowerCtx *cx, LVal list);          // a list of words; takes the packed one
LVal lower_packed(LowerCtx *cx, LVal list, Type type); // takes the list; `type` is of a packed one
// An expression that makes one, or takes one as it is: true if this was it.
bool lower_packed_expr(LowerCtx *cx, Node *node, LVal *result);
bool lower_packed_append(LowerCtx *cx, Node *update, Symbol *symbol); // the same of an update
LVal lower_packed_new(LowerCtx *cx, Type type, LLVMValueRef capacity); // empty
// Takes the packed list of that type; gives it with the part behind it.
LLVMValueRef lower_packed_behind(LowerCtx *cx, LLVMValueRef list, LVal part, Type type);
void lower_definition(LowerCtx *cx, Node *node);
void lower_update(LowerCtx *cx, Node *node);
BinaryOp lower_operator_of(UpdateOp op); // of `+=` and its like
void lower_swap(LowerCtx *cx, Node *node);
// Defines the symbols as the elements of a list of as many; another length stops.
void lower_take_apart(LowerCtx *cx, const SymbolVec *symbols, LVal list, Span span);
void lower_assign(LowerCtx *cx, Symbol *symbol, LVal value); // takes the value
// push(x, v) and its like where x is handed on: true if it is one.
bool lower_change_given(LowerCtx *cx, Node *call, LVal *result);
// `x <- push(x, v)` and its like, `x <- v :: x`: done, in place?
bool lower_change_in_place(LowerCtx *cx, Node *node, Symbol *symbol);
bool lower_grow_path(LowerCtx *cx, Node *node); // the same for what stands at the end of a path
// Takes the whole, a word, which the part is added to, in place if that is possible; or has become
// that word.
LVal lower_added(LowerCtx *cx, LVal whole, LVal part, Span span);
LVal lower_changed(LowerCtx *cx, LVal whole, LLVMValueRef word);
typedef struct Path {
    Symbol *symbol;
    SymSlot *slot;
    uint32_t count;
    Node **steps;   // INDEX or FIELD nodes, from the root outwards
    LVal *indices;
    Span span;
} Path;
Path lower_path(LowerCtx *cx, Node *target, Node *const *more, LVal *values, uint32_t count);
LVal lower_path_read(LowerCtx *cx, const Path *path);
void lower_path_write(LowerCtx *cx, const Path *path, LVal value); // takes the value
void lower_path_end(LowerCtx *cx, const Path *path);
// Stops unless 0 <= position < length.
void lower_check_bounds(LowerCtx *cx, LLVMValueRef position, LLVMValueRef length, Span span);
typedef struct Hoist {
    VEC(SymSlot *) slots;
    uint32_t scopes;
} Hoist;
Hoist lower_hoist(LowerCtx *cx, LoopNode *loop);
void lower_hoist_end(LowerCtx *cx, const Hoist *hoist);
bool lower_is_defined(LowerCtx *cx, const Symbol *symbol); // a variable that has its value here

// --- lower_speculate.c ----------------------------------------------------------------------------
typedef LVal LowerLoop(LowerCtx *cx, Node *node);
// Lowers a loop by `loop`, twice if a copy may run on integers.
LVal lower_speculate(LowerCtx *cx, Node *node, LowerLoop *loop);
void lower_iteration_noted(LowerCtx *cx); // at the head of a loop
Type *lower_guess(LowerCtx *cx, const Symbol *symbol); // in such a copy: the type of a symbol, or null
// Whether a sum, difference or product of that type may turn out too large; then this computes it.
bool lower_is_checked(LowerCtx *cx, Type type);
LLVMValueRef lower_checked(LowerCtx *cx, BinaryOp op, LLVMValueRef x, LLVMValueRef y, Type type);
// The result of another operation on integers, which is looked at if its type says so.
LLVMValueRef lower_checked_bits(LowerCtx *cx, LLVMValueRef result, Type type);
void lower_give_up_if(LowerCtx *cx, LLVMValueRef condition); // a result is inexact
// Whether the number is an integer of that type, and that.
LLVMValueRef lower_whole(LowerCtx *cx, LLVMValueRef number, Type type, LLVMValueRef *integer);
// A sum, difference or product that types show to be small enough.
LLVMValueRef lower_integer_operation(LowerCtx *cx, BinaryOp op, LLVMValueRef x, LLVMValueRef y);
// In such a copy, a match between cheap arms: both are computed, one is taken. True: done. `result`:
// null, or where its value goes.
bool lower_both_arms(LowerCtx *cx, Node *node, LVal *result);

// --- lower_recursion.c ----------------------------------------------------------------------------
// Fills the function that stands before one in doubles, if it has a twin on integers.
void lower_either(LowerCtx *cx, Instance *instance);
LLVMValueRef lower_function_of(LowerCtx *cx, const Instance *callee); // what a call here is of
uint32_t lower_levels(LowerCtx *cx, Instance *instance); // how many levels each call is to do the work of
void lower_checked_call(LowerCtx *cx, const Instance *callee, LLVMValueRef result); // after a call
void lower_give_up(LowerCtx *cx); // leaves a checked instance

// --- lower_zero.c ---------------------------------------------------------------------------------
// True if the loop that is about to begin notes zero divisors; lower_zero_end() then follows it.
bool lower_zero_begin(LowerCtx *cx, LoopNode *loop);
void lower_zero_end(LowerCtx *cx);
bool lower_zero_noted(LowerCtx *cx, LLVMValueRef zero); // by a division; false: it must stop itself
// Whether the loop is such arithmetic: it ends, cannot stop and changes nothing but numbers.
bool lower_is_quiet(LowerCtx *cx, LoopNode *loop);

// --- lower_stride.c -------------------------------------------------------------------------------
// Of a position that is known to be inside: where in the row that *data becomes; null: *data stays.
LLVMValueRef lower_strided(LowerCtx *cx, Node *position, LLVMValueRef *data, Type element);

// --- lower_remark.c -------------------------------------------------------------------------------
void lower_remark_loop(LowerCtx *cx, LoopNode *loop); // as its body is about to be emitted

// --- lower_alias.c --------------------------------------------------------------------------------
uint32_t lower_alias_mark(LowerCtx *cx);
void lower_alias_end(LowerCtx *cx, uint32_t mark); // closes the scopes opened since
// The elements at `data` get the scope of that owner.
void lower_alias_add(LowerCtx *cx, LLVMValueRef data, const void *owner);
void lower_alias_access(LowerCtx *cx, LLVMValueRef access, LLVMValueRef data); // a load or store

// --- lower_lockstep.c ------------------------------------------------------------------------------
// Iterations of a range loop that run side by side.
typedef struct Lockstep {
    LoopNode *loop;
    uint32_t width; // how many; 0: none do
    uint32_t ahead; // statements of the body before the first that changes what others may read
    SymbolVec own;  // defined in those; the loop's variable is the first
    SymSlot *slots; // of each, for each iteration
} Lockstep;
Lockstep lower_lockstep(LowerCtx *cx, LoopNode *loop);
// The iterations first … first + width - 1.
void lower_lockstep_body(LowerCtx *cx, Lockstep *lockstep, LLVMValueRef first);

// --- lower_bounds.c --------------------------------------------------------------------------------
// An INDEX node, and the elements of its base, which the loop leaves where they are.
typedef struct Access {
    Node *node;
    LLVMValueRef data, length;
    LLVMValueRef row; // the position of the row that the base is; null: it is a variable
    bool written; // and changes: it is made unshared before the loop
    bool walked;  // the base is a row at a position that changes; data and length are of the rows
    bool bounded; // the type of the position says how far it goes, nothing else does
} Access;
typedef struct Bounds {
    LLVMValueRef inside; // i1: every position is inside its list in every iteration; null: none
    VEC(Access) accesses;
    uint32_t scopes;
} Bounds;
// Of the loop variable's values low … high - 1; the lists are hoisted.
Bounds lower_bounds(LowerCtx *cx, LoopNode *loop, LLVMValueRef low, LLVMValueRef high);
// Where the loop begins that runs when all are inside: accesses are not checked from here on.
void lower_bounds_begin(LowerCtx *cx, Bounds *bounds);
void lower_bounds_end(LowerCtx *cx, const Bounds *bounds);

// --- lower_call.c, lower_builtin.c, lower_print.c, lower_ffi.c ------------------------------------
LVal lower_call(LowerCtx *cx, Node *node);
// lower_effort.c: before anything is lowered, which functions are not worth optimising at -O1; and, at the end
// of the function that is lowered, what is to be done with it.
void lower_find_rarely_run(LowerCtx *cx);
void lower_choose_effort(LowerCtx *cx);

void lower_survey(LowerCtx *cx); // what must be known before anything is lowered: depths, addresses
LVal lower_call_tail(LowerCtx *cx, Node *node, bool tail);
bool lower_self_tail(LowerCtx *cx, Node *node); // emitted as a jump to the head?
// What a call by that name is of, or null.
Function *lower_named_function(const Node *callee);
const Builtin *lower_named_builtin(const Node *callee);
void lower_prepare_callee(LowerCtx *cx, Node *callee); // its effects, where its value is not needed
// f(x) max N. Every call of a bounded function counts how deep it is.
typedef struct DepthBound {
    LLVMValueRef now, most; // addresses; null: the callee is never bounded
    LLVMValueRef most_before;
} DepthBound;
// Before and after a call; node: null where it is no CALL, function: null where it is not known.
DepthBound lower_enter_call(LowerCtx *cx, const Node *node, const Function *function, Span span);
void lower_leave_call(LowerCtx *cx, DepthBound bound);
// lower_pipe.c
LVal lower_pipe(LowerCtx *cx, Node *node);
// Whether a call of filter or sort is by a known function, and such a call.
bool lower_applies(LowerCtx *cx, const Node *node, const Builtin *builtin);
LVal lower_applied(LowerCtx *cx, Node *node, const Builtin *builtin);
// lower_jump.c: calls in tail position for which all that the function holds is released before.
bool lower_may_jump(LowerCtx *cx, const Instance *callee, const LVal *args, Node *const *nodes);
bool lower_may_jump_to_value(LowerCtx *cx, uint32_t args);
// values: the function and the arguments. Code after it is not reached.
LVal lower_jump_to_value(LowerCtx *cx, LVal *values, Node *const *nodes, uint32_t count, Span span);
bool lower_takes_captures(const Instance *instance);
LLVMValueRef lower_tail_entry(LowerCtx *cx, Instance *instance); // of a closure; null: none
// Arguments that the callee takes are then no longer owned. `nodes`: where they come from, or null.
// `tail`: all is released before, the result is the function's, and code after it is not reached.
LVal lower_call_known(LowerCtx *cx, const Instance *callee, LVal *args, Node *const *nodes, bool tail);
// The same through a closure: `captures` are what it holds (null: they are variables in sight).
LVal lower_call_closure(LowerCtx *cx, const Instance *callee, const LVal *captures, LVal *args,
                        Node *const *nodes, bool tail);
LVal lower_call_value(LowerCtx *cx, LVal function, const LVal *args, uint32_t count, Span span);
// Arguments as values (borrowed; the caller releases them) or, when args is null, as nodes.
typedef struct BuiltinCall {
    const Builtin *builtin;
    const NodeVec *nodes; // or null
    const LVal *args;
    uint32_t count;
    Type type;            // of the result, as far as it is known
    Span span;
} BuiltinCall;
LVal lower_builtin(LowerCtx *cx, BuiltinCall call);
LVal lower_print(LowerCtx *cx, const BuiltinCall *call);
LVal lower_fstring(LowerCtx *cx, Node *node);
LLVMValueRef lower_pack(LowerCtx *cx, const LVal *args, uint32_t count); // words in an alloca
LVal lower_foreign(LowerCtx *cx, const BuiltinCall *call); // dlopen and its like
LVal lower_foreign_call(LowerCtx *cx, Node *node, Node *cast); // cast: around it, or null
bool lower_is_foreign_call(const Node *node);
// lower_foreign.c: C functions and variables of imported libraries.
LVal lower_c_call(LowerCtx *cx, Node *node);
LVal lower_foreign_name(LowerCtx *cx, Node *node);
// A null address becomes the error that the function of that name gave it.
LVal lower_null_is_error(LowerCtx *cx, LVal address, const char *name);
// lower_memory.c
LVal lower_memory(LowerCtx *cx, Node *node);
void lower_memory_update(LowerCtx *cx, Node *node, BinaryOp op);
LVal lower_raw_memory(LowerCtx *cx, const BuiltinCall *call);
// lower_export.c: the functions that C calls, for object files.
void lower_exports(LowerCtx *cx);
// lower_unsafe.c
LVal lower_unsafe(LowerCtx *cx, Node *node);
// Whether a number is known to be a C address, so that `as string` reads the text there.
bool lower_is_address(LowerCtx *cx, const Node *node);
// The same inside a function, whose types tell more.
bool lower_gives_address(LowerCtx *cx, const Node *node);

// --- lower_ctl.c, lower_match.c, lower_par.c ------------------------------------------------------
LVal lower_loop(LowerCtx *cx, Node *node, bool want_value);
LVal lower_loop_value(LowerCtx *cx, Node *node);
// A range loop whose body is what `emit` makes of it; nothing is unrolled or made vectors of.
typedef void LowerBody(LowerCtx *cx, LoopNode *loop, void *context);
void lower_range_of(LowerCtx *cx, Node *node, LowerBody *emit, void *context);
// The first iterations of low … high - 1 side by side, where that helps (lower_lockstep.c); gives the
// value of the loop's variable where the others begin.
LLVMValueRef lower_strips(LowerCtx *cx, Node *node, LLVMValueRef low, LLVMValueRef high);
// How often a loop runs at most, as far as types tell; 0: that is not known, or much.
uint32_t lower_short_trips(LowerCtx *cx, const LoopNode *loop);
// A range loop as if it had no prefix, for bounds that are known: low … high - 1.
LVal lower_range_between(LowerCtx *cx, Node *node, LLVMValueRef low, LLVMValueRef high,
                         bool want_value);
// Likewise one over a sequence: a list or string, or the map of a loop over pairs, which the caller holds.
LVal lower_loop_over(LowerCtx *cx, Node *node, LVal sequence, bool want_value);
void lower_leave(LowerCtx *cx, Node *node);
void lower_leave_with(LowerCtx *cx, LoopNode *loop, LVal value); // takes the value
void lower_next(LowerCtx *cx, Node *node);
LLVMValueRef lower_bound(LowerCtx *cx, LVal v, Span span); // of a range: i64
void lower_write_through(LowerCtx *cx, Symbol *symbol, bool before);
// The list variable that the loop of such a variable goes over, and where in it that is; null: not in this code.
SymSlot *lower_source_of(LowerCtx *cx, const Symbol *symbol, LVal *position);
// A value of the surrounding function, for the parallel body being filled: loaded in its entry block.
LLVMValueRef lower_import(LowerCtx *cx, LLVMValueRef value);
LVal lower_match(LowerCtx *cx, Node *node, bool want_value, bool tail);
LVal lower_parallel(LowerCtx *cx, Node *node, bool want_value);
// i1: the parts of variables that the loop works on are what it takes them for; null: it has none.
LLVMValueRef lower_parts_fit(LowerCtx *cx, const ParPlan *plan);
// A parallel loop over k in 0 ..< count: what `xs || f` is made of. `fill` makes its body, `start` what
// stands before that; values of the function around it come in by lower_import().
typedef void ParFill(LowerCtx *cx, void *context, LLVMValueRef k);
typedef struct EachBody {
    uint8_t effects; // EFFECT_…
    int32_t cost;    // instructions, as estimated; 0: not known
    ParFill *start, *fill;
    void *context;
} EachBody;
void lower_parallel_each(LowerCtx *cx, LLVMValueRef count, Span span, const EachBody *body);
// Instructions of a call, as estimated; 0: not known.
int32_t lower_call_cost(LowerCtx *cx, const Instance *callee);
// Jumps that leave a parallel body: true if this is one, which is then emitted; takes the value.
typedef enum ExitKind { EXIT_LEAVE, EXIT_NEXT, EXIT_RETURN } ExitKind;
bool lower_exit(LowerCtx *cx, ExitKind what, LoopNode *loop, LVal value);
// At back edges of code that parallel bodies run: ends iterations that are no longer wanted.
void lower_look(LowerCtx *cx);
void lower_note_old(LowerCtx *cx, const Path *path); // before an element is written: SymSlot.undo
void lower_next_of(LowerCtx *cx, LoopNode *loop);
// An UPDATE of a variable whose changes a parallel body keeps; false: of another one.
bool lower_keep(LowerCtx *cx, Node *node);
// Before the element at this INDEX of a variable is read, or written through.
void lower_kept_fetch(LowerCtx *cx, const Node *element);
// True for a prefixed loop that is lowered like one without the prefix: inside a parallel body, when
// it changes variables in an order that only the outer loop can keep; where a deferred block looks at what it
// changes (ParPlan.watched); and where only the run tells whether it updates a list (par_is_unsure()).
bool lower_loses_prefix(LowerCtx *cx, const LoopNode *loop);

// --- lower_result.c, lower_map.c ------------------------------------------------------------------
LLVMValueRef lower_is_error(LowerCtx *cx, LVal v); // i1
LVal lower_no_error(LowerCtx *cx, LVal v);         // where it is known not to be one
LVal lower_or_return(LowerCtx *cx, LVal v);        // an error leaves the function
void lower_err(LowerCtx *cx, Node *node);
void lower_discard(LowerCtx *cx, Node *node, LVal v); // a statement's value: an error stops
LVal lower_result_test(LowerCtx *cx, Node *node);
LVal lower_orelse(LowerCtx *cx, Node *node);
void lower_bind_arm(LowerCtx *cx, const MatchArm *arm, LVal subject);
LVal lower_map(LowerCtx *cx, Node *node);

// --- lower_random.c -------------------------------------------------------------------------------
void lower_streams(LowerCtx *cx, const LoopNode *loop); // where the loop starts, before anything of it
// Of its frame; `key` is that of the loop in the function being filled, or null: it has none.
LLVMValueRef lower_key(const LowerCtx *cx, const LoopNode *loop);
void lower_streams_begin(LowerCtx *cx, LoopFrame *frame, LLVMValueRef key);
void lower_streams_next(LowerCtx *cx, const LoopFrame *frame); // an iteration starts
// random(), from the stream of the iteration around; null: there is none.
LLVMValueRef lower_drawn(LowerCtx *cx);

// --- lower_spawn.c --------------------------------------------------------------------------------
LVal lower_spawn(LowerCtx *cx, Node *node);

// --- lower_defer.c --------------------------------------------------------------------------------
void lower_defer(LowerCtx *cx, Node *node);
LVal lower_arena(LowerCtx *cx, Node *node, bool want_value);
// A variable, and a value, of the function around the deferred block that is being filled.
void lower_import_address(LowerCtx *cx, SymSlot *slot, Symbol *symbol);
LLVMValueRef lower_import_value(LowerCtx *cx, LLVMValueRef value);
LLVMValueRef lower_import_room(LowerCtx *cx, LLVMValueRef address); // of an alloca there

// --- lower_sim.c ----------------------------------------------------------------------------------
void lower_sim(LowerCtx *cx); // makes cx->sim_model, if the program has hardware

// --- lower_memo.c ---------------------------------------------------------------------------------
// The functions that the instance's code goes into: others than what is called when results are
// remembered, and more than one where a call does the work of several levels of recursion: the code for
// one more level calls the one before, which becomes part of it.
enum { LOWER_LEVELS = 4 };
typedef struct Bodies {
    LLVMValueRef levels[LOWER_LEVELS];
    uint32_t count;
} Bodies;
Bodies lower_memoise(LowerCtx *cx, Instance *instance);

// --- lower_closure.c ------------------------------------------------------------------------------
LVal lower_lambda(LowerCtx *cx, Node *node);
void lower_snapshots(LowerCtx *cx, Function *function);
LVal lower_function_value(LowerCtx *cx, Node *node, Function *function);
LVal lower_builtin_value(LowerCtx *cx, const Builtin *builtin);
LLVMValueRef lower_entry(LowerCtx *cx, Instance *instance);
// In the code of a closure, which is its first parameter: captures as the instance wants them.
void lower_load_captures(LowerCtx *cx, const Instance *instance, LLVMValueRef *values);
// For the length of a call. `code` and `info` are null where it is not to be called.
LLVMValueRef lower_frame_closure(LowerCtx *cx, const Function *function, LLVMValueRef code,
                                 LLVMValueRef info);
// What a closure holds, borrowed.
LVal *lower_captures_of(LowerCtx *cx, LVal closure, const Instance *instance);
bool lower_holds_counted(const Instance *instance); // captures that are counted
// Whether a call of `instance` by that callee needs the closure: it has captures, and is not named.
bool lower_is_through_closure(const Node *callee, const Instance *instance);

#endif
