// parse_expr.c: operators, by a table of binding powers (language.md 4, sixteen levels).
//
// parse_operators() is the Pratt loop; parse_expr() puts match blocks on top of it, parse_value()
// the braceless match. A match block binds more loosely than every operator: `a + b { … }` asks
// about a + b; after the block operators go on.
#include "parser_internal.h"

#include <string.h>

// Binding powers: two a level, so that a left-associative operator takes its right side one higher.
enum {
    BP_NONE = 0,
    BP_ORELSE = 2,
    BP_REDUCE = 4,
    BP_PIPE = 6,
    BP_SEND = 8,
    BP_PARALLEL = 10,
    BP_OR = 12,
    BP_AND = 14,
    BP_COMPARE = 16,
    BP_RANGE = 18,
    BP_CONS = 20,
    BP_SUM = 22,
    BP_BITS = 24,
    BP_PRODUCT = 26,
    BP_PREFIX = 28,
    BP_POWER = 30,
    BP_POSTFIX = 32,
};

typedef struct Rule Rule;
struct Rule {
    Node *(*prefix)(Parser *p);
    // Null, taking nothing, when the token does not go on with `left` after all.
    Node *(*infix)(Parser *p, Node *left, const Rule *rule);
    uint8_t left, right; // binding powers
    uint8_t op;          // BinaryOp, PipeKind
    bool bits;           // an operator with the suffix b
    bool single;         // does not chain
};

static const Rule rules[TOKEN_COUNT];
static Node *climb(Parser *p, Node *left, uint8_t least, bool head);

// --- prefixes ------------------------------------------------------------------------------------

bool parse_is_reserved_definition(const Parser *p) {
    if (p->tok.kind < TOKEN_IN || p->tok.kind > TOKEN_ALIAS) return false;
    uint8_t next = parse_peek(p).kind;
    return next == TOKEN_EQ || next == TOKEN_COLON_EQ || next == TOKEN_UPDATE ||
           next == TOKEN_FAT_ARROW;
}

static Node *no_operand(Parser *p) {
    Span span = p->tok.span;
    TokenKind kind = (TokenKind)p->tok.kind;
    if (kind == TOKEN_BAD) {
        parse_fail(p, DIAG_E0203, span, "");
        parse_advance(p);
    } else if (parse_is_reserved_definition(p)) {
        parse_fail(p, DIAG_E0221, span, token_text(kind), "a name");
    } else if (kind == TOKEN_RPAREN || kind == TOKEN_RBRACKET || kind == TOKEN_RBRACE) {
        if (p->open == 0 && kind != TOKEN_RBRACE) {
            parse_fail(p, DIAG_E0211, span, token_text(kind));
        } else if (!p->panic) {
            parse_fail(p, DIAG_E0203, span, parse_token_found(p));
        }
    } else if (kind == TOKEN_RET || kind == TOKEN_ERR || kind == TOKEN_AT_NEXT ||
               kind == TOKEN_USE || kind == TOKEN_IMPORT || kind == TOKEN_DEFER ||
               kind == TOKEN_ARENA || kind == TOKEN_CSTRUCT || kind == TOKEN_ALIAS ||
               kind == TOKEN_HOT) {
        parse_fail(p, DIAG_E0220, span, token_text(kind));
    } else if (kind == TOKEN_ERR_QUESTION || kind == TOKEN_VAL_QUESTION) {
        parse_fail(p, DIAG_E0224, span, token_text(kind));
    } else if (!p->panic) {
        if (kind == TOKEN_END && p->last_end) span = (Span){p->last_end, p->last_end};
        parse_fail(p, DIAG_E0203, span, parse_token_found(p));
    }
    return parse_poison(p, span);
}

static Node *operand(Parser *p, uint8_t least, bool head) {
    uint32_t outer_height;
    Node *node;
    if (parse_enter(p, &outer_height)) {
        const Rule *rule = &rules[p->tok.kind];
        node = climb(p, rule->prefix ? rule->prefix(p) : no_operand(p), least, head);
    } else {
        node = parse_poison(p, p->tok.span);
    }
    parse_leave(p, outer_height);
    return node;
}

