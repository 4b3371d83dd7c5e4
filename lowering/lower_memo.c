// lower_memo.c: memoised functions: a pure function of numbers that calls itself more than once per
// call remembers results in a table of bounded size, so that fib(90) takes 90 steps.
//
// The function proper becomes `<function>.body`; what everybody calls has `<function>.-look` look the
// arguments up first. The table is direct-mapped: an entry is the arguments' bits and the result. Self
// calls in tail position stay jumps inside the body. Parallel instances have a table per thread.
//
// Behind the entries stands the table's credit: a call that finds its result adds to it, one that
// does not takes from it. Without credit the table is left alone for LEFT_ALONE calls, then tried again.
#include "lower_internal.h"

enum {
    ENTRY_BITS = 12,
    MOST_INPUTS = 6,
    CREDIT = 4096, // the word that holds it begins as 0 and ends at -CREDIT
    WORTH = 16,    // what a result that is found adds, up to a word of 0
    LEFT_ALONE = 1 << 16,
    TRIED_AGAIN = 1024, // the credit after that
};

// --- which functions ------------------------------------------------------------------------------

// Self calls on one way through a piece of code: those whose value is computed with, and whether
// another one's value is the function's.
typedef struct Calls {
    uint32_t inner;
    bool tail;
} Calls;

typedef struct Count {
    const Instance *instance;
    Calls sum;
} Count;

static Calls calls_of(const Instance *instance, Node *node, bool tail);

static void add_calls(void *context, Node **child) {
    Count *count = context;
    if (!*child) return;
    Calls calls = calls_of(count->instance, *child, false);
    count->sum.inner += calls.inner;
    if (count->sum.inner > 2) count->sum.inner = 2;
    count->sum.tail |= calls.tail;
}

static Calls more(Calls a, Calls b) {
    return (Calls){a.inner > b.inner ? a.inner : b.inner, a.tail || b.tail};
}

static Calls match_calls(const Instance *instance, Node *node, bool tail) {
    Count before = {instance, {0, false}};
    Calls arms = {0, false};
    add_calls(&before, &node->match.subject);
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        add_calls(&before, &arm->guard);
        arms = more(arms, calls_of(instance, arm->body, tail));
    }
    return (Calls){before.sum.inner + arms.inner, before.sum.tail || arms.tail};
}

static Calls block_calls(const Instance *instance, Node *node, bool tail) {
    Calls sum = {0, false};
    uint32_t count = node->block.statements.len;
    for (uint32_t i = 0; i < count; i++) {
        Calls calls = calls_of(instance, node->block.statements.items[i], tail && i + 1 == count);
        sum = (Calls){sum.inner + calls.inner, sum.tail || calls.tail};
    }
    return sum;
}

static bool is_self_call(const Instance *instance, const Node *node) {
    if (node->kind != NODE_CALL && node->kind != NODE_PIPE) return false;
    const Instance *callee = instance->callees[node->id];
    return callee && callee->function == instance->function;
}

static Calls calls_of(const Instance *instance, Node *node, bool tail) {
    Count count = {instance, {0, false}};
    if (node->kind == NODE_LAMBDA) return count.sum;
    if (node->kind == NODE_MATCH) return match_calls(instance, node, tail);
    if (node->kind == NODE_BLOCK) return block_calls(instance, node, tail);
    if (node->kind == NODE_RET && node->ret.value) return calls_of(instance, node->ret.value, true);
    ast_children(node, add_calls, &count);
    if (node->kind == NODE_LOOP && count.sum.inner > 0) count.sum.inner = 2;
    if (is_self_call(instance, node)) {
        if (tail && node->kind == NODE_CALL)
            count.sum.tail = true;
        else
            count.sum.inner++;
    }
    return count.sum;
}

