// infer_recursion.c: recursive functions of numbers that are likely to be whole, though nothing proves
// that they stay below 2^53. Each instance in doubles gets a twin that takes such numbers for integers;
// lowering looks where a range may be left and then makes the outermost call anew, in doubles (sema.h,
// Instance.checked).
//
// Only functions without effects, whose bodies compute numbers from numbers and elements of lists, and
// all functions that call each other in a circle or none of them: so a call that is made anew cannot be told
// from one that is not, and what is jumped to from a checked instance is checked, too. A twin that turns
// out to be of no use goes away again, and types are worked out without it.
#include "infer_internal.h"

enum { MOST_ROUNDS = 8 };

// --- which functions ------------------------------------------------------------------------------

static bool is_pure_builtin(const Symbol *symbol) {
    return symbol->builtin->lowering == BY_INSTRUCTION || symbol->builtin->lowering == BY_MATH;
}

static bool call_fits(const Node *node) {
    const Node *callee = node->call.callee;
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL || node->call.max != NULL)
        return false;
    if (callee->name.symbol->kind == SYMBOL_BUILTIN) return is_pure_builtin(callee->name.symbol);
    return callee->name.symbol->function != NULL;
}

static bool match_fits(const Node *node) {
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        ArmKind kind = node->match.arms.items[i].kind;
        if (kind != ARM_GUARD && kind != ARM_THEN && kind != ARM_DEFAULT) return false;
    }
    return !node->match.on_result;
}

static bool loop_fits(const LoopNode *loop) {
    return loop->prefix == PREFIX_NONE && !loop->has_value && loop->kind != LOOP_PAIRS &&
           !loop->writes_through && loop->max == NULL;
}

static bool define_fits(const DefineNode *define) {
    return define->symbols.len == 1 && !define->or_return;
}

static bool form_fits(const Node *node) {
    switch ((int)node->kind) {
    case NODE_NUMBER:
    case NODE_BLOCK:
    case NODE_LOOP_VALUE:
    case NODE_CAST: return true;
    case NODE_RET:
    case NODE_LEAVE:
    case NODE_NEXT: return true;
    case NODE_NAME: return node->name.symbol != NULL;
    case NODE_UNARY: return node->unary.op <= UNARY_LEN;
    case NODE_BINARY: return node->binary.op != BINARY_CARRY && node->binary.op != BINARY_CONS;
    case NODE_INDEX: return !node->observed && node->index.base->kind == NODE_NAME;
    case NODE_CALL: return call_fits(node);
    case NODE_MATCH: return match_fits(node);
    case NODE_LOOP: return loop_fits(node->loop);
    case NODE_DEFINE: return define_fits(node->define);
    case NODE_UPDATE: return node->update.target->kind == NODE_NAME && !node->update.or_return;
    }
    return false;
}

static void look_at_form(void *context, Node **child) {
    bool *fits = context;
    if (*child == NULL || !*fits) return;
    *fits = form_fits(*child);
    if (*fits) ast_children(*child, look_at_form, fits);
}

// What the form of the source tells.
static bool may_be_checked(const Function *function) {
    uint8_t others = (uint8_t) ~(EFFECT_STOP | EFFECT_RECURSE);
    if (function->parent == NULL || (function->effects & others) != 0) return false;
    if (function->captures.len + function->param_count == 0) return false;
    VEC_EACH(Symbol *, symbol, &function->symbols)
    if (symbol->to_f32 || symbol->deferred || symbol->rebound_by_loop) return false;
    bool fits = true;
    ast_children(function->node, look_at_form, &fits);
    return fits;
}

// Functions whose recursion some call bounds count how deep they are.
static void refuse_bounded(void *context, Node **child) {
    Infer *infer = context;
    const Node *node = *child;
    if (node == NULL) return;
    if (node->kind == NODE_CALL && node->call.max != NULL && node->call.callee->kind == NODE_NAME) {
        const Symbol *symbol = node->call.callee->name.symbol;
        if (symbol != NULL && symbol->function != NULL)
            infer->checkable[symbol->function->index] = false;
    }
    ast_children(*child, refuse_bounded, infer);
}

// One that is refused has all refused with which it calls itself in a circle.
static bool refuse_circles(Infer *infer) {
    const FunctionVec *functions = &infer->c->program->functions;
    bool *refused = ARENA_ARRAY(&infer->c->scratch, bool, functions->len + 1);
    bool any = false;
    VEC_EACH(Function *, function, functions)
    if (!infer->checkable[function->index]) refused[function->group] = true;
    VEC_EACH(Function *, function, functions) {
        if (refused[function->group]) infer->checkable[function->index] = false;
        any |= infer->checkable[function->index] && (function->effects & EFFECT_RECURSE) != 0;
    }
    return any;
}

