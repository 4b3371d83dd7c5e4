// par_keep.c: in which form a block of a parallel loop's iterations keeps its changes of a variable until
// its turn: what follows from the statements that change it, and the variable's type. Lowering makes code
// of it; inference tells which loops inside the body it leaves in order (infer_prefix.c).
#include "sema.h"

bool par_is_summed(Type type) {
    return type.kinds != 0 && (type.kinds & ~(KIND_NUMBER | KIND_ERROR)) == 0;
}

bool par_keeps(const ParVariable *variable, Type type) {
    Rep rep = type_rep(type);
    if (rep == REP_NONE) return false;
    switch (variable->use) {
    case PAR_READ: return false;
    case PAR_REDUCE: return !par_is_summed(type);
    case PAR_ELEMENT: return rep != REP_LIST && rep != REP_PACKED;
    case PAR_KEPT: return true;
    }
    UNREACHABLE("a variable is used in one of these ways");
}

bool par_is_unsure(const LoopNode *loop, const Symbol *symbol, Type type) {
    return loop->writes_through && loop->source == symbol && !type_is(type, KIND_LIST);
}

// --- what a statement does -------------------------------------------------------------------------

// The end at which the statement makes the whole variable grow; KEPT_CHANGES: it is of another kind.
static KeptForm growth_of(const Node *node) {
    const Node *target = node->update.target, *left = node->update.value, *right = left;
    if (target->kind != NODE_NAME) return KEPT_CHANGES;
    if (node->update.op != UPDATE_SET)
        return node->update.op == UPDATE_ADD ? KEPT_APPEND : KEPT_CHANGES;
    if (left->kind == NODE_CALL) return KEPT_APPEND; // x <- push(x, v)
    while (left->kind == NODE_BINARY && left->binary.op == BINARY_ADD) left = left->binary.left;
    if (left->kind == NODE_NAME && left->name.symbol == target->name.symbol) return KEPT_APPEND;
    while (right->kind == NODE_BINARY &&
           (right->binary.op == BINARY_ADD || right->binary.op == BINARY_CONS))
        right = right->binary.right;
    bool last = right->kind == NODE_NAME && right->name.symbol == target->name.symbol;
    return last ? KEPT_PREPEND : KEPT_CHANGES;
}

static bool is_set(const Node *node) {
    return node->update.op == UPDATE_SET && node->update.target->kind == NODE_NAME;
}

// Something in it defines or changes a variable, or jumps.
static void find_statement(void *context, Node **child) {
    bool *found = context;
    const Node *node = *child;
    if (node == NULL || *found) return;
    switch ((int)node->kind) {
    case NODE_LAMBDA: return;
    case NODE_UPDATE:
    case NODE_DEFINE:
    case NODE_SWAP:
    case NODE_APPEND:
    case NODE_RET:
    case NODE_LEAVE:
    case NODE_NEXT:
    case NODE_ERR:
    case NODE_ORELSE: *found = true; return;
    case NODE_CALL: // C may fill a list
        *found = node->call.callee->kind == NODE_FOREIGN;
        break;
    }
    ast_children(*child, find_statement, context);
}

bool par_is_simple(const ParVariable *variable) {
    bool found = false;
    VEC_EACH(Node *, node, &variable->updates) {
        Node *target = node->update.target;
        if (target->kind != NODE_INDEX || target->index.base->kind != NODE_NAME) return false;
        if (node->update.or_return) return false;
        find_statement(&found, &node->update.value);
        find_statement(&found, &node->update.target);
    }
    return !found;
}

// --- the form --------------------------------------------------------------------------------------

bool par_reads_own(const ParVariable *variable, Type type) {
    return type_rep(type) == REP_MAP && variable->use == PAR_ELEMENT && !variable->unread;
}

KeptForm par_kept_form(const ParVariable *variable, Type type) {
    if (par_reads_own(variable, type)) return KEPT_PUT;
    Rep rep = type_rep(type);
    KeptForm growth = growth_of(variable->updates.items[0]);
    bool sets = variable->sets, puts = variable->sets && rep == REP_MAP && par_is_simple(variable);
    VEC_EACH(Node *, node, &variable->updates) {
        if (growth_of(node) != growth) growth = KEPT_CHANGES;
        sets = sets && is_set(node);
        puts = puts && node->update.op == UPDATE_SET;
    }
    if (sets) return rep == REP_FUNCTION ? KEPT_CHANGES : KEPT_LAST;
    bool sequence = rep == REP_LIST || rep == REP_STRING || rep == REP_MAP;
    if (growth != KEPT_CHANGES && sequence) return growth;
    return puts ? KEPT_PUT : KEPT_CHANGES;
}
