// parse_loop.c: loops and the words that speak of them: ret @, @++, err @, @first … (language.md
// 6).
#include "parser_internal.h"

#include <math.h>
#include <string.h>

static bool is_loop_name(uint8_t kind) {
    return kind == TOKEN_NAME || kind == TOKEN_FROM;
}

// Whether names and `in` stand here.
static bool names_ahead(const Parser *p) {
    if (!is_loop_name(p->tok.kind)) return false;
    Lexer ahead = p->lexer;
    Token token;
    ahead.quiet = true;
    for (;;) {
        lex_next(&ahead, &token);
        if (token.kind == TOKEN_IN) return true;
        if (token.kind != TOKEN_COMMA) return false;
        lex_next(&ahead, &token);
        if (!is_loop_name(token.kind)) return false;
    }
}

// names 'in' iterable
static void each_header(Parser *p, LoopNode *loop) {
    uint32_t begin = p->tok.span.begin;
    do {
        Name *name = p->tok.name;
        if (loop->names.len > 0 && name == loop->names.items[0] && strcmp(name->text, "_") != 0)
            parse_fail(p, DIAG_E0411, p->tok.span, parse_show(p, name));
        vec_push(&p->c->unit, &loop->names, name);
        parse_advance(p);
    } while (parse_accept(p, TOKEN_COMMA));
    if (loop->names.len > 2) parse_fail(p, DIAG_E0218, parse_since(p, begin));
    parse_advance(p);
    Node *iterable = parse_expr(p);
    loop->kind = loop->names.len == 1 ? LOOP_EACH : LOOP_PAIRS;
    loop->iterable = iterable;
    if (iterable->kind == NODE_RANGE && !iterable->parenthesized && loop->kind == LOOP_EACH) {
        loop->kind = LOOP_RANGE;
        loop->low = iterable->range.low;
        loop->high = iterable->range.high;
        loop->inclusive = iterable->range.inclusive;
        loop->iterable = NULL;
    }
}

// header := [ names 'in' iterable | condition ] [ max ]
static void header(Parser *p, LoopNode *loop) {
    uint8_t outer = p->flags;
    p->flags = (uint8_t)((outer & IN_BRACKETS) | IN_HEADER);
    if (parse_at(p, TOKEN_LBRACE)) {
        loop->kind = LOOP_FOREVER;
    } else if (names_ahead(p)) {
        each_header(p, loop);
    } else {
        loop->kind = LOOP_WHILE;
        loop->condition = parse_expr(p);
    }
    if (parse_at(p, TOKEN_MAX) && !p->panic) loop->max = parse_max(p, &loop->max_inf);
    p->flags = outer;
}

// loop := ( '@' | '@@' | N '@' ) header block, and `max` after the body of an endless one
Node *parse_loop(Parser *p, Node *threads) {
    uint32_t begin = threads ? threads->span.begin : p->tok.span.begin;
    LoopNode *loop = ARENA_NEW(&p->c->unit, LoopNode);
    Node *node = parse_new(p, NODE_LOOP, p->tok.span);
    bool outer_b = p->sees_b;
    node->loop = loop;
    loop->threads = threads;
    loop->prefix = threads ? PREFIX_COUNT : parse_at(p, TOKEN_AT_AT) ? PREFIX_ALL : PREFIX_NONE;
    parse_advance(p);
    header(p, loop);
    loop->header = parse_since(p, begin);
    for (uint32_t i = 0; i < loop->names.len; i++)
        parse_declare(p, loop->names.items[i], MEANING_UNKNOWN);
    if (parse_at(p, TOKEN_LBRACE)) {
        loop->body = parse_block(p);
    } else {
        parse_expected(p, "'{' and the loop's body");
        loop->body = parse_new(p, NODE_BLOCK, p->tok.span);
    }
    p->sees_b = outer_b;
    if (loop->kind == LOOP_FOREVER && parse_at(p, TOKEN_MAX) && parse_same_line(p)) {
        loop->max = parse_max(p, &loop->max_inf);
    }
    node->span = parse_since(p, begin);
    return node;
}

// The N of `@N`, which touches the `@` that was just taken; 0 when there is none.
static uint32_t label(Parser *p) {
    if (!parse_at(p, TOKEN_NUMBER) || !parse_touches(p)) return 0;
    double level = p->tok.number;
    if (!(level >= 1 && level < 1e6) || level != floor(level)) {
        parse_fail(p, DIAG_E0223, p->tok.span);
        level = 1;
    }
    parse_advance(p);
    return (uint32_t)level;
}

// ret := 'ret' [ value { ',' value } ] | 'ret' '@' [ N ] [ value ]
Node *parse_ret(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_RET, p->tok.span);
    if (parse_at(p, TOKEN_AT) && !p->tok.newline) {
        node->kind = NODE_LEAVE;
        parse_advance(p);
        node->leave.level = label(p);
        if (parse_value_follows(p)) node->leave.value = parse_value(p);
    } else if (parse_value_follows(p)) {
        Node *first = parse_value(p);
        node->ret.value = first;
        if (parse_at(p, TOKEN_COMMA)) {
            uint32_t mark = p->pending.len;
            Node *list = parse_new(p, NODE_LIST, first->span);
            parse_push(p, first);
            while (parse_accept(p, TOKEN_COMMA)) parse_push(p, parse_value(p));
            parse_take(p, mark, &list->list.items);
            list->span = parse_since(p, first->span.begin);
            node->ret.value = list;
            parse_grow(p);
        }
    }
    node->span = parse_since(p, begin);
    return node;
}

// err := 'err' value | 'err' '@' [ N ] value
Node *parse_err(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_ERR, p->tok.span);
    if (parse_at(p, TOKEN_AT) && !p->tok.newline) {
        parse_advance(p);
        node->err.from_loop = true;
        node->err.level = label(p);
    }
    if (parse_value_follows(p)) {
        node->err.value = parse_value(p);
    } else {
        parse_expected(p, "a message after `err`");
        node->err.value = parse_poison(p, p->tok.span);
    }
    node->span = parse_since(p, begin);
    return node;
}

// next := '@++' | '@N++'
Node *parse_next(Parser *p) {
    Node *node = parse_new(p, NODE_NEXT, p->tok.span);
    node->next.level = p->tok.level;
    if (p->tok.flag && p->tok.level == 0) parse_fail(p, DIAG_E0223, p->tok.span);
    parse_advance(p);
    return node;
}

// '@first' | '@last' | '@counter' | '@cycle' | '@i' | '@iN'
Node *parse_loop_value(Parser *p) {
    Node *node = parse_new(p, NODE_LOOP_VALUE, p->tok.span);
    switch (p->tok.kind) {
    case TOKEN_AT_FIRST: node->loop_value.what = LOOP_FIRST; break;
    case TOKEN_AT_LAST: node->loop_value.what = LOOP_LAST; break;
    case TOKEN_AT_COUNTER: node->loop_value.what = LOOP_COUNTER; break;
    case TOKEN_AT_CYCLE: node->loop_value.what = LOOP_CYCLE; break;
    default: node->loop_value.what = LOOP_ITEM; node->loop_value.level = p->tok.level;
    }
    parse_advance(p);
    return node;
}
