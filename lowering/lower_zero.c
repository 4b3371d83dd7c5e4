// lower_zero.c: division by zero in loops that nobody can watch. Where a loop does nothing but
// arithmetic on numbers and elements that are known to be inside their lists, its divisions note a
// zero divisor in a bit, and the loop is followed by one test of that bit (compiler.md 2). So the
// body has no way out and can be made vectors of.
//
// Invariant: such a loop ends by itself whatever its values are, changes nothing that outlives the
// stop, and can stop for no other reason.
#include "lower_internal.h"

typedef struct Quiet {
    LowerCtx *cx;
    uint32_t level; // of the loop that is judged
    bool divides;   // by what may be zero
    bool quiet;
} Quiet;

static void look_at(void *context, Node **child);

static bool is_number(Quiet *quiet, const Node *node) {
    return lower_node_type(quiet->cx, node).kinds == KIND_NUMBER;
}

static bool is_never_zero(Type type) {
    return type.integer && (type.low > 0 || type.high < 0);
}

static bool is_quiet_operator(Quiet *quiet, const Node *node) {
    BinaryOp op = node->binary.op;
    Type divisor = lower_node_type(quiet->cx, node->binary.right);
    if (op == BINARY_IN || op == BINARY_NOT_IN || op == BINARY_CARRY || op == BINARY_CONS)
        return false;
    if (op == BINARY_MOD) return is_never_zero(divisor);
    if (op == BINARY_DIV && !is_never_zero(divisor)) quiet->divides = true;
    return is_number(quiet, node->binary.left) && is_number(quiet, node->binary.right);
}

static bool is_quiet_call(const Node *node) {
    const Node *callee = node->call.callee;
    if (callee->kind != NODE_NAME || !callee->name.symbol || node->call.max) return false;
    if (callee->name.symbol->kind != SYMBOL_BUILTIN) return false;
    uint8_t how = callee->name.symbol->builtin->lowering;
    return how == BY_INSTRUCTION || how == BY_MATH;
}

static bool is_quiet_update(Quiet *quiet, const Node *node) {
    const Node *target = node->update.target;
    UpdateOp op = node->update.op;
    if (node->update.or_return || !is_number(quiet, node->update.value)) return false;
    Type divisor = lower_node_type(quiet->cx, node->update.value);
    if (op == UPDATE_MOD && !is_never_zero(divisor)) return false;
    if (op == UPDATE_DIV && !is_never_zero(divisor)) quiet->divides = true;
    if (target->kind == NODE_INDEX) return map_get(&quiet->cx->inside, target) != NULL;
    return target->kind == NODE_NAME && is_number(quiet, target);
}

// A read misses without a stop only where the base is a list.
static bool is_quiet_index(Quiet *quiet, const Node *node) {
    if (node->observed || !is_number(quiet, node)) return false;
    if (map_get(&quiet->cx->inside, node)) return true;
    return node->index.base->kind == NODE_NAME && is_number(quiet, node->index.index) &&
           type_is(lower_node_type(quiet->cx, node->index.base), KIND_LIST);
}

static bool is_quiet_match(Quiet *quiet, const Node *node) {
    if (node->match.on_result || !is_number(quiet, node->match.subject)) return false;
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        ArmKind kind = node->match.arms.items[i].kind;
        if (kind != ARM_GUARD && kind != ARM_THEN && kind != ARM_DEFAULT) return false;
    }
    return true;
}

static bool ends_by_itself(const LoopNode *loop) {
    return loop->kind == LOOP_RANGE && !loop->has_value && !loop->left && !loop->max;
}