// prefix := ( '-' | 'not' | '#' | '~b' | '^' | '&' ) operand
static Node *unary(Parser *p, UnaryOp op) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *inner = operand(p, BP_PREFIX, false);
    Node *node = parse_new(p, NODE_UNARY, parse_since(p, begin));
    node->unary.op = op;
    node->unary.operand = inner;
    return node;
}

static Node *negation(Parser *p) {
    return unary(p, UNARY_NEG);
}
static Node *logical_not(Parser *p) {
    return unary(p, UNARY_NOT);
}
static Node *bit_not(Parser *p) {
    return unary(p, UNARY_BNOT);
}
static Node *length(Parser *p) {
    return unary(p, UNARY_LEN);
}
static Node *first(Parser *p) {
    return unary(p, UNARY_HEAD);
}
static Node *rest(Parser *p) {
    return unary(p, UNARY_TAIL);
}

// `^b` and `&b` where an operand is expected: the variable b after a prefix.
static Node *prefix_of_b(Parser *p, UnaryOp op) {
    Span span = p->tok.span;
    parse_advance(p);
    Node *name = parse_new(p, NODE_NAME, (Span){span.end - 1, span.end});
    name->name.name = p->name_b;
    Node *inner = climb(p, name, BP_PREFIX, false);
    Node *node = parse_new(p, NODE_UNARY, parse_since(p, span.begin));
    node->unary.op = op;
    node->unary.operand = inner;
    return node;
}

static Node *first_of_b(Parser *p) {
    return prefix_of_b(p, UNARY_HEAD);
}
static Node *rest_of_b(Parser *p) {
    return prefix_of_b(p, UNARY_TAIL);
}

// `max` and `syscall` as functions, `from` as a variable.
static Node *word_as_name(Parser *p) {
    if (parse_peek(p).kind == TOKEN_FAT_ARROW) return no_operand(p);
    Node *node = parse_new(p, NODE_NAME, p->tok.span);
    // By its own spelling, whatever an alias calls it.
    node->name.name = intern_c(&p->c->names, token_text((TokenKind)p->tok.kind));
    parse_advance(p);
    return node;
}

// `err` names the message inside an arm that binds it so.
static Node *err_as_name(Parser *p) {
    return p->err_names && !parse_is_reserved_definition(p) ? word_as_name(p) : no_operand(p);
}

static Node *loop_prefix(Parser *p) {
    return parse_loop(p, NULL);
}

// --- infixes -------------------------------------------------------------------------------------

static Node *binary_node(Parser *p, BinaryOp op, Node *left, Node *right, Span op_span) {
    Node *node = parse_new(p, NODE_BINARY, span_join(left->span, right->span));
    node->binary.op = op;
    node->binary.left = left;
    node->binary.right = right;
    node->binary.op_span = op_span;
    return node;
}

// `a <b c` where a variable b is visible.
static void ask_for_blanks(Parser *p) {
    const char *text = token_text((TokenKind)p->tok.kind);
    int sign = (int)strlen(text) - 1;
    Diag *diag = parse_fail(p, DIAG_E0206, p->tok.span, text, "an operator on bits");
    parse_help(p, diag, "write `%.*s b` for the variable b, or rename it to use `%s`", sign, text,
               text);
}

static Node *binary(Parser *p, Node *left, const Rule *rule) {
    Span span = p->tok.span;
    if (rule->bits && p->sees_b) ask_for_blanks(p);
    parse_advance(p);
    return binary_node(p, (BinaryOp)rule->op, left, operand(p, rule->right, false), span);
}

