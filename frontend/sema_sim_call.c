// sema_sim_call.c: calls in bodies: of modules (values for their ports and an event), of pure
// functions, which are translated here when first called, and of the dialect's own words.
#include "sema_sim.h"
#include <string.h>

#define TRUTH ((SimType){1, false})

// --- text ----------------------------------------------------------------------------------------

static void add_text(SimBody *body, SimText *text, const char *bytes, uint32_t len) {
    SimPiece piece = {.text = bytes, .len = len};
    if (len > 0) vec_push(body->s->arena, &text->pieces, piece);
}

// A conversion of a hole, "%08x"; null: as it is.
static void add_value(SimBody *body, SimText *text, SimNode *value, const char *spec) {
    SimPiece piece = {.value = value, .conversion = 'd'};
    if (value->type.width == 64 && !value->type.is_signed) piece.conversion = 'u';
    const char *at = spec == NULL ? "" : spec + 1;
    for (; *at != 0 && strchr("-0+", *at) != NULL; at++) {
        piece.left = piece.left || *at == '-';
        piece.zero = piece.zero || *at == '0';
        piece.plus = piece.plus || *at == '+';
    }
    uint32_t width = 0;
    for (; *at >= '0' && *at <= '9'; at++) width = width * 10 + (uint32_t)(*at - '0');
    while (*at == 'l') at++;
    if (*at != 0 && strchr("diuxXocbvs", *at) == NULL) width = 1000;
    if (*at != 0 && strchr("uxXocb", *at) != NULL) piece.conversion = *at;
    if (width > 100 || (*at != 0 && at[1] != 0)) {
        Diag *diag = diag_report(body->s->c, DIAG_E0504, value->span, spec);
        diag_help(body->s->c, diag,
                  "numbers of hardware are written by %%d %%u %%x %%X %%o %%c %%b");
        return;
    }
    piece.width = (uint8_t)width;
    vec_push(body->s->arena, &text->pieces, piece);
}

static SimText *text_of(SimBody *body, Node *node) {
    SimText *text = ARENA_NEW(body->s->arena, SimText);
    if (node->kind == NODE_STRING) {
        add_text(body, text, node->string.bytes, node->string.len);
    } else if (node->kind == NODE_FSTRING) {
        for (uint32_t i = 0; i < node->fstring.parts.len; i++) {
            const FPart *part = &node->fstring.parts.items[i];
            if (part->expr == NULL)
                add_text(body, text, part->text, part->len);
            else
                add_value(body, text, sim_expr(body, part->expr), part->spec);
        }
    } else {
        add_value(body, text, sim_expr(body, node), NULL);
    }
    return text;
}

// --- the dialect's own words ---------------------------------------------------------------------

static SimNode *in_module(SimBody *body, Node *node, SimOp op) {
    if (body->module != NULL && !body->in_wait) return sim_new(body, op, node->span);
    if (body->in_wait) {
        diag_report(body->s->c, DIAG_E0721, node->span, "reads ports and registers, nothing else");
    } else {
        diag_report(body->s->c, DIAG_E0712, node->span, body->function->function->name->text,
                    "it has effects");
    }
    return sim_const(body, 0, node->span);
}

static SimNode *word_log(SimBody *body, Node *node) {
    SimNode *log = in_module(body, node, SIM_LOG);
    if (log->op != SIM_LOG) return log;
    log->text = text_of(body, node->call.args.items[0]);
    body->module->logs = true;
    return log;
}

static SimNode *word_finish(SimBody *body, Node *node) {
    return in_module(body, node, SIM_FINISH);
}

static SimNode *word_assert(SimBody *body, Node *node) {
    SimNode *assertion = in_module(body, node, SIM_ASSERT);
    if (assertion->op != SIM_ASSERT) return assertion;
    assertion->a = sim_expr(body, node->call.args.items[0]);
    assertion->text = ARENA_NEW(body->s->arena, SimText);
    if (node->call.args.len > 1)
        assertion->text = text_of(body, node->call.args.items[1]);
    else
        add_text(body, assertion->text, "assertion failed", 16);
    return assertion;
}

