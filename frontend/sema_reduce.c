// sema_reduce.c: updates of a shared variable whose partial results can be combined afterwards.
//
// The body's code stays as it is: each block runs it on a variable of its own that starts neutral.
// So the variable must be used once, where its partial result may stand for the value so far.
#include "sema_par.h"

static bool is_sequence(const Node *node) {
    return node->kind == NODE_LIST || node->kind == NODE_STRING || node->kind == NODE_FSTRING ||
           node->kind == NODE_MAP;
}

// --- operands without effects -------------------------------------------------------------------

typedef struct PureCheck {
    ParCheck *check;
    bool pure;
} PureCheck;

static void check_pure(PureCheck *pure, Node *node);

static void check_pure_child(void *context, Node **child) {
    if (*child != NULL) check_pure(context, *child);
}

static bool is_quiet_call(const ParCheck *check, const Node *node) {
    const ParSite *site = check->site;
    uint16_t quiet = EFFECT_STOP | EFFECT_RECURSE;
    for (uint32_t i = site->calls_begin; i < site->calls_end; i++)
        if (check->s->calls.items[i].node == node)
            return (sema_call_effects(check->s, &check->s->calls.items[i]) & ~quiet) == 0;
    return false;
}

static bool is_quiet(const ParCheck *check, const Node *node) {
    switch ((int)node->kind) {
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_NAME:
    case NODE_LIST:
    case NODE_UNARY:
    case NODE_RANGE:
    case NODE_INDEX:
    case NODE_SLICE:
    case NODE_LOOP_VALUE: return true;
    case NODE_BINARY:
        if (node->binary.op != BINARY_DIV && node->binary.op != BINARY_MOD) return true;
        return node->binary.right->kind == NODE_NUMBER && node->binary.right->number.value != 0;
    case NODE_CALL: return is_quiet_call(check, node);
    }
    return false;
}

// An operand that the sequential loop may not evaluate must not be noticed when it is.
static void check_pure(PureCheck *pure, Node *node) {
    if (!pure->pure) return;
    pure->pure = is_quiet(pure->check, node);
    ast_children(node, check_pure_child, pure);
}

static bool is_pure(ParCheck *check, Node *node) {
    PureCheck pure = {check, true};
    check_pure(&pure, node);
    return pure.pure;
}

// --- forms --------------------------------------------------------------------------------------

// The one place of `target` in a chain of + and - that ends in it: s + a, a + s, s - a + b.
static const Node *find_sum(const Node *node, const Node *target, bool *adds) {
    if (ast_same(node, target)) return node;
    if (node->kind != NODE_BINARY) return NULL;
    BinaryOp op = node->binary.op;
    if (op != BINARY_ADD && op != BINARY_SUB) return NULL;
    const Node *found = find_sum(node->binary.left, target, adds);
    if (found == NULL && op == BINARY_ADD) found = find_sum(node->binary.right, target, adds);
    if (found != NULL && op == BINARY_ADD) *adds = true;
    return found;
}

static const Node *find_chain(ParCheck *check, const Node *node, const Node *target, BinaryOp op) {
    if (ast_same(node, target)) return node;
    if (node->kind != NODE_BINARY || node->binary.op != op) return NULL;
    const Node *found = find_chain(check, node->binary.left, target, op);
    if (found == NULL) return find_chain(check, node->binary.right, target, op);
    if ((op == BINARY_AND || op == BINARY_OR) && !is_pure(check, node->binary.right)) return NULL;
    return found;
}

static const Node *find_least_or_most(const Node *node, const Node *target, ReduceOp *op) {
    const Node *callee = node->call.callee;
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL ||
        callee->name.symbol->builtin == NULL)
        return NULL;
    BuiltinId id = callee->name.symbol->builtin->id;
    if (id != BUILTIN_min && id != BUILTIN_max) return NULL;
    *op = id == BUILTIN_min ? REDUCE_MIN : REDUCE_MAX;
    VEC_EACH(Node *, arg, &node->call.args) if (ast_same(arg, target)) return arg;
    return NULL;
}

// x <- push(x, v)
static const Node *find_pushed(const Node *node, const Node *target) {
    if (node->kind != NODE_CALL || node->call.args.len != 2) return NULL;
    const Node *callee = node->call.callee;
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL ||
        callee->name.symbol->builtin == NULL || callee->name.symbol->builtin->id != BUILTIN_push ||
        target->kind != NODE_NAME)
        return NULL;
    return ast_same(node->call.args.items[0], target) ? node->call.args.items[0] : NULL;
}