// 'not' 'in'
static Node *not_in(Parser *p, Node *left, const Rule *rule) {
    Span span = p->tok.span;
    if (parse_peek(p).kind != TOKEN_IN) return NULL;
    parse_advance(p);
    span.end = p->tok.span.end;
    parse_advance(p);
    return binary_node(p, BINARY_NOT_IN, left, operand(p, rule->right, false), span);
}

// v '::' xs; in an index the colons belong to the slice
static Node *cons(Parser *p, Node *left, const Rule *rule) {
    return p->flags & IN_INDEX ? NULL : binary(p, left, rule);
}

// a ( '..<' | '..=' ) b
static Node *range(Parser *p, Node *left, const Rule *rule) {
    bool inclusive = p->tok.kind == TOKEN_RANGE_EQ;
    parse_advance(p);
    Node *high = operand(p, rule->right, false);
    Node *node = parse_new(p, NODE_RANGE, span_join(left->span, high->span));
    node->range.low = left;
    node->range.high = high;
    node->range.inclusive = inclusive;
    return node;
}

// What follows or!, and!, |: a jump, a block (`blocks`), or an expression.
static Node *right_of(Parser *p, const Rule *rule, bool blocks) {
    if (blocks && parse_at(p, TOKEN_LBRACE)) return climb(p, parse_block(p), rule->right, false);
    Node *jump = blocks ? parse_jump(p) : NULL;
    return jump ? parse_as_body(p, jump) : operand(p, rule->right, false);
}

// e ( 'or!' | 'and!' ) ( block | jump | e )
static Node *or_else(Parser *p, Node *left, const Rule *rule) {
    bool is_and = p->tok.kind == TOKEN_AND_BANG;
    parse_advance(p);
    Node *right = right_of(p, rule, true);
    Node *node = parse_new(p, NODE_ORELSE, span_join(left->span, right->span));
    node->orelse.left = left;
    node->orelse.right = right;
    node->orelse.is_and = is_and;
    return node;
}

// v ( '|' | '||' | '|||' ) f
static Node *pipe(Parser *p, Node *left, const Rule *rule) {
    parse_advance(p);
    Node *right = operand(p, rule->right, false);
    Node *node = parse_new(p, NODE_PIPE, span_join(left->span, right->span));
    node->pipe.op = (PipeKind)rule->op;
    node->pipe.left = left;
    node->pipe.right = right;
    return node;
}

// address '<==' message
static Node *send(Parser *p, Node *left, const Rule *rule) {
    parse_advance(p);
    Node *message = operand(p, rule->right, false);
    Node *node = parse_new(p, NODE_SEND, span_join(left->span, message->span));
    node->send.address = left;
    node->send.message = message;
    return node;
}

// --- postfixes -----------------------------------------------------------------------------------

// max := 'max' ( NUMBER | NAME | 'inf' | '(' e ')' ) { index | field }
Node *parse_max(Parser *p, bool *infinite) {
    parse_advance(p);
    *infinite = parse_accept(p, TOKEN_INF);
    if (*infinite) return NULL;
    switch (p->tok.kind) {
    case TOKEN_NUMBER:
    case TOKEN_NAME:
    case TOKEN_LPAREN: return operand(p, BP_POSTFIX, false);
    default: parse_expected(p, "a number or `inf` after `max`"); return NULL;
    }
}

// arguments := '(' [ value { ',' value } [ ',' ] ] ')'
static void arguments(Parser *p, NodeVec *args) {
    Span open = p->tok.span;
    uint8_t outer = parse_open(p, IN_BRACKETS);
    uint32_t mark = p->pending.len;
    parse_advance(p);
    while (!parse_at(p, TOKEN_RPAREN) && !parse_at(p, TOKEN_END)) {
        parse_push(p, parse_value(p));
        if (p->panic || !parse_accept(p, TOKEN_COMMA)) break;
    }
    parse_take(p, mark, args);
    parse_close(p, TOKEN_RPAREN, open);
    parse_shut(p, outer);
}