// --- twins ----------------------------------------------------------------------------------------

static bool is_plain_number(Type type) {
    return type_is(type, KIND_NUMBER) && !type.integer;
}

// A list that the function would have to let go of is none of its own.
static bool params_fit(const Instance *instance) {
    const Function *function = instance->function;
    for (uint32_t i = 0; i < function->param_count; i++) {
        Type type = instance->params[i];
        if (type_is(type, KIND_NUMBER)) continue;
        if (!type_is(type, KIND_LIST) || function->params.items[i]->taken) return false;
    }
    for (uint32_t i = 0; i < function->captures.len; i++)
        if ((instance->captures[i].kinds & ~(KIND_NUMBER | KIND_LIST)) != 0) return false;
    return type_is(instance->result, KIND_NUMBER);
}

static bool has_plain_numbers(const Instance *instance) {
    const Function *function = instance->function;
    for (uint32_t i = 0; i < function->captures.len; i++)
        if (is_plain_number(instance->captures[i])) return true;
    for (uint32_t i = 0; i < function->param_count; i++)
        if (is_plain_number(instance->params[i])) return true;
    return is_plain_number(instance->result);
}

static bool make_twins(Infer *infer) {
    const InstanceVec *kept = &infer->c->program->instances;
    bool any = false;
    VEC_EACH(Instance *, instance, kept) {
        const Function *function = instance->function;
        if (instance->boxed || instance->checked || !infer->checkable[function->index]) continue;
        if ((function->effects & EFFECT_RECURSE) == 0) continue;
        if (!params_fit(instance) || !has_plain_numbers(instance)) continue;
        infer_checked_twin(infer, (InferInstance *)instance);
        any = true;
    }
    return any;
}

static bool start(Infer *infer) {
    const Program *program = infer->c->program;
    bool any = false;
    VEC_EACH(Function *, function, &program->functions) {
        bool fits = may_be_checked(function);
        infer->checkable[function->index] = fits;
        any |= fits && (function->effects & EFFECT_RECURSE) != 0;
    }
    if (!any) return false;
    refuse_bounded(infer, &program->main->body);
    return refuse_circles(infer) && make_twins(infer);
}

// --- judging --------------------------------------------------------------------------------------

typedef struct Values {
    const Instance *instance;
    bool fit;
} Values;

// Numbers, and names of lists whose elements are read or that are passed on.
static void look_at_values(void *context, Node **child) {
    Values *values = context;
    const Node *node = *child;
    if (node == NULL || !values->fit) return;
    Type type = values->instance->node_types[node->id];
    bool name =
        node->kind == NODE_NAME && (type_is(type, KIND_LIST) || type_is(type, KIND_FUNCTION));
    if ((type.kinds & (uint8_t)~KIND_NUMBER) != 0 && !name) values->fit = false;
    const Node *given = node->kind == NODE_DEFINE   ? node->define->value
                        : node->kind == NODE_UPDATE ? node->update.value
                                                    : NULL;
    if (given != NULL &&
        (values->instance->node_types[given->id].kinds & (uint8_t)~KIND_NUMBER) != 0)
        values->fit = false;
    ast_children(*child, look_at_values, values);
}

static bool is_sound(const Instance *instance) {
    if (!instance->result.integer) return false;
    Values values = {instance, params_fit(instance)};
    ast_children(instance->function->node, look_at_values, &values);
    return values.fit;
}

static bool gains(const Type *doubles, const Type *integers, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (is_plain_number(doubles[i]) && integers[i].integer) return true;
    return false;
}

static bool is_of_use(const Instance *doubles) {
    const Instance *integers = doubles->integers;
    const Function *function = doubles->function;
    return gains(&doubles->result, &integers->result, 1) ||
           gains(doubles->params, integers->params, function->param_count) ||
           gains(doubles->captures, integers->captures, function->captures.len);
}

static bool judge(Infer *infer) {
    bool good = true;
    VEC_EACH(Instance *, instance, &infer->c->program->instances) {
        bool bad = instance->checked ? !is_sound(instance)
                                     : instance->integers != NULL && !is_of_use(instance);
        if (!bad) continue;
        infer->checkable[instance->function->index] = false;
        good = false;
    }
    return good;
}

bool recursion_settle(Infer *infer) {
    if (infer->c->no_integers || infer->recursion_rounds > MOST_ROUNDS) return true;
    if (infer->recursion_rounds++ == 0) return !start(infer);
    if (judge(infer)) return true;
    infer_drop_checked(infer);
    bool all = infer->recursion_rounds <= MOST_ROUNDS && refuse_circles(infer);
    if (all) make_twins(infer);
    return false;
}