static bool is_quiet(Quiet *quiet, const Node *node) {
    switch ((NodeKind)node->kind) {
    case NODE_NUMBER:
    case NODE_BLOCK: return true;
    case NODE_NEXT: return node->next.loop->level >= quiet->level;
    case NODE_NAME: {
        uint8_t kinds = lower_node_type(quiet->cx, node).kinds;
        return kinds == KIND_NUMBER || kinds == KIND_LIST;
    }
    case NODE_UNARY: return node->unary.op == UNARY_LEN || is_number(quiet, node->unary.operand);
    case NODE_BINARY: return is_quiet_operator(quiet, node);
    case NODE_INDEX: return is_quiet_index(quiet, node);
    case NODE_CALL: return is_quiet_call(node);
    case NODE_MATCH: return is_quiet_match(quiet, node);
    case NODE_LOOP: return node->loop->prefix == PREFIX_NONE && ends_by_itself(node->loop);
    case NODE_DEFINE:
        return node->define->symbols.len == 1 && !node->define->or_return &&
               is_number(quiet, node->define->value);
    case NODE_UPDATE: return is_quiet_update(quiet, node);
    case NODE_POISON:
    case NODE_STRING:
    case NODE_FSTRING:
    case NODE_LIST:
    case NODE_MAP:
    case NODE_RANGE:
    case NODE_SLICE:
    case NODE_FIELD:
    case NODE_CAST:
    case NODE_LAMBDA:
    case NODE_PIPE:
    case NODE_ORELSE:
    case NODE_RESULT_TEST:
    case NODE_LOOP_VALUE:
    case NODE_SEND:
    case NODE_PORT:
    case NODE_SPAWN:
    case NODE_UNSAFE:
    case NODE_FOREIGN:
    case NODE_MEMORY:
    case NODE_SWAP:
    case NODE_RET:
    case NODE_LEAVE:
    case NODE_ERR:
    case NODE_DEFER:
    case NODE_ARENA:
    case NODE_USE:
    case NODE_IMPORT:
    case NODE_CSTRUCT:
    case NODE_ALIAS:
    case NODE_APPEND:
    case NODE_REGISTER:
    case NODE_MODULE:
    case NODE_WAIT_UNTIL:
    case NODE_HOLD: return false;
    case NODE_KIND_COUNT: break;
    }
    UNREACHABLE("a node has a kind");
}

// An element that is written is looked at as one that is read: its list and position.
static void look_at(void *context, Node **child) {
    Quiet *quiet = context;
    const Node *node = *child;
    if (!node || !quiet->quiet) return;
    quiet->quiet = is_quiet(quiet, node);
    if (node->kind == NODE_INDEX && map_get(&quiet->cx->inside, node)) { // of a list, or of a row
        Node *base = node->index.base;
        if (base->kind == NODE_INDEX) look_at(quiet, &base->index.index);
        look_at(quiet, &(*child)->index.index);
        return;
    }
    bool callee = node->kind == NODE_CALL;
    for (uint32_t i = 0; callee && i < node->call.args.len; i++) {
        quiet->quiet &= is_number(quiet, node->call.args.items[i]);
        look_at(quiet, &(*child)->call.args.items[i]);
    }
    if (!callee && quiet->quiet) ast_children(*child, look_at, quiet);
}

static Quiet judge(LowerCtx *cx, LoopNode *loop) {
    Quiet quiet = {.cx = cx, .level = loop->level, .quiet = ends_by_itself(loop)};
    Node *body = loop->body;
    look_at(&quiet, &body);
    return quiet;
}

bool lower_is_quiet(LowerCtx *cx, LoopNode *loop) {
    Quiet quiet = judge(cx, loop);
    return quiet.quiet && (!quiet.divides || cx->fs->zero_divisor);
}

static bool is_worth_it(LowerCtx *cx, LoopNode *loop) {
    if (cx->options->optimize < 2 || cx->fs->zero_divisor) return false;
    Quiet quiet = judge(cx, loop);
    return quiet.quiet && quiet.divides;
}

bool lower_zero_begin(LowerCtx *cx, LoopNode *loop) {
    if (!is_worth_it(cx, loop)) return false;
    cx->fs->zero_divisor = lower_alloca(cx, cx->i1, "zero.divisor");
    LLVMBuildStore(cx->builder, LLVMConstInt(cx->i1, 0, 0), cx->fs->zero_divisor);
    return true;
}

void lower_zero_end(LowerCtx *cx) {
    LLVMValueRef bit = LLVMBuildLoad2(cx->builder, cx->i1, cx->fs->zero_divisor, "");
    cx->fs->zero_divisor = NULL;
    LLVMBasicBlockRef on = lower_rare(cx, bit, "div.zero");
    RT0(cx, rt_stop_division);
    lower_rare_stop(cx, on);
}

bool lower_zero_noted(LowerCtx *cx, LLVMValueRef zero) {
    LLVMValueRef at = cx->fs->zero_divisor;
    if (!at) return false;
    LLVMValueRef was = LLVMBuildLoad2(cx->builder, cx->i1, at, "");
    LLVMBuildStore(cx->builder, LLVMBuildOr(cx->builder, was, zero, ""), at);
    return true;
}
