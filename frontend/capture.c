// capture.c: which functions names stand for, what functions capture, and in which order that must
// be defined (sema.h, "Functions and captures").
//
// Works on the list of mentions that the resolve stage left. Invariants at its end: a NAME of a
// symbol of another function is a known function, a global, or in its function's `captures`;
// captured symbols are immutable; and whatever a call by name must supply is defined before the
// call.
#include "sema_internal.h"

// --- known functions ----------------------------------------------------------------------------

// A variable that is updated may hold another function later: its lambda is a value like any other.
static void decide_known(Sema *s) {
    for (uint32_t i = 1; i < s->infos.len; i++) {
        FunctionInfo *info = s->infos.items[i];
        if (info->symbol == NULL) continue;
        if (info->symbol->updated)
            info->function->is_value = true;
        else
            info->symbol->function = info->function;
    }
}

static bool is_within(const Function *function, const Function *outer) {
    while (function != NULL && function != outer) function = function->parent;
    return function == outer;
}

// The lambda that defines the updated `symbol` and contains `user`: there the name means that
// lambda.
static FunctionInfo *defining_lambda(const Sema *s, const Symbol *symbol, const Function *user) {
    for (; user != NULL && user->parent != NULL; user = user->parent) {
        FunctionInfo *info = sema_info(s, user);
        if (info->symbol == symbol) return info;
    }
    return NULL;
}

static Symbol *self_symbol(Sema *s, FunctionInfo *info) {
    if (info->self == NULL) {
        Symbol *symbol = info->symbol;
        info->self = sema_add_symbol(s, SYMBOL_VARIABLE, symbol->name, symbol->span, symbol->owner);
        info->self->function = info->function;
        info->self->used = true;
        info->self->order = info->order;
        info->self->loop = info->loop;
    }
    return info->self;
}

// --- captures -----------------------------------------------------------------------------------

static void later_global(FunctionInfo *info, Symbol *symbol) {
    if (symbol == NULL) return;
    if (info->latest_global == NULL || info->latest_global->order < symbol->order)
        info->latest_global = symbol;
}

// False if it was there.
static bool add_capture(Sema *s, FunctionInfo *info, Symbol *symbol) {
    if (map_get(&info->captured, symbol) != NULL) return false;
    map_put(&info->captured, symbol, symbol);
    vec_push(s->arena, &info->function->captures, symbol);
    return true;
}

// A symbol that is set at most once per run needs no copies: it lives in a global variable.
static bool make_global(Sema *s, Symbol *symbol) {
    if (symbol->owner != s->program->main || symbol->loop != NULL) return false;
    if (!symbol->is_global) vec_push(s->arena, &s->program->globals, symbol);
    symbol->is_global = true;
    return true;
}

// The hidden copy of a mutable variable that the outermost lambda around the mention takes when it
// is evaluated.
static Symbol *snapshot(Sema *s, const Mention *mention) {
    Symbol *source = mention->node->name.symbol;
    Function *lambda = mention->function;
    while (lambda->parent != source->owner) lambda = lambda->parent;
    for (uint32_t i = 0; i < lambda->sources.len; i++)
        if (lambda->sources.items[i] == source) return lambda->snapshots.items[i];
    const FunctionInfo *info = sema_info(s, lambda);
    Symbol *copy =
        sema_add_symbol(s, SYMBOL_SNAPSHOT, source->name, mention->node->span, source->owner);
    copy->order = info->order;
    copy->loop = info->loop;
    copy->to_f32 = source->to_f32;
    copy->captured = true;
    copy->used = true;
    vec_push(s->arena, &lambda->sources, source);
    vec_push(s->arena, &lambda->snapshots, copy);
    return copy;
}

static void capture_mention(Sema *s, const Mention *mention) {
    FunctionInfo *user = sema_info(s, mention->function);
    Symbol *symbol = mention->node->name.symbol;
    if (symbol->updated) {
        FunctionInfo *lambda = defining_lambda(s, symbol, mention->function);
        if (lambda != NULL) symbol = self_symbol(s, lambda);
        mention->node->name.symbol = symbol;
    }
    if (mention->function != symbol->owner) symbol->captured = true;
    if (symbol->function != NULL) {
        vec_push(s->scratch, &user->mentions, symbol->function);
        if (!mention->callee) symbol->function->is_value = true;
        return;
    }
    if (mention->function == symbol->owner) return;
    CHECK(is_within(mention->function, symbol->owner),
          "a visible symbol is an enclosing function's");
    if (symbol->is_mutable) {
        symbol = snapshot(s, mention);
        mention->node->name.symbol = symbol;
    }
    if (make_global(s, symbol))
        later_global(user, symbol);
    else
        add_capture(s, user, symbol);
}

