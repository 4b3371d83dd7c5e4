// last_use.c: which mention of a variable is the last one that can see its value (Node.name.last),
// and which parameters a function takes over because of that (Symbol.taken). Code that is generated
// then hands the value on instead of counting another holder, so that whoever gets it may change it
// in place: `m <- f(m)`, an accumulator that is passed on, the list that a function builds and gives.
//
// Liveness, walked backwards over the tree, for 64 variables at a time, whose set is one word. A loop
// is walked once to see what its iterations need, then once more with that: its effect on a set is
// "remove some, add some", so nothing more can come of a third time. Only mentions whose value is
// wanted for keeping are marked. A name that is an operand beside others is looked at where they are
// all computed: in `f(m, #m)` m is handed on although #m comes after it.
//
// Not marked: what other functions or deferred blocks mention, variables that parallel bodies share
// with the code around them. Types are not looked at; a mark on a number says nothing.
#include "sema_internal.h"

enum {
    GROUP = 64, // variables at a time
    // So many nodes are walked in one function for more than its first group: in a very large one the
    // rest of its variables are not marked, so that time stays linear.
    NODES_MOST = 1 << 20
};

// `from`, a parameter, is handed on as the parameter `to`: taken if that is.
typedef struct Handing {
    Symbol *from;
    uint32_t next; // with the same `to`: its position plus one
} Handing;

typedef struct LastUse {
    Arena *scratch;
    PtrMap handed; // `to` -> position plus one in handings
    VEC(Handing) handings;
    VEC(Symbol *) taken; // whose handings are to be followed
} LastUse;

typedef struct LoopSets {
    const LoopNode *loop;
    uint64_t end, next; // needed where the loop was left, and where an iteration goes on
    struct LoopSets *outer;
} LoopSets;

typedef struct Walk {
    LastUse *all;
    Function *function;
    uint32_t *numbers; // by Symbol.index: 0, or its place among those that are looked at plus one
    Symbol **params;   // by Symbol.index: the parameter whose value it holds, or null
    uint32_t first;    // of this group
    uint64_t live;     // whose value is needed from here on
    uint64_t fixed;    // not to be handed on here
    bool marks;
    LoopSets *loops;
    NodeVec stack; // children of the nodes that are being walked
} Walk;

// What is wanted of an expression.
typedef struct Want {
    bool keep;  // its value is kept by whoever gets it
    Symbol *to; // the parameter of a known function that it is for, or null
} Want;
static const Want want_look = {false, NULL}, want_keep = {true, NULL};

static void walk(Walk *w, Node *node, Want want);

// --- variables ------------------------------------------------------------------------------------

static uint64_t bit_of(const Walk *w, const Symbol *symbol) {
    if (!symbol || symbol->owner != w->function) return 0;
    uint32_t number = w->numbers[symbol->index];
    if (number <= w->first || number > w->first + GROUP) return 0;
    return UINT64_C(1) << (number - 1 - w->first);
}

static void need(Walk *w, const Symbol *symbol) {
    w->live |= bit_of(w, symbol);
}

static void defined(Walk *w, const Symbol *symbol) {
    w->live &= ~(bit_of(w, symbol) & ~w->fixed);
}

static void define_all(Walk *w, const SymbolVec *symbols) {
    VEC_EACH(Symbol *, symbol, symbols) defined(w, symbol);
}

static void take(LastUse *all, Symbol *param) {
    if (param->taken) return;
    param->taken = true;
    vec_push(all->scratch, &all->taken, param);
}

static void hand_on(LastUse *all, Symbol *from, Symbol *to) {
    uint32_t before = (uint32_t)(uintptr_t)map_get(&all->handed, to);
    Handing handing = {from, before};
    vec_push(all->scratch, &all->handings, handing);
    map_put(&all->handed, to, (void *)(uintptr_t)all->handings.len);
}

