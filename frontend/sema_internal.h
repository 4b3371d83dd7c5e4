// sema_internal.h: what the files of semantic analysis share.
//
// The resolve stage walks the whole tree once, in order of evaluation, and leaves lists of what can
// only be judged when everything has been seen (mentions of names, calls, parallel loops); the
// other stages work through those lists. `order` counts definitions and mentions as the walk meets
// them: within one function a definition with a smaller order has been evaluated before.
#ifndef FLAP_SEMA_INTERNAL_H
#define FLAP_SEMA_INTERNAL_H

#include "frontend.h"
#include "map.h"
#include "scope.h"

// Effects besides those of sema.h, kept only while sema runs.
enum {
    EFFECT_DIVIDE = 256, // may stop for another reason than a wrong kind
    EFFECT_EVERYTHING = 0x17f,
};

// Where an expression stands.
enum {
    CTX_STATEMENT = 0, // its value is dropped
    CTX_VALUE = 1,
    CTX_TAIL = 2,   // with CTX_VALUE: its value is the function's
    CTX_CALLEE = 4, // with CTX_VALUE: it is called right here
    CTX_ADDRESS = 8, // with CTX_VALUE: C gets it, and would like its address
};

typedef struct Mention {
    Node *node;         // NAME; its symbol is what is mentioned
    Function *function; // whose code mentions it
    uint32_t order;
    bool callee;
} Mention;

// A CALL, or a PIPE with the call or value on its right.
typedef struct CallSite {
    Node *node, *callee;
    NodeVec *args;  // null: none written
    uint32_t piped; // arguments that the pipe adds after them
    Function *function;
    bool tail;
    bool spawned; // made in a child process
} CallSite;

// A deferred block mentions a mutable variable.
typedef struct Watch {
    const Symbol *symbol;
    uint32_t order;
} Watch;

// A parallel loop that is to be judged; what lies in it are ranges of orders and call sites.
typedef struct ParSite {
    LoopNode *loop;
    Node *node;
    Function *function;
    uint32_t begin, end;             // orders
    uint32_t calls_begin, calls_end; // call sites
    uint16_t effects;                // of the body but for calls
} ParSite;

typedef VEC(LoopNode *) LoopVec;

// What a parameter may be that is called (called_params.c).
typedef struct CalledParam {
    const Function *owner;
    FunctionVec functions;
    uint16_t effects; // of builtins that it may be; EFFECT_EVERYTHING: it may be anything
} CalledParam;

// What sema knows of a function besides, by Function.index.
typedef struct FunctionInfo {
    Function *function;
    Symbol *symbol; // that its lambda defines, or null
    Symbol *self;   // stands for the function inside itself when `symbol` is updated elsewhere
    Scope *scope;   // around the lambda
    FunctionVec mentions;  // functions that it mentions or contains
    PtrMap captured;       // symbols in function->captures
    Symbol *latest_global; // of those it and its callees need, the one defined last
    LoopNode *loop;        // the parent's innermost loop around the lambda, or null
    uint32_t order;        // of its evaluation in the parent
    uint16_t effects;
} FunctionInfo;

typedef struct Sema {
    Compilation *c;
    Arena *arena;   // for what stays
    Arena *scratch; // for what only sema needs
    Program *program;
    Scope *universe, *scope;
    Function *function;
    uint16_t *effects;   // what the code being walked adds to
    LoopVec loops;       // of the function, outermost first
    uint32_t loops_base; // where the function's begin
    const Function *defer_function; // whose deferred block is being walked, or null
    uint32_t defer_loops;           // how many loops stand around that block
    NodeVec spine;       // visit_expr's stack of left operands
    uint32_t order;
    uint32_t used_files; // > 0 inside `use`
    VEC(FunctionInfo *) infos;
    VEC(Mention) mentions;
    VEC(CallSite) calls;
    VEC(ParSite) parallel;
    VEC(Watch) watches;
    SymbolVec defined;   // to be warned about when unused
    PtrMap told;         // nodes of parallel bodies with a mistake already told
    PtrMap packages;     // Name of the folder -> Scope
    PtrMap values;       // Symbol -> Node: what an immutable variable was defined by
    PtrMap called_params; // Symbol -> CalledParam
    PtrMap folded;       // Node -> Node: elements of constants, as literals
    Symbol *main_symbol; // the latest top-level `main`
} Sema;

static inline FunctionInfo *sema_info(const Sema *s, const Function *function) {
    return s->infos.items[function->index];
}

