// sema.h: the analysed program, the only thing that crosses from the front end to lowering.
//
// Flow: parser -> AST -> sema (names, captures, rules, parallel plans) -> infer (instances: types of
// every node and symbol) -> lowering reads all of it and decides nothing about the language.
//
// Functions and captures. Every lambda is a Function; the top level is one too (Program.main).
// Known functions are lambda-lifted: the generated function takes its captures as leading
// parameters, so a call by name needs no closure object. Captures are by value, when the lambda is
// evaluated. So a captured symbol is always immutable: where the body mentions a mutable variable,
// sema makes a hidden immutable symbol (a snapshot) in the scope of the lambda, and evaluating the
// lambda sets snapshot = source. Captures are closed under calls: a function's `captures` include
// those of every same-level or enclosing known function that it mentions, so a caller that can
// mention f can always supply f's captures. A captured symbol of Program.main that is evaluated at
// most once (not inside a loop of the top level) has `is_global` set: it lives in a global
// variable and is no capture.
#ifndef FLAP_SEMA_H
#define FLAP_SEMA_H

#include "ast.h"
#include "builtin.h"
#include "cheader.h"
#include "type.h"

typedef struct Compilation Compilation;

typedef enum SymbolKind {
    SYMBOL_VARIABLE,  // by = or :=
    SYMBOL_PARAMETER,
    SYMBOL_BOUND,     // a pattern's name in a clause, a match arm's bind
    SYMBOL_LOOP,      // a loop variable
    SYMBOL_SNAPSHOT,  // see above
    SYMBOL_CONSTANT,  // folded: uses are replaced by reading `constant`
    SYMBOL_BUILTIN,
    SYMBOL_REGISTER, // of the simulated hardware: `target`
    SYMBOL_MODULE,   // the same: `module`
    SYMBOL_LIBRARY, // an imported C library
    SYMBOL_TYPE,    // a cstruct
    SYMBOL_PACKAGE, // an imported package
} SymbolKind;

// infer_packed.c: the variables, and results of functions, among which lists are passed on: their
// elements are stored in one way.
typedef struct ListClass {
    struct ListClass *up; // a class that this one was joined to; null: it stands for itself
    bool plain;           // some use needs elements to be words
    bool unfit;           // some of what it holds has other elements than small whole numbers
    const Type *element;  // of those; null: none known yet
} ListClass;
typedef struct ListNode { // an expression that gives a list of such a class as it is
    uint32_t id;
    ListClass *lists; // null: a constant, on its own
} ListNode;

struct Symbol {
    Name *name;
    uint8_t kind; // SymbolKind
    bool is_mutable;
    bool is_global;     // see above
    bool captured;      // mentioned by a function other than its owner
    bool updated;       // a mutable one that some statement updates
    bool used;          // read somewhere (else a warning)
    bool to_f32;        // type note f32: every stored number is rounded
    bool unkept;        // a parameter: a function that it is given is called, and not kept (escape.c)
    bool taken;         // a parameter: the function owns what it is given, and may change it in place
    bool fixed;         // a variable with a constant's name and value that is left to the run
    bool deferred;      // some deferred block mentions it
    bool rebound_by_loop; // sequential write-through variable (LoopNode.writes_through)
    Span span;          // of the definition
    Function *owner;
    Symbol *param;      // a name in a clause: the parameter whose value it is (Function.params)
    uint32_t index;     // dense within the owner: into Instance.symbol_types
    Function *function; // an immutable (or never updated) variable defined by a lambda: that one
    Node *constant;     // SYMBOL_CONSTANT: NUMBER, STRING, LIST or MAP of those, already folded
    const Builtin *builtin;
    CLibrary *library;  // SYMBOL_LIBRARY
    Scope *package;     // SYMBOL_PACKAGE: its names
    const CType *ctype; // SYMBOL_TYPE: the struct; a variable: what the address in it points to, or null
    const CType *returns, *elements; // what results of a function, elements of a list point to, or null
    uint64_t appended;  // bytes appended by `p ++ v as T` so far in the source
    LoopNode *loop;     // the innermost loop of the owner that contains the definition, or null
    uint32_t order;     // sema's own: its definition's place in the order of evaluation
    struct SimTarget *target; // SYMBOL_REGISTER
    struct SimModule *module; // SYMBOL_MODULE
    ListClass *lists; // that it may hold; null: with words as elements
};

