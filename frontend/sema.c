// sema.c: semantic analysis as a list of stages, and what all of them build: functions and symbols.
//
// Sema decides everything about the language that does not depend on types. It never stops at the
// first mistake: what failed is poisoned, and the later stages pass poison over.
#include "sema_internal.h"
#include <string.h>

typedef enum SemaStage {
    SEMA_RESOLVE,  // names, scopes, constants, jumps: the one walk over the tree
    SEMA_CAPTURE,  // known functions, captures, snapshots, globals, order of definitions
    SEMA_SIM,      // bodies of simulated hardware modules
    SEMA_CALLS,    // numbers of arguments, formats, tail calls
    SEMA_POINTEES, // what addresses in parameters and results point to
    SEMA_EFFECTS,  // what functions may do besides giving a value
    SEMA_GIVEN_UP, // what may run in iterations of parallel loops that are not wanted
    SEMA_PARALLEL, // plans of parallel loops
    SEMA_LAST_USE, // who may hand a value on, parameters that are taken
    SEMA_ESCAPE,   // closures that nobody keeps
    SEMA_FINISH,   // `main`, unused variables
    SEMA_STAGE_COUNT
} SemaStage;

Symbol *sema_add_symbol(Sema *s, SymbolKind kind, Name *name, Span span, Function *owner) {
    Symbol *symbol = ARENA_NEW(s->arena, Symbol);
    symbol->kind = (uint8_t)kind;
    symbol->name = name;
    symbol->span = span;
    symbol->owner = owner;
    symbol->index = owner->symbols.len;
    vec_push(s->arena, &owner->symbols, symbol);
    return symbol;
}

Symbol *sema_new_symbol(Sema *s, SymbolKind kind, Name *name, Span span) {
    Symbol *symbol = sema_add_symbol(s, kind, name, span, s->function);
    symbol->order = ++s->order;
    if (s->loops.len > s->loops_base) symbol->loop = s->loops.items[s->loops.len - 1];
    return symbol;
}

Function *sema_new_function(Sema *s, Node *node) {
    Function *function = ARENA_NEW(s->arena, Function);
    function->parent = s->function;
    function->node = node;
    function->index = s->program->functions.len;
    vec_push(s->arena, &s->program->functions, function);
    FunctionInfo *info = ARENA_NEW(s->scratch, FunctionInfo);
    info->function = function;
    info->scope = s->scope;
    info->captured.arena = s->scratch;
    vec_push(s->scratch, &s->infos, info);
    return function;
}

void sema_poison(Node *node) {
    node->kind = NODE_POISON;
}

// --- the universe: what is outside every scope ---------------------------------------------------

static void add_truth(Sema *s, const char *text, double value) {
    Symbol *symbol = ARENA_NEW(s->arena, Symbol);
    symbol->kind = SYMBOL_CONSTANT;
    symbol->name = intern_c(&s->c->names, text);
    symbol->constant = ast_new(s->arena, NODE_NUMBER, (Span){0, 0});
    symbol->constant->number.value = value;
    scope_define(s->universe, symbol->name, symbol);
}

static void make_universe(Sema *s) {
    s->universe = scope_new(s->scratch, NULL, NULL);
    for (size_t i = 0; i < BUILTIN_COUNT; i++) {
        Symbol *symbol = ARENA_NEW(s->arena, Symbol);
        symbol->kind = SYMBOL_BUILTIN;
        symbol->name = intern_c(&s->c->names, builtins[i].name);
        symbol->builtin = &builtins[i];
        scope_define(s->universe, symbol->name, symbol);
    }
    add_truth(s, "yes", 1);
    add_truth(s, "no", 0);
}

// --- stages -------------------------------------------------------------------------------------

static void resolve(Sema *s) {
    make_universe(s);
    Node *root = s->c->root;
    s->scope = s->universe;
    s->function = NULL;
    Function *main_function = sema_new_function(s, NULL);
    s->program->main = main_function;
    main_function->body = root;
    s->function = main_function;
    s->effects = &sema_info(s, main_function)->effects;
    if (root == NULL || root->kind != NODE_BLOCK) return;
    sema_number(s, root);
    root->statement = true;
    s->scope = scope_new(s->scratch, s->universe, main_function);
    s->scope->statements = &root->block.statements;
    sema_sim_declare(s, &root->block.statements);
    sema_declare_functions(s, &root->block.statements);
    sema_statements(s, &root->block.statements, CTX_STATEMENT);
}

static bool is_mentioned(const Sema *s, const Symbol *symbol) {
    for (uint32_t i = 0; i < s->mentions.len; i++)
        if (s->mentions.items[i].node->name.symbol == symbol) return true;
    return false;
}

// A program that defines `main` and mentions it nowhere else runs it after its top level.
static void find_main(Sema *s) {
    Symbol *symbol = s->main_symbol;
    if (symbol == NULL || symbol->function == NULL || is_mentioned(s, symbol)) return;
    symbol->used = true;
    s->program->user_main = symbol;
    if (symbol->function->param_count == 0) return;
    Diag *diag = diag_report(s->c, DIAG_E0510, symbol->span, symbol->function->param_count,
                             symbol->function->param_count == 1 ? "" : "s");
    diag_help(s->c, diag, "take the arguments from `args()`, or call `main` yourself");
}

static void warn_unused(Sema *s) {
    if (s->c->errors > 0) return; // what was not understood may have used it
    for (uint32_t i = 0; i < s->defined.len; i++) {
        Symbol *symbol = s->defined.items[i];
        if (symbol->used || (symbol->library != NULL && symbol->library->linked)) continue;
        if (symbol->updated) {
            Diag *diag = diag_report(s->c, DIAG_W0102, symbol->span, symbol->name->text);
            diag_help(s->c, diag, "a name that begins with `_` says that this is meant");
            continue;
        }
        const char *what = symbol->function != NULL          ? "function"
                           : symbol->kind == SYMBOL_CONSTANT ? "constant"
                                                             : "variable";
        Diag *diag = diag_report(s->c, DIAG_W0101, symbol->span, what, symbol->name->text);
        diag_help(s->c, diag, "a name that begins with `_` says that this is meant");
    }
}

static void finish(Sema *s) {
    find_main(s);
    warn_unused(s);
}

static void (*const stages[SEMA_STAGE_COUNT])(Sema *) = {
    [SEMA_RESOLVE] = resolve,
    [SEMA_CAPTURE] = sema_capture,
    [SEMA_SIM] = sema_sim,
    [SEMA_CALLS] = sema_check_calls,
    [SEMA_POINTEES] = sema_find_pointees,
    [SEMA_EFFECTS] = sema_sum_effects,
    [SEMA_GIVEN_UP] = sema_find_given_up,
    [SEMA_PARALLEL] = sema_check_parallel,
    [SEMA_LAST_USE] = sema_find_last_uses,
    [SEMA_ESCAPE] = sema_find_escapes,
    [SEMA_FINISH] = finish,
};

bool sema_run(Compilation *c) {
    Sema s;
    memset(&s, 0, sizeof(s));
    s.c = c;
    s.arena = &c->unit;
    s.scratch = &c->scratch;
    s.program = ARENA_NEW(&c->unit, Program);
    s.packages.arena = s.called_params.arena = s.values.arena = s.folded.arena = s.told.arena = s.scratch;
    c->program = s.program;
    c->again = false;
    for (int stage = 0; stage < SEMA_STAGE_COUNT && !c->again; stage++) stages[stage](&s);
    return c->errors == 0;
}
