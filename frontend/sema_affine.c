// sema_affine.c: reads positions as polynomials and proves them apart (sema_affine.h).
//
// Numbers are doubles, so a proof about whole numbers holds only where every value is one and no
// rounding happens: outer variables that the proof counts on are noted (ParPlan.whole), and
// expressions in which large values may cancel out are not read at all.
#include "sema_affine.h"
#include <math.h>

enum { DEEPEST_READ = 24, MOST_FACTS = 24 };

// What is known of the smallest value of an atom.
typedef struct Facts {
    Atom atoms[MOST_FACTS];
    double least[MOST_FACTS];
    uint32_t count;
} Facts;

static bool read_poly(const Affine *affine, const Node *node, Poly *poly, bool earlier,
                      uint32_t depth);

static Symbol *atom_symbol(Atom atom) {
    return (Symbol *)(atom & ~(Atom)(ATOM_LENGTH | ATOM_SHIFTED));
}

static Atom symbol_atom(const Symbol *symbol) {
    return (Atom)symbol;
}

bool affine_is_outer(const ParSite *site, const Symbol *symbol) {
    if (symbol->owner == NULL) return false;
    if (symbol->owner != site->function) return true;
    return symbol->order < site->begin || symbol->order > site->end;
}

// --- reading ------------------------------------------------------------------------------------

static bool is_range_variable(const Symbol *symbol) {
    return symbol->kind == SYMBOL_LOOP && symbol->loop != NULL && symbol->loop->kind == LOOP_RANGE;
}

static bool read_number(const Node *node, Poly *poly) {
    double value = node->number.value;
    if (value != floor(value) || fabs(value) > 0x1p40) return false;
    poly_constant(poly, value);
    return true;
}

// True if lowering can look at all of these where the loop starts.
static bool is_at_hand(const Affine *affine, const Poly *poly) {
    for (uint32_t i = 0; i < poly->count; i++)
        for (uint32_t j = 0; j < poly->terms[i].degree; j++)
            if (atom_symbol(poly->terms[i].atoms[j])->owner != affine->site->function) return false;
    return true;
}

// What an immutable variable was defined by, or null.
static const Node *definition(const Affine *affine, const Symbol *symbol) {
    if (symbol->to_f32 || symbol->updated) return NULL;
    return map_get(&affine->s->values, symbol);
}

// `earlier`: in the definition of an outer variable, whose parts may have changed since.
static bool read_symbol(const Affine *affine, const Symbol *symbol, Poly *poly, bool earlier,
                        uint32_t depth) {
    if (symbol == NULL || symbol->owner == NULL) return false;
    if (symbol->kind == SYMBOL_CONSTANT)
        return symbol->constant->kind == NODE_NUMBER && read_number(symbol->constant, poly);
    bool changes = symbol->is_mutable && symbol->updated;
    if (changes && (earlier || map_get(affine->written, symbol) != NULL)) return false;
    bool outer = affine_is_outer(affine->site, symbol);
    const Node *value = definition(affine, symbol);
    if (value != NULL && read_poly(affine, value, poly, earlier || outer, depth + 1) &&
        (!outer || is_at_hand(affine, poly)))
        return true;
    if (!outer && (!is_range_variable(symbol) || changes)) return false;
    poly_atom(poly, symbol_atom(symbol));
    return true;
}

static bool read_length(const Affine *affine, const Node *operand, Poly *poly, bool earlier) {
    if (operand->kind != NODE_NAME || operand->name.symbol == NULL) return false;
    const Symbol *symbol = operand->name.symbol;
    if (!affine_is_outer(affine->site, symbol)) return false;
    if (earlier && symbol->is_mutable && symbol->updated) return false;
    poly_atom(poly, symbol_atom(symbol) | ATOM_LENGTH);
    return true;
}