// In match braces `name (…)` is a call of an unknown name unless an arrow follows: then the
// parentheses are the next arm's guard. Looks a bounded way ahead.
static bool is_guard_ahead(const Parser *p) {
    enum { FAR = 64 };
    Lexer ahead = p->lexer;
    Token token;
    uint32_t depth = 1;
    ahead.quiet = true;
    for (int i = 0; i < FAR && depth; i++) {
        lex_next(&ahead, &token);
        if (token.kind == TOKEN_END) return true;
        if (token.kind == TOKEN_LPAREN) depth++;
        if (token.kind == TOKEN_RPAREN) depth--;
    }
    if (depth) return true;
    lex_next(&ahead, &token);
    return token.kind == TOKEN_ARROW || token.kind == TOKEN_LBRACE;
}

// `f (x)` with a blank is a call only for a name that is a function: a builtin, or defined by a
// lambda so far. A parameter or a name defined further down may be one: it is taken for one
// wherever nothing else could be meant.
static bool is_spaced_call(const Parser *p, const Node *left) {
    if (left->kind != NODE_NAME || left->parenthesized) return false;
    switch ((NameMeaning)left->name.name->meaning) {
    case MEANING_FUNCTION: return true;
    case MEANING_VALUE: return false;
    case MEANING_UNKNOWN: return !(p->flags & IN_ARMS) || !is_guard_ahead(p);
    }
    return false;
}

// call := e arguments [ max ]
static Node *call(Parser *p, Node *left, const Rule *rule) {
    (void)rule;
    if (!parse_touches(p) && !is_spaced_call(p, left)) return NULL;
    Node *node = parse_new(p, NODE_CALL, left->span);
    node->call.callee = left;
    arguments(p, &node->call.args);
    if (parse_at(p, TOKEN_MAX) && parse_same_line(p) && !(p->flags & IN_HEADER)) {
        node->call.max = parse_max(p, &node->call.max_inf);
    }
    node->span = parse_since(p, left->span.begin);
    return node;
}

// One part of a slice: null when it is left out.
static Node *slice_part(Parser *p) {
    switch (p->tok.kind) {
    case TOKEN_COLON:
    case TOKEN_COLON_COLON:
    case TOKEN_RBRACKET: return NULL;
    default: return parse_expr(p);
    }
}

// ':' [ high ] [ ':' [ step ] ] | '::' [ step ]
static Node *slice(Parser *p, Node *base, Node *low) {
    Node *node = parse_new(p, NODE_SLICE, base->span);
    node->slice.base = base;
    node->slice.low = low;
    if (parse_accept(p, TOKEN_COLON_COLON)) {
        node->slice.step = slice_part(p);
        return node;
    }
    parse_advance(p);
    node->slice.high = slice_part(p);
    if (parse_accept(p, TOKEN_COLON)) node->slice.step = slice_part(p);
    return node;
}

// index := e '[' e ']' | e '[' [ low ] slice ']'
static Node *index_or_slice(Parser *p, Node *left, const Rule *rule) {
    (void)rule;
    if (!parse_touches(p)) return NULL;
    Span open = p->tok.span;
    uint8_t outer = parse_open(p, IN_BRACKETS | IN_INDEX);
    parse_advance(p);
    Node *index = parse_at(p, TOKEN_RBRACKET) ? no_operand(p) : slice_part(p), *node;
    if (parse_at(p, TOKEN_COLON) || parse_at(p, TOKEN_COLON_COLON)) {
        node = slice(p, left, index);
    } else {
        node = parse_new(p, NODE_INDEX, left->span);
        node->index.base = left;
        node->index.index = index;
    }
    parse_close(p, TOKEN_RBRACKET, open);
    parse_shut(p, outer);
    node->span = parse_since(p, left->span.begin);
    return node;
}

