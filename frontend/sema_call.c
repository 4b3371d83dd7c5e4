// sema_call.c: calls and pipes: which function is meant, how many arguments it takes, and whether a
// literal format fits them. Judged after the capture stage, which knows what names are functions.
#include "sema_internal.h"
#include <string.h>

Function *sema_known_function(const Node *callee) {
    if (callee->kind == NODE_LAMBDA) return callee->lambda.function;
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL) return NULL;
    return callee->name.symbol->function;
}

bool sema_calls_argument(const Node *callee, uint32_t position) {
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL) return false;
    const Builtin *builtin = callee->name.symbol->builtin;
    return builtin != NULL && ((builtin->id == BUILTIN_sort && position == 1) ||
                               (builtin->id == BUILTIN_filter && position == 0));
}

// --- the walk -----------------------------------------------------------------------------------

// `v | f(a)` is f(a, v): the call on the right is no call of its own.
bool sema_pipes_into_call(const Node *node) {
    return node->pipe.op == PIPE_APPLY && node->pipe.right->kind == NODE_CALL &&
           !node->pipe.right->parenthesized;
}

// C functions are values there: lambdas that call them.
static unsigned piped_context(const Node *callee) {
    return callee->kind == NODE_FIELD ? CTX_VALUE : CTX_VALUE | CTX_CALLEE;
}

static void visit_pipe(Sema *s, Node *node) {
    Node *right = node->pipe.right;
    CallSite site = {.node = node, .callee = right, .function = s->function};
    site.piped = node->pipe.op == PIPE_REDUCE ? 2 : 1;
    if (sema_pipes_into_call(node)) {
        sema_number(s, right);
        sema_visit(s, right->call.callee, piped_context(right->call.callee));
        VEC_EACH(Node *, arg, &right->call.args) sema_value(s, arg);
        sema_value(s, right->call.max);
        site.callee = right->call.callee;
        site.args = &right->call.args;
    } else {
        sema_visit(s, right, piped_context(right));
    }
    vec_push(s->scratch, &s->calls, site);
}

void sema_call_site(Sema *s, Node *node, unsigned context) {
    if (node->kind == NODE_PIPE) {
        visit_pipe(s, node);
        return;
    }
    sema_named_call(s, node);
    const CDecl *foreign = sema_foreign_function(node->call.callee);
    if (foreign != NULL)
        sema_foreign_args(s, foreign, node);
    else
        VEC_EACH(Node *, arg, &node->call.args) sema_value(s, arg);
    bool bounded = node->call.max != NULL;
    node->call.tail = (context & CTX_TAIL) != 0 && !bounded;
    if (bounded) *s->effects |= EFFECT_STOP | EFFECT_DIVIDE;
    sema_value(s, node->call.max);
    CallSite site = {.node = node, .callee = node->call.callee, .args = &node->call.args};
    site.function = s->function;
    site.tail = node->call.tail;
    vec_push(s->scratch, &s->calls, site);
}

// --- formats ------------------------------------------------------------------------------------

static bool is_one_of(char c, const char *set) {
    return c != 0 && strchr(set, c) != NULL;
}

uint32_t sema_conversion(const char *text, uint32_t len) {
    uint32_t at = 1;
    while (at < len && is_one_of(text[at], "-+ #0")) at++;
    while (at < len && text[at] >= '0' && text[at] <= '9') at++;
    if (at < len && text[at] == '.') {
        at++;
        while (at < len && text[at] >= '0' && text[at] <= '9') at++;
    }
    bool is_long = false;
    for (int i = 0; i < 2 && at < len && text[at] == 'l'; i++, at++) is_long = true;
    const char *set = is_long ? "diuxXofFeEgGaA" : "vbsdiuxXocfFeEgGaAp";
    return at < len && is_one_of(text[at], set) ? at + 1 : 0;
}

// The characters of a conversion that is none, for the message.
static const char *bad_conversion(Sema *s, const char *text, uint32_t len) {
    uint32_t at = 1;
    while (at < len && at < 12 && is_one_of(text[at], "-+ #0123456789.l")) at++;
    if (at < len && (unsigned char)text[at] > ' ' && (unsigned char)text[at] < 127) at++;
    return arena_printf(s->arena, "%.*s", (int)at, text);
}

typedef struct Format {
    uint32_t conversions;
    bool bad;
} Format;

static Format read_format(Sema *s, const Node *literal, Span span) {
    Format format = {0, false};
    const char *text = literal->string.bytes;
    uint32_t len = literal->string.len;
    for (uint32_t at = 0; at < len; at++) {
        if (text[at] != '%') continue;
        if (at + 1 < len && text[at + 1] == '%') {
            at++;
            continue;
        }
        uint32_t size = sema_conversion(text + at, len - at);
        if (size == 0) {
            Diag *diag =
                diag_report(s->c, DIAG_E0504, span, bad_conversion(s, text + at, len - at));
            diag_help(s->c, diag,
                      "conversions are %%v %%s %%b %%d %%i %%u %%x %%X %%o %%c %%f %%e "
                      "%%g %%a %%p, with flags, width and precision; `%%%%` is a percent "
                      "sign");
            format.bad = true;
            return format;
        }
        format.conversions++;
        at += size - 1;
    }
    return format;
}

static const char *plural(uint32_t count) {
    return count == 1 ? "" : "s";
}

