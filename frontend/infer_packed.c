// infer_packed.c: packed lists: lists of which every element is known to be a small whole number, stored
// in 8 or 32 bits. Nobody can tell but by time and memory.
//
// Lists that are passed on among variables, parameters and results form a class, found from the syntax
// before types are (packed_survey); some uses, all that are not listed here, need words as elements and
// make the class plain. Inference then keeps ranges of elements where the class is not plain. When types
// are final every class is given a store, or made plain because of what it holds; in that case all is
// inferred again (packed_decide). At last the types say so (packed_mark).
//
// Invariant: types alone decide what lowering does, and lowering converts where they differ; so a class
// that is wrong costs time, but no result.
#include "infer_internal.h"
#include <math.h>

typedef struct Survey {
    Arena *arena;
    Function *function; // being looked at
    uint32_t parallel;  // parallel loops around
} Survey;

static void look(Survey *s, Node *node);
static void flow(Survey *s, Node *value, ListClass *to);
static bool is_part(const Node *node);
static void look_part(Survey *s, Node *node);

// --- classes --------------------------------------------------------------------------------------

static ListClass *root_of(ListClass *lists) {
    while (lists->up != NULL) {
        if (lists->up->up != NULL) lists->up = lists->up->up; // shorter from now on
        lists = lists->up;
    }
    return lists;
}

static void unite(ListClass *a, ListClass *b) {
    a = root_of(a);
    b = root_of(b);
    if (a == b) return;
    b->plain |= a->plain;
    a->up = b;
}

static ListClass *of_function(Survey *s, Function *function) {
    if (function->lists == NULL) function->lists = ARENA_NEW(s->arena, ListClass);
    return root_of(function->lists);
}

static ListClass *of_symbol(Survey *s, Symbol *symbol) {
    if (symbol->lists != NULL) return root_of(symbol->lists);
    symbol->lists = ARENA_NEW(s->arena, ListClass);
    symbol->lists->plain = symbol->deferred || symbol->rebound_by_loop ||
                           symbol->function != NULL ||
                           (symbol->kind != SYMBOL_VARIABLE && symbol->kind != SYMBOL_PARAMETER &&
                            symbol->kind != SYMBOL_SNAPSHOT);
    return symbol->lists;
}

static void make_plain(Survey *s, Symbol *symbol) {
    if (symbol != NULL) of_symbol(s, symbol)->plain = true;
}

// Who calls it is not known, or passes something else.
static void make_inputs_plain(Survey *s, Function *function) {
    of_function(s, function)->plain = true;
    VEC_EACH(Symbol *, param, &function->params) make_plain(s, param);
}

static void make_value(Survey *s, Function *function) {
    make_inputs_plain(s, function);
    VEC_EACH(Symbol *, capture, &function->captures) make_plain(s, capture);
}

bool packed_may_be(ListClass *lists) {
    return lists != NULL && !root_of(lists)->plain;
}

static void note_node(Survey *s, const Node *node, ListClass *lists) {
    ListNode noted = {node->id, lists};
    vec_push(s->arena, &s->function->list_nodes, noted);
}

// --- uses -----------------------------------------------------------------------------------------

static void look_child(void *context, Node **child) {
    if (*child != NULL) look(context, *child);
}

static bool is_variable(const Node *node) {
    if (node->kind != NODE_NAME || node->name.symbol == NULL) return false;
    const Symbol *symbol = node->name.symbol;
    return symbol->function == NULL &&
           (symbol->kind == SYMBOL_VARIABLE || symbol->kind == SYMBOL_PARAMETER ||
            symbol->kind == SYMBOL_SNAPSHOT);
}

static bool is_small_number(const Node *node) {
    bool negative = node->kind == NODE_UNARY && node->unary.op == UNARY_NEG;
    if (negative) node = node->unary.operand;
    if (node->kind != NODE_NUMBER) return false;
    double value = node->number.value;
    return value == trunc(value) && value <= 0x1p31 - 1 && value >= -0x1p31 &&
           !(value == 0 && (negative || signbit(value)));
}

// The name of a constant that can be packed wherever it stands.
static bool is_constant(const Node *node) {
    if (node->kind != NODE_NAME || node->name.symbol == NULL) return false;
    const Symbol *symbol = node->name.symbol;
    if (symbol->kind != SYMBOL_CONSTANT || symbol->constant->kind != NODE_LIST) return false;
    VEC_EACH(Node *, item, &symbol->constant->list.items)
    if (!is_small_number(item)) return false;
    return symbol->constant->list.items.len > 0;
}