// field := e '.' ( word | 'err?' | 'val?' )
static Node *field(Parser *p, Node *left, const Rule *rule) {
    (void)rule;
    parse_advance(p);
    Node *node;
    if (parse_at(p, TOKEN_ERR_QUESTION) || parse_at(p, TOKEN_VAL_QUESTION)) {
        node = parse_new(p, NODE_RESULT_TEST, left->span);
        node->result_test.operand = left;
        node->result_test.is_err = p->tok.kind == TOKEN_ERR_QUESTION;
        parse_advance(p);
    } else {
        Span span = p->tok.span;
        Name *name = parse_same_line(p) ? parse_word(p) : NULL;
        if (!name) {
            parse_expected(p, "a name after '.'");
            return left;
        }
        node = parse_new(p, NODE_FIELD, left->span);
        node->field.base = left;
        node->field.name = name;
        node->field.name_span = span;
    }
    node->span = parse_since(p, left->span.begin);
    return node;
}

static const struct {
    const char *word;
    CastKind kind;
} type_words[] = {
    {"i8", CAST_I8},      {"i16", CAST_I16},     {"i32", CAST_I32},       {"i64", CAST_I64},
    {"u8", CAST_U8},      {"u16", CAST_U16},     {"u32", CAST_U32},       {"u64", CAST_U64},
    {"int8", CAST_I8},    {"int16", CAST_I16},   {"int32", CAST_I32},     {"int64", CAST_I64},
    {"uint8", CAST_U8},   {"uint16", CAST_U16},  {"uint32", CAST_U32},    {"uint64", CAST_U64},
    {"int", CAST_I64},    {"uint", CAST_U64},    {"f32", CAST_F32},       {"f64", CAST_F64},
    {"number", CAST_F64}, {"cstr", CAST_CSTR},   {"cstring", CAST_CSTR},  {"ptr", CAST_PTR},
    {"cptr", CAST_PTR},   {"pointer", CAST_PTR}, {"string", CAST_STRING}, {"list", CAST_LIST},
};

CastKind parse_type_kind(const Name *name, bool *known) {
    *known = true;
    for (size_t i = 0; i < COUNT_OF(type_words); i++) {
        if (strcmp(name->text, type_words[i].word) == 0) return type_words[i].kind;
    }
    *known = false;
    return CAST_STRUCT;
}

bool parse_cast_type(Parser *p, CastKind *to, Name **type_name) {
    bool known;
    Name *name = parse_name(p, "a type after `as`");
    if (!name) return false;
    *to = parse_type_kind(name, &known);
    *type_name = known ? NULL : name;
    return true;
}

// cast := e 'as' type
static Node *cast(Parser *p, Node *left, const Rule *rule) {
    (void)rule;
    parse_advance(p);
    Node *node = parse_new(p, NODE_CAST, left->span);
    node->cast.operand = left;
    if (!parse_cast_type(p, &node->cast.to, &node->cast.type_name)) return left;
    node->span = parse_since(p, left->span.begin);
    return node;
}

// N '@' header body: a number, a name, or something in parentheses
static Node *counted_loop(Parser *p, Node *left, const Rule *rule) {
    (void)rule;
    bool count = left->kind == NODE_NUMBER || left->kind == NODE_NAME || left->parenthesized;
    return count && !(p->flags & IN_HEADER) ? parse_loop(p, left) : NULL;
}

// --- the table -----------------------------------------------------------------------------------

#define LEFT(power, operation)                                                                     \
    .infix = binary, .left = (power), .right = (power) + 1, .op = (operation)
#define BITS(operation) LEFT(BP_BITS, operation), .bits = true
#define RIGHT(power, operation)                                                                    \
    .infix = binary, .left = (power), .right = (power), .op = (operation)