static bool read_binary(const Affine *affine, const Node *node, Poly *poly, bool earlier,
                        uint32_t depth) {
    BinaryOp op = node->binary.op;
    Poly right;
    if (op != BINARY_ADD && op != BINARY_SUB && op != BINARY_MUL) return false;
    if (!read_poly(affine, node->binary.left, poly, earlier, depth + 1) ||
        !read_poly(affine, node->binary.right, &right, earlier, depth + 1))
        return false;
    if (op == BINARY_MUL) {
        Poly left = *poly;
        return poly_multiply(poly, &left, &right);
    }
    return poly_add(poly, &right, op == BINARY_ADD ? 1 : -1);
}

static bool read_loop_value(const Affine *affine, const Node *node, Poly *poly, bool earlier,
                            uint32_t depth) {
    const LoopNode *loop = node->loop_value.loop;
    bool counts = node->loop_value.what == LOOP_COUNTER;
    if (counts && loop == affine->site->loop && loop->kind != LOOP_RANGE) {
        poly_atom(poly, symbol_atom(affine->index));
        return true;
    }
    if (loop == NULL || loop->kind != LOOP_RANGE || loop->symbols.len == 0) return false;
    if (!read_symbol(affine, loop->symbols.items[0], poly, earlier, depth)) return false;
    if (node->loop_value.what == LOOP_ITEM) return true;
    Poly low;
    return counts && read_poly(affine, loop->low, &low, earlier, depth + 1) && poly_add(poly, &low, -1);
}

static bool read_poly(const Affine *affine, const Node *node, Poly *poly, bool earlier,
                      uint32_t depth) {
    if (depth > DEEPEST_READ) return false;
    switch ((int)node->kind) {
    case NODE_NUMBER: return read_number(node, poly);
    case NODE_NAME: return read_symbol(affine, node->name.symbol, poly, earlier, depth);
    case NODE_BINARY: return read_binary(affine, node, poly, earlier, depth);
    case NODE_LOOP_VALUE: return read_loop_value(affine, node, poly, earlier, depth);
    case NODE_UNARY: {
        if (node->unary.op == UNARY_LEN)
            return read_length(affine, node->unary.operand, poly, earlier);
        Poly operand;
        if (node->unary.op != UNARY_NEG ||
            !read_poly(affine, node->unary.operand, &operand, earlier, depth + 1))
            return false;
        poly_constant(poly, 0);
        return poly_add(poly, &operand, -1);
    }
    }
    return false;
}

// Doubles evaluate it without rounding as long as the result is a position.
static bool is_exact(const Poly *poly) {
    if (poly->cancelled) return false;
    for (uint32_t i = 0; i < poly->count; i++)
        if (poly->terms[i].degree > 1 && poly->terms[i].coefficient < 0) return false;
    return true;
}

static bool read_exact(const Affine *affine, const Node *node, Poly *poly) {
    return node != NULL && read_poly(affine, node, poly, false, 0) && is_exact(poly);
}

// The first and last value of a counting loop's variable.
static bool read_bounds(const Affine *affine, const LoopNode *loop, Poly *first, Poly *last) {
    if (loop->kind != LOOP_RANGE || !read_exact(affine, loop->low, first) ||
        !read_exact(affine, loop->high, last))
        return false;
    Poly one;
    poly_constant(&one, loop->inclusive ? 0 : 1);
    return poly_add(last, &one, -1);
}

// --- signs --------------------------------------------------------------------------------------

static void add_fact(Facts *facts, Atom atom, double least) {
    for (uint32_t i = 0; i < facts->count; i++) {
        if (facts->atoms[i] != atom) continue;
        if (facts->least[i] < least) facts->least[i] = least;
        return;
    }
    if (facts->count == MOST_FACTS) return;
    facts->atoms[facts->count] = atom;
    facts->least[facts->count++] = least;
}