// A variable as it is held, or a constant.
static bool look_held(Survey *s, Node *node) {
    if (is_constant(node)) {
        note_node(s, node, NULL);
        return true;
    }
    if (!is_variable(node)) return false;
    note_node(s, node, of_symbol(s, node->name.symbol));
    return true;
}

static void look_name(Survey *s, const Node *node) {
    Symbol *symbol = node->name.symbol;
    if (symbol == NULL) return;
    if (symbol->function != NULL)
        make_value(s, symbol->function);
    else
        make_plain(s, symbol);
}

static const Builtin *builtin_of(const Node *callee) {
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL) return NULL;
    return callee->name.symbol->kind == SYMBOL_BUILTIN ? callee->name.symbol->builtin : NULL;
}

// Prints all of a list: a copy with words as elements costs little beside that.
static bool is_print(const Node *callee) {
    const Builtin *builtin = builtin_of(callee);
    return builtin != NULL && (builtin->id == BUILTIN_print || builtin->id == BUILTIN_println ||
                               builtin->id == BUILTIN_printf || builtin->id == BUILTIN_eprintln ||
                               builtin->id == BUILTIN_eprintf);
}

static bool is_sum(const Node *call) {
    const Builtin *builtin = builtin_of(call->call.callee);
    return builtin != NULL && builtin->id == BUILTIN_sum && call->call.args.len == 1;
}

static Function *known_callee(const Node *call) {
    const Node *callee = call->call.callee;
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL) return NULL;
    Function *function = callee->name.symbol->function;
    if (function == NULL || function->param_count != call->call.args.len) return NULL;
    return function;
}

static void look_call(Survey *s, Node *node) {
    Function *function = known_callee(node);
    if (is_sum(node) && look_held(s, node->call.args.items[0])) return;
    if (node->call.max != NULL) look(s, node->call.max);
    if (function == NULL && !is_print(node->call.callee)) look(s, node->call.callee);
    for (uint32_t i = 0; i < node->call.args.len; i++) {
        Node *arg = node->call.args.items[i];
        if (function != NULL)
            flow(s, arg, of_symbol(s, function->params.items[i]));
        else if (!is_print(node->call.callee) || !is_variable(arg))
            look(s, arg);
    }
}

// --- appending --------------------------------------------------------------------------------------

static void find_change(void *context, Node **child) {
    bool *found = context;
    Node *node = *child;
    if (node == NULL || *found) return;
    *found = node->kind == NODE_UPDATE || node->kind == NODE_SWAP || node->kind == NODE_DEFINE;
    ast_children(node, find_change, found);
}

static bool is_mention(const Node *node, const Symbol *symbol) {
    return node->kind == NODE_NAME && node->name.symbol == symbol;
}

// The list, or call of push, whose items `update` appends; null: it does something else.
static Node *appends(const Node *update) {
    Node *value = update->update.value;
    const Symbol *symbol = update->update.target->name.symbol;
    if (update->update.op == UPDATE_ADD) return value->kind == NODE_LIST ? value : NULL;
    if (update->update.op != UPDATE_SET) return NULL;
    if (value->kind == NODE_BINARY && value->binary.op == BINARY_ADD &&
        value->binary.right->kind == NODE_LIST && is_mention(value->binary.left, symbol))
        return value->binary.right;
    if (value->kind != NODE_CALL || value->call.args.len != 2) return NULL;
    const Builtin *builtin = builtin_of(value->call.callee);
    bool push = builtin != NULL && builtin->id == BUILTIN_push;
    return push && is_mention(value->call.args.items[0], symbol) ? value : NULL;
}

NodeVec packed_appended(const Node *update) {
    NodeVec items = {0};
    const Node *target = update->update.target;
    if (target->kind != NODE_NAME || !is_variable(target) || update->update.or_return) return items;
    Node *from = appends(update);
    if (from == NULL) return items;
    bool changes = false;
    ast_children(from, find_change, &changes);
    if (changes) return items;
    if (from->kind == NODE_LIST) return from->list.items;
    items.items = from->call.args.items + 1;
    items.len = 1;
    return items;
}

static void look_update(Survey *s, Node *node) {
    NodeVec appended = packed_appended(node);
    if (appended.len > 0) {
        of_symbol(s, node->update.target->name.symbol);
        VEC_EACH(Node *, item, &appended) look(s, item);
        return;
    }
    Node *target = node->update.target;
    bool sets = (node->update.op == UPDATE_SET || node->update.op == UPDATE_ADD) &&
                !node->update.or_return;
    if (target->kind == NODE_NAME && sets && is_variable(target)) {
        flow(s, node->update.value, of_symbol(s, target->name.symbol));
        return;
    }
    look(s, target);
    look(s, node->update.value);
}