// sema.c
Function *sema_new_function(Sema *s, Node *node);
Symbol *sema_new_symbol(Sema *s, SymbolKind kind, Name *name, Span span);
// The same, owned by `owner`, with no order or loop set.
Symbol *sema_add_symbol(Sema *s, SymbolKind kind, Name *name, Span span, Function *owner);
// Marks something already reported: one mistake is told once.
void sema_poison(Node *node);
static inline bool sema_is_poison(const Symbol *symbol) {
    return symbol->owner == NULL && symbol->kind == SYMBOL_VARIABLE;
}

// sema_resolve.c. Both give true when control cannot reach what follows.
bool sema_visit(Sema *s, Node *node, unsigned context);
bool sema_statements(Sema *s, NodeVec *statements, unsigned context);
static inline void sema_value(Sema *s, Node *node) {
    if (node != NULL) sema_visit(s, node, CTX_VALUE);
}
// A field of a map is the element whose key is its name.
void sema_field_as_index(Sema *s, Node *node);
static inline void sema_number(Sema *s, Node *node) {
    node->id = s->function->node_count++;
}
void sema_push_scope(Sema *s);
void sema_pop_scope(Sema *s);

// sema_name.c
void sema_resolve_name(Sema *s, Node *node, bool callee);
// `node`, a NAME, means that symbol.
void sema_mention(Sema *s, Node *node, Symbol *symbol, bool callee);
// A new variable for `x = e` and `x := e`, with their rules about what is visible.
Symbol *sema_declare(Sema *s, Name *name, Span span, bool is_mutable);
// A poisoned `name`: mentions of it are not reported.
void sema_declare_poison(Sema *s, Name *name);
// A variable that may shadow anything.
Symbol *sema_bind(Sema *s, Name *name, Span span);
// Notes which functions the statements define by `=`.
void sema_declare_functions(Sema *s, const NodeVec *statements);

// sema_stmt.c
void sema_define(Sema *s, Node *node);
// Reports a name that stands twice in one definition.
void sema_check_names(Sema *s, const DefineNode *define);
void sema_update(Sema *s, Node *node);
void sema_swap(Sema *s, Node *node);

// sema_lambda.c: `symbol` is what the lambda defines, or null.
void sema_lambda(Sema *s, Node *node, Symbol *symbol, bool is_value);

// sema_match.c
bool sema_match(Sema *s, Node *node, unsigned context);

// sema_loop.c
bool sema_loop(Sema *s, Node *node, unsigned context);
void sema_loop_value(Sema *s, Node *node);
void sema_leave(Sema *s, Node *node);
void sema_next(Sema *s, Node *node);
void sema_ret(Sema *s, Node *node);
// A jump named `what` out of the loop of that level (0: the innermost), which is given; null after
// a report. And one out of the function.
LoopNode *sema_leave_loop(Sema *s, uint32_t level, Span span, const char *what);
void sema_leave_function(Sema *s, Span span, const char *what);

// sema_result.c
void sema_observe(Node *node); // its error is looked at
void sema_orelse(Sema *s, Node *node, unsigned context);
// A definition or update with this value: warns of a text after `or!` that is a value.
void sema_text_bound(Sema *s, const Node *value);
void sema_result_test(Sema *s, Node *node);
void sema_err(Sema *s, Node *node);

// sema_call.c
void sema_call_site(Sema *s, Node *node,
                    unsigned context); // a CALL or PIPE whose left part was visited
void sema_check_calls(Sema *s);
// A conversion with its '%' as f-strings and printf know it; its length, or 0.
uint32_t sema_conversion(const char *text, uint32_t len);

// sema_import.c
void sema_import(Sema *s, Node *node);
// A name of a package, `pkg.name`; false: it is none.
bool sema_package_member(Sema *s, Node *node, bool callee);

// sema_foreign.c: C libraries
void sema_import_library(Sema *s, Node *node);
// Makes a member of a library of what is one; false: it is none.
bool sema_member(Sema *s, Node *node, unsigned context);
// Reads the library if need be; false after a report.
bool sema_read_library(Sema *s, CLibrary *library, Span span);
// The type `alias.name`; null when the alias is no library, void after a report.
const CType *sema_library_type(Sema *s, Name *alias, Name *name, Span span);
// The C function that is called by `callee`, or null.
const CDecl *sema_foreign_function(const Node *callee);
// call("name", a) becomes name(a) where the headers of an imported library declare `name`.
void sema_named_call(Sema *s, Node *node);
void sema_foreign_args(Sema *s, const CDecl *decl, const Node *call);
void sema_check_foreign(Sema *s, const CallSite *site, uint32_t given);