// That the loop runs `times` times or more bounds its variable and, often, its upper end.
static void loop_facts(const Affine *affine, const LoopNode *loop, double times, Facts *facts) {
    Poly first, last;
    double value;
    if (!read_bounds(affine, loop, &first, &last)) return;
    if (loop->symbols.len > 0 && poly_is_constant(&first, &value))
        add_fact(facts, symbol_atom(loop->symbols.items[0]), value);
    if (!poly_add(&last, &first, -1)) return; // at least times - 1
    double constant = 0;
    const PolyTerm *only = NULL;
    for (uint32_t i = 0; i < last.count; i++) {
        if (last.terms[i].degree == 0)
            constant = last.terms[i].coefficient;
        else if (only == NULL && last.terms[i].degree == 1 && last.terms[i].coefficient == 1)
            only = &last.terms[i];
        else
            return;
    }
    if (only != NULL) add_fact(facts, only->atoms[0], times - 1 - constant);
}

static void site_facts(const Affine *affine, const Position *position, Facts *facts) {
    for (const InnerLoop *inner = position->inner; inner != NULL; inner = inner->outer)
        loop_facts(affine, inner->loop, 1, facts);
}

// True if `factor` * poly is never negative.
static bool is_nonnegative(const Poly *poly, double factor, const Facts *facts) {
    Poly shifted;
    poly_constant(&shifted, 0);
    if (!poly_add(&shifted, poly, factor)) return false;
    for (uint32_t i = 0; i < facts->count; i++) {
        Poly by, least;
        poly_atom(&by, facts->atoms[i] | ATOM_SHIFTED);
        poly_constant(&least, facts->least[i]);
        if (!poly_add(&by, &least, 1) || !poly_replace(&shifted, facts->atoms[i], &by))
            return false;
    }
    for (uint32_t i = 0; i < shifted.count; i++) {
        const PolyTerm *term = &shifted.terms[i];
        if (term->coefficient < 0) return false;
        for (uint32_t j = 0; j < term->degree; j++)
            if ((term->atoms[j] & (ATOM_LENGTH | ATOM_SHIFTED)) == 0) return false;
    }
    return true;
}

// --- positions ----------------------------------------------------------------------------------

static bool only_outer(const Affine *affine, const Poly *poly) {
    for (uint32_t i = 0; i < poly->count; i++)
        for (uint32_t j = 0; j < poly->terms[i].degree; j++)
            if (!affine_is_outer(affine->site, atom_symbol(poly->terms[i].atoms[j]))) return false;
    return true;
}

// m[k] in a loop over keys: each iteration has its own.
static bool is_key(const LoopNode *loop, const Node *index) {
    bool keys = loop->kind == LOOP_EACH || (loop->kind == LOOP_PAIRS && loop->symbols.len == 2);
    return keys && index->kind == NODE_NAME && index->name.symbol == loop->symbols.items[0] &&
           !index->name.symbol->updated;
}

void affine_position(const Affine *affine, Position *position) {
    Poly poly;
    const LoopNode *loop = affine->site->loop;
    position->keyed = is_key(loop, position->index);
    position->known =
        affine->index != NULL && read_exact(affine, position->index, &poly) &&
        poly_split(&poly, symbol_atom(affine->index), &position->stride, &position->rest) &&
        only_outer(affine, &position->stride);
}

bool affine_differ(const Affine *affine, const Node *a, const Node *b) {
    Poly x, y;
    double value, other;
    return read_exact(affine, a, &x) && read_exact(affine, b, &y) && poly_is_constant(&x, &value) &&
           poly_is_constant(&y, &other) && value != other;
}

// Puts the loop's first or last value in place of its variable, whichever makes poly larger (or,
// not `upper`, smaller).
static bool bound_by_loop(const Affine *affine, Poly *poly, const LoopNode *loop, bool upper,
                          const Facts *facts) {
    Poly factor, rest, first, last;
    if (loop->symbols.len == 0) return true;
    if (!poly_split(poly, symbol_atom(loop->symbols.items[0]), &factor, &rest)) return false;
    if (factor.count == 0) return true;
    if (!read_bounds(affine, loop, &first, &last)) return false;
    bool rising = is_nonnegative(&factor, 1, facts);
    if (!rising && !is_nonnegative(&factor, -1, facts)) return false;
    Poly product;
    if (!poly_multiply(&product, &factor, upper == rising ? &last : &first)) return false;
    if (!poly_add(&rest, &product, 1)) return false;
    *poly = rest;
    return true;
}

