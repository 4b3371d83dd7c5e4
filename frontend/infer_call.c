// infer_call.c: calls, pipes and function values.
#include "infer_internal.h"

static Type *infer_args(Walk *w, NodeVec *args, uint32_t extra, bool *missing) {
    Type *types = ARENA_ARRAY(&w->infer->c->scratch, Type, args->len + extra + 1);
    *missing = false;
    for (uint32_t i = 0; i < args->len; i++) {
        types[i] = infer_expr(w, args->items[i]);
        if (types[i].kinds == 0) *missing = true; // not known yet, or never reached
    }
    return types;
}

// A call of `function` at `node`. Nothing is known while an argument is not.
static Type direct_call(Walk *w, Node *node, Function *function, const Type *args, bool missing) {
    if (missing) return TYPE_NEVER;
    return infer_known_call(w, node, infer_instance(w, function, args));
}

void infer_snapshots(Walk *w, Function *function) {
    for (uint32_t i = 0; i < function->snapshots.len; i++)
        infer_set_symbol(w, function->snapshots.items[i],
                         infer_symbol(w, function->sources.items[i]));
}

Type infer_function_value(Walk *w, Node *node, Function *function) {
    if (node->kind == NODE_LAMBDA) infer_snapshots(w, function);
    infer_note_callee(w, node, infer_instance(w, function, NULL));
    return type_function(function);
}

// A call of a closure of `function`. In tail position one that holds something to release is called as
// any value is: it goes together with the frame (lower_jump.c).
static Type closure_call(Walk *w, Node *node, Function *function, const Type *args, bool tail) {
    InferInstance *callee = infer_closure_instance(w, function, args);
    bool counted = false;
    for (uint32_t i = 0; i < function->captures.len; i++) {
        if (callee->shared.captures[i].kinds == 0) return TYPE_NEVER; // none was made yet
        counted |= callee->shared.captures[i].kinds != KIND_NUMBER;
    }
    if (counted && tail) {
        infer_no_callee(w, node);
        return type_any();
    }
    return infer_known_call(w, node, callee);
}

// --- builtins -----------------------------------------------------------------------------------

static void check_numbers(Walk *w, Node *node, const Builtin *builtin, const Type *args,
                          uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if ((args[i].kinds & (KIND_NUMBER | KIND_ERROR)) == 0 && infer_may_report(w, node))
            diag_report(w->infer->c, DIAG_E0554, node->span, builtin->name,
                        type_kind_text(args[i].kinds));
}

static void check_format_kind(Walk *w, Node *node, const Builtin *builtin, Type format) {
    if ((format.kinds & (KIND_STRING | KIND_ERROR)) == 0 && infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_E0507, node->span, builtin->name,
                    type_kind_text(format.kinds));
}

static bool is_quotient(const Node *node) {
    return node->kind == NODE_BINARY && node->binary.op == BINARY_DIV;
}

// Rounding: an integer stays what it is; floor(a / b) of integers is one.
static Type rounded(Walk *w, Node *node, BuiltinId id, Type arg) {
    if (arg.integer) return arg;
    if (node == NULL || !is_quotient(node)) return type_number();
    const Type *types = w->instance->shared.node_types;
    Type a = types[node->binary.left->id], b = types[node->binary.right->id];
    return id == BUILTIN_floor || id == BUILTIN_trunc ? range_floor_quotient(a, b) : type_number();
}

static Type absolute(Type arg) {
    if (!arg.integer) return type_number();
    double low = arg.low > 0 ? arg.low : arg.high < 0 ? -arg.high : 0;
    return type_integer(low, arg.high > -arg.low ? arg.high : -arg.low);
}

// Instructions whose integer results have known ranges; `first` is the first argument's node.
static Type instruction_type(Walk *w, Node *first, const Builtin *builtin, const Type *args,
                             uint32_t count) {
    switch ((int)builtin->id) {
    case BUILTIN_floor: case BUILTIN_ceil: case BUILTIN_round: case BUILTIN_trunc:
        return rounded(w, first, builtin->id, args[0]);
    case BUILTIN_abs: return absolute(args[0]);
    case BUILTIN_sign: return args[0].integer ? type_integer(-1, 1) : type_number();
    case BUILTIN_popcount: case BUILTIN_clz: case BUILTIN_ctz: return type_integer(0, 64);
    case BUILTIN_min: case BUILTIN_max: {
        Type result = args[0];
        for (uint32_t i = 1; i < count; i++)
            result = range_min_max(result, args[i], builtin->id == BUILTIN_max);
        return result.integer ? result : type_number();
    }
    }
    return builtin->result == GIVES_BOOLEAN ? type_boolean() : type_number();
}