static SimNode *word_bits(SimBody *body, Node *node) {
    Node **args = node->call.args.items;
    SimNode *value = sim_expr(body, args[0]);
    int64_t high, low;
    if (!sim_constant(body, args[1], "the upper bit", 0, 63, &high)) return value;
    if (!sim_constant(body, args[2], "the lower bit", 0, high, &low)) return value;
    if (low > 0) {
        SimNode *by = sim_const(body, low, node->span);
        value = sim_binary(body, SIM_SHR, value, by, node->span);
        value->type = (SimType){0, true};
    }
    return sim_cut_to(body, (SimType){(uint8_t)(high - low + 1), false}, value, node->span);
}

static SimNode *word_sext(SimBody *body, Node *node) {
    SimNode *value = sim_expr(body, node->call.args.items[0]);
    int64_t width;
    if (!sim_constant(body, node->call.args.items[1], "a width", 1, 64, &width)) return value;
    return sim_cut_to(body, (SimType){(uint8_t)width, true}, value, node->span);
}

static SimNode *word_concat(SimBody *body, Node *node) {
    uint32_t width = 0;
    SimNode *whole = sim_const(body, 0, node->span);
    VEC_EACH(Node *, arg, &node->call.args) {
        SimNode *part = sim_expr(body, arg);
        if (part->type.width == 0) {
            Diag *diag = diag_report(body->s->c, DIAG_E0723, arg->span);
            diag_help(body->s->c, diag, "give it one: `bits(x, 7, 0)`, or `x as u8`");
            return whole;
        }
        width += part->type.width;
        SimType bits = {part->type.width, false};
        SimNode *up =
            sim_binary(body, SIM_SHL, whole, sim_const(body, bits.width, arg->span), node->span);
        if (bits.width == 64) up = sim_const(body, 0, node->span);
        whole = sim_binary(body, SIM_OR, up, sim_cut_to(body, bits, part, arg->span), node->span);
    }
    if (width > 64) {
        diag_report(body->s->c, DIAG_E0724, node->span, width);
        width = 64;
    }
    whole->type = (SimType){(uint8_t)width, false};
    return whole;
}

// Words that are one operation of the dialect, by their row.
static SimNode *one_operand(SimBody *body, Node *node, SimOp op) {
    return sim_unary(body, op, sim_expr(body, node->call.args.items[0]), node->span);
}

static SimNode *two_operands(SimBody *body, Node *node, SimOp op) {
    SimNode *a = sim_expr(body, node->call.args.items[0]);
    return sim_binary(body, op, a, sim_expr(body, node->call.args.items[1]), node->span);
}

// Either `translate`, or an operation of as many operands as there are arguments.
typedef struct Word {
    const char *name;
    uint8_t least, most; // arguments
    SimNode *(*translate)(SimBody *body, Node *node);
    SimOp op;
} Word;

static const Word words[] = {
    {.name = "log", .least = 1, .most = 1, .translate = word_log},
    {.name = "finish", .least = 0, .most = 0, .translate = word_finish},
    {.name = "assert", .least = 1, .most = 2, .translate = word_assert},
    {.name = "bits", .least = 3, .most = 3, .translate = word_bits},
    {.name = "sext", .least = 2, .most = 2, .translate = word_sext},
    {.name = "concat", .least = 1, .most = 64, .translate = word_concat},
    {.name = "sra", .least = 2, .most = 2, .op = SIM_SRA},
    {.name = "ltu", .least = 2, .most = 2, .op = SIM_LTU},
    {.name = "min", .least = 2, .most = 2, .op = SIM_MIN},
    {.name = "max", .least = 2, .most = 2, .op = SIM_MAX},
    {.name = "abs", .least = 1, .most = 1, .op = SIM_ABS},
    {.name = "popcount", .least = 1, .most = 1, .op = SIM_POPCOUNT},
    {.name = "clz", .least = 1, .most = 1, .op = SIM_CLZ},
    {.name = "ctz", .least = 1, .most = 1, .op = SIM_CTZ},
};

static SimNode *translate_word(SimBody *body, Node *node, const Word *word) {
    if (word->translate) return word->translate(body, node);
    return word->most == 1 ? one_operand(body, node, word->op) : two_operands(body, node, word->op);
}

static bool right_count(SimBody *body, const Node *node, const char *name, uint32_t least,
                        uint32_t most) {
    uint32_t given = node->call.args.len;
    if (given >= least && given <= most) return true;
    Arena *arena = body->s->arena;
    const char *wanted = least == most
                             ? arena_printf(arena, "%u argument%s", least, least == 1 ? "" : "s")
                             : arena_printf(arena, "%u to %u arguments", least, most);
    diag_report(body->s->c, DIAG_E0501, node->span, arena_printf(arena, "'%s'", name), wanted,
                given);
    return false;
}