// The largest (or smallest) value of R over everything that happens within any iteration.
static bool bound(const Affine *affine, const Position *position, bool upper, const Facts *facts,
                  Poly *poly) {
    *poly = position->rest;
    for (const InnerLoop *inner = position->inner; inner != NULL; inner = inner->outer)
        if (!bound_by_loop(affine, poly, inner->loop, upper, facts)) return false;
    return bound_by_loop(affine, poly, affine->site->loop, upper, facts) &&
           only_outer(affine, poly);
}

// high - low < |stride|
static bool is_less_apart(const Poly *high, const Poly *low, const Poly *stride, double sign,
                          const Facts *facts) {
    Poly room, one;
    poly_constant(&room, 0);
    poly_constant(&one, 1);
    return poly_add(&room, stride, sign) && poly_add(&room, high, -1) && poly_add(&room, low, 1) &&
           poly_add(&room, &one, -1) && is_nonnegative(&room, 1, facts);
}

static bool apart_by_stride(const Affine *affine, const Position *a, const Position *b) {
    Facts facts = {.count = 0};
    loop_facts(affine, affine->site->loop, 2, &facts); // one iteration meets no other
    site_facts(affine, a, &facts);
    site_facts(affine, b, &facts);
    Poly stride_less = a->stride, one;
    poly_constant(&one, 1);
    if (!poly_add(&stride_less, &one, -1)) return false;
    double sign = is_nonnegative(&stride_less, 1, &facts) ? 1 : -1;
    Poly a_high, a_low, b_high, b_low;
    return bound(affine, a, true, &facts, &a_high) && bound(affine, a, false, &facts, &a_low) &&
           bound(affine, b, true, &facts, &b_high) && bound(affine, b, false, &facts, &b_low) &&
           is_less_apart(&a_high, &b_low, &a->stride, sign, &facts) &&
           is_less_apart(&b_high, &a_low, &a->stride, sign, &facts);
}

// The same position with another stride: what is left of its own goes into R.
static bool with_stride(const Affine *affine, const Position *position, const Poly *stride,
                        Position *result) {
    Poly variable, left = position->stride;
    *result = *position;
    result->stride = *stride;
    poly_atom(&variable, symbol_atom(affine->index));
    return poly_add(&left, stride, -1) && poly_multiply(&left, &left, &variable) &&
           poly_add(&result->rest, &left, 1);
}

// The whole position as what varies within an iteration: A = 0, R = all of it.
static bool as_rest(const Affine *affine, const Position *position, Position *whole) {
    Poly nothing;
    poly_constant(&nothing, 0);
    return with_stride(affine, position, &nothing, whole);
}

// low - high > 0
static bool is_above(const Poly *low, const Poly *high, const Facts *facts) {
    Poly room = *low, one;
    poly_constant(&one, 1);
    return poly_add(&room, high, -1) && poly_add(&room, &one, -1) &&
           is_nonnegative(&room, 1, facts);
}

// All of the one's positions come before all of the other's: xs[i] and xs[99 - i] for i below 50.
static bool apart_by_range(const Affine *affine, const Position *a, const Position *b) {
    Facts facts = {.count = 0};
    loop_facts(affine, affine->site->loop, 2, &facts);
    site_facts(affine, a, &facts);
    site_facts(affine, b, &facts);
    Position x, y;
    Poly low, high;
    if (!as_rest(affine, a, &x) || !as_rest(affine, b, &y)) return false;
    if (bound(affine, &x, true, &facts, &high) && bound(affine, &y, false, &facts, &low) &&
        is_above(&low, &high, &facts))
        return true;
    return bound(affine, &y, true, &facts, &high) && bound(affine, &x, false, &facts, &low) &&
           is_above(&low, &high, &facts);
}

