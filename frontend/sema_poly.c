// sema_poly.c: polynomials with whole coefficients over symbols.
//
// Every operation can fail (false) when the result would need more terms, a higher degree or a
// larger coefficient than there is room for: then nothing is proven.
#include "sema_poly.h"
#include <math.h>
#include <string.h>

static const double LARGEST = 0x1p40;

void poly_constant(Poly *poly, double value) {
    memset(poly, 0, sizeof(*poly));
    if (value == 0) return;
    poly->count = 1;
    poly->terms[0].coefficient = value;
}

void poly_atom(Poly *poly, Atom atom) {
    poly_constant(poly, 1);
    poly->terms[0].degree = 1;
    poly->terms[0].atoms[0] = atom;
}

static bool same_atoms(const PolyTerm *a, const PolyTerm *b) {
    if (a->degree != b->degree) return false;
    for (uint32_t i = 0; i < a->degree; i++)
        if (a->atoms[i] != b->atoms[i]) return false;
    return true;
}

static bool add_term(Poly *poly, const PolyTerm *term) {
    if (term->coefficient == 0) return true;
    for (uint32_t i = 0; i < poly->count; i++) {
        PolyTerm *at = &poly->terms[i];
        if (!same_atoms(at, term)) continue;
        if (at->degree > 0 && at->coefficient * term->coefficient < 0) poly->cancelled = true;
        at->coefficient += term->coefficient;
        if (at->coefficient == 0) *at = poly->terms[--poly->count];
        return fabs(term->coefficient) <= LARGEST;
    }
    if (poly->count == POLY_TERMS || fabs(term->coefficient) > LARGEST) return false;
    poly->terms[poly->count++] = *term;
    return true;
}

bool poly_add(Poly *sum, const Poly *other, double factor) {
    if (other->cancelled) sum->cancelled = true;
    for (uint32_t i = 0; i < other->count; i++) {
        PolyTerm term = other->terms[i];
        term.coefficient *= factor;
        if (!add_term(sum, &term)) return false;
    }
    return true;
}

static bool multiply_terms(const PolyTerm *a, const PolyTerm *b, PolyTerm *product) {
    memset(product, 0, sizeof(*product));
    product->degree = a->degree + b->degree;
    product->coefficient = a->coefficient * b->coefficient;
    if (product->degree > POLY_DEGREE) return false;
    uint32_t i = 0, j = 0;
    for (uint32_t at = 0; at < product->degree; at++) {
        bool from_a = j == b->degree || (i < a->degree && a->atoms[i] <= b->atoms[j]);
        product->atoms[at] = from_a ? a->atoms[i++] : b->atoms[j++];
    }
    return true;
}

bool poly_multiply(Poly *product, const Poly *a, const Poly *b) {
    Poly result;
    poly_constant(&result, 0);
    result.cancelled = a->cancelled || b->cancelled;
    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t j = 0; j < b->count; j++) {
            PolyTerm term;
            if (!multiply_terms(&a->terms[i], &b->terms[j], &term) || !add_term(&result, &term))
                return false;
        }
    *product = result;
    return true;
}

bool poly_equal(const Poly *a, const Poly *b) {
    Poly difference = *a;
    return poly_add(&difference, b, -1) && difference.count == 0;
}

bool poly_is_constant(const Poly *poly, double *value) {
    *value = 0;
    if (poly->count == 0) return true;
    if (poly->count > 1 || poly->terms[0].degree > 0) return false;
    *value = poly->terms[0].coefficient;
    return true;
}

bool poly_split(const Poly *poly, Atom atom, Poly *factor, Poly *rest) {
    poly_constant(factor, 0);
    poly_constant(rest, 0);
    for (uint32_t i = 0; i < poly->count; i++) {
        PolyTerm term = poly->terms[i];
        uint32_t found = 0, kept = 0;
        for (uint32_t j = 0; j < term.degree; j++) {
            if (term.atoms[j] == atom)
                found++;
            else
                term.atoms[kept++] = term.atoms[j];
        }
        term.degree = kept;
        if (found > 1 || !add_term(found > 0 ? factor : rest, &term)) return false;
    }
    return true;
}

// poly = with * atom + without, taking the atom out of each term once.
static bool take_out(const Poly *poly, Atom atom, Poly *with, Poly *without) {
    poly_constant(with, 0);
    poly_constant(without, 0);
    for (uint32_t i = 0; i < poly->count; i++) {
        PolyTerm term = poly->terms[i];
        uint32_t at = 0;
        while (at < term.degree && term.atoms[at] != atom) at++;
        bool found = at < term.degree;
        if (found) {
            term.degree--;
            for (; at < term.degree; at++) term.atoms[at] = term.atoms[at + 1];
        }
        if (!add_term(found ? with : without, &term)) return false;
    }
    return true;
}

bool poly_replace(Poly *poly, Atom atom, const Poly *by) {
    for (uint32_t turn = 0; turn <= POLY_DEGREE; turn++) {
        Poly with, without, product;
        if (!take_out(poly, atom, &with, &without)) return false;
        if (with.count == 0) return true;
        if (!poly_multiply(&product, &with, by) || !poly_add(&without, &product, 1)) return false;
        *poly = without;
    }
    return false;
}