static void walk_name(Walk *w, Node *node, Want want) {
    Symbol *symbol = node->name.symbol;
    uint64_t bit = bit_of(w, symbol);
    if (bit == 0) return;
    bool last = want.keep && !((w->live | w->fixed) & bit);
    w->live |= bit;
    if (!last || !w->marks) return;
    node->name.last = true;
    Symbol *param = w->params[symbol->index];
    if (!param) return;
    if (want.to)
        hand_on(w->all, param, want.to);
    else
        take(w->all, param);
}

// --- several operands -----------------------------------------------------------------------------

static bool is_name(const Node *node) {
    return node && node->kind == NODE_NAME;
}

static void push_child(void *context, Node **child) {
    Walk *w = context;
    if (*child) vec_push(w->all->scratch, &w->stack, *child);
}

static void walk_children(Walk *w, Node *node) {
    uint32_t mark = w->stack.len;
    ast_children(node, push_child, w);
    while (w->stack.len > mark) walk(w, w->stack.items[--w->stack.len], want_look);
}

static void walk_reversed(Walk *w, const NodeVec *nodes, Want want) {
    for (uint32_t i = nodes->len; i-- > 0;) walk(w, nodes->items[i], want);
}

static bool changes_first(const Node *callee) {
    const Builtin *builtin =
        is_name(callee) && callee->name.symbol ? callee->name.symbol->builtin : NULL;
    return builtin && (builtin->id == BUILTIN_push || builtin->id == BUILTIN_pop ||
                       builtin->id == BUILTIN_insert || builtin->id == BUILTIN_remove);
}

static Want want_of_arg(const Walk *w, const Node *callee, uint32_t i) {
    const Function *function = sema_known_function(callee);
    if (function && i < function->param_count) return (Want){true, function->params.items[i]};
    bool builtin = is_name(callee) && callee->name.symbol && callee->name.symbol->builtin;
    if (!function && !builtin && w->function->jumps) return want_keep;
    return i == 0 && changes_first(callee) ? want_keep : want_look;
}

// The variable of an argument that is looked at where all of them are computed: xs or &xs.
static Node *late_name(Node *arg) {
    if (arg->kind == NODE_UNARY && arg->unary.op == UNARY_TAIL) arg = arg->unary.operand;
    return is_name(arg) ? arg : NULL;
}

static void walk_late(Walk *w, Node *arg, Want want) {
    Node *name = late_name(arg);
    walk(w, arg, want);
    if (name != arg && name->name.last) name->name.late = true;
}

// A call's arguments; `piped` comes last among them but is computed first.
static void walk_call(Walk *w, Node *call, Node *callee, const NodeVec *args, Node *piped) {
    uint32_t count = args ? args->len : 0;
    if (is_name(piped)) walk(w, piped, want_of_arg(w, callee, count));
    for (uint32_t i = count; i-- > 0;)
        if (late_name(args->items[i])) walk_late(w, args->items[i], want_of_arg(w, callee, i));
    if (call && call->call.max) walk(w, call->call.max, want_look);
    for (uint32_t i = count; i-- > 0;)
        if (!late_name(args->items[i])) walk(w, args->items[i], want_of_arg(w, callee, i));
    for (uint32_t i = 0; i < count; i++)
        if (late_name(args->items[i])) need(w, late_name(args->items[i])->name.symbol);
    if (piped && !is_name(piped)) walk(w, piped, want_of_arg(w, callee, count));
    if (is_name(piped)) need(w, piped->name.symbol);
    walk(w, callee, want_look);
}

static void walk_pipe(Walk *w, Node *node) {
    Node *right = node->pipe.right, *left = node->pipe.left;
    bool applied = node->pipe.op == PIPE_APPLY;
    if (applied && right->kind == NODE_CALL && !right->parenthesized)
        walk_call(w, right, right->call.callee, &right->call.args, left);
    else if (applied && sema_known_function(right))
        walk_call(w, NULL, right, NULL, left);
    else
        walk_children(w, node);
}