static void look_define(Survey *s, Node *node) {
    DefineNode *define = node->define;
    Symbol *first = define->symbols.len > 0 ? define->symbols.items[0] : NULL;
    bool one = define->symbols.len == 1 && first != NULL && !define->or_return;
    if (one && first->function != NULL && define->value->kind == NODE_LAMBDA &&
        !first->function->is_value)
        return; // only ever called by name
    if (one && first->kind != SYMBOL_CONSTANT) {
        flow(s, define->value, of_symbol(s, first));
        return;
    }
    VEC_EACH(Symbol *, symbol, &define->symbols) make_plain(s, symbol);
    look(s, define->value);
}

static void look_plan(Survey *s, const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->captures.len; i++) {
        const ParVariable *variable = &plan->captures.items[i];
        bool in_place = variable->use == PAR_ELEMENT && !variable->deferred && !plan->loop->left;
        if (variable->use != PAR_READ && !in_place) make_plain(s, variable->symbol);
    }
}

static void look_loop(Survey *s, Node *node) {
    LoopNode *loop = node->loop;
    VEC_EACH(Symbol *, symbol, &loop->symbols) make_plain(s, symbol);
    if (loop->writes_through) make_plain(s, loop->source);
    if (loop->plan != NULL) look_plan(s, loop->plan);
    bool held = loop->kind == LOOP_EACH && !loop->writes_through && look_held(s, loop->iterable);
    Node *parts[] = {loop->threads, loop->low,       loop->high, held ? NULL : loop->iterable,
                     loop->max,     loop->condition, loop->body};
    s->parallel += loop->plan != NULL;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (parts[i] != NULL) look(s, parts[i]);
    s->parallel -= loop->plan != NULL;
}

// Whole lists that change places are held alike.
static void look_swap(Survey *s, Node *node) {
    Node *left = node->swap.left, *right = node->swap.right;
    if (is_variable(left) && is_variable(right)) {
        unite(of_symbol(s, left->name.symbol), of_symbol(s, right->name.symbol));
        return;
    }
    look(s, left);
    look(s, right);
}

static void look_fstring(Survey *s, Node *node) {
    for (uint32_t i = 0; i < node->fstring.parts.len; i++) {
        Node *hole = node->fstring.parts.items[i].expr;
        if (hole != NULL && !is_variable(hole)) look(s, hole);
    }
}

static void look_unary(Survey *s, Node *node) {
    if (node->unary.op != UNARY_LEN || !look_held(s, node->unary.operand))
        look(s, node->unary.operand);
}

static void look_ret(Survey *s, Node *node) {
    if (node->ret.value == NULL) return;
    if (s->parallel > 0) make_inputs_plain(s, s->function); // the value leaves the loop as a word
    if (s->function->parent == NULL || s->parallel > 0)
        look(s, node->ret.value);
    else
        flow(s, node->ret.value, of_function(s, s->function));
}

// xs | f
static void look_pipe(Survey *s, Node *node) {
    bool each = node->pipe.op != PIPE_REDUCE &&
                (node->pipe.right->kind != NODE_CALL || node->pipe.right->parenthesized);
    if (!each || !look_held(s, node->pipe.left)) look(s, node->pipe.left);
    look(s, node->pipe.right);
}

static void look(Survey *s, Node *node) {
    switch ((int)node->kind) {
    case NODE_NAME: look_name(s, node); return;
    case NODE_CALL: look_call(s, node); return;
    case NODE_UPDATE: look_update(s, node); return;
    case NODE_DEFINE: look_define(s, node); return;
    case NODE_LOOP: look_loop(s, node); return;
    case NODE_FSTRING: look_fstring(s, node); return;
    case NODE_UNARY: look_unary(s, node); return;
    case NODE_RET: look_ret(s, node); return;
    case NODE_SWAP: look_swap(s, node); return;
    case NODE_PIPE: look_pipe(s, node); return;
    case NODE_SLICE:
        if (!is_part(node)) break;
        look_part(s, node); // what is unpacked is the slice alone
        return;
    case NODE_LAMBDA: make_value(s, node->lambda.function); return; // its body: later
    case NODE_INDEX:                                                // read or updated
        if (node->observed || !look_held(s, node->index.base)) break;
        look(s, node->index.index);
        return;
    }
    ast_children(node, look_child, s);
}