static Type result_type(Walk *w, const Builtin *builtin, const Type *args, uint32_t count) {
    Arena *arena = w->infer->arena;
    switch ((BuiltinResult)builtin->result) {
    case GIVES_NUMBER: return type_number();
    case GIVES_INTEGER: return type_integer(-TYPE_MAX_INTEGER, TYPE_MAX_INTEGER);
    case GIVES_BOOLEAN: return type_boolean();
    case GIVES_STRING: return type_of_kind(KIND_STRING);
    case GIVES_NUMBERS:
        if (builtin->id == BUILTIN_range && count == 2)
            return infer_range_list(w, args[0], args[1], false);
        return type_list(arena, type_number());
    case GIVES_STRINGS: return type_list(arena, type_of_kind(KIND_STRING));
    case GIVES_LIST: return type_of_kind(KIND_LIST);
    case GIVES_MAP: return type_of_kind(KIND_MAP);
    case GIVES_SAME: return count > 0 ? args[0] : type_any();
    case GIVES_ELEMENT:
        return count > 0 ? type_join(arena, type_element(args[0]), type_integer(0, 0)) : type_any();
    case GIVES_NUMBER_OR_ERROR: return type_of_kind(KIND_NUMBER | KIND_ERROR);
    case GIVES_STRING_OR_ERROR: return type_of_kind(KIND_STRING | KIND_ERROR);
    case GIVES_ZERO_OR_ERROR: return type_join(arena, type_integer(0, 0), type_of_kind(KIND_ERROR));
    case GIVES_KEYS: return type_list(arena, type_of_kind(KIND_NUMBER | KIND_STRING));
    case GIVES_ELEMENTS: return type_list(arena, type_element(args[0]));
    case GIVES_FILTERED: return type_list(arena, type_element(args[1]));
    case GIVES_LONGER:
        return type_list_ranged(arena,
                                type_join(arena, type_element_ranged(args[0]), args[count - 1]));
    case GIVES_PAIRS: {
        Type element = type_number();
        for (uint32_t i = 0; i < count; i++)
            element = type_join(arena, element, type_element(args[i]));
        return type_list(arena, type_list(arena, element));
    }
    case GIVES_ANY: return type_any();
    case GIVES_ZERO: return type_integer(0, 0);
    case GIVES_NEVER: return TYPE_NEVER;
    }
    UNREACHABLE("a builtin gives something");
}

// A builtin that passes an error on may give one.
static Type builtin_type(Walk *w, Node *node, Node *first, const Builtin *builtin,
                         const Type *args, uint32_t count) {
    if (builtin->id == BUILTIN_call) return type_number();
    Type result;
    uint8_t errors = 0;
    if (builtin->lowering == BY_MATH || builtin->lowering == BY_INSTRUCTION) {
        check_numbers(w, node, builtin, args, count);
        for (uint32_t i = 0; i < count; i++) errors |= args[i].kinds & KIND_ERROR;
        result = instruction_type(w, first, builtin, args, count);
    } else {
        if (builtin->id == BUILTIN_printf || builtin->id == BUILTIN_eprintf)
            check_format_kind(w, node, builtin, args[0]);
        result = result_type(w, builtin, args, count);
        for (uint32_t i = 0; i < count && builtin->lowering == BY_WORDS; i++)
            errors |= args[i].kinds & KIND_ERROR;
    }
    result.kinds |= errors;
    return result;
}

// --- calls --------------------------------------------------------------------------------------

// The function that `callee` is for sure; a lambda on the spot is evaluated by that.
static Function *known_function(Walk *w, const Node *callee) {
    if (callee->kind == NODE_LAMBDA) {
        infer_snapshots(w, callee->lambda.function);
        return callee->lambda.function;
    }
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL) return NULL;
    return callee->name.symbol->function;
}

static const Builtin *known_builtin(const Node *callee) {
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL) return NULL;
    return callee->name.symbol->kind == SYMBOL_BUILTIN ? callee->name.symbol->builtin : NULL;
}

