// sema_loop.c: loops, their levels, the jumps that aim at them, and the values they offer.
#include "sema_internal.h"

enum { MOST_THREADS = 1024 };

static LoopNode *innermost(const Sema *s) {
    return s->loops.len > s->loops_base ? s->loops.items[s->loops.len - 1] : NULL;
}

// The enclosing loop of this level (0: the innermost), or null after a report.
static LoopNode *find_loop(Sema *s, uint32_t level, Span span, const char *what) {
    uint32_t depth = s->loops.len - s->loops_base;
    if (depth == 0) {
        Diag *diag = diag_report(s->c, DIAG_E0415, span, what);
        if (s->loops.len > 0)
            diag_help(s->c, diag,
                      "the loop around it belongs to another function: a lambda or a "
                      "block that is passed on cannot jump out of itself");
        return NULL;
    }
    if (level == 0) return innermost(s);
    if (level <= depth) return s->loops.items[s->loops_base + level - 1];
    Diag *diag = diag_report(s->c, DIAG_E0416, span, level, depth, depth == 1 ? "" : "s");
    diag_help(s->c, diag,
              "loops are numbered by nesting within their function, the outermost is 1");
    return NULL;
}

// --- jumps --------------------------------------------------------------------------------------

static void report_defer(Sema *s, Span span, const char *what) {
    Diag *diag = diag_report(s->c, DIAG_E0419, span, what);
    diag_help(s->c, diag,
              "it runs while the block around it is being left: handle the error inside it, "
              "or put what returns into a function that it calls");
}

// A jump within or out of the loop at index `at`: a deferred block is left by none.
static void check_defer(Sema *s, uint32_t at, Span span, const char *what) {
    if (s->defer_function == s->function && at < s->defer_loops) report_defer(s, span, what);
}

// Marks the loops from the innermost out to index `to` as left early.
static void leave_loops(Sema *s, uint32_t to) {
    for (uint32_t i = s->loops.len; i > to; i--) s->loops.items[i - 1]->left = true;
}

LoopNode *sema_leave_loop(Sema *s, uint32_t level, Span span, const char *what) {
    LoopNode *loop = find_loop(s, level, span, what);
    if (loop == NULL) return NULL;
    check_defer(s, s->loops_base + loop->level - 1, span, what);
    leave_loops(s, s->loops_base + loop->level - 1);
    return loop;
}

void sema_leave_function(Sema *s, Span span, const char *what) {
    if (s->defer_function == s->function) report_defer(s, span, what);
    leave_loops(s, s->loops_base);
}

void sema_leave(Sema *s, Node *node) {
    sema_value(s, node->leave.value);
    LoopNode *loop = sema_leave_loop(s, node->leave.level, node->span, "ret @");
    node->leave.loop = loop;
    if (loop != NULL && node->leave.value != NULL) loop->has_value = true;
}

void sema_next(Sema *s, Node *node) {
    LoopNode *loop = find_loop(s, node->next.level, node->span, "@++");
    node->next.loop = loop;
    if (loop == NULL) return;
    check_defer(s, s->loops_base + loop->level - 1, node->span, "@++");
    leave_loops(s, s->loops_base + loop->level);
}

void sema_ret(Sema *s, Node *node) {
    if (node->ret.value != NULL) {
        unsigned tail = s->function->parent != NULL ? CTX_TAIL : 0;
        sema_visit(s, node->ret.value, CTX_VALUE | tail);
    }
    sema_leave_function(s, node->span, "ret");
}

void sema_loop_value(Sema *s, Node *node) {
    static const char *const spelling[] = {
        [LOOP_FIRST] = "@first", [LOOP_LAST] = "@last",   [LOOP_COUNTER] = "@counter",
        [LOOP_ITEM] = "@i",      [LOOP_CYCLE] = "@cycle",
    };
    const char *text = spelling[node->loop_value.what];
    if (node->loop_value.what == LOOP_CYCLE) { // bodies of modules are not walked here
        diag_report(s->c, DIAG_E0701, node->span, "`@cycle`", "in modules");
        sema_poison(node);
        return;
    }
    LoopNode *loop = find_loop(s, node->loop_value.level, node->span, text);
    node->loop_value.loop = loop;
    if (loop == NULL) {
        sema_poison(node);
        return;
    }
    if (node->loop_value.what == LOOP_ITEM &&
        (loop->kind == LOOP_FOREVER || loop->kind == LOOP_WHILE)) {
        Diag *diag = diag_report(s->c, DIAG_E0417, node->span);
        diag_help(s->c, diag, "`@counter` counts its iterations from 0");
    }
    if (node->loop_value.what == LOOP_ITEM && loop->symbols.len > 0 &&
        loop->symbols.items[0] != NULL)
        loop->symbols.items[0]->used = true;
}

// --- headers ------------------------------------------------------------------------------------

static void check_threads(Sema *s, LoopNode *loop) {
    if (loop->threads == NULL) return;
    sema_value(s, loop->threads);
    const Node *count = sema_fold(s, loop->threads);
    if (count == NULL) return;
    bool is_number = count->kind == NODE_NUMBER;
    double value = is_number ? count->number.value : 0;
    if (is_number && value >= 1 && value < MOST_THREADS + 1) return;
    Diag *diag = diag_report(s->c, DIAG_E0302, loop->threads->span);
    diag_help(s->c, diag, "`@@` uses every core that the process may use");
}

