// infer_internal.h: what the files of type inference share.
//
// Inference is an abstract interpretation of instances: each walk over an instance's body computes
// node_types from symbol_types and joins what it learns into symbol_types, the instance's result and
// its callees' parameters, until nothing changes. Symbols are flow-insensitive (one type each);
// inside a branch or loop the range of an integer symbol may be narrower (Refinement).
#ifndef FLAP_INFER_INTERNAL_H
#define FLAP_INFER_INTERNAL_H

#include "frontend.h"
#include "map.h"
#include "range.h"

typedef struct InferInstance InferInstance;
typedef VEC(InferInstance *) InferInstanceVec;

// What is to be walked again when something grows: a statement of a long body, or all of the instance.
typedef struct Waiter {
    InferInstance *instance;
    uint32_t statement;
} Waiter;
typedef VEC(Waiter) WaiterVec;

// Who reads a symbol of the function.
typedef struct SymbolReads {
    uint64_t first;           // on Infer.clock, in the walk, or statement of a long body, that is under way
    VEC(uint32_t) statements; // of a long body
} SymbolReads;

// An instance with what inference knows of it besides. `shared` comes first: pointers convert.
struct InferInstance {
    Instance shared;
    WaiterVec callers;  // to be walked again when the result grows
    SymbolReads *reads; // by Symbol.index
    bool *changed;      // by statement of a long body: what it reads grew; null: the body is short
    bool all_changed;   // what all of it may read grew
    bool dirty;         // to be walked (again)
    bool walking;       // some walk of it is under way
    bool kept;          // reachable in the end
    bool reports;       // some walk saw something to tell, or to try
    uint32_t order;     // of being made
    uint32_t walks;     // since parameters grew; after some, ranges are widened
    uint32_t param_growths;
    uint32_t own_growths; // of parameters, widened, by calls of itself; after some, to the last bound
    struct InferInstance *next; // of the same function
    struct Sums *sums;  // infer_sum.c: by Symbol.index, or null
};

// In how many instances a node is a mistake, and the one counted last.
typedef struct Fault {
    const InferInstance *last;
    uint32_t instances;
} Fault;

// A narrower range of a symbol in the code being walked; popped at the end of the branch. It ends
// early when a mutable symbol is updated.
typedef struct Refinement {
    Symbol *symbol; // null: ended
    Type type;
    double divisor; // what it is a multiple of, or 0
} Refinement;

// How often the body of a loop runs at most.
typedef struct LoopTrips {
    const LoopNode *loop;
    double most; // infinite: no bound is known, or several threads run it
} LoopTrips;

typedef struct Infer {
    Compilation *c;
    Arena *arena;
    InferInstanceVec instances;
    InferInstance **of_function; // by Function.index: chain of instances
    uint32_t *instance_counts;   // by Function.index
    InferInstanceVec work;     // the dirty ones: a heap, and some that are so no longer
    WaiterVec *readers;        // by Symbol.index of main's: who is to be walked again when a global grows
    uint64_t clock;            // counts walks and first reads
    bool counting;  // the last walk but one: types are final, mistakes are counted
    bool reporting; // the last walk: mistakes are told
    PtrMap faults;   // Node -> Fault
    PtrMap reported; // nodes with a mistake already told
    PtrMap accesses, no_accesses; // infer_access.c: places of nodes -> CType
    uint32_t *kept_counts; // by Function.index: instances that stay, without the boxed one
    bool *checkable;       // by Function.index: may have checked instances (infer_recursion.c)
    uint32_t recursion_rounds;
} Infer;

#define INFER_FRESH        UINT64_MAX
#define INFER_NO_STATEMENT UINT32_MAX

// Parallel loops of a function, from the innermost outwards.
typedef struct ParAround {
    const ParPlan *plan;
    const struct ParAround *outer;
} ParAround;