static bool calls_itself_again(const Instance *instance) {
    const Function *function = instance->function;
    Calls most = {0, false};
    if (function->has_clauses) {
        for (uint32_t i = 0; i < function->node->lambda.clauses.len; i++) {
            Node *body = function->node->lambda.clauses.items[i].body;
            most = more(most, calls_of(instance, body, true));
        }
    } else {
        most = calls_of(instance, function->body, true);
    }
    return most.inner + most.tail > 1;
}

static bool only_numbers(const Type *types, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (types[i].kinds != KIND_NUMBER) return false;
    return true;
}

static bool is_memoised(LowerCtx *cx, const Instance *instance) {
    const Function *function = instance->function;
    uint32_t inputs = function->captures.len + function->param_count;
    if (function->parent == NULL || instance->boxed || inputs == 0 || inputs > MOST_INPUTS)
        return false;
    if ((function->effects & ~(EFFECT_STOP | EFFECT_RECURSE)) != 0) return false;
    if ((function->effects & EFFECT_RECURSE) == 0 || map_get(&cx->depths, function)) return false;
    return instance->result.kinds == KIND_NUMBER &&
           only_numbers(instance->captures, function->captures.len) &&
           only_numbers(instance->params, function->param_count) && calls_itself_again(instance);
}

// --- looking up -----------------------------------------------------------------------------------

typedef struct Memo {
    const Instance *instance;
    LLVMValueRef body, look, alone; // alone: what runs while the table is left alone
    uint32_t inputs;
    LLVMValueRef keys[MOST_INPUTS]; // i64; the first is never 0, which an empty entry has there
    LLVMValueRef table, entry;
} Memo;

static LLVMValueRef bits_of(LowerCtx *cx, LLVMValueRef v) {
    return LLVMBuildBitCast(cx->builder, v, cx->i64, "");
}

static void make_keys(LowerCtx *cx, Memo *memo) {
    for (uint32_t i = 0; i < memo->inputs; i++) {
        LLVMValueRef input = LLVMGetParam(cx->fs->value, i);
        bool integer = LLVMTypeOf(input) == cx->i64;
        memo->keys[i] = bits_of(cx, input);
        if (i > 0) continue;
        // No integer here is as low as -2^63, and no number has the bits of all ones.
        LLVMValueRef never = LLVMConstInt(cx->i64, integer ? UINT64_C(1) << 63 : UINT64_MAX, 0);
        memo->keys[i] = LLVMBuildXor(cx->builder, memo->keys[i], never, "key");
    }
}

static LLVMValueRef table_of(LowerCtx *cx, const Memo *memo) {
    uint32_t words = ((memo->inputs + 1) << ENTRY_BITS) + 2;
    if (cx->fs->shared)
        return RT(cx, rt_memo, lower_i64(cx, memo->instance->number), lower_i64(cx, words));
    LLVMTypeRef type = LLVMArrayType2(cx->i64, words);
    const char *name = arena_printf(cx->arena, "flap.%s.memo", memo->instance->link_name);
    LLVMValueRef table = LLVMAddGlobal(cx->module, type, name);
    LLVMSetInitializer(table, LLVMConstNull(type));
    LLVMSetLinkage(table, LLVMInternalLinkage);
    LLVMSetAlignment(table, 64);
    return table;
}

static void find_entry(LowerCtx *cx, Memo *memo) {
    LLVMValueRef hash = memo->keys[0];
    LLVMValueRef factor = LLVMConstInt(cx->i64, UINT64_C(0x9E3779B97F4A7C15), 0);
    for (uint32_t i = 0; i < memo->inputs; i++) {
        if (i > 0) hash = LLVMBuildXor(cx->builder, hash, memo->keys[i], "");
        LLVMValueRef high = LLVMBuildLShr(cx->builder, hash, lower_i64(cx, 32), "");
        hash = LLVMBuildXor(cx->builder, hash, high, "");
        hash = LLVMBuildMul(cx->builder, hash, factor, "");
    }
    LLVMValueRef at = LLVMBuildLShr(cx->builder, hash, lower_i64(cx, 64 - ENTRY_BITS), "");
    at = LLVMBuildMul(cx->builder, at, lower_i64(cx, memo->inputs + 1), "");
    memo->entry = LLVMBuildInBoundsGEP2(cx->builder, cx->i64, memo->table, &at, 1, "entry");
}