static bool is_sum(const Node *node) {
    return node->kind == NODE_BINARY && node->binary.op == BINARY_ADD;
}

// What a sum of several begins with is looked at before or, where it is changed in place, after all
// the others: none of them may hand it on.
static void walk_sum(Walk *w, Node *node) {
    uint64_t fixed = w->fixed;
    Node *first = node;
    while (is_sum(first)) first = first->binary.left;
    if (is_name(first)) w->fixed |= bit_of(w, first->name.symbol);
    for (; is_sum(node->binary.left); node = node->binary.left)
        walk(w, node->binary.right, want_look);
    w->fixed = fixed;
    if (!is_name(first)) {
        walk(w, node->binary.right, want_look);
        walk(w, first, want_look);
        return;
    }
    walk(w, first, want_keep);
    walk(w, node->binary.right, want_look);
    need(w, first->name.symbol);
}

static void walk_binary(Walk *w, Node *node) {
    Node *left = node->binary.left, *right = node->binary.right;
    BinaryOp op = node->binary.op;
    if (op == BINARY_AND || op == BINARY_OR) {
        uint64_t without = w->live;
        walk(w, right, want_look);
        w->live |= without;
        walk(w, left, want_look);
    } else if (op == BINARY_ADD) {
        walk_sum(w, node);
    } else if (op == BINARY_CONS) {
        if (is_name(left)) need(w, left->name.symbol);
        walk(w, right, want_keep);
        walk(w, left, want_keep);
    } else {
        walk_children(w, node);
    }
}

// The base is read where the rest is computed.
static void walk_base(Walk *w, Node *node, Node *base, Want want) {
    if (!is_name(base)) {
        walk_children(w, node);
        return;
    }
    walk(w, base, want);
    uint32_t mark = w->stack.len;
    ast_children(node, push_child, w);
    while (w->stack.len > mark) {
        Node *child = w->stack.items[--w->stack.len];
        if (child != base) walk(w, child, want_look);
    }
    need(w, base->name.symbol);
}

static void walk_map(Walk *w, Node *node) {
    for (uint32_t i = node->map.entries.len; i-- > 0;) {
        walk(w, node->map.entries.items[i].value, want_keep);
        walk(w, node->map.entries.items[i].key, want_look);
    }
}

// --- statements -----------------------------------------------------------------------------------

static void walk_lambda(Walk *w, const Function *function) {
    define_all(w, &function->snapshots);
    VEC_EACH(Symbol *, source, &function->sources) need(w, source);
}

static void walk_target(Walk *w, Node *target) {
    for (; target->kind == NODE_INDEX; target = target->index.base)
        walk(w, target->index.index, want_look);
    if (!is_name(target)) walk(w, target, want_look);
}

static Symbol *root_of(const Node *target) {
    while (target->kind == NODE_INDEX) target = target->index.base;
    return is_name(target) ? target->name.symbol : NULL;
}

static void walk_update(Walk *w, Node *node) {
    Node *target = node->update.target, *value = node->update.value;
    if (target->kind == NODE_MEMORY) {
        walk(w, value, want_look);
        walk(w, target, want_look);
        return;
    }
    Symbol *root = root_of(target);
    if (is_name(target) && node->update.op == UPDATE_SET) {
        defined(w, root);
        walk(w, value, want_keep);
        return;
    }
    need(w, root);
    walk(w, value, is_name(target) ? want_look : want_keep);
    walk_target(w, target);
    need(w, root);
}

static void walk_swap(Walk *w, Node *node) {
    need(w, root_of(node->swap.left));
    need(w, root_of(node->swap.right));
    walk_target(w, node->swap.right);
    walk_target(w, node->swap.left);
}