// --- values that go to a class --------------------------------------------------------------------

static void flow_call(Survey *s, Node *node, ListClass *to) {
    Function *function = known_callee(node);
    const Builtin *builtin = builtin_of(node->call.callee);
    bool ranges = builtin != NULL && builtin->id == BUILTIN_range;
    look_call(s, node);
    if ((function == NULL && !ranges) || node->observed) {
        root_of(to)->plain = true;
        return;
    }
    if (function != NULL) unite(of_function(s, function), to);
    note_node(s, node, to);
}

static bool makes_list(const Node *node) {
    if (node->kind == NODE_BINARY)
        return node->binary.op == BINARY_MUL && node->binary.left->kind == NODE_LIST;
    if (node->kind == NODE_CAST) return node->cast.to == CAST_LIST;
    if (node->kind == NODE_PIPE)
        return node->pipe.op != PIPE_REDUCE &&
               (node->pipe.right->kind != NODE_CALL || node->pipe.right->parenthesized);
    return node->kind == NODE_LIST || node->kind == NODE_RANGE;
}

// A slice of a variable. Lists without what stands before a position are made in no time when their
// elements are words: a slice without an end stays one of those.
static bool is_part(const Node *node) {
    return node->kind == NODE_SLICE && node->slice.high != NULL && is_variable(node->slice.base);
}

static void look_part(Survey *s, Node *node) {
    Node *parts[] = {node->slice.low, node->slice.high, node->slice.step};
    look_held(s, node->slice.base);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (parts[i] != NULL) look(s, parts[i]);
}

static void flow(Survey *s, Node *value, ListClass *to) {
    if (is_variable(value)) {
        unite(of_symbol(s, value->name.symbol), to);
        note_node(s, value, to);
    } else if (is_constant(value)) {
        note_node(s, value, to);
    } else if (value->kind == NODE_CALL) {
        flow_call(s, value, to);
    } else if (is_part(value)) {
        unite(of_symbol(s, value->slice.base->name.symbol), to);
        note_node(s, value, to);
        look_part(s, value);
    } else if (value->kind == NODE_BINARY && value->binary.op == BINARY_ADD) {
        note_node(s, value, to);
        flow(s, value->binary.left, to);
        flow(s, value->binary.right, root_of(to));
    } else {
        if (makes_list(value))
            note_node(s, value, to);
        else
            root_of(to)->plain = true;
        look(s, value);
    }
}

static void flow_result(Survey *s, Node *body);

static void flow_arms(Survey *s, Node *node) {
    look(s, node->match.subject);
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        if (arm->guard != NULL) look(s, arm->guard);
        flow_result(s, arm->body);
    }
}

// The value of a function's body.
static void flow_result(Survey *s, Node *body) {
    ListClass *to = of_function(s, s->function);
    if (body->kind == NODE_MATCH) {
        flow_arms(s, body);
        return;
    }
    if (body->kind != NODE_BLOCK) {
        flow(s, body, to);
        return;
    }
    uint32_t count = body->block.statements.len;
    for (uint32_t i = 0; i + 1 < count; i++) look(s, body->block.statements.items[i]);
    if (count > 0) flow_result(s, body->block.statements.items[count - 1]);
}

static void survey_function(Survey *s, Function *function) {
    s->function = function;
    for (uint32_t i = 0; i < function->snapshots.len; i++)
        unite(of_symbol(s, function->snapshots.items[i]), of_symbol(s, function->sources.items[i]));
    if (function->is_value) make_value(s, function);
    if (!function->has_clauses && function->parent != NULL) {
        flow_result(s, function->body);
        return;
    }
    make_inputs_plain(s, function);
    if (!function->has_clauses) look(s, function->body);
    for (uint32_t i = 0; function->has_clauses && i < function->node->lambda.clauses.len; i++)
        look(s, function->node->lambda.clauses.items[i].body);
}

void packed_survey(Compilation *c) {
    if (c->no_integers) return;
    Survey s = {.arena = &c->unit};
    VEC_EACH(Function *, function, &c->program->functions) survey_function(&s, function);
    VEC_EACH(Export *, export, &c->program->exports)
    if (export->symbol->function != NULL) make_inputs_plain(&s, export->symbol->function);
}

// --- stores ---------------------------------------------------------------------------------------

typedef void EachClass(ListClass *lists, void *context);

static void each_class(const Program *program, EachClass *visit, void *context) {
    VEC_EACH(Function *, function, &program->functions) {
        if (function->lists != NULL) visit(root_of(function->lists), context);
        VEC_EACH(Symbol *, symbol, &function->symbols)
        if (symbol->lists != NULL) visit(root_of(symbol->lists), context);
    }
}