// Behind the entries: the credit, and how many calls are to leave the table alone.
static LLVMValueRef credit_at(LowerCtx *cx, const Memo *memo) {
    return lower_field(cx, memo->table, (int64_t)(memo->inputs + 1) << (ENTRY_BITS + 3));
}

static LLVMValueRef alone_at(LowerCtx *cx, const Memo *memo) {
    return lower_field(cx, memo->table, ((int64_t)(memo->inputs + 1) << (ENTRY_BITS + 3)) + 8);
}

static void add_credit(LowerCtx *cx, const Memo *memo) {
    LLVMValueRef credit = LLVMBuildLoad2(cx->builder, cx->i64, credit_at(cx, memo), "credit");
    LLVMValueRef sum[] = {LLVMBuildNSWAdd(cx->builder, credit, lower_i64(cx, WORTH), ""),
                          lower_i64(cx, 0)};
    LLVMBuildStore(cx->builder, lower_intrinsic(cx, "llvm.smin", cx->i64, sum, 2),
                   credit_at(cx, memo));
}

static void take_credit(LowerCtx *cx, const Memo *memo) {
    LLVMBuilderRef b = cx->builder;
    LLVMValueRef credit = LLVMBuildLoad2(b, cx->i64, credit_at(cx, memo), "credit");
    LLVMValueRef left = LLVMBuildNSWSub(b, credit, lower_i64(cx, 1), "");
    LLVMValueRef none = LLVMBuildICmp(b, LLVMIntSLE, left, lower_i64(cx, -CREDIT), "none");
    LLVMValueRef again = lower_i64(cx, TRIED_AGAIN - CREDIT), zero = lower_i64(cx, 0);
    LLVMBuildStore(b, LLVMBuildSelect(b, none, again, left, ""), credit_at(cx, memo));
    LLVMBuildStore(b, LLVMBuildSelect(b, none, lower_i64(cx, LEFT_ALONE), zero, ""),
                   alone_at(cx, memo));
}

static LLVMValueRef call_on(LowerCtx *cx, const Memo *memo, LLVMValueRef function) {
    LLVMValueRef inputs[MOST_INPUTS], from = cx->fs->value;
    for (uint32_t i = 0; i < memo->inputs; i++) inputs[i] = LLVMGetParam(from, i);
    LLVMValueRef result = LLVMBuildCall2(cx->builder, cx->signatures[memo->instance->number],
                                         function, inputs, memo->inputs, "");
    LLVMSetInstructionCallConv(result, LLVMFastCallConv);
    return result;
}

static void jump_to(LowerCtx *cx, const Memo *memo, LLVMValueRef function) {
    LLVMValueRef result = call_on(cx, memo, function);
    LLVMSetTailCallKind(result, LLVMTailCallKindMustTail);
    LLVMBuildRet(cx->builder, result);
}

// What everybody calls: for as long as the table is left alone, little more than the body.
static void fill_front(LowerCtx *cx, const Memo *memo) {
    LLVMValueRef at = alone_at(cx, memo);
    LLVMValueRef count = LLVMBuildLoad2(cx->builder, cx->i64, at, "alone");
    LLVMValueRef left = LLVMBuildNSWSub(cx->builder, count, lower_i64(cx, 1), "");
    LLVMValueRef none = LLVMBuildICmp(cx->builder, LLVMIntSLT, left, lower_i64(cx, 0), "none");
    LLVMBasicBlockRef look = lower_block_new(cx, "look"), alone = lower_block_new(cx, "alone");
    lower_branch(cx, none, look, alone);
    lower_at(cx, look);
    jump_to(cx, memo, memo->look);
    lower_at(cx, alone);
    LLVMBuildStore(cx->builder, left, at);
    jump_to(cx, memo, memo->alone);
}