static void walk_match(Walk *w, Node *node, Want want) {
    uint64_t after = w->live, needed = after;
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        w->live = after;
        if (arm->body) walk(w, arm->body, want);
        define_all(w, &arm->symbols);
        needed |= w->live;
    }
    w->live = needed;
    for (uint32_t i = node->match.arms.len; i-- > 0;)
        if (node->match.arms.items[i].guard) walk(w, node->match.arms.items[i].guard, want_look);
    if (node->match.subject) walk(w, node->match.subject, want_look);
}

static void walk_block(Walk *w, const NodeVec *statements, Want want) {
    for (uint32_t i = statements->len; i-- > 0; want = want_look)
        walk(w, statements->items[i], want);
}

// --- loops ----------------------------------------------------------------------------------------

static LoopSets *sets_of(const Walk *w, const LoopNode *loop) {
    LoopSets *sets = w->loops;
    while (sets && sets->loop != loop) sets = sets->outer;
    return sets;
}

static void walk_iteration(Walk *w, LoopNode *loop, LoopSets *sets, uint64_t next) {
    sets->next = next;
    w->live = next;
    w->loops = sets;
    walk(w, loop->body, want_look);
    define_all(w, &loop->symbols);
    if (loop->kind != LOOP_FOREVER) w->live |= sets->end;
    if (loop->condition) walk(w, loop->condition, want_look);
    w->loops = sets->outer;
}

static void find_defined(void *context, Node **child) {
    Walk *w = context;
    Node *node = *child;
    if (!node || node->kind == NODE_LAMBDA) return;
    if (node->kind == NODE_DEFINE)
        VEC_EACH(Symbol *, symbol, &node->define->symbols) w->fixed &= ~bit_of(w, symbol);
    if (node->kind == NODE_MATCH)
        for (uint32_t i = 0; i < node->match.arms.len; i++)
            VEC_EACH(Symbol *, symbol, &node->match.arms.items[i].symbols)
    w->fixed &= ~bit_of(w, symbol);
    ast_children(node, find_defined, w);
}

static void walk_loop(Walk *w, LoopNode *loop) {
    LoopSets sets = {.loop = loop, .end = w->live, .outer = w->loops};
    uint64_t fixed = w->fixed, none = loop->kind == LOOP_FOREVER ? 0 : sets.end;
    bool marks = w->marks;
    if (loop->plan) { // what is outside of a parallel body belongs to all its iterations
        w->fixed = ~UINT64_C(0);
        find_defined(w, &loop->body);
        w->fixed |= fixed;
    }
    if (loop->writes_through) w->fixed |= bit_of(w, loop->source);
    w->marks = false;
    walk_iteration(w, loop, &sets, none);
    w->marks = marks;
    if (marks) walk_iteration(w, loop, &sets, w->live);
    w->fixed = fixed;
    if (loop->source) need(w, loop->source);
    Node *before[] = {loop->max, loop->iterable, loop->high, loop->low, loop->threads};
    for (size_t i = 0; i < COUNT_OF(before); i++)
        if (before[i]) walk(w, before[i], want_look);
}

static void walk_jump(Walk *w, const LoopNode *loop, bool leaves, Node *value, Want want) {
    const LoopSets *sets = sets_of(w, loop);
    w->live = !sets ? ~UINT64_C(0) : leaves ? sets->end : sets->next;
    if (value) walk(w, value, want);
}

// --- dispatch -------------------------------------------------------------------------------------

static void walk_return(Walk *w, Node *value) {
    w->live = 0;
    if (value) walk(w, value, want_keep);
}

static void walk_orelse(Walk *w, Node *node, Want want) {
    uint64_t without = w->live;
    walk(w, node->orelse.right, want);
    w->live |= without;
    walk(w, node->orelse.left, want);
}

static void walk_err(Walk *w, Node *node) {
    if (node->err.from_loop)
        walk_jump(w, node->err.loop, true, node->err.value, want_look);
    else
        walk_return(w, node->err.value);
}

static void walk_unary(Walk *w, Node *node) {
    walk(w, node->unary.operand, node->unary.op == UNARY_TAIL ? want_keep : want_look);
}