// sema_export.c: notes what C calls the function with that is defined by `node` as `symbol`.
void sema_export(Sema *s, Node *node, Symbol *symbol);

// sema_cstruct.c: C structs and raw memory
// The type called `name`, for a pointer or for a field; null after a report.
const CType *sema_named_type(Sema *s, Name *name, bool pointer, Span span);
void sema_cstruct(Sema *s, Node *node);
const Node *sema_later_cstruct(const Sema *s, const Name *name);
Symbol *sema_forward_cstruct(Sema *s, Node *node);
// sizeof(Name), Name.field_offset: true when it was one, which is then a number or poison.
bool sema_type_constant(Sema *s, Node *node);
void sema_join_cast(Sema *s, Node *node);
void sema_cast_type(Sema *s, Node *node);
const CType *sema_pointee(const Node *node);
bool sema_memory(Sema *s, Node *node);
void sema_append(Sema *s, Node *node);
bool sema_memory_target(Sema *s, Node *target);

// sema_pointee.c: what a parameter, a function's result, the elements of a list
// point to, or null. What the calls tell is noted in the Compilation for the next round.
const CType *sema_param_pointee(const Sema *s, const Pattern *pattern);
const CType *sema_result_pointee(const Sema *s, const Node *lambda);
const CType *sema_elements(const Node *node);
void sema_find_pointees(Sema *s);

// sema_unsafe.c: `unsafe { } { } { }`
void sema_unsafe(Sema *s, Node *node);

// sema_port.c: makes a string, or a call of a builtin, of a port literal.
void sema_port(Sema *s, Node *node);

// sema_spawn.c
bool sema_spawn(Sema *s, Node *node, unsigned context);

// sema_refuse.c: reports a construct that has no lowering yet, poisons it, and is true; else false.
bool sema_refuse(Sema *s, Node *node);

// sema_sim.c: registers and modules of the top level, before it is walked; then each as the walk
// meets it; then the bodies of modules.
void sema_sim_declare(Sema *s, const NodeVec *statements);
void sema_sim_register(Sema *s, Node *node);
void sema_sim_module(Sema *s, Node *node);
void sema_sim(Sema *s);
// sema_sim_use.c: makes calls of builtins of what mentions a register in ordinary code.
void sema_sim_use(Sema *s, Node *node);

// consteval.c: the literal that `node` (resolved) is worth, or null.
Node *sema_fold(Sema *s, const Node *node);
// Whether it names a literal or an expression of constants, folded or left to the run (`fixed`).
bool sema_is_constant(const Symbol *symbol);
// A variable whose definition was resolved becomes a constant if it is one.
void sema_define_constant(Sema *s, const DefineNode *define, Symbol *symbol);
// True for a name of a constant: at least one capital letter and no small one.
bool sema_is_constant_name(const Name *name);

// capture.c, effects.c, sema_par.c
void sema_capture(Sema *s);
void sema_find_called_params(Sema *s); // called_params.c
CalledParam *sema_called_param(const Sema *s, const Node *node); // that a NAME means, or null
// Whether a builtin, as a callee, calls what it is given there.
bool sema_calls_argument(const Node *callee, uint32_t position);
// Effects of calling an argument that is no known function.
uint16_t sema_effects_of_unknown(const Node *arg);
void sema_sum_effects(Sema *s);
void sema_check_parallel(Sema *s);
void sema_find_last_uses(Sema *s); // last_use.c
void sema_find_given_up(Sema *s);    // given_up.c
// Effects of a call but for those of known functions, which go to `edge`.
uint16_t sema_site_effects(const Sema *s, const CallSite *site,
                           void (*edge)(void *context, Function *callee), void *context);
void sema_find_escapes(Sema *s);   // escape.c; after that
// The function that a callee is for sure, or null.
Function *sema_known_function(const Node *callee);
// `v | f(a)`, which is f(a, v).
bool sema_pipes_into_call(const Node *pipe);
// A call of random() where it stands: it draws from the innermost loop around it that has LoopNode.draws.
bool sema_is_draw(const CallSite *site); // sema_loop.c
// Effects of calling `callee` as far as they are known without a walk of the program.
uint16_t sema_call_effects(const Sema *s, const CallSite *site);

#endif