static SimNode *word_call(SimBody *body, Node *node) {
    const Name *name = node->call.callee->name.name;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(words[i].name, name->text) != 0) continue;
        if (!right_count(body, node, name->text, words[i].least, words[i].most))
            return sim_const(body, 0, node->span);
        return translate_word(body, node, &words[i]);
    }
    if (strcmp(name->text, "simulate") == 0 || strcmp(name->text, "reset") == 0) {
        diag_report(body->s->c, DIAG_E0720, node->span, name->text);
        return sim_const(body, 0, node->span);
    }
    if (map_get(&body->s->universe->names, name) == NULL) {
        diag_report(body->s->c, DIAG_E0406, node->span, name->text);
        return sim_const(body, 0, node->span);
    }
    if (strncmp(name->text, "_register", 9) == 0) { // sema_sim_use.c
        diag_report(body->s->c, DIAG_E0712, node->span, body->function->function->name->text,
                    "it uses a register");
        return sim_const(body, 0, node->span);
    }
    const char *hint = strncmp(name->text, "print", 5) == 0 ? " (`log` writes text)" : "";
    return sim_refuse(body, node->span,
                      arena_printf(body->s->arena, "the builtin `%s`%s", name->text, hint));
}

// --- modules -------------------------------------------------------------------------------------

static SimNode *cannot_call(SimBody *body, Node *node, const SimModule *module, const char *why) {
    Diag *diag = diag_report(body->s->c, DIAG_E0715, node->span, module->name->text, why);
    diag_note(body->s->c, diag, module->span, "declared here");
    return sim_const(body, 0, node->span);
}

// m(x, y), or m() for the event alone
static SimNode *module_call(SimBody *body, Node *node, SimModule *module) {
    Sema *s = body->s;
    uint32_t given = node->call.args.len;
    SimNode *block = in_module(body, node, SIM_BLOCK);
    if (block->op != SIM_BLOCK) return block;
    if (module->kind == SIM_DRIVER)
        return cannot_call(body, node, module, "it has no port list, so it runs in every cycle");
    if (module->kind == SIM_DOWNSTREAM)
        return cannot_call(body, node, module, "it runs after the modules that it reads");
    if (given != 0 && given != module->ports.len) {
        Diag *diag = diag_report(s->c, DIAG_E0719, node->span, module->name->text,
                                 module->ports.len, module->ports.len == 1 ? "" : "s", given,
                                 given == 1 ? "value is" : "values are");
        diag_note(s->c, diag, module->span, "declared here");
        diag_help(s->c, diag, "one port alone gets a value by `%s.port <- value`",
                  module->name->text);
        return block;
    }
    for (uint32_t i = 0; i < given; i++) {
        SimNode *push = sim_new(body, SIM_PUSH, node->span);
        push->target = module->ports.items[i];
        push->a = sim_expr(body, node->call.args.items[i]);
        sim_check_width(body, push->a, push->target->type, sim_target_text(s->arena, push->target));
        vec_push(s->arena, &block->items, push);
    }
    if (given < module->ports.len) module->partial = true;
    SimNode *event = sim_new(body, SIM_EVENT, node->span);
    event->target = module->events;
    vec_push(s->arena, &block->items, event);
    return block;
}

// --- functions -----------------------------------------------------------------------------------

static SimNode *parameter_test(SimBody *inner, Clause *clause, SimFunction *made) {
    SimNode *all = NULL;
    for (uint32_t i = 0; i < clause->params.len; i++) {
        Pattern *pattern = &clause->params.items[i];
        SimBinding binding = {pattern->name, made->params.items[i]};
        if (pattern->kind == PATTERN_NAME) vec_push(inner->s->scratch, &inner->names, binding);
        if (pattern->kind != PATTERN_LITERAL) continue;
        SimNode *read = sim_read_local(inner, made->params.items[i], pattern->span);
        SimNode *same =
            sim_binary(inner, SIM_EQ, read, sim_expr(inner, pattern->literal), pattern->span);
        all = all == NULL ? same : sim_binary(inner, SIM_BOTH, all, same, pattern->span);
    }
    return all;
}