// A call through a value: the one function that it can be, or anything.
static Type indirect_call(Walk *w, Node *node, Node *callee, const Type *args, uint32_t count,
                          bool missing) {
    Type value = infer_expr(w, callee);
    if (value.kinds == 0 || missing) return TYPE_NEVER;
    if ((value.kinds & (KIND_FUNCTION | KIND_ERROR)) == 0 && infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_E0555, callee->span, type_kind_text(value.kinds));
    Function *function = type_is(value, KIND_FUNCTION) ? value.function : NULL;
    bool tail = node->kind == NODE_CALL && node->call.tail;
    if (function != NULL && function->param_count == count)
        return function->captures.len == 0 ? direct_call(w, node, function, args, false)
                                           : closure_call(w, node, function, args, tail);
    infer_no_callee(w, node);
    return type_any();
}

// What filter or sort gives. Where it is given a list and a known function, that is called directly at
// `node`.
static Type infer_applied(Walk *w, Node *node, const Builtin *builtin, Node *applied, Type list) {
    bool sorts = builtin->id == BUILTIN_sort, fits = type_is(list, KIND_LIST);
    uint32_t count = sorts ? 2 : 1;
    infer_no_callee(w, node);
    Function *named = known_function(w, applied);
    bool direct = fits && named != NULL && named->param_count == count;
    Type value = direct ? type_function(named) : infer_expr(w, applied);
    w->instance->shared.node_types[applied->id] = value;
    if (value.kinds == 0 || list.kinds == 0) return TYPE_NEVER;
    Function *function = fits && type_is(value, KIND_FUNCTION) ? value.function : NULL;
    if (function != NULL && function->param_count == count) {
        Type element = infer_allowed(w->infer, type_element_ranged(list));
        if (element.kinds == 0) element = type_integer(0, 0); // of a list known to be empty
        Type args[] = {element, element};
        if (direct || function->captures.len == 0)
            direct_call(w, node, function, args, false);
        else
            closure_call(w, node, function, args, false);
    }
    Type args[] = {sorts ? list : value, sorts ? value : list};
    return builtin_type(w, node, NULL, builtin, args, 2);
}

static bool applies_function(const Builtin *builtin, uint32_t count) {
    return builtin != NULL && count == 2 &&
           (builtin->id == BUILTIN_filter || builtin->id == BUILTIN_sort);
}

static Type infer_applied_call(Walk *w, Node *node, const Builtin *builtin) {
    bool sorts = builtin->id == BUILTIN_sort;
    Node **args = node->call.args.items;
    w->instance->shared.node_types[node->call.callee->id] = type_of_kind(KIND_FUNCTION);
    if (node->call.max != NULL) infer_expr(w, node->call.max);
    Type list = infer_expr(w, args[!sorts]);
    Type result = infer_applied(w, node, builtin, args[sorts], list);
    if (node->observed && result.kinds != 0) result.kinds |= KIND_ERROR;
    return result;
}

Type infer_call(Walk *w, Node *node) {
    bool missing;
    Node *callee = node->call.callee;
    uint32_t count = node->call.args.len;
    const Builtin *builtin = known_builtin(callee);
    if (applies_function(builtin, count)) return infer_applied_call(w, node, builtin);
    Type *args = infer_args(w, &node->call.args, 0, &missing);
    if (node->call.max != NULL) infer_expr(w, node->call.max);
    Type result;
    Function *function = known_function(w, callee);
    if (callee->kind == NODE_FOREIGN && callee->foreign.decl->kind == C_DECL_FUNCTION) {
        result = infer_foreign_call(w, node, args, missing);
        if (missing) return TYPE_NEVER;
        // a pointer may be null, which is an error to those who ask
        if (ctype_is_address(callee->foreign.decl->prototype->result) && node->observed)
            result.kinds |= KIND_ERROR;
        return result;
    }
    if (builtin != NULL) {
        w->instance->shared.node_types[callee->id] = type_of_kind(KIND_FUNCTION);
        if (missing) return TYPE_NEVER;
        result = builtin_type(w, node, count > 0 ? node->call.args.items[0] : NULL, builtin, args,
                              count);
    } else if (function != NULL && function->param_count == count) {
        w->instance->shared.node_types[callee->id] = type_of_kind(KIND_FUNCTION);
        result = direct_call(w, node, function, args, missing);
    } else {
        result = indirect_call(w, node, callee, args, count, missing);
    }
    if (node->observed) result.kinds |= KIND_ERROR;
    return result;
}