// One walk over one instance.
typedef struct Walk {
    Infer *infer;
    InferInstance *instance;
    uint32_t statement;    // of a long body, or none
    bool all, more;        // all statements are walked, not just those that changed; some changed meanwhile
    uint64_t start, stale; // on Infer.clock: its begin; the first of what is to be walked again
    uint32_t rounds;       // of the loops around what is being walked: the most
    uint32_t depth;        // of walks that wait for this one
    uint32_t par_depth;   // > 0 inside parallel bodies
    const ParAround *around; // the parallel loops of the function around what is being walked; or null
    PtrMap loop_types;    // LoopNode -> Type *: what `ret @ v` has given it so far
    VEC(LoopTrips) loops; // around what is being walked
    VEC(Refinement) refinements;
    Speculation *guess; // being tried
    bool guess_failed;
} Walk;

// infer_prefix.c: says of a parallel loop that it runs without its prefix, if it does.
void infer_remark_prefix(Walk *w, const Node *node);

// infer.c
Type infer_symbol(Walk *w, Symbol *symbol);
void infer_set_symbol(Walk *w, Symbol *symbol, Type type); // joins
void infer_result(Walk *w, Type type);
// The instance of `function` for these arguments as seen from the walked one; its parameters grow to
// hold them. `args` null: the boxed instance.
InferInstance *infer_instance(Walk *w, Function *function, const Type *args);
// The same where the call is through a closure: what is captured is what closures of the function hold.
InferInstance *infer_closure_instance(Walk *w, Function *function, const Type *args);
// A checked instance for numbers that are likely to be whole.
InferInstance *infer_checked_twin(Infer *infer, InferInstance *doubles);
void infer_drop_checked(Infer *infer); // all of them
// Notes that `node` calls `callee` directly.
void infer_note_callee(Walk *w, const Node *node, InferInstance *callee);
// What it calls is known no longer.
void infer_no_callee(Walk *w, const Node *node);
// What the call of `callee` at `node` gives, as far as it is known by now.
Type infer_known_call(Walk *w, const Node *node, InferInstance *callee);
// What the walk has read since that time is out of date: the innermost loop around is walked again.
void infer_again(Walk *w, uint64_t since);
// True if the mistake at `node` is to be told now: types are final, it is one in every instance of
// its function (else the run tells: values decide which code is reached), and was not told yet.
bool infer_may_report(Walk *w, const Node *node);

// infer_expr.c
Type infer_expr(Walk *w, Node *node);
Type infer_used(Walk *w, Node *node, RangeUse use);
// `a op b` for any kinds; reports impossible kinds at `node`.
Type infer_binary_types(Walk *w, Node *node, BinaryOp op, Type a, Type b, RangeUse use);

// Warns about a comparison of kinds that have no value in common: always `is_true`.
void infer_never_equal(Walk *w, Node *node, bool is_true, Type a, Type b);
// A bound of a range; reports one that is no number.
Type infer_bound(Walk *w, Node *node);
// What the elements of the value of `node` are: ranges are of use where a name stands for it.
Type infer_element(Type list, const Node *node);
Type infer_range_list(Walk *w, Type low, Type high, bool inclusive);
// Reports an index or field that a value of the type `base` cannot have.
void infer_check_index(Walk *w, Node *node, Type base, Type index);

// infer_call.c
Type infer_call(Walk *w, Node *node);
Type infer_pipe(Walk *w, Node *node);
Type infer_spawn(Walk *w, Node *node);
// The value that a lambda, or a known function's name, gives at `node`.
// Evaluating `function`'s lambda sets its snapshots.
void infer_snapshots(Walk *w, Function *function);
Type infer_function_value(Walk *w, Node *node, Function *function);

// infer_foreign.c
Type infer_c_value(const CType *type); // what reading such a thing gives
Type infer_foreign_call(Walk *w, Node *node, const Type *args, bool missing);
Type infer_foreign(Node *node);
Type infer_memory(Walk *w, Node *node);
Type infer_unsafe(Walk *w, Node *node);
void infer_memory_update(Walk *w, Node *node, Type value);

// infer_export.c: functions that C calls, and what it gets from them.
void infer_exports(Infer *infer, Program *program);
void infer_check_exports(Infer *infer, const Program *program);