static void check_max(Sema *s, LoopNode *loop) {
    if (loop->max == NULL) return;
    sema_value(s, loop->max);
    if (loop->max->kind == NODE_POISON) return;
    *s->effects |= EFFECT_STOP | EFFECT_DIVIDE;
    const Node *limit = sema_fold(s, loop->max);
    if (limit != NULL && limit->kind == NODE_NUMBER && limit->number.value >= 0) return;
    Diag *diag = diag_report(s->c, DIAG_E0418, loop->max->span);
    diag_help(s->c, diag, "write a number or a constant (`LIMIT = 1000`), or `max inf`");
}

// A prefix where there is nothing to divide among threads.
static void check_prefix(Sema *s, LoopNode *loop) {
    if (loop->prefix == PREFIX_NONE || loop->kind == LOOP_RANGE || loop->kind == LOOP_EACH) return;
    bool address = loop->kind == LOOP_PAIRS &&
                   (loop->iterable->kind == NODE_STRING || loop->iterable->kind == NODE_PORT);
    if (loop->kind == LOOP_PAIRS && !address) return;
    const char *what = loop->kind == LOOP_FOREVER ? "an endless loop"
                       : loop->kind == LOOP_WHILE ? "a loop with a condition"
                                                  : "a loop that receives messages";
    Diag *diag = diag_report(s->c, DIAG_E0301, loop->header, what);
    diag_help(s->c, diag, "a parallel loop counts through a range: `@@ i in 0..<n { … }`");
    loop->prefix = PREFIX_NONE; // told
}

static bool visit_body(Sema *s, LoopNode *loop) {
    Node *body = loop->body;
    sema_number(s, body);
    body->statement = true;
    s->scope->statements = &body->block.statements;
    sema_declare_functions(s, &body->block.statements);
    return sema_statements(s, &body->block.statements, CTX_STATEMENT);
}

static void bind_names(Sema *s, LoopNode *loop, Span span) {
    for (uint32_t i = 0; i < loop->names.len; i++) {
        Symbol *symbol = sema_new_symbol(s, SYMBOL_LOOP, loop->names.items[i], span);
        if (loop->kind == LOOP_EACH) symbol->ctype = sema_elements(loop->iterable);
        vec_push(s->arena, &loop->symbols, symbol);
        scope_define(s->scope, symbol->name, symbol);
    }
}

static BuiltinId builtin_of(const CallSite *site) {
    const Symbol *symbol = site->callee->kind == NODE_NAME ? site->callee->name.symbol : NULL;
    return symbol != NULL && symbol->builtin != NULL ? symbol->builtin->id : BUILTIN_COUNT;
}

bool sema_is_draw(const CallSite *site) {
    return !site->spawned && site->node->kind == NODE_CALL &&
           builtin_of(site) == BUILTIN_random;
}

// Iterations have streams of chance of their own if something in the loop draws from them. Where the body
// sets the seed, that is to decide what is drawn from there on: then there is the one stream, as
// outside of loops.
static void find_draws(Sema *s, LoopNode *loop, uint32_t calls_begin) {
    if (loop->kind == LOOP_FOREVER || loop->kind == LOOP_WHILE) return;
    bool seeds = false;
    for (uint32_t i = calls_begin; i < s->calls.len; i++) {
        const CallSite *site = &s->calls.items[i];
        if (site->function != s->function) continue;
        loop->draws |= sema_is_draw(site);
        seeds |= !site->spawned && builtin_of(site) == BUILTIN_random_seed;
    }
    loop->draws &= !seeds;
}

// Condition, variables and body, as a level of nesting.
static void visit_inside(Sema *s, LoopNode *loop) {
    uint32_t calls_begin = s->calls.len;
    loop->level = s->loops.len - s->loops_base + 1;
    vec_push(s->scratch, &s->loops, loop);
    sema_push_scope(s);
    bind_names(s, loop, loop->header);
    sema_value(s, loop->condition);
    visit_body(s, loop);
    find_draws(s, loop, calls_begin);
    sema_pop_scope(s);
    s->loops.len--;
}

static void visit_parallel(Sema *s, Node *node) {
    uint16_t *outer = s->effects;
    ParSite site = {node->loop, node, s->function, ++s->order, 0, s->calls.len, 0, 0};
    uint16_t effects = 0;
    s->effects = &effects;
    visit_inside(s, node->loop);
    s->effects = outer;
    *s->effects |= effects;
    site.end = ++s->order;
    site.calls_end = s->calls.len;
    site.effects = effects;
    vec_push(s->scratch, &s->parallel, site);
}

bool sema_loop(Sema *s, Node *node, unsigned context) {
    (void)context; // the body's last value is nobody's, however the loop stands
    LoopNode *loop = node->loop;
    check_prefix(s, loop);
    check_threads(s, loop);
    sema_value(s, loop->low);
    sema_value(s, loop->high);
    sema_value(s, loop->iterable);
    check_max(s, loop);
    if (loop->prefix == PREFIX_NONE)
        visit_inside(s, loop);
    else
        visit_parallel(s, node);
    return loop->kind == LOOP_FOREVER && !loop->left && loop->max == NULL;
}
