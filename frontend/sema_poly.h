// sema_poly.h: polynomials with whole coefficients over symbols (see sema_affine.h for their use).
// Operations that give bool fail when the result has no room; then their output means nothing.
#ifndef FLAP_SEMA_POLY_H
#define FLAP_SEMA_POLY_H

#include "base.h"

enum { POLY_TERMS = 16, POLY_DEGREE = 4 };

// A symbol's address; the lowest bit says that its length is meant, the next one that a bound was
// taken off so that it is not negative.
typedef uintptr_t Atom;
enum { ATOM_LENGTH = 1, ATOM_SHIFTED = 2 };

typedef struct PolyTerm {
    Atom atoms[POLY_DEGREE]; // ascending
    uint32_t degree;
    double coefficient; // whole, within ±2^40
} PolyTerm;

typedef struct Poly {
    PolyTerm terms[POLY_TERMS]; // no two with the same atoms, none with coefficient 0
    uint32_t count;
    bool cancelled; // terms with atoms cancelled out: doubles may have rounded on the way
} Poly;

void poly_constant(Poly *poly, double value);
void poly_atom(Poly *poly, Atom atom);
bool poly_add(Poly *sum, const Poly *other, double factor); // sum += factor * other
bool poly_multiply(Poly *product, const Poly *a, const Poly *b);
bool poly_equal(const Poly *a, const Poly *b);
bool poly_is_constant(const Poly *poly, double *value);
// poly = factor * atom + rest; fails when the atom occurs squared.
bool poly_split(const Poly *poly, Atom atom, Poly *factor, Poly *rest);
// Puts `by`, which does not contain the atom, in its place.
bool poly_replace(Poly *poly, Atom atom, const Poly *by);

#endif