// Takes over what the functions that `info` mentions or contains need. True if that was something.
static bool take_over(Sema *s, FunctionInfo *info) {
    bool grew = false;
    for (uint32_t i = 0; i < info->mentions.len; i++) {
        const Function *other = info->mentions.items[i];
        const FunctionInfo *needs = sema_info(s, other);
        const Symbol *latest = info->latest_global;
        later_global(info, needs->latest_global);
        if (info->latest_global != latest) grew = true;
        if (other == info->function) continue;
        for (uint32_t j = 0; j < other->captures.len; j++) {
            Symbol *symbol = other->captures.items[j];
            if (symbol->owner != info->function && add_capture(s, info, symbol)) grew = true;
        }
    }
    return grew;
}

// Chains of mentions run either way through the program, so the sweeps alternate.
static void close_captures(Sema *s) {
    for (uint32_t i = 1; i < s->infos.len; i++) {
        Function *child = s->infos.items[i]->function;
        vec_push(s->scratch, &sema_info(s, child->parent)->mentions, child);
    }
    bool grew = true;
    for (bool down = true; grew; down = !down) {
        grew = false;
        for (uint32_t i = 0; i < s->infos.len; i++)
            if (take_over(s, s->infos.items[down ? s->infos.len - 1 - i : i])) grew = true;
    }
}

// --- order --------------------------------------------------------------------------------------

static const Symbol *later(const Symbol *a, const Symbol *b) {
    return a == NULL || a->order < b->order ? b : a;
}

// Of what `function` needs of `user`'s own symbols, the one defined last; or null.
static const Symbol *latest_need(const Sema *s, const Function *function, const Function *user) {
    const Symbol *latest = NULL;
    for (uint32_t i = 0; i < function->captures.len; i++)
        if (function->captures.items[i]->owner == user)
            latest = later(latest, function->captures.items[i]);
    const Symbol *global = sema_info(s, function)->latest_global;
    return user == s->program->main && global != NULL ? later(latest, global) : latest;
}

static void report_order(Sema *s, Span span, const Function *function, const Symbol *needed,
                         bool is_call) {
    const char *name = function->name != NULL ? function->name->text : "a lambda";
    Diag *diag =
        diag_report(s->c, DIAG_E0408, span, name, is_call ? "called" : "used", needed->name->text);
    if (needed->kind != SYMBOL_SNAPSHOT) {
        diag_note(s->c, diag, needed->span, "defined only here");
        diag_help(s->c, diag, "move the definition of `%s` up, or pass it as an argument",
                  needed->name->text);
        return;
    }
    diag_note(s->c, diag, needed->span, "taken along when this function is defined");
    diag_help(s->c, diag, "define the functions first that others call");
}

static void check_order(Sema *s) {
    for (uint32_t i = 0; i < s->mentions.len; i++) {
        const Mention *mention = &s->mentions.items[i];
        const Function *function = mention->node->name.symbol->function;
        if (function == NULL) continue;
        const Symbol *needed = latest_need(s, function, mention->function);
        if (needed != NULL && needed->order > mention->order)
            report_order(s, mention->node->span, function, needed, mention->callee);
    }
    for (uint32_t i = 1; i < s->infos.len; i++) { // lambdas evaluated on the spot
        const FunctionInfo *info = s->infos.items[i];
        const Function *function = info->function;
        if (info->symbol != NULL && info->symbol->function == function) continue;
        const Symbol *needed = latest_need(s, function, function->parent);
        if (needed != NULL && needed->order > info->order)
            report_order(s, function->node->span, function, needed, false);
    }
}

void sema_capture(Sema *s) {
    decide_known(s);
    for (uint32_t i = 0; i < s->mentions.len; i++) capture_mention(s, &s->mentions.items[i]);
    close_captures(s);
    check_order(s);
}