// What running a function may do besides giving a value; summed over what it may call.
enum {
    EFFECT_OUTPUT = 1,  // print family
    EFFECT_STOP = 2,    // may end the program: division, kinds, writes out of range, exit
    EFFECT_WAIT = 4,    // must wait for its turn in a parallel loop: input, files, stderr, spawn, sleep, exit
    EFFECT_FOREIGN = 8, // C code, raw memory
    EFFECT_RANDOM = 16,
    EFFECT_SHARED = 32, // not of its arguments alone: cells, mutexes, clocks
    EFFECT_RECURSE = 64, // may call itself
};

struct Function {
    Name *name;        // null: a lambda without one
    Function *parent;  // null: Program.main
    Node *node;        // its NODE_LAMBDA; null for main
    Node *body;        // main, and functions of one clause of plain names
    uint32_t param_count;
    SymbolVec params;  // one per position. With one clause of names they are its names; else hidden
                       // symbols, and each clause's PATTERN_NAMEs have symbols of their own
    bool has_clauses;  // match node->lambda.clauses in order; nothing fits: 0
    SymbolVec symbols; // all that it owns, by index
    SymbolVec captures; // immutable symbols of enclosing functions, closed as described above
    SymbolVec snapshots, sources; // on evaluation of the lambda, in the parent: snapshots[i] = sources[i]
    uint32_t node_count; // ids below this one
    uint32_t index;      // dense within the program
    uint32_t group;      // the same for functions that may call each other in a circle
    uint8_t effects;     // EFFECT_… bits, summed up over calls; unknown function values: all of them
    bool self_tail_call; // calls itself in tail position: lowering makes it a loop
    bool jumps;          // at its end it calls a value, or a function that may come back to it: it takes
                         // all parameters and, as a value, what it captured, so that its frame can go
    bool calls_params;   // calls what it is given: so far as that is known, its effects are the callers'
    bool is_value;       // used other than by calling it by name: needs a closure
    bool given_up;       // a body that can leave its loop may call it: it may end in the middle
    bool in_loop;        // its lambda can be evaluated more than once per run of the parent
    ListClass *lists;    // that it may give; null: with words as elements
    VEC(ListNode) list_nodes;
};

// How a parallel body uses an outer variable.
typedef enum ParUse {
    PAR_READ,     // borrowed for the loop
    PAR_REDUCE,   // s += e and its like: partial results, combined in block order
    PAR_ELEMENT,  // xs[i] <- e at positions proven to be the iteration's own: in place
    PAR_KEPT,     // changed, but not read: the changes are kept per block and made in their order
} ParUse;

typedef enum ReduceOp {
    REDUCE_ADD, REDUCE_SUB, // combined by adding
    REDUCE_MUL, REDUCE_MIN, REDUCE_MAX,
    REDUCE_AND, REDUCE_OR, REDUCE_BAND, REDUCE_BOR, REDUCE_BXOR,
} ReduceOp;

typedef struct ParVariable {
    Symbol *symbol;
    const char *name; // as the source has it: "g", or "g.players" of a part
    ParUse use;
    ReduceOp op;
    Span span; // the first use that decided
    bool unread;  // PAR_ELEMENT: nothing of it is read but, perhaps, its length
    bool deferred; // some deferred block of the body mentions it
    bool reduces;  // every change is a reduction by `op`, and so could be made in any order
    bool first, last; // every reduction's form has the variable first (s + e), or last (e + s)
    bool sets;     // every change is a value in which what is changed does not appear
    bool repeated; // some element is changed in a loop inside the body
    const char *keyed; // PAR_ELEMENT: proven if the variable and what the loop goes over, the source text
                       // of which this is, are maps; else null
    Node *length; // where its length is asked for first, or null
    NodeVec updates; // the UPDATEs that change it
} ParVariable;