static bool is_reduction_operator(BinaryOp op) {
    switch ((int)op) {
    case BINARY_ADD:
    case BINARY_SUB:
    case BINARY_MUL:
    case BINARY_AND:
    case BINARY_OR:
    case BINARY_BAND:
    case BINARY_BOR:
    case BINARY_BXOR: return true;
    }
    return false;
}

static const Node *find_operator(ParCheck *check, const Node *node, const Node *target,
                                 ReduceOp *op) {
    bool adds = false;
    const Node *found;
    if (!is_reduction_operator(node->binary.op)) return NULL;
    switch ((int)node->binary.op) {
    case BINARY_ADD:
    case BINARY_SUB:
        found = find_sum(node, target, &adds);
        *op = adds ? REDUCE_ADD : REDUCE_SUB;
        return found;
    case BINARY_MUL: *op = REDUCE_MUL; break;
    case BINARY_AND: *op = REDUCE_AND; break;
    case BINARY_OR: *op = REDUCE_OR; break;
    case BINARY_BAND: *op = REDUCE_BAND; break;
    case BINARY_BOR: *op = REDUCE_BOR; break;
    case BINARY_BXOR: *op = REDUCE_BXOR; break;
    }
    return find_chain(check, node, target, node->binary.op);
}

static bool adds_sequence(const Node *node) {
    if (node->kind != NODE_BINARY) return false;
    if (node->binary.op == BINARY_CONS) return true;
    return node->binary.op == BINARY_ADD &&
           (is_sequence(node->binary.left) || is_sequence(node->binary.right) ||
            adds_sequence(node->binary.left) || adds_sequence(node->binary.right));
}

// The one place of `target` to which all the rest is added: x + [e], v :: x, a + x + b.
static const Node *find_collected(const Node *node, const Node *target) {
    if (ast_same(node, target)) return node;
    if (node->kind != NODE_BINARY) return NULL;
    BinaryOp op = node->binary.op;
    if (op != BINARY_ADD && op != BINARY_CONS) return NULL;
    const Node *found = op == BINARY_ADD ? find_collected(node->binary.left, target) : NULL;
    return found != NULL ? found : find_collected(node->binary.right, target);
}

typedef struct Search {
    const Node *target;
    bool found;
} Search;

static void search_child(void *context, Node **child) {
    Search *search = context;
    if (*child == NULL || search->found) return;
    search->found = ast_same(*child, search->target);
    if (!search->found) ast_children(*child, search_child, search);
}

static bool mentions(Node *node, const Node *target) {
    Search search = {target, false};
    search_child(&search, &node);
    return search.found;
}

// Which operand of the form `self` is: of several errors the first one counts.
static void note_side(const Node *value, const Node *self, Access *access) {
    const Node *left = value, *right = value;
    while (left->kind == NODE_BINARY) left = left->binary.left;
    while (right->kind == NODE_BINARY) right = right->binary.right;
    if (value->kind == NODE_CALL) {
        left = value->call.args.items[0];
        right = value->call.args.items[value->call.args.len - 1];
    }
    access->first = left == self;
    access->last = right == self;
}

static void read_assignment(ParCheck *check, Node *value, const Node *target, Access *access) {
    const Node *self = NULL;
    if (!mentions(value, target)) {
        access->sets = true;
    } else if (adds_sequence(value)) {
        self = find_collected(value, target);
        access->collects = self != NULL;
    } else {
        if (value->kind == NODE_BINARY) self = find_operator(check, value, target, &access->op);
        if (value->kind == NODE_CALL) self = find_least_or_most(value, target, &access->op);
        access->reduces = self != NULL;
        if (self == NULL) self = find_pushed(value, target);
        access->collects = self != NULL && !access->reduces;
    }
    if (self == NULL) return;
    map_put(&check->skipped, self, check);
    note_side(value, self, access);
}

void par_read_update(ParCheck *check, const Node *update, Access *access) {
    Node *value = update->update.value;
    if (update->update.op == UPDATE_SET) {
        read_assignment(check, value, update->update.target, access);
        return;
    }
    access->reduces = access->first = true;
    switch (update->update.op) {
    case UPDATE_SET: break;
    case UPDATE_ADD: access->op = REDUCE_ADD; break;
    case UPDATE_SUB: access->op = REDUCE_SUB; break;
    case UPDATE_MUL: access->op = REDUCE_MUL; break;
    case UPDATE_DIV:
    case UPDATE_MOD:
    case UPDATE_POW: access->reduces = false; return;
    }
    if (update->update.op != UPDATE_ADD || !is_sequence(value)) return;
    access->collects = true;
    access->reduces = false;
}