static void walk_define(Walk *w, Node *node) {
    define_all(w, &node->define->symbols);
    walk(w, node->define->value, node->define->symbols.len == 1 ? want_keep : want_look);
}

// The child process has all that the parent has, and gives nothing of it away: its call runs in the middle
// of what goes on in the parent.
static void walk_spawn(Walk *w, Node *node) {
    uint64_t fixed = w->fixed;
    w->fixed = ~UINT64_C(0);
    walk(w, node->spawn.call, want_look);
    w->fixed = fixed;
}

static void walk(Walk *w, Node *node, Want want) {
    switch ((NodeKind)node->kind) {
    case NODE_NAME: walk_name(w, node, want); return;
    case NODE_LIST: walk_reversed(w, &node->list.items, want_keep); return;
    case NODE_MAP: walk_map(w, node); return;
    case NODE_UNARY: walk_unary(w, node); return;
    case NODE_BINARY: walk_binary(w, node); return;
    case NODE_INDEX: walk_base(w, node, node->index.base, want_look); return;
    case NODE_SLICE: walk_base(w, node, node->slice.base, want_keep); return;
    case NODE_CALL: walk_call(w, node, node->call.callee, &node->call.args, NULL); return;
    case NODE_LAMBDA: walk_lambda(w, node->lambda.function); return;
    case NODE_BLOCK: walk_block(w, &node->block.statements, want); return;
    case NODE_MATCH: walk_match(w, node, want); return;
    case NODE_LOOP: walk_loop(w, node->loop); return;
    case NODE_PIPE: walk_pipe(w, node); return;
    case NODE_ORELSE: walk_orelse(w, node, want); return;
    case NODE_DEFINE: walk_define(w, node); return;
    case NODE_UPDATE: walk_update(w, node); return;
    case NODE_SWAP: walk_swap(w, node); return;
    case NODE_RET: walk_return(w, node->ret.value); return;
    case NODE_LEAVE: walk_jump(w, node->leave.loop, true, node->leave.value, want_keep); return;
    case NODE_NEXT: walk_jump(w, node->next.loop, false, NULL, want_look); return;
    case NODE_ERR: walk_err(w, node); return;
    case NODE_SPAWN: walk_spawn(w, node); return;
    case NODE_USE:
        if (node->use.included) walk(w, node->use.included, want_look);
        return;
    case NODE_IMPORT:
        if (node->import.included) walk(w, node->import.included, want_look);
        return;
    case NODE_POISON:
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_FSTRING:
    case NODE_RANGE:
    case NODE_FIELD:
    case NODE_CAST:
    case NODE_RESULT_TEST:
    case NODE_LOOP_VALUE:
    case NODE_SEND:
    case NODE_PORT:
    case NODE_UNSAFE:
    case NODE_DEFER:
    case NODE_ARENA:
    case NODE_FOREIGN:
    case NODE_MEMORY:
    case NODE_CSTRUCT:
    case NODE_ALIAS:
    case NODE_APPEND:
    case NODE_REGISTER:
    case NODE_MODULE:
    case NODE_WAIT_UNTIL:
    case NODE_HOLD: walk_children(w, node); return;
    case NODE_KIND_COUNT: break;
    }
    UNREACHABLE("a node has a kind");
}

// --- functions ------------------------------------------------------------------------------------

static void mark_deferred(void *context, Node **child) {
    Node *node = *child;
    if (!node) return;
    const Function *function = NULL;
    if (node->kind == NODE_NAME && node->name.symbol) {
        node->name.symbol->deferred = true;
        function = node->name.symbol->function;
    }
    if (node->kind == NODE_LAMBDA) function = node->lambda.function;
    if (function) {
        VEC_EACH(Symbol *, symbol, &function->captures) symbol->deferred = true;
        VEC_EACH(Symbol *, symbol, &function->sources) symbol->deferred = true;
    }
    if (node->kind != NODE_LAMBDA) ast_children(node, mark_deferred, context);
}