// How the changes of a variable are kept while they wait for their turn.
typedef enum KeptForm {
    KEPT_CHANGES, // one by one in their order
    KEPT_APPEND,  // a list, text or map grows at its end: the block's part is added as one,
    KEPT_PREPEND, // at its beginning
    KEPT_PUT,     // keys of a map are set: the block's are put in as one map
    KEPT_SUM, // numbers of a map are combined with others in any order: the same, where that is exact
    KEPT_LAST, // it is set: the block's last value counts
} KeptForm;

// par_keep.c
bool par_is_summed(Type type); // numbers, and errors: not lists and texts that are put together
// Whether a block keeps its changes of the variable, of that type, until its turn; if so, how, as far as
// it is not lowering that knows (never KEPT_SUM).
bool par_keeps(const ParVariable *variable, Type type);
KeptForm par_kept_form(const ParVariable *variable, Type type);
// The loop updates the elements of this variable through its own, and only the run tells whether that is a
// list: then it runs as one without its prefix, which stops where it is none.
bool par_is_unsure(const LoopNode *loop, const Symbol *symbol, Type type);
// A map whose own elements the body reads too.
bool par_reads_own(const ParVariable *variable, Type type);
// All its changes are of elements, one level deep, and can be emitted twice: for those made at once, and
// for those that are kept.
bool par_is_simple(const ParVariable *variable);

// A part of an outer variable, g.players, that the loop works on: taken out before it, and put back
// behind it, if it then is the list (or map) that `symbol` stands for; else the loop runs as one
// without its prefix.
typedef struct ParPart {
    Symbol *symbol; // among the captures, beside those of the source
    NodeVec nodes; // the INDEXes in the body that are this part; positions in it are fixed
} ParPart;

// The outlined body of a parallel loop: lowering makes `<function>.par.<n>` of it.
struct ParPlan {
    uint32_t number;  // n, dense within the function
    Function *function;
    LoopNode *loop;
    VEC(ParVariable) captures; // every outer symbol of the function that the body mentions
    VEC(ParPart) parts;
    SymbolVec whole;  // outer variables that the proof of PAR_ELEMENT takes for whole numbers within
                      // ±2^53: when one is not, as the loop starts, it runs on one thread
    uint8_t effects;  // of the body
    const Symbol *watched; // a variable that the body changes, and a deferred block around the loop looks at
                           // when the program stops in the middle: then the loop is one without the prefix
};

// A loop of which a copy may run on integers, for as long as what its variables hold are such: whole,
// not -0 and within the types given here. Sums, differences and products in that copy may leave these
// ranges (then their types say so): there it looks, and goes back to the beginning of the iteration,
// in the loop as it stands. The body has no effects but on variables.
typedef struct Speculation {
    LoopNode *loop;
    SymbolVec symbols;    // what is taken for integers: outer variables first, then the loop's own
    Type *types;          // per symbol
    uint32_t outer;       // how many of them are outer variables
    SymbolVec updated;    // outer variables that the loop updates, of whatever type
    uint32_t first, last; // ids of the loop's nodes
    Type *node_types;     // by Node.id - first
} Speculation;

// One specialisation of a function: types for these captures and parameters. `parallel` ones are
// reachable from parallel bodies and count references atomically; so do those of values and exported functions, in a
// program that has parallel loops.
typedef struct Instance {
    Function *function;
    bool parallel;
    bool boxed;         // called through closures: all parameters are any
    // Recursive functions of numbers may have an instance besides that takes what is likely to be whole
    // for integers. `checked`: it is one; sums and products in it may leave the integers that doubles hold
    // exactly (then their types say so): there it gives up and returns what is no such integer, and the
    // call is made anew in doubles. Such functions have no effects.
    bool checked;
    struct Instance *integers; // of one in doubles: its checked one, with as many parameters; or null
    uint32_t number;    // dense within the program
    const char *link_name; // of the generated function: "fact", "fact.1", "main.lambda.2"
    Type *captures;     // per Function.captures
    Type *params;       // per Function.params
    Type result;
    Type *node_types;   // by Node.id: the value an expression gives, after misses became 0 unless observed
    Type *symbol_types; // by Symbol.index
    VEC(Speculation *) speculations;
    struct Instance **callees; // by Node.id: CALL, PIPE of a known function; LAMBDA and NAME used as a
                               // value: the boxed instance its closure calls. Null: none
    struct Instance **parallel_callees; // the same inside parallel bodies of this (sequential) instance
} Instance;
typedef VEC(Instance *) InstanceVec;
typedef VEC(Function *) FunctionVec;