static const Node *literal_text(const Node *node) {
    if (node->kind == NODE_NAME && node->name.symbol != NULL && node->name.symbol->constant != NULL)
        node = node->name.symbol->constant;
    return node->kind == NODE_STRING ? node : NULL;
}

static void check_format(Sema *s, const CallSite *site) {
    if (site->args == NULL || site->args->len == 0) return;
    const Node *first = site->args->items[0];
    const Node *literal = literal_text(first);
    if (literal == NULL) return;
    Format format = read_format(s, literal, first->span);
    uint32_t given = site->args->len - 1 + site->piped;
    if (format.bad || format.conversions == given) return;
    Diag *diag = diag_report(s->c, DIAG_E0505, site->node->span, format.conversions,
                             plural(format.conversions), given, given == 1 ? "is" : "are");
    diag_note(s->c, diag, first->span, "%u conversion%s", format.conversions,
              plural(format.conversions));
}

// println("%d", x) prints the percent sign: surely not meant.
static void check_plain_print(Sema *s, const CallSite *site) {
    if (site->args == NULL || site->args->len < 2) return;
    const Node *literal = literal_text(site->args->items[0]);
    if (literal == NULL) return;
    const char *percent = memchr(literal->string.bytes, '%', literal->string.len);
    if (percent == NULL) return;
    uint32_t rest = literal->string.len - (uint32_t)(percent - literal->string.bytes);
    if (percent[1] == ' ' || sema_conversion(percent, rest) == 0) return;
    Diag *diag =
        diag_report(s->c, DIAG_W0105, site->args->items[0]->span, site->callee->name.name->text);
    diag_help(s->c, diag, "`printf` formats; so does an f-string: `f\"{x:.2f}\"`");
}

// --- numbers of arguments -----------------------------------------------------------------------

static const char *how_many(Sema *s, int least, int most) {
    if (most < 0)
        return arena_printf(s->arena, "at least %d argument%s", least, plural((uint32_t)least));
    if (least == most)
        return arena_printf(s->arena, "%d argument%s", least, plural((uint32_t)least));
    return arena_printf(s->arena, "%d to %d arguments", least, most);
}

static void check_builtin(Sema *s, const CallSite *site, const Builtin *builtin, uint32_t given) {
    int count = (int)given;
    if (count < builtin->least || (builtin->most >= 0 && count > builtin->most)) {
        Diag *diag = diag_report(s->c, DIAG_E0501, site->node->span,
                                 arena_printf(s->arena, "'%s'", builtin->name),
                                 how_many(s, builtin->least, builtin->most), given);
        diag_help(s->c, diag, "%s%s: %s", builtin->name, builtin->parameters, builtin->doc);
        return;
    }
    switch ((int)builtin->id) {
    case BUILTIN_call:
        if (site->node->kind == NODE_PIPE)
            diag_report(s->c, DIAG_E0506, site->callee->span, builtin->name);
        return;
    case BUILTIN_printf:
    case BUILTIN_eprintf: check_format(s, site); return;
    case BUILTIN_println:
    case BUILTIN_print:
    case BUILTIN_eprintln: check_plain_print(s, site); return;
    }
}

static void check_known(Sema *s, const CallSite *site, const Function *function, uint32_t given) {
    if (function->param_count == given) return;
    const char *name = function->name != NULL ? arena_printf(s->arena, "'%s'", function->name->text)
                                              : "this function";
    int wanted = (int)function->param_count;
    Diag *diag =
        diag_report(s->c, DIAG_E0501, site->node->span, name, how_many(s, wanted, wanted), given);
    const Symbol *symbol = sema_info(s, function)->symbol;
    if (symbol != NULL) diag_note(s->c, diag, symbol->span, "defined here");
}

static void check_literal_callee(Sema *s, const CallSite *site) {
    const char *what = NULL;
    switch ((int)site->callee->kind) {
    case NODE_NUMBER: what = "a number"; break;
    case NODE_STRING:
    case NODE_FSTRING: what = "a string"; break;
    case NODE_LIST: what = "a list"; break;
    }
    if (what != NULL) diag_report(s->c, DIAG_E0502, site->callee->span, what);
}

static void check_call(Sema *s, const CallSite *site) {
    const Node *callee = site->callee;
    uint32_t given = (site->args != NULL ? site->args->len : 0) + site->piped;
    if (callee->kind == NODE_LAMBDA) {
        check_known(s, site, callee->lambda.function, given);
        return;
    }
    if (callee->kind == NODE_FOREIGN) {
        sema_check_foreign(s, site, given);
        return;
    }
    if (callee->kind != NODE_NAME || callee->name.symbol == NULL) {
        check_literal_callee(s, site);
        return;
    }
    const Symbol *symbol = callee->name.symbol;
    if (symbol->function != NULL) {
        check_known(s, site, symbol->function, given);
        if (site->tail && symbol->function == site->function) site->function->self_tail_call = true;
    } else if (symbol->kind == SYMBOL_BUILTIN) {
        check_builtin(s, site, symbol->builtin, given);
    } else if (symbol->kind == SYMBOL_CONSTANT) {
        Diag *diag = diag_report(s->c, DIAG_E0502, callee->span, "a constant");
        diag_note(s->c, diag, symbol->span, "defined here");
    }
}

void sema_check_calls(Sema *s) {
    for (uint32_t i = 0; i < s->calls.len; i++) check_call(s, &s->calls.items[i]);
}