static const Rule rules[TOKEN_COUNT] = {
    [TOKEN_NAME] = {.prefix = parse_name_or_lambda},
    [TOKEN_NUMBER] = {.prefix = parse_number},
    [TOKEN_INF] = {.prefix = parse_number},
    [TOKEN_STRING] = {.prefix = parse_string},
    [TOKEN_FSTRING] = {.prefix = parse_fstring},
    [TOKEN_LPAREN] = {.prefix = parse_parenthesis, .infix = call, .left = BP_POSTFIX},
    [TOKEN_LBRACKET] = {.prefix = parse_list, .infix = index_or_slice, .left = BP_POSTFIX},
    [TOKEN_LBRACE] = {.prefix = parse_braces},
    [TOKEN_COLON] = {.prefix = parse_port},
    [TOKEN_MAX] = {.prefix = word_as_name},
    [TOKEN_SYSCALL] = {.prefix = word_as_name},
    [TOKEN_FROM] = {.prefix = word_as_name},
    [TOKEN_ERR] = {.prefix = err_as_name},
    [TOKEN_UNSAFE] = {.prefix = parse_unsafe},
    [TOKEN_SPAWN] = {.prefix = parse_spawn},
    [TOKEN_AT] = {.prefix = loop_prefix, .infix = counted_loop, .left = BP_POSTFIX},
    [TOKEN_AT_AT] = {.prefix = loop_prefix},
    [TOKEN_AT_FIRST] = {.prefix = parse_loop_value},
    [TOKEN_AT_LAST] = {.prefix = parse_loop_value},
    [TOKEN_AT_COUNTER] = {.prefix = parse_loop_value},
    [TOKEN_AT_CYCLE] = {.prefix = parse_loop_value},
    [TOKEN_AT_ITEM] = {.prefix = parse_loop_value},

    [TOKEN_OR_BANG] = {.infix = or_else, .left = BP_ORELSE, .right = BP_ORELSE},
    [TOKEN_AND_BANG] = {.infix = or_else, .left = BP_ORELSE, .right = BP_ORELSE},
    [TOKEN_PIPE_PIPE_PIPE] = {.infix = pipe,
                              .left = BP_REDUCE,
                              .right = BP_REDUCE + 1,
                              .op = PIPE_REDUCE},
    [TOKEN_PIPE] = {.infix = pipe, .left = BP_PIPE, .right = BP_PIPE + 1, .op = PIPE_APPLY},
    [TOKEN_SEND] = {.infix = send, .left = BP_SEND, .right = BP_SEND + 1, .single = true},
    [TOKEN_PIPE_PIPE] = {.infix = pipe,
                         .left = BP_PARALLEL,
                         .right = BP_PARALLEL + 1,
                         .op = PIPE_PARALLEL},
    [TOKEN_OR] = {LEFT(BP_OR, BINARY_OR)},
    [TOKEN_XOR] = {LEFT(BP_OR, BINARY_XOR)},
    [TOKEN_AND] = {LEFT(BP_AND, BINARY_AND)},
    [TOKEN_LT] = {LEFT(BP_COMPARE, BINARY_LT)},
    [TOKEN_LE] = {LEFT(BP_COMPARE, BINARY_LE)},
    [TOKEN_GT] = {LEFT(BP_COMPARE, BINARY_GT)},
    [TOKEN_GE] = {LEFT(BP_COMPARE, BINARY_GE)},
    [TOKEN_EQ_EQ] = {LEFT(BP_COMPARE, BINARY_EQ)},
    [TOKEN_NE] = {LEFT(BP_COMPARE, BINARY_NE)},
    [TOKEN_IN] = {LEFT(BP_COMPARE, BINARY_IN)},
    [TOKEN_NOT] = {.prefix = logical_not,
                   .infix = not_in,
                   .left = BP_COMPARE,
                   .right = BP_COMPARE + 1},
    [TOKEN_RANGE] = {.infix = range, .left = BP_RANGE, .right = BP_RANGE + 1, .single = true},
    [TOKEN_RANGE_EQ] = {.infix = range, .left = BP_RANGE, .right = BP_RANGE + 1, .single = true},
    [TOKEN_COLON_COLON] = {.infix = cons, .left = BP_CONS, .right = BP_CONS, .op = BINARY_CONS},
    [TOKEN_PLUS] = {LEFT(BP_SUM, BINARY_ADD)},
    [TOKEN_MINUS] = {.prefix = negation, LEFT(BP_SUM, BINARY_SUB)},
    [TOKEN_PLUS_BANG] = {LEFT(BP_SUM, BINARY_CARRY)},
    [TOKEN_SHL] = {LEFT(BP_BITS, BINARY_SHL)},
    [TOKEN_SHR] = {LEFT(BP_BITS, BINARY_SHR)},
    [TOKEN_ROL] = {LEFT(BP_BITS, BINARY_ROL)},
    [TOKEN_ROR] = {LEFT(BP_BITS, BINARY_ROR)},
    [TOKEN_LT_B] = {BITS(BINARY_SHL)},
    [TOKEN_GT_B] = {BITS(BINARY_SHR)},
    [TOKEN_LT_LT_B] = {BITS(BINARY_ROL)},
    [TOKEN_GT_GT_B] = {BITS(BINARY_ROR)},
    [TOKEN_AMP_B] = {.prefix = rest_of_b, BITS(BINARY_BAND)},
    [TOKEN_PIPE_B] = {BITS(BINARY_BOR)},
    [TOKEN_CARET_B] = {.prefix = first_of_b, BITS(BINARY_BXOR)},
    [TOKEN_STAR] = {LEFT(BP_PRODUCT, BINARY_MUL)},
    [TOKEN_SLASH] = {LEFT(BP_PRODUCT, BINARY_DIV)},
    [TOKEN_PERCENT] = {LEFT(BP_PRODUCT, BINARY_MOD)},
    [TOKEN_STAR_PLUS] = {LEFT(BP_PRODUCT, BINARY_FUSED)},
    [TOKEN_HASH] = {.prefix = length},
    [TOKEN_TILDE_B] = {.prefix = bit_not},
    [TOKEN_CARET] = {.prefix = first},
    [TOKEN_AMP] = {.prefix = rest},
    [TOKEN_STAR_STAR] = {RIGHT(BP_POWER, BINARY_POW)},
    [TOKEN_DOT] = {.infix = field, .left = BP_POSTFIX},
    [TOKEN_AS] = {.infix = cast, .left = BP_POSTFIX},
};

