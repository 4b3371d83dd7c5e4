// scope.h: which names can be seen where.
//
// A chain of scopes: blocks, loops, match arms and functions each open one; outermost is the
// universe of builtins, which belongs to no function. A scope knows the functions that its level
// defines by `=` before they are reached (`forward`), because functions of one level see each
// other.
#ifndef FLAP_SCOPE_H
#define FLAP_SCOPE_H

#include "map.h"
#include "sema.h"

struct Scope {
    Scope *parent;
    Function *function;        // null: the universe
    PtrMap names;              // Name -> Symbol, what was defined so far
    PtrMap forward;            // Name -> Symbol, functions defined further down
    const NodeVec *statements; // of the level, for messages about later definitions; or null
};

// A new scope inside `parent` (null: none).
Scope *scope_new(Arena *arena, Scope *parent, Function *function);
// Makes `symbol` what `name` means from here on.
void scope_define(Scope *scope, Name *name, Symbol *symbol);
// The symbol that is already defined, or null. Functions further down are not seen.
Symbol *scope_find_defined(const Scope *scope, const Name *name);
// What `name` means to code of `user`: a function defined further down is seen only from inside
// another function. When only such a one exists and cannot be seen, null, and it is left in *early.
Symbol *scope_find(const Scope *scope, const Name *name, const Function *user, Symbol **early);
// The visible name that is spelt most like `name`, or null when none is near.
const Name *scope_nearest(const Scope *scope, const Name *name, bool functions_only);
// How many edits (insert, delete, replace, swap neighbours) lead from a to b; some number above `most`
// when it is clear that they are more, or that the names are too long to compare.
uint32_t name_edits(const Name *a, const Name *b, uint32_t most);
// A statement further down at a level of `scope` that defines `name`, or null.
const Node *scope_later_definition(const Scope *scope, const Name *name);

#endif