// infer_access.c
// Whether the NODE_FIELD or NODE_INDEX `node` can only be an access of C's memory at the address that
// `base` is; *result: what it gives. It is noted for the next analysis.
bool infer_access(Walk *w, const Node *node, Type base, Type *result);
// Helps with a NODE_INDEX into a number that may be meant as an address.
void infer_help_address(Walk *w, const Node *node, Diag *diag);
// Reports an update of a variable that points to another struct.
void infer_check_update(Walk *w, const Node *node, Type value);
// The base of a NODE_MEMORY that was noted so has this type now.
void infer_check_access(Walk *w, const Node *node, Type base);
// Whether something new was noted: the program is to be analysed again.
bool infer_found_accesses(Infer *infer);

// infer_stmt.c
Type infer_define(Walk *w, Node *node);
Type infer_update(Walk *w, Node *node);
Type infer_swap(Walk *w, Node *node);
Type infer_loop(Walk *w, Node *node);
Type infer_match(Walk *w, Node *node);
Type infer_defer(Walk *w, Node *node);

// The type without what was found out about whole numbers, where that is not wanted.
static inline Type infer_allowed(const Infer *infer, Type type) {
    return infer->c->no_integers && type.integer ? type_without_range(type) : type;
}

// Whether generated code looks at the results of operations in what is being walked.
static inline bool infer_checks(const Walk *w) {
    return w->guess != NULL || w->instance->shared.checked;
}

static inline RangeUse infer_use(const Walk *w, RangeUse use) {
    return infer_checks(w) ? use | USE_CHECKED : use;
}

// infer_recursion.c
// Makes checked instances of recursive functions, and looks whether they are of use once types are
// final: false if something changed, so that types are to be worked out again.
bool recursion_settle(Infer *infer);

// infer_speculate.c
// Tries to take a loop's variables for integers; node types are left as they were.
void infer_speculate(Walk *w, Node *node);
// The type that is being tried for a symbol, or null.
Type *infer_guess(Walk *w, const Symbol *symbol);
// A variable gets a value while types are being tried.
void infer_guess_set(Walk *w, Symbol *symbol, Type type);
// What is left of the type of an operation once generated code has looked at the result.
Type infer_checked(Type type);

// infer_sum.c
// Before the body of the loop is walked, and after it.
void infer_sum_loop(Walk *w, const LoopNode *loop);
void infer_sum_loop_end(Walk *w);
// `x += e`, `x <- x + e` or the same with `-`, in loops that run so often at most: true if that bounds x,
// which then has its type. The value has been walked.
bool infer_sum(Walk *w, Node *update);
// What a variable holds that is also summed up, once it is given a value of that type.
Type infer_sum_set(Walk *w, const Symbol *symbol, Type type);

// infer_packed.c
// Before inference: which variables' lists may be stored in fewer bits if ranges allow.
void packed_survey(Compilation *c);
// Whether ranges of elements of lists of that class are of use.
bool packed_may_be(ListClass *lists);
// When types are final: false if some class is packed no more, so that all is to be inferred again.
bool packed_decide(Infer *infer, uint32_t round);
// Puts the decision into the types of the instances that stay.
void packed_mark(Infer *infer);

// infer_refine.c
// Whether `name / divisor` is known to leave no remainder, for a positive whole divisor.
bool refine_divides(Walk *w, const Node *name, const Node *divisor);
uint32_t refine_mark(const Walk *w);
void refine_pop(Walk *w, uint32_t mark);
// Narrows the symbols that `condition` compares, given that it is true (or false). All parts of the
// condition must have been walked.
void refine_by(Walk *w, Node *condition, bool is_true);
// Narrows them for what follows a statement in its block.
void refine_after(Walk *w, Node *statement);
void refine_end(Walk *w, const Symbol *symbol);
// Ends refinements of everything that is updated somewhere in `node`: a loop's body runs again.
void refine_end_updated(Walk *w, Node *node);

#endif