static bool at_update(const Parser *p) {
    return (p->tok.kind == TOKEN_UPDATE || p->tok.kind == TOKEN_MINUS_MINUS) && parse_same_line(p);
}

// `a<-b` and `a--b` inside an expression look like an update.
static void refuse_tight_update(Parser *p) {
    bool arrow = p->tok.kind == TOKEN_UPDATE;
    Diag *diag = parse_fail(p, DIAG_E0206, p->tok.span, arrow ? "<-" : "--", "an update");
    parse_help(
        p, diag,
        arrow
            ? "write `a < -b` to compare; an update inside an expression needs a block in braces"
            : "write `a - -b` to subtract; an update inside an expression needs a block in braces");
}

// A chain of operators that is read in pieces (CHAIN_MOST): `a + b + c + …` becomes a block
// { t = a + b; t = t + c + …; … }, so that the tree stays low however long the chain is.
typedef struct Chain {
    Node *block;     // null: short so far
    uint32_t links;  // of the last piece
    uint32_t height; // of the pieces before it
} Chain;

// Whether a piece may end with `left`: `+!` passes its carry on within its block only.
static bool may_cut(const Node *left) {
    return (left->kind == NODE_BINARY && left->binary.op != BINARY_CARRY) ||
           left->kind == NODE_PIPE;
}

static Node *chain_name(Parser *p, Span span) {
    Node *name = parse_new(p, NODE_NAME, span);
    name->name.name = intern_c(&p->c->names, "_ P"); // a constant's; no program can spell it
    return name;
}

