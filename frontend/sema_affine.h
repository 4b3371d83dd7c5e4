// sema_affine.h: positions as polynomials of whole numbers, to prove that the iterations of a
// parallel loop touch different elements.
//
// A position is A * i + R, where i is the parallel loop's variable (of a loop over a sequence: @counter), A is the same in all iterations
// and R does not contain i. Two sites of one list do not meet in different iterations when they
// have the same A and their R always differ by less than |A|.
#ifndef FLAP_SEMA_AFFINE_H
#define FLAP_SEMA_AFFINE_H

#include "sema_internal.h"
#include "sema_poly.h"

// A loop inside the parallel one, around a site.
typedef struct InnerLoop {
    LoopNode *loop;
    const struct InnerLoop *outer;
} InnerLoop;

typedef struct Affine {
    Sema *s;
    const ParSite *site;
    PtrMap *written;     // symbols that the body writes: no constants of the loop
    const Symbol *index; // i
} Affine;

// A place where an element of the list is read or written, as the proof sees it.
typedef struct Position {
    const Node *index;
    const InnerLoop *inner;
    bool known;        // `stride` and `rest` hold
    bool keyed;        // it is the element that the loop has come to, in a loop over a sequence
    Poly stride, rest; // A and R
} Position;

// Takes `position->index` apart; position->known says whether that could be done.
void affine_position(const Affine *affine, Position *position);
// True if both are known numbers, and differ.
bool affine_differ(const Affine *affine, const Node *a, const Node *b);
// True if the two never meet in different iterations.
bool affine_apart(const Affine *affine, const Position *a, const Position *b);
// The whole number that R of `a` is more than R of `b`, when both go up with i by 1; else false.
bool affine_distance(const Position *a, const Position *b, double *distance);
// Adds the outer variables that the position counts on as whole numbers to `whole`.
void affine_assumptions(const Affine *affine, const Position *position, SymbolVec *whole);
// True if the parallel loop sees `symbol` as something from outside itself.
bool affine_is_outer(const ParSite *site, const Symbol *symbol);

#endif