// Clauses one after the other; when none fits, 0.
static SimNode *clauses(SimBody *inner, const Node *lambda, SimFunction *made) {
    SimNode *first = NULL, **next = &first;
    for (uint32_t i = 0; i < lambda->lambda.clauses.len; i++) {
        Clause *clause = &lambda->lambda.clauses.items[i];
        uint32_t mark = inner->names.len;
        SimNode *test = parameter_test(inner, clause, made);
        SimNode *value = sim_tree(inner, clause->body);
        inner->names.len = mark;
        if (test == NULL) {
            *next = value;
            return first;
        }
        SimNode *choice = sim_new(inner, SIM_IF, clause->span);
        choice->a = test;
        choice->b = value;
        *next = choice;
        next = &choice->c;
    }
    return first;
}

static SimFunction *translate(SimBody *body, Function *function) {
    Sema *s = body->s;
    SimFunction *made = ARENA_NEW(s->arena, SimFunction);
    SimBody inner = {.outer = body, .s = s, .model = body->model, .function = made};
    const Node *lambda = function->node;
    made->function = function;
    made->building = true;
    uint32_t count = lambda->lambda.clauses.items[0].params.len;
    for (uint32_t i = 0; i < count; i++) {
        SimLocal *param = sim_local(&inner, NULL, (SimType){0, true}, false);
        vec_push(s->arena, &made->params, param);
    }
    made->body = clauses(&inner, lambda, made);
    made->locals = inner.locals;
    made->loops = inner.loops;
    made->weight = inner.weight;
    made->building = false;
    made->number = body->model->functions.len;
    vec_push(s->arena, &body->model->functions, made);
    return made;
}

// The path from the function's first call to the one that closes the circle.
static void recursion(SimBody *body, const Node *node, const Function *function) {
    Sema *s = body->s;
    const char *path = function->name->text;
    for (SimBody *at = body; at != NULL && at->function != NULL; at = at->outer) {
        path = arena_printf(s->arena, "%s → %s", at->function->function->name->text, path);
        if (at->function->function == function) break;
    }
    Diag *diag = diag_report(s->c, DIAG_E0725, node->span, function->name->text);
    diag_help(s->c, diag, "it calls itself: %s; use a loop with constant bounds", path);
}

static SimFunction *function_of(SimBody *body, const Node *node, const Symbol *symbol) {
    Function *function = symbol->function;
    for (SimBody *at = body; at != NULL && at->function != NULL; at = at->outer) {
        if (at->function->function != function) continue;
        recursion(body, node, function);
        return NULL;
    }
    VEC_EACH(SimFunction *, known, &body->model->functions)
    if (known->function == function) return known;
    if (function->name == NULL) function->name = symbol->name;
    return translate(body, function);
}

static SimNode *function_call(SimBody *body, Node *node, const Symbol *symbol) {
    SimNode *call = sim_new(body, SIM_CALL, node->span);
    if (!right_count(body, node, symbol->name->text, symbol->function->param_count,
                     symbol->function->param_count))
        return sim_const(body, 0, node->span);
    VEC_EACH(Node *, arg, &node->call.args) {
        SimNode *value = sim_expr(body, arg);
        vec_push(body->s->arena, &call->items, value);
    }
    call->function = function_of(body, node, symbol);
    if (call->function == NULL) return sim_const(body, 0, node->span);
    if (body->function != NULL && call->function->may_stop) body->function->may_stop = true;
    body->weight += call->function->weight;
    return call;
}

SimNode *sim_call(SimBody *body, Node *node) {
    const Node *callee = node->call.callee;
    if (callee->kind == NODE_POISON) return sim_const(body, 0, node->span);
    if (callee->kind != NODE_NAME || node->call.max != NULL || node->call.max_inf)
        return sim_refuse(body, node->span, "this call");
    const Name *name = callee->name.name;
    Symbol *symbol = sim_find(body, name);
    if (sim_find_local(body, name) != NULL || sim_find_port(body->module, name) != NULL)
        return sim_refuse(body, node->span, "a call of a number");
    if (symbol == NULL) return word_call(body, node);
    if (sema_is_poison(symbol)) return sim_const(body, 0, node->span);
    symbol->used = true;
    if (symbol->kind == SYMBOL_MODULE) return module_call(body, node, symbol->module);
    if (symbol->function != NULL) return function_call(body, node, symbol);
    return sim_refuse(body, node->span, "a call of what is no function");
}