// Ends a piece: what comes next goes on with a name for `left`.
static Node *cut_chain(Parser *p, Chain *chain, Node *left) {
    Arena *arena = &p->c->unit;
    if (!chain->block) chain->block = parse_new(p, NODE_BLOCK, left->span);
    Node *define = parse_new(p, NODE_DEFINE, left->span), *name = chain_name(p, left->span);
    define->define = ARENA_NEW(arena, DefineNode);
    vec_push(arena, &define->define->names, name->name.name);
    vec_push(arena, &define->define->name_spans, left->span);
    define->define->value = left;
    vec_push(arena, &chain->block->block.statements, define);
    if (chain->height < p->height) chain->height = p->height;
    p->height = chain->links = 0;
    return name;
}

static Node *finish_chain(Parser *p, const Chain *chain, Node *left) {
    if (!chain->block) return left;
    vec_push(&p->c->unit, &chain->block->block.statements, left);
    chain->block->span = left->span;
    parse_join(p, chain->height);
    parse_grow(p);
    return chain->block;
}

static Node *climb(Parser *p, Node *left, uint8_t least, bool head) {
    Chain chain = {0};
    for (uint8_t single = 0; parse_same_line(p);) {
        const Rule *rule = &rules[p->tok.kind];
        if (rule->left == BP_NONE || rule->left < least) break;
        if (rule->left == single) {
            parse_fail(p, DIAG_E0217, p->tok.span, token_text((TokenKind)p->tok.kind));
            break;
        }
        single = rule->single ? rule->left : 0;
        Node *wider = rule->infix(p, left, rule);
        if (!wider) break;
        left = wider;
        if (!parse_grow(p)) break;
        if (++chain.links >= CHAIN_MOST && may_cut(left)) left = cut_chain(p, &chain, left);
    }
    left = finish_chain(p, &chain, left);
    if (!head && parse_touches(p) && at_update(p)) refuse_tight_update(p);
    return left;
}

Node *parse_operators(Parser *p, bool head) {
    Node *node = operand(p, 1, head);
    if (!head && at_update(p)) {
        Diag *diag = parse_fail(p, DIAG_E0208, node->span, "updated");
        parse_help(p, diag, "an update inside an expression needs a block in braces");
    }
    return node;
}

Node *parse_postfix(Parser *p) {
    return operand(p, BP_POSTFIX, false);
}

// `@i in xs {`: somebody meant a loop over xs.
static bool is_tight_loop(const Node *subject) {
    if (subject->kind != NODE_BINARY || subject->binary.op != BINARY_IN || subject->parenthesized)
        return false;
    const Node *left = subject->binary.left;
    return left->kind == NODE_LOOP_VALUE && !left->parenthesized;
}

// match := e { '{' arms '}' }
static Node *with_matches(Parser *p, Node *left) {
    while (parse_at(p, TOKEN_LBRACE) && parse_same_line(p) && !(p->flags & IN_HEADER)) {
        if (is_tight_loop(left)) {
            Span word = left->binary.left->span;
            parse_fail(p, DIAG_E0205, word, (int)(word.end - word.begin - 1),
                       p->source->text + (word.begin + 1 - p->source->base));
            return left;
        }
        left = parse_match(p, left);
        if (!parse_grow(p)) break;
        left = climb(p, left, 1, false);
    }
    return left;
}

Node *parse_expr(Parser *p) {
    uint32_t outer_height = parse_fresh(p);
    Node *node = with_matches(p, parse_operators(p, false));
    parse_join(p, outer_height);
    return node;
}

Node *parse_finish(Parser *p, Node *left) {
    left = with_matches(p, left);
    if (parse_at(p, TOKEN_ARROW) && parse_same_line(p) && !(p->flags & (IN_ARMS | IN_HEADER))) {
        left = parse_braceless(p, left);
        parse_grow(p);
    }
    return left;
}

Node *parse_value(Parser *p) {
    uint32_t outer_height = parse_fresh(p);
    Node *node = parse_finish(p, parse_operators(p, false));
    parse_join(p, outer_height);
    return node;
}