static void find_deferred(void *context, Node **child) {
    if (!*child) return;
    if ((*child)->kind == NODE_DEFER) ast_children(*child, mark_deferred, context);
    ast_children(*child, find_deferred, context);
}

static bool is_tracked(const Symbol *symbol) {
    bool variable = symbol->kind == SYMBOL_VARIABLE || symbol->kind == SYMBOL_PARAMETER ||
                    symbol->kind == SYMBOL_BOUND;
    return variable && !symbol->function && !symbol->is_global && !symbol->captured &&
           !symbol->deferred && !symbol->rebound_by_loop;
}

static void hold_params(Walk *w) {
    Function *function = w->function;
    VEC_EACH(Symbol *, param, &function->params) w->params[param->index] = param;
    if (!function->has_clauses) return;
    VEC_EACH(Symbol *, symbol, &function->symbols)
    if (symbol->param) w->params[symbol->index] = symbol->param;
}

static void walk_body(Walk *w) {
    Function *function = w->function;
    w->live = w->fixed = 0;
    if (!function->has_clauses) {
        if (function->body) walk(w, function->body, function->parent ? want_keep : want_look);
        return;
    }
    for (uint32_t i = 0; i < function->node->lambda.clauses.len; i++) {
        w->live = 0;
        walk(w, function->node->lambda.clauses.items[i].body, want_keep);
    }
}

static void take_all(LastUse *all, const Function *function) {
    VEC_EACH(Symbol *, param, &function->params) take(all, param);
}

static void walk_function(LastUse *all, Function *function) {
    Walk w = {.all = all, .function = function, .marks = true};
    uint32_t count = 0;
    w.numbers = ARENA_ARRAY(all->scratch, uint32_t, function->symbols.len + 1);
    w.params = ARENA_ARRAY(all->scratch, Symbol *, function->symbols.len + 1);
    hold_params(&w);
    VEC_EACH(Symbol *, symbol, &function->symbols)
    if (is_tracked(symbol)) w.numbers[symbol->index] = ++count;
    uint32_t groups = 1 + NODES_MOST / (function->node_count + 1);
    if (count / GROUP >= groups) count = GROUP * groups;
    for (; w.first < count; w.first += GROUP) walk_body(&w);
    if (function->self_tail_call) take_all(all, function);
}

static void follow_handings(LastUse *all) {
    while (all->taken.len > 0) {
        Symbol *to = all->taken.items[--all->taken.len];
        uint32_t at = (uint32_t)(uintptr_t)map_get(&all->handed, to);
        for (; at != 0; at = all->handings.items[at - 1].next)
            take(all, all->handings.items[at - 1].from);
    }
}

// Functions that call each other at their ends take all that they are given, so that a caller has
// nothing left to release and its frame can go.
static void take_of_tail_calls(Sema *s, LastUse *all) {
    for (uint32_t i = 0; i < s->calls.len; i++) {
        const CallSite *site = &s->calls.items[i];
        const Function *function = sema_known_function(site->callee);
        const Symbol *symbol = is_name(site->callee) ? site->callee->name.symbol : NULL;
        bool value = !function && !(symbol && symbol->kind == SYMBOL_BUILTIN);
        if (!site->tail || (function && !(function->effects & EFFECT_RECURSE))) continue;
        if (function) take_all(all, function);
        if (value) s->program->jumps = true;
        site->function->jumps |= function || value;
    }
    VEC_EACH(Function *, function, &s->program->functions)
    if (function->jumps) take_all(all, function);
}

void sema_find_last_uses(Sema *s) {
    if (s->c->errors > 0) return;
    LastUse all = {.scratch = s->scratch, .handed = {.arena = s->scratch}};
    take_of_tail_calls(s, &all);
    if (s->c->root) ast_children(s->c->root, find_deferred, NULL);
    VEC_EACH(Function *, function, &s->program->functions) walk_function(&all, function);
    follow_handings(&all);
}