// What was sent by another process: elements of lists are held as anybody holds them, and addresses are
// of its memory.
Type infer_spawn(Walk *w, Node *node) {
    Type value = infer_expr(w, node->spawn.call);
    if (!node->spawn.waits) return type_of_kind(KIND_NUMBER | KIND_ERROR);
    if (type_is(value, KIND_FUNCTION) && infer_may_report(w, node)) {
        Diag *diag = diag_report(w->infer->c, DIAG_E0563, node->spawn.call->span);
        diag_help(w->infer->c, diag, "let the call give what the function gives");
    }
    uint8_t kinds = (uint8_t)((value.kinds & ~KIND_FUNCTION) | KIND_ERROR);
    Type type = type_of_kind(kinds);
    if (value.integer && !type_may(value, KIND_LIST | KIND_MAP)) {
        type.integer = true;
        type.low = value.low;
        type.high = value.high;
    }
    return type;
}

// --- pipes --------------------------------------------------------------------------------------

// `value | callee`, one value.
static Type pipe_one(Walk *w, Node *node, Type value) {
    Node *right = node->pipe.right;
    const Builtin *builtin = known_builtin(right);
    if (builtin != NULL) return builtin_type(w, node, NULL, builtin, &value, 1);
    Function *function = known_function(w, right);
    bool missing = value.kinds == 0, shared = node->pipe.op == PIPE_PARALLEL;
    w->par_depth += shared;
    Type result = function != NULL && function->param_count == 1
                      ? direct_call(w, node, function, &value, missing)
                      : indirect_call(w, node, right, &value, 1, missing);
    w->par_depth -= shared;
    return result;
}

// `value | f(a)` is f(a, value).
static Type pipe_into_call(Walk *w, Node *node, Type value) {
    bool missing;
    Node *call = node->pipe.right;
    const Builtin *builtin = known_builtin(call->call.callee);
    if (applies_function(builtin, call->call.args.len + 1) && builtin->id == BUILTIN_filter)
        return infer_applied(w, node, builtin, call->call.args.items[0], value);
    Type *args = infer_args(w, &call->call.args, 1, &missing);
    uint32_t count = call->call.args.len + 1;
    args[count - 1] = value;
    missing = missing || value.kinds == 0;
    if (builtin != NULL)
        return missing ? TYPE_NEVER : builtin_type(w, node, NULL, builtin, args, count);
    Function *function = known_function(w, call->call.callee);
    if (function != NULL && function->param_count == count)
        return direct_call(w, node, function, args, missing);
    return indirect_call(w, node, call->call.callee, args, count, missing);
}

static Type infer_reduce(Walk *w, Node *node, Type list) {
    Function *function = known_function(w, node->pipe.right);
    Type element = type_element(list);
    if (function == NULL || function->param_count != 2 || !type_is(list, KIND_LIST)) {
        infer_expr(w, node->pipe.right);
        infer_no_callee(w, node);
        return type_any();
    }
    if (element.kinds == 0) element = type_integer(0, 0);
    Arena *arena = w->infer->arena;
    Type *slot = &w->instance->shared.node_types[node->id];
    Type args[2] = {type_join(arena, element, *slot), element};
    uint64_t since = ++w->infer->clock;
    Type result = direct_call(w, node, function, args, false);
    result = type_join(arena, type_join(arena, element, result), type_integer(0, 0));
    result = type_widen(arena, *slot, result);
    if (!type_equal(result, *slot)) infer_again(w, since);
    return result;
}

Type infer_pipe(Walk *w, Node *node) {
    Type value = infer_expr(w, node->pipe.left);
    if (value.kinds == 0) return TYPE_NEVER;
    if (node->pipe.op == PIPE_REDUCE) return infer_reduce(w, node, value);
    if (node->pipe.right->kind == NODE_CALL && !node->pipe.right->parenthesized &&
        node->pipe.op == PIPE_APPLY)
        return pipe_into_call(w, node, value);
    if (type_is(value, KIND_LIST)) {
        Type element = infer_allowed(w->infer, type_element_ranged(value));
        // Of a list known to be empty: as if of numbers.
        element = pipe_one(w, node, element.kinds == 0 ? type_integer(0, 0) : element);
        return type_list_ranged(w->infer->arena, element);
    }
    if (!type_may(value, KIND_LIST)) return pipe_one(w, node, value);
    infer_expr(w, node->pipe.right); // only the run tells: by rt_pipe
    infer_no_callee(w, node);
    return type_any();
}
