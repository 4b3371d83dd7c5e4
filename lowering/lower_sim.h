// lower_sim.h: what the files that lower simulated hardware (frontend/sim.h) share.
//
// Every module is emitted twice. In the direct engine all modules are one function per cycle over
// global variables: writes that nobody can see any more in the cycle go straight to the register
// (SimPlace.at_once, which the order of modules makes frequent: lower_sim_plan.c), others wait in a
// second variable for the end of the cycle. In the staged engine each module is a function that
// reads the state of its thread and writes slots; rt/sim_staged.c does the rest.
#ifndef FLAP_LOWER_SIM_H
#define FLAP_LOWER_SIM_H

#include "lower_internal.h"
#include "../frontend/sim.h"
#include "../rt/rt_layout.h"

// Where a target lives.
typedef struct SimPlace {
    bool plain;         // port or events: at most one value, always taken in the next cycle (RtSimPlain)
    bool at_once;       // direct: changes are made when they are met
    bool stamped;       // a register whose elements may meet several writes in one cycle
    LLVMTypeRef element; // registers: i8 … i64
    LLVMValueRef data;  // direct: global of elements, of RtSimQueue or of RtSimPlain
    LLVMValueRef next;  // direct, registers not at_once: an element, or RtSimSlots of an array
    LLVMValueRef stamps;
    int64_t offset, stamps_offset; // staged: in the state
    int64_t *slots;                // staged: by writer, in the slots of a cycle
} SimPlace;

typedef struct SimLayout {
    const SimModel *model;
    SimPlace *places;        // by SimTarget.number
    SimModule **order;       // of modules in the direct engine
    LLVMValueRef *exposed;   // direct, by SimExposed.number: global of value and stamp, or null
    int64_t *exposed_offset; // staged, the same
    LLVMValueRef *tables, *functions; // by number; null: not made yet
    LLVMValueRef *steps;     // staged: functions by rank
    LLVMValueRef counts;     // direct: runs and stalls, by rank
    LLVMValueRef ran;        // direct: cycle + 1 when a module ran last, by rank; for downstream ones
    int64_t *own;            // staged: offsets of RtSimOwn in the state, by rank
    int64_t *block;          // staged: offsets of RtSimBlock in the slots of a cycle, by rank
    int64_t state_size, state_zeroed, slots_size;
} SimLayout;

// The code of one body being emitted.
typedef struct SimCode {
    LowerCtx *cx;
    SimLayout *layout;
    bool staged;
    const SimModule *module;     // null in a function
    const SimFunction *function; // null in a module
    LLVMValueRef run, cycle, rank; // RtSimRun *, i64, i64
    LLVMValueRef state, slots;     // staged; slots of the cycle
    LLVMValueRef *locals;          // allocas, by SimLocal.number
    LLVMBasicBlockRef *next, *leave; // by SimLoop.number
    LLVMBasicBlockRef done;        // behind the body
    LLVMValueRef active;           // alloca of i1: something ran or was written
    LLVMValueRef *heads;           // direct: values of plain ports, by position
    LLVMValueRef *held;            // allocas of i1, by position; null: never held
    LLVMValueRef *staged_counts;   // allocas of i64, by position in module->uses
} SimCode;

// lower_sim_plan.c
void sim_plan(LowerCtx *cx, SimLayout *layout);

// lower_sim_expr.c
LLVMValueRef sim_value(SimCode *code, const SimNode *node); // i64
LLVMValueRef sim_bit(SimCode *code, const SimNode *node);   // i1: whether it is true
LLVMValueRef sim_load(SimCode *code, LLVMTypeRef type, LLVMValueRef at);
void sim_store(SimCode *code, LLVMValueRef v, LLVMValueRef at);
LLVMValueRef sim_cut_value(SimCode *code, SimType type, LLVMValueRef v);
// If the condition holds, notes the stop and goes to `code->done`; `known`: whether a function's own
// way out is taken (it has no `done`).
void sim_stop_if(SimCode *code, LLVMValueRef condition, int kind, uint32_t object, LLVMValueRef a,
                 LLVMValueRef b, Span span);
LLVMValueRef sim_site(SimCode *code, int kind, uint32_t object, const SimText *text, Span span);
// The queue of a port or of events, and its members.
LLVMValueRef sim_target_at(SimCode *code, const SimTarget *target);
enum { QUEUE_COUNT, QUEUE_HEAD, QUEUE_MASK, QUEUE_PUSHED, QUEUE_POPPED, QUEUE_VALUES };
LLVMValueRef sim_queue(SimCode *code, const SimTarget *target, int member);
LLVMValueRef sim_queue_at(SimCode *code, const SimTarget *target, int member);
LLVMValueRef sim_exposed_at(SimCode *code, const SimExposed *exposed);
LLVMValueRef sim_element_at(SimCode *code, const SimTarget *target, LLVMValueRef data,
                            LLVMValueRef index);

// lower_sim_stmt.c
LLVMValueRef sim_statement(SimCode *code, const SimNode *node); // 0, or the value of an IF, BLOCK
void sim_begin_body(SimCode *code, uint32_t locals, uint32_t loops);

// lower_sim_module.c: the module, from the question whether it runs to what it takes. Emitted into the
// function being filled; both engines.
void sim_module(SimCode *code, const SimModule *module);

// lower_sim_direct.c, lower_sim_staged.c
LLVMValueRef sim_direct(LowerCtx *cx, SimLayout *layout);
void sim_staged(LowerCtx *cx, SimLayout *layout);

#endif