// What C gives an exported function, and gets from it.
typedef enum ExportKind {
    EXPORT_NUMBER,  // of a scalar C type, or an address: `type`
    EXPORT_TEXT,    // const char *; as a result memory of its own
    EXPORT_NUMBERS, // const double * and a length; likewise
    EXPORT_RECORD,  // the address of a struct; as a result filled in
} ExportKind;
typedef struct ExportType {
    ExportKind kind;
    const struct CType *type; // NUMBER, RECORD
} ExportType;
typedef struct Export {
    Symbol *symbol;
    VEC(ExportType) params;
    ExportType result; // infer, unless noted
    bool noted;        // the source says what the result is
    bool may_fail;     // infer: the result may be an error: C gets a status
    Instance *instance; // infer: what C calls
} Export;
// Whether C or C++ could not use the name.
bool sema_is_word_of_c(const Name *name);

// `p.x <- v` where `p` is immutable: a mistake, unless inference finds out that `p` is an address.
typedef struct Unproven {
    const Node *root; // NODE_NAME
    Symbol *symbol;
    bool is_number; // infer: which has no fields: told
} Unproven;

typedef struct Program {
    Function *main;
    FunctionVec functions; // all, parents before children
    InstanceVec instances; // instances.items[0] is main's
    VEC(Export *) exports; // functions with C symbols, in the order of the source
    SymbolVec globals;     // symbols with is_global
    Symbol *user_main;     // `main` to be run after the top level, or null
    Instance *user_main_instance; // what to call for it
    PtrMap unproven;       // places of the updates' targets -> Unproven
    bool c_types;          // it declares cstructs or imports C libraries
    bool foreign;          // uses call, dlopen, imports: dynamic executable
    const char *foreign_name; // the first construct that does ("call"), for messages
    Span foreign_span;        // and its place
    bool foreign_in_parallel; // parallel bodies can reach foreign code
    bool parallel;         // has a parallel loop
    bool jumps;            // some function calls a value at its end
    bool values_given_up;  // a body that can leave its loop may call any function value
    struct SimModel *sim;  // registers and modules (sim.h)
    VEC(CLibrary *) c_libraries;     // imported
    VEC(const char *) libraries, library_folders; // to be linked with: -l, -L
    VEC(const char *) objects;       // shared objects, by path
} Program;

// The C type that argument `at` behind the `...` of a foreign call is passed as; null: nothing tells.
const CType *infer_variadic(const Node *call, uint32_t at, Type type);
// Whether C may write to a list that is passed for such a parameter, and whether the argument is a
// variable that it may change so.
bool sema_fills(const CType *param);
bool sema_call_fills(const Node *call, uint32_t at);
// What lies at the address that `node` gives is known: it is a pointer.
bool sema_pointee_known(const Node *node);
// The last operation of the block that is compiled, if it names the result; else null.
const struct UnsafeOp *sema_unsafe_result(const Node *node);

// The numbers that an update appends to a list variable, one by one, as far as the syntax tells: none if
// it is of another kind. Nothing in them changes a variable.
NodeVec packed_appended(const Node *update);

// STAGE_SEMA and STAGE_INFER (frontend.h). Errors are reported; false if there were any.
bool sema_run(Compilation *c);
// Reports updates of immutable variables that inference did not find to be of C's memory.
void sema_report_unproven(Compilation *c);
bool infer_run(Compilation *c);

#endif