static LLVMValueRef is_found(LowerCtx *cx, const Memo *memo) {
    LLVMValueRef differ = NULL;
    for (uint32_t i = 0; i < memo->inputs; i++) {
        LLVMValueRef at = lower_field(cx, memo->entry, 8 * (int64_t)i);
        LLVMValueRef was = LLVMBuildLoad2(cx->builder, cx->i64, at, "");
        LLVMValueRef other = LLVMBuildXor(cx->builder, was, memo->keys[i], "");
        differ = differ ? LLVMBuildOr(cx->builder, differ, other, "") : other;
    }
    return LLVMBuildICmp(cx->builder, LLVMIntEQ, differ, lower_i64(cx, 0), "known");
}

static void compute(LowerCtx *cx, const Memo *memo, LLVMValueRef result_at) {
    LLVMValueRef result = call_on(cx, memo, memo->body);
    LLVMSetTailCallKind(result, LLVMTailCallKindNoTail);
    lower_call_attr(cx, result, "noinline"); // whose frame has a name
    for (uint32_t i = 0; i < memo->inputs; i++)
        LLVMBuildStore(cx->builder, memo->keys[i], lower_field(cx, memo->entry, 8 * (int64_t)i));
    LLVMBuildStore(cx->builder, bits_of(cx, result), result_at);
    LLVMBuildRet(cx->builder, result);
}

static LLVMValueRef add_function(LowerCtx *cx, const Instance *instance, const char *part) {
    const char *name = arena_printf(cx->arena, "flap.%s.%s", instance->link_name, part);
    LLVMValueRef function = LLVMAddFunction(cx->module, name, cx->signatures[instance->number]);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    LLVMSetFunctionCallConv(function, LLVMFastCallConv);
    lower_code_attributes(cx, function);
    return function;
}

static void fill_look(LowerCtx *cx, Memo *memo) {
    make_keys(cx, memo);
    find_entry(cx, memo);
    LLVMBasicBlockRef known = lower_block_new(cx, "known"), new = lower_block_new(cx, "new");
    lower_branch(cx, is_found(cx, memo), known, new);
    lower_at(cx, known);
    add_credit(cx, memo);
    LLVMValueRef result_at = lower_field(cx, memo->entry, 8 * (int64_t)memo->inputs);
    LLVMTypeRef type = lower_type(cx, type_rep(memo->instance->result));
    LLVMBuildRet(cx->builder, LLVMBuildLoad2(cx->builder, type, result_at, ""));
    lower_at(cx, new);
    take_credit(cx, memo);
    compute(cx, memo, lower_field(cx, memo->entry, 8 * (int64_t)memo->inputs));
}

Bodies lower_memoise(LowerCtx *cx, Instance *instance) {
    LLVMValueRef function = instance->integers ? cx->doubles[instance->number]
                                               : cx->functions[instance->number];
    Bodies bodies = {.count = lower_levels(cx, instance)};
    bool memoised = is_memoised(cx, instance);
    for (uint32_t i = 0; i < bodies.count; i++)
        bodies.levels[i] = !memoised && i + 1 == bodies.count ? function
                                                              : add_function(cx, instance, "body");
    if (!memoised) return bodies;
    Memo memo = {.instance = instance, .body = bodies.levels[0]};
    memo.alone = bodies.levels[bodies.count - 1];
    memo.look = add_function(cx, instance, "-look");
    memo.inputs = instance->function->captures.len + instance->function->param_count;
    lower_fn_attr(cx, memo.look, "noinline", 0);
    FuncState fs;
    lower_begin(cx, &fs, instance, function);
    memo.table = table_of(cx, &memo);
    fill_front(cx, &memo);
    lower_end(cx);
    lower_begin(cx, &fs, instance, memo.look);
    if (fs.shared) memo.table = table_of(cx, &memo);
    fill_look(cx, &memo);
    lower_end(cx);
    return bodies;
}
