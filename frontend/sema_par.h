// sema_par.h: what the files that judge parallel bodies share: how a body uses each outer variable.
#ifndef FLAP_SEMA_PAR_H
#define FLAP_SEMA_PAR_H

#include "sema_affine.h"

typedef enum AccessKind {
    ACCESS_READ,    // of the whole value
    ACCESS_LENGTH,  // #xs
    ACCESS_ELEMENT, // xs[e] is read
    ACCESS_WRITE,   // xs[e] is written (and, with an operator, read)
    ACCESS_UPDATE,  // x <- e, x += e …
    ACCESS_THROUGH, // the elements of the loop's own list, written through the loop's variable
    ACCESS_OTHER,   // swapped, or written through by an inner loop's variable
} AccessKind;

typedef struct Access {
    AccessKind kind;
    const Node *node;  // what is marked in messages
    Node *path; // ACCESS_ELEMENT, ACCESS_WRITE: x[a][b] of which x[a] is that element
    bool length;       // ACCESS_ELEMENT: only the length of `path` is asked for
    Position position; // ACCESS_ELEMENT, ACCESS_WRITE
    bool repeated;     // an earlier access says as much about the same position
    bool reduces;      // ACCESS_UPDATE, ACCESS_WRITE in a form that can be combined by `op`
    bool collects;     // the same that adds to a list, a text or a map
    bool deferred;     // in a deferred block
    bool sets;         // the same by a value in which the target does not appear
    bool first, last;  // of a form: what it changes stands first, or last, on the right side
    bool of_update;    // ACCESS_ELEMENT: what such an update changes
    ReduceOp op;
} Access;

// An outer variable that the body mentions.
typedef struct ParSymbol {
    Symbol *symbol;
    const Node *text; // how it stands in the source; null: by its name
    VEC(Access) accesses;
    const Access *overlap; // a read because of which a part that is written cannot be judged by itself:
    bool whole;            // it is of all of that part; else nobody knows whether it is of that part
} ParSymbol;
typedef VEC(ParSymbol *) ParSymbolVec;

typedef struct ParCheck {
    Sema *s;
    ParSite *site;
    ParSymbolVec symbols; // by first mention
    PtrMap by_symbol;         // Symbol -> ParSymbol
    PtrMap written;           // symbols with a write
    PtrMap skipped;           // NAMEs and INDEXes that are part of a reduction's form
    Affine affine;
    uint32_t deferred; // > 0: walking a deferred block
    bool poisoned;     // something in the body was reported already: no positions are judged
    bool keys;         // elements of the loop are taken for the keys of a map
    uint32_t pairs;    // of positions compared so far
} ParCheck;

// sema_par_walk.c: fills `symbols` from the body.
void par_walk(ParCheck *check);
// Reads the positions of a variable's accesses.
void par_read_positions(ParCheck *check, ParSymbol *variable);
// sema_reduce.c: recognises x <- x + e, h[k] <- h[k] + e and their like. Fills the access.
void par_read_update(ParCheck *check, const Node *update, Access *access);
// sema_par_judge.c: decides the variable's use, or reports what stands in the way.
void par_judge(ParCheck *check, const ParSymbol *variable, ParVariable *result);
// True if all elements that are written are the iteration's own.
bool par_is_own(ParCheck *check, const ParSymbol *variable);
// sema_par_split.c: makes parts of a variable to be judged in its place, and leaves it with the rest of
// its accesses; false: it is to be judged as a whole.
bool par_split(ParCheck *check, ParSymbol *variable, ParPlan *plan, ParSymbolVec *parts);
// sema_remark.c: reports how the loop's iterations are divided among threads, and what of it happens in
// order, or in no order.
void sema_remark_loop(Sema *s, const ParSite *site);
// sema_mutex.c: refuses to wait for a turn with a mutex in hand.
void sema_check_mutexes(Sema *s);

#endif