// Both rests constant and the strides too: the usual case, without polynomials.
static bool apart_by_constants(const Position *a, const Position *b, bool *apart) {
    double stride, rest_a, rest_b;
    if (!poly_is_constant(&a->stride, &stride) || !poly_equal(&a->stride, &b->stride) ||
        !poly_is_constant(&a->rest, &rest_a) || !poly_is_constant(&b->rest, &rest_b))
        return false;
    *apart = fabs(rest_a - rest_b) < fabs(stride);
    return true;
}

bool affine_apart(const Affine *affine, const Position *a, const Position *b) {
    bool apart;
    if (!a->known || !b->known) return false;
    if (apart_by_constants(a, b, &apart) && apart) return true;
    if (poly_equal(&a->stride, &b->stride))
        return apart_by_stride(affine, a, b) || apart_by_range(affine, a, b);
    Position other;
    return (with_stride(affine, b, &a->stride, &other) && apart_by_stride(affine, a, &other)) ||
           (with_stride(affine, a, &b->stride, &other) && apart_by_stride(affine, &other, b)) ||
           apart_by_range(affine, a, b);
}

bool affine_distance(const Position *a, const Position *b, double *distance) {
    double stride_a, stride_b;
    if (!a->known || !b->known || !poly_is_constant(&a->stride, &stride_a) ||
        !poly_is_constant(&b->stride, &stride_b) || stride_a != 1 || stride_b != 1)
        return false;
    Poly difference = a->rest;
    return poly_add(&difference, &b->rest, -1) && poly_is_constant(&difference, distance);
}

// --- assumptions --------------------------------------------------------------------------------

// True for expressions that give whole numbers of any size that matters.
static bool gives_whole(const Node *node) {
    if (node == NULL) return false;
    switch ((int)node->kind) {
    case NODE_NUMBER: return node->number.value == floor(node->number.value);
    case NODE_UNARY: return node->unary.op == UNARY_LEN;
    case NODE_CAST: return node->cast.to <= CAST_U32;
    case NODE_CALL: {
        const Node *callee = node->call.callee;
        if (callee->kind != NODE_NAME || callee->name.symbol == NULL ||
            callee->name.symbol->builtin == NULL)
            return false;
        return callee->name.symbol->builtin->result == GIVES_INTEGER;
    }
    }
    return false;
}

static void assume(const Affine *affine, const Poly *poly, SymbolVec *whole) {
    for (uint32_t i = 0; i < poly->count; i++)
        for (uint32_t j = 0; j < poly->terms[i].degree; j++) {
            Atom atom = poly->terms[i].atoms[j];
            Symbol *symbol = atom_symbol(atom);
            if ((atom & ATOM_LENGTH) != 0 || is_range_variable(symbol) ||
                gives_whole(definition(affine, symbol)))
                continue;
            bool known = false;
            for (uint32_t k = 0; k < whole->len; k++)
                if (whole->items[k] == symbol) known = true;
            if (!known) vec_push(affine->s->arena, whole, symbol);
        }
}

static void assume_bounds(const Affine *affine, const LoopNode *loop, SymbolVec *whole) {
    Poly first, last;
    if (!read_bounds(affine, loop, &first, &last)) return;
    assume(affine, &first, whole);
    assume(affine, &last, whole);
}

void affine_assumptions(const Affine *affine, const Position *position, SymbolVec *whole) {
    double value;
    if (!position->known ||
        (poly_is_constant(&position->stride, &value) && poly_is_constant(&position->rest, &value)))
        return;
    assume(affine, &position->stride, whole);
    assume(affine, &position->rest, whole);
    assume_bounds(affine, affine->site->loop, whole);
    for (const InnerLoop *inner = position->inner; inner != NULL; inner = inner->outer)
        assume_bounds(affine, inner->loop, whole);
}