static void forget(ListClass *lists, void *context) {
    (void)context;
    lists->element = NULL;
    lists->unfit = false;
}

// Adds what a variable or result is in some instance. What is boxed is held as a word.
static void add_type(Infer *infer, ListClass *lists, Type type, bool boxed) {
    if (lists == NULL || type.kinds == 0) return;
    lists = root_of(lists);
    if (lists->plain) return;
    Type element = type_element_ranged(type);
    bool fits = type_is(type, KIND_LIST) && (element.kinds == 0 || element.integer);
    lists->unfit |= boxed || !fits;
    if (!type_is(type, KIND_LIST) || !element.integer) return;
    Arena *arena = infer->arena;
    if (lists->element != NULL) element = type_join(arena, *lists->element, element);
    lists->element = type_list_ranged(arena, element).element;
}

static void add_instance(Infer *infer, const Instance *instance) {
    const Function *function = instance->function;
    bool boxed = instance->boxed;
    VEC_EACH(Symbol *, symbol, &function->symbols)
    add_type(infer, symbol->lists, instance->symbol_types[symbol->index], false);
    for (uint32_t i = 0; i < function->captures.len; i++)
        add_type(infer, function->captures.items[i]->lists, instance->captures[i], boxed);
    for (uint32_t i = 0; i < function->param_count; i++)
        add_type(infer, function->params.items[i]->lists, instance->params[i], boxed);
    add_type(infer, function->lists, instance->result, boxed);
}

// What has ranges that nobody can use after all makes for another round.
static void choose(ListClass *lists, void *context) {
    bool *again = context;
    if (lists->plain) return;
    if (lists->element == NULL) lists->unfit = true;
    if (lists->unfit && lists->element != NULL) *again = true;
    lists->plain = lists->unfit;
}

static void choose_none(ListClass *lists, void *context) {
    (void)context;
    lists->plain = true;
}

bool packed_decide(Infer *infer, uint32_t round) {
    enum { MOST_ROUNDS = 4 };
    const Program *program = infer->c->program;
    bool again = false;
    each_class(program, forget, NULL);
    VEC_EACH(InferInstance *, instance, &infer->instances) add_instance(infer, &instance->shared);
    each_class(program, choose, &again);
    if (again && round == MOST_ROUNDS) each_class(program, choose_none, NULL);
    return !again;
}

// --- marks ----------------------------------------------------------------------------------------

static const Type *stored(Arena *arena, const Type *from) {
    if (from->store != STORE_WORD) return from;
    Type *element = ARENA_NEW(arena, Type);
    *element = *from;
    element->store = element->low >= 0 && element->high <= 255 ? STORE_U8 : STORE_I32;
    return element;
}

static void choose_store(ListClass *lists, void *context) {
    Infer *infer = context;
    if (!lists->plain) lists->element = stored(infer->arena, lists->element);
}

static void mark(Type *type, ListClass *lists) {
    if (!packed_may_be(lists) || !type_is(*type, KIND_LIST)) return;
    type->element = root_of(lists)->element;
}

static void mark_node(Arena *arena, Type *type, ListClass *lists) {
    if (lists != NULL)
        mark(type, lists);
    else if (type_element_ranged(*type).integer)
        type->element = stored(arena, type->element);
}

static void mark_instance(Arena *arena, Instance *instance) {
    const Function *function = instance->function;
    VEC_EACH(Symbol *, symbol, &function->symbols)
    mark(&instance->symbol_types[symbol->index], symbol->lists);
    for (uint32_t i = 0; i < function->captures.len; i++)
        mark(&instance->captures[i], function->captures.items[i]->lists);
    for (uint32_t i = 0; i < function->param_count; i++)
        mark(&instance->params[i], function->params.items[i]->lists);
    mark(&instance->result, function->lists);
    for (uint32_t i = 0; i < function->list_nodes.len; i++) {
        const ListNode *node = &function->list_nodes.items[i];
        mark_node(arena, &instance->node_types[node->id], node->lists);
        VEC_EACH(Speculation *, guess, &instance->speculations)
        if (node->id >= guess->first && node->id <= guess->last)
            mark_node(arena, &guess->node_types[node->id - guess->first], node->lists);
    }
}

void packed_mark(Infer *infer) {
    const Program *program = infer->c->program;
    each_class(program, choose_store, infer);
    VEC_EACH(Instance *, instance, &program->instances) mark_instance(infer->arena, instance);
}
