// sema_sim.h: what the files of the analysis of hardware share (sim.h is what they make).
//
// sema_sim_declare() gives every register and module its symbol before the top level is walked, so
// that they see each other wherever they stand. After that walk, when constants and functions are
// known, sema_sim() translates the bodies (sema_sim_body.c, sema_sim_expr.c, sema_sim_call.c) and
// works out who is connected to whom (sema_sim_graph.c, sema_sim_parts.c).
#ifndef FLAP_SEMA_SIM_H
#define FLAP_SEMA_SIM_H

#include "sema_internal.h"
#include "sim.h"

typedef struct SimBinding {
    const Name *name;
    SimLocal *local;
} SimBinding;

// The body being translated: of a module or of a function.
typedef struct SimBody {
    struct SimBody *outer;
    Sema *s;
    SimModel *model;
    SimModule *module;     // null in a function
    SimFunction *function; // null in a module
    VEC(SimBinding) names; // visible locals, innermost last
    VEC(SimLoop *) open;   // loops around the code, outermost first
    uint32_t depth;        // of blocks; 1: the body's top level
    bool in_wait;          // in the condition of wait_until
    uint32_t locals, loops, weight;
} SimBody;

// sema_sim_body.c
void sim_bodies(Sema *s, SimModel *model);
// A block, statement or expression as something with a value.
SimNode *sim_tree(SimBody *body, Node *node);
SimNode *sim_block(SimBody *body, NodeVec *statements);
SimNode *sim_match(SimBody *body, Node *node);
SimLocal *sim_local(SimBody *body, Name *name, SimType type, bool is_mutable);

// sema_sim_expr.c
SimNode *sim_new(SimBody *body, SimOp op, Span span);
SimNode *sim_const(SimBody *body, int64_t value, Span span);
SimNode *sim_unary(SimBody *body, SimOp op, SimNode *a, Span span);
// Folds constants.
SimNode *sim_binary(SimBody *body, SimOp op, SimNode *a, SimNode *b, Span span);
SimNode *sim_cut_to(SimBody *body, SimType type, SimNode *a, Span span);
SimNode *sim_set(SimBody *body, SimLocal *local, SimNode *value, Span span);
SimNode *sim_read_local(SimBody *body, SimLocal *local, Span span);
SimNode *sim_expr(SimBody *body, Node *node);
// The number that the digits at `span` spell, of which a double holds only 53 bits; false: no literal of
// 64 bits stands there.
bool sim_exact_literal(Sema *s, Span span, uint64_t *value);
SimLocal *sim_find_local(const SimBody *body, const Name *name);
// What a name means at the top level, or null: nothing, or a builtin.
Symbol *sim_find(const SimBody *body, const Name *name);
SimTarget *sim_find_port(const SimModule *module, const Name *name);
// A constant operand: false after a report naming `what`.
bool sim_constant(SimBody *body, Node *node, const char *what, int64_t least, int64_t most,
                  int64_t *value);
// Warns when a typed value is wider than the place it goes to.
void sim_check_width(SimBody *body, const SimNode *value, SimType to, const char *place);
// Reports that a body cannot contain this; gives a constant 0 in its place.
SimNode *sim_refuse(SimBody *body, Span span, const char *what);

// The module that a name stands for, or null.
Symbol *sim_find_module(const SimBody *body, const Node *node);
bool sim_fits(SimType type, int64_t value);

// sema_sim_result.c: what may have no value.
typedef struct SimResult {
    SimNode *ok;    // whether it has one
    SimNode *value; // stops the simulation when it has none
} SimResult;
SimResult sim_result(SimBody *body, Node *node);
SimNode *sim_or_else(SimBody *body, Node *node);
SimNode *sim_result_test(SimBody *body, Node *node);

// sema_sim_call.c
SimNode *sim_call(SimBody *body, Node *node);

// sema_sim_init.c: `length` values from a number, a list or a $readmemh file; null: zeroes.
const uint64_t *sim_initial(Sema *s, const SimTarget *target, Node *initial);

// sema_sim_graph.c: uses, writers, readers, levels, ranks; warnings about what is not connected.
void sim_connect(Sema *s, SimModel *model);

// sema_sim_parts.c: SimModule.part.
void sim_part(Sema *s, SimModel *model);

// sema_sim.c: the type that a name spells; false: none.
bool sim_type_of(const Name *name, SimType *type);

#endif
