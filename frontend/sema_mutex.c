// sema_mutex.c: refuses bodies of parallel loops that wait for their turn while they hold a mutex: an
// earlier iteration may be waiting for that mutex, and then neither goes on (parallel.md 2).
//
// Looks at the text: what lies between mutex_lock and mutex_unlock in the body, or in a function that
// is called from it. What is locked in some arms of a match only counts as not locked behind it.
#include "sema_par.h"

typedef struct Locks {
    Sema *s;
    PtrMap sites; // CALL or PIPE -> CallSite
    PtrMap seen;  // functions that were looked at
    FunctionVec called;
    int32_t held;
    uint32_t streams; // > 0: random() draws from an iteration's own stream, and waits for nobody
    const Node *lock; // the last one
} Locks;

static void visit(Locks *locks, Node *node);

static void visit_child(void *context, Node **child) {
    if (*child != NULL) visit(context, *child);
}

static BuiltinId builtin_of(const Node *callee) {
    const Symbol *symbol = callee->kind == NODE_NAME ? callee->name.symbol : NULL;
    return symbol != NULL && symbol->builtin != NULL ? symbol->builtin->id : BUILTIN_COUNT;
}

static void report(const Locks *locks, const Node *node) {
    Sema *s = locks->s;
    if (map_put(&s->told, node, s) != NULL) return;
    Diag *diag =
        diag_report(s->c, DIAG_E0307, node->kind == NODE_LOOP ? node->loop->header : node->span);
    diag_label(s->c, diag, "starts when all earlier iterations have finished");
    diag_note(s->c, diag, locks->lock->span, "the mutex is locked here");
    diag_help(s->c, diag, "unlock it before, or keep what is to be written until it is unlocked");
}

static void visit_call(Locks *locks, const Node *node) {
    const CallSite *site = map_get(&locks->sites, node);
    if (site == NULL) return;
    BuiltinId builtin = builtin_of(site->callee);
    if (site->spawned) builtin = BUILTIN_COUNT; // locks nothing here
    if (builtin == BUILTIN_mutex_lock) {
        locks->held++;
        locks->lock = node;
    } else if (builtin == BUILTIN_mutex_unlock) {
        if (locks->held > 0) locks->held--;
    } else if (locks->streams == 0 || !sema_is_draw(site)) {
        bool waits = (sema_call_effects(locks->s, site) & EFFECT_WAIT) != 0;
        if (waits && locks->held > 0) report(locks, node);
        const Symbol *symbol = site->callee->kind == NODE_NAME ? site->callee->name.symbol : NULL;
        if (symbol != NULL && symbol->function != NULL &&
            map_put(&locks->seen, symbol->function, symbol->function) == NULL)
            vec_push(locks->s->scratch, &locks->called, symbol->function);
    }
}

static void visit_match(Locks *locks, Node *node) {
    visit(locks, node->match.subject);
    int32_t start = locks->held, least = start;
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        const MatchArm *arm = &node->match.arms.items[i];
        locks->held = start;
        if (arm->guard != NULL) visit(locks, arm->guard);
        if (arm->body != NULL) visit(locks, arm->body);
        if (locks->held < least) least = locks->held;
    }
    locks->held = least;
}

static void visit(Locks *locks, Node *node) {
    if (node->kind == NODE_LAMBDA) return;
    if (node->kind == NODE_MATCH) {
        visit_match(locks, node);
        return;
    }
    int32_t start = locks->held;
    bool draws = node->kind == NODE_LOOP && node->loop->draws;
    if (draws && locks->streams == 0 && start > 0) report(locks, node); // its key is drawn in program order
    locks->streams += draws;
    ast_children(node, visit_child, locks);
    locks->streams -= draws;
    if (node->kind == NODE_LOOP && locks->held > start) locks->held = start;
    if (node->kind == NODE_CALL || node->kind == NODE_PIPE) visit_call(locks, node);
}

static bool uses_mutexes(const Sema *s) {
    for (uint32_t i = 0; i < s->calls.len; i++)
        if (builtin_of(s->calls.items[i].callee) == BUILTIN_mutex_lock) return true;
    return false;
}

static void look_at(Locks *locks, Node *code, bool draws) {
    locks->held = 0;
    locks->streams = draws;
    if (code != NULL) visit(locks, code);
}

void sema_check_mutexes(Sema *s) {
    if (s->parallel.len == 0 || !uses_mutexes(s)) return;
    Locks locks = {.s = s};
    locks.sites.arena = locks.seen.arena = s->scratch;
    for (uint32_t i = 0; i < s->calls.len; i++)
        map_put(&locks.sites, s->calls.items[i].node, &s->calls.items[i]);
    for (uint32_t i = 0; i < s->parallel.len; i++) {
        const LoopNode *loop = s->parallel.items[i].loop;
        look_at(&locks, loop->body, loop->draws);
    }
    for (uint32_t i = 0; i < locks.called.len; i++) {
        const Node *lambda = locks.called.items[i]->node;
        for (uint32_t j = 0; lambda != NULL && j < lambda->lambda.clauses.len; j++)
            look_at(&locks, lambda->lambda.clauses.items[j].body, false);
    }
}
