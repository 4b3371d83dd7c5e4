// parse_primary.c: literals: numbers, strings, f-strings with their holes, lists, maps, ports.
//
// A hole is read by the same parser over a part of the text: the lexer is set to that part and put
// back afterwards. Faults inside a string are reported at their own bytes and do not make the
// statement a failure: the rest of the string is still read.
#include "parser_internal.h"

#include "literal.h"

#include <math.h>
#include <string.h>

Node *parse_number(Parser *p) {
    Node *node = parse_new(p, NODE_NUMBER, p->tok.span);
    bool infinite = p->tok.kind == TOKEN_INF;
    node->number.value = infinite ? (double)INFINITY : p->tok.number;
    node->number.inexact = !infinite && p->tok.flag;
    if (node->number.inexact && !p->in_hardware)
        diag_report(p->c, DIAG_W0106, node->span, node->number.value);
    parse_advance(p);
    return node;
}

// --- strings -------------------------------------------------------------------------------------

static const char *text_at(const Parser *p, uint32_t offset) {
    return p->source->text + (offset - p->source->base);
}

static Span span_of(const Parser *p, const char *begin, const char *end) {
    uint32_t base = p->source->base;
    return (Span){base + (uint32_t)(begin - p->source->text),
                  base + (uint32_t)(end - p->source->text)};
}

static void report_fault(Parser *p, LiteralFault fault, const char *at, uint32_t length) {
    Span span = span_of(p, at, at + length);
    int shown = length < 20 ? (int)length : 20;
    switch (fault) {
    case LITERAL_FINE: break;
    case LITERAL_BAD_ESCAPE: {
        // A control character behind the backslash is not worth showing.
        bool visible = length > 1 && (unsigned char)at[1] >= ' ';
        Diag *diag = diag_report(p->c, DIAG_E0104, span, visible ? shown : 1, at);
        diag_help(p->c, diag, "escapes are \\n \\t \\r \\\\ \\\" \\0 \\xHH \\u{H…}");
        break;
    }
    case LITERAL_BAD_CODE: diag_report(p->c, DIAG_E0105, span, shown, at); break;
    case LITERAL_BAD_UTF8: diag_report(p->c, DIAG_E0106, span, (unsigned char)*at); break;
    }
}

// Decodes up to `end` (or a brace, in f-strings) into *out. Broken UTF-8 is told once a string.
static const char *decode(Parser *p, const char *at, const char *end, bool braces, char **out) {
    bool told = false;
    while (at < end && !(braces && (*at == '{' || *at == '}'))) {
        uint32_t length = 0;
        LiteralFault fault = literal_decode(&at, end, braces, out, &length);
        if (fault == LITERAL_FINE) continue;
        if (fault != LITERAL_BAD_UTF8 || !told) report_fault(p, fault, at, length);
        told = told || fault == LITERAL_BAD_UTF8;
        at += length;
    }
    return at;
}

const char *parse_text(Parser *p, uint32_t *len) {
    const char *begin = text_at(p, p->tok.span.begin) + 1, *end = text_at(p, p->tok.span.end) - 1;
    char *bytes = arena_alloc_words(&p->c->unit, (size_t)(end - begin) + 1), *out = bytes;
    decode(p, begin, end, false, &out);
    *len = (uint32_t)(out - bytes);
    parse_advance(p);
    return bytes;
}

Node *parse_string(Parser *p) {
    Node *node = parse_new(p, NODE_STRING, p->tok.span);
    node->string.bytes = parse_text(p, &node->string.len);
    return node;
}

// --- f-strings -----------------------------------------------------------------------------------

static bool is_blank(const char *begin, const char *end) {
    while (begin < end && strchr(" \t\r\n", *begin) && *begin) begin++;
    return begin == end;
}

// Parses the expression between `begin` and `end`, which lie within the token p->tok.
static Node *parse_inside(Parser *p, const char *begin, const char *end) {
    Lexer outer = p->lexer;
    Token token = p->tok;
    uint8_t flags = parse_open(p, IN_BRACKETS);
    uint32_t open = p->open;
    p->lexer.at = begin;
    p->lexer.end = end;
    p->open = 0;
    parse_advance(p);
    Node *node = parse_value(p);
    if (!parse_at(p, TOKEN_END)) parse_expected(p, "the end of the hole");
    p->open = open;
    parse_shut(p, flags);
    p->lexer = outer;
    p->tok = token;
    if (p->stopped) parse_stop(p);
    return node;
}

// hole := '{' value [ ':' conversion ] '}'; `at` is behind the opening brace
static const char *hole(Parser *p, const char *at, const char *end, FPart *part) {
    const char *colon = NULL, *close = literal_hole_end(at, end, &colon);
    if (!close) close = end; // the lexer has seen to it that there is one
    bool silent = p->panic;
    const char *stop = colon && colon < close ? colon : close;
    if (is_blank(at, stop)) {
        parse_fail(p, DIAG_E0108, span_of(p, at - 1, close < end ? close + 1 : close));
        part->expr = parse_poison(p, p->tok.span);
    } else {
        part->expr = parse_inside(p, at, stop);
    }
    if (stop < close) {
        if (literal_is_conversion(stop + 1, close)) {
            part->spec = arena_printf(&p->c->unit, "%%%.*s", (int)(close - stop - 1), stop + 1);
        } else {
            int shown = close - stop - 1 < 20 ? (int)(close - stop - 1) : 20;
            Diag *diag = parse_fail(p, DIAG_E0109, span_of(p, stop, close), shown, stop + 1);
            parse_help(p, diag,
                       "after the colon stands a printf conversion without its `%%`: {x:.2f}");
        }
    }
    // What went wrong in a hole ends with it: the next one can have its own mistake.
    if (!silent && !p->stopped) p->panic = false;
    return close < end ? close + 1 : end;
}

static void push_text(Parser *p, Node *node, const char *begin, const char *end) {
    if (begin == end) return;
    FPart part = {.text = begin, .len = (uint32_t)(end - begin)};
    vec_push(&p->c->unit, &node->fstring.parts, part);
}

// fstring := 'f"' { text | '{{' | '}}' | hole } '"'
Node *parse_fstring(Parser *p) {
    Node *node = parse_new(p, NODE_FSTRING, p->tok.span);
    const char *at = text_at(p, p->tok.span.begin) + 2, *end = text_at(p, p->tok.span.end) - 1;
    char *text = arena_alloc_words(&p->c->unit, (size_t)(end - at) + 1), *out = text;
    while (at < end && !p->stopped) {
        at = decode(p, at, end, true, &out);
        if (at >= end) break;
        if (at + 1 < end && at[1] == at[0]) {
            *out++ = *at;
            at += 2;
        } else if (*at == '}') {
            diag_report(p->c, DIAG_E0107, span_of(p, at, at + 1));
            at++;
        } else {
            push_text(p, node, text, out);
            text = out;
            FPart part = {.expr = NULL};
            at = hole(p, at + 1, end, &part);
            vec_push(&p->c->unit, &node->fstring.parts, part);
        }
    }
    push_text(p, node, text, out);
    parse_grow(p);
    parse_advance(p);
    return node;
}

// --- lists and maps ------------------------------------------------------------------------------

// list := '[' [ e { ',' e } [ ',' ] ] ']'
Node *parse_list(Parser *p) {
    Span open = p->tok.span;
    Node *node = parse_new(p, NODE_LIST, open);
    uint8_t outer = parse_open(p, IN_BRACKETS);
    uint32_t mark = p->pending.len;
    parse_advance(p);
    while (!parse_at(p, TOKEN_RBRACKET) && !parse_at(p, TOKEN_END)) {
        parse_push(p, parse_expr(p));
        if (p->panic || !parse_accept(p, TOKEN_COMMA)) break;
    }
    parse_take(p, mark, &node->list.items);
    parse_close(p, TOKEN_RBRACKET, open);
    parse_shut(p, outer);
    node->span = parse_since(p, open.begin);
    return node;
}

bool parse_is_map(const Parser *p) {
    Lexer ahead = p->lexer;
    Token token;
    ahead.quiet = true;
    lex_next(&ahead, &token);
    if (token.kind == TOKEN_RBRACE) return true;
    if (token.kind == TOKEN_MINUS) {
        lex_next(&ahead, &token);
        if (token.kind != TOKEN_NUMBER && token.kind != TOKEN_INF) return false;
    }
    bool key = parse_is_word(p, &token) || token.kind == TOKEN_NUMBER || token.kind == TOKEN_STRING;
    if (!key) return false;
    lex_next(&ahead, &token);
    return token.kind == TOKEN_COLON;
}

// key := word | STRING | [ '-' ] NUMBER
static Node *map_key(Parser *p) {
    Span span = p->tok.span;
    if (parse_at(p, TOKEN_STRING)) return parse_string(p);
    if (parse_at(p, TOKEN_NUMBER)) return parse_number(p);
    if (parse_accept(p, TOKEN_MINUS)) {
        if (!parse_at(p, TOKEN_NUMBER) && !parse_at(p, TOKEN_INF)) {
            parse_expected(p, "a number");
            return parse_poison(p, span);
        }
        Node *node = parse_new(p, NODE_UNARY, span);
        node->unary.op = UNARY_NEG;
        node->unary.operand = parse_number(p);
        node->span = parse_since(p, span.begin);
        return node;
    }
    const Name *word = parse_word(p);
    if (!word) {
        parse_expected(p, "a key: a name, a string or a number");
        return parse_poison(p, span);
    }
    Node *node = parse_new(p, NODE_STRING, span);
    node->string.bytes = word->text;
    node->string.len = word->len;
    return node;
}

// map := '{' [ key ':' e { ',' key ':' e } [ ',' ] ] '}'
static Node *parse_map(Parser *p) {
    Span open = p->tok.span;
    Node *node = parse_new(p, NODE_MAP, open);
    uint8_t outer = parse_open(p, IN_BRACKETS);
    p->maps++;
    parse_advance(p);
    while (!parse_at(p, TOKEN_RBRACE) && !parse_at(p, TOKEN_END)) {
        MapEntry entry = {.key = map_key(p)};
        if (!parse_expect(p, TOKEN_COLON, "':' after the key")) break;
        entry.value = parse_expr(p);
        vec_push(&p->c->unit, &node->map.entries, entry);
        if (p->panic || !parse_accept(p, TOKEN_COMMA)) break;
    }
    parse_close(p, TOKEN_RBRACE, open);
    p->maps--;
    parse_shut(p, outer);
    node->span = parse_since(p, open.begin);
    return node;
}

// braces := map | block, which stands for a function of no arguments
Node *parse_braces(Parser *p) {
    if (parse_is_map(p)) return parse_map(p);
    uint32_t begin = p->tok.span.begin;
    Clause clause = {.body = parse_block(p)};
    clause.span = parse_since(p, begin);
    Node *node = parse_new(p, NODE_LAMBDA, clause.span);
    vec_push(&p->c->unit, &node->lambda.clauses, clause);
    return node;
}

// --- ports ---------------------------------------------------------------------------------------

// The port of a name: 10000 + its 64-bit FNV-1a hash modulo 55536.
static unsigned port_of_name(const Name *name) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < name->len; i++) {
        hash = (hash ^ (uint8_t)name->text[i]) * UINT64_C(1099511628211);
    }
    return 10000 + (unsigned)(hash % 55536);
}

// port := ':' ( NUMBER | word ) [ '?' | '+' ], all touching
Node *parse_port(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    Span colon = p->tok.span;
    parse_advance(p);
    bool word = parse_is_word(p, &p->tok);
    if (!parse_touches(p) || (!word && p->tok.kind != TOKEN_NUMBER)) {
        parse_fail(p, DIAG_E0203, colon, "':'");
        return parse_poison(p, colon);
    }
    double number = word ? port_of_name(p->tok.name) : p->tok.number;
    Node *node = parse_new(p, NODE_PORT, p->tok.span);
    if (!(number >= 0 && number <= 65535) || number != floor(number)) {
        parse_fail(p, DIAG_E0228, (Span){begin, p->tok.span.end});
        number = 0;
    }
    node->port.text = arena_printf(&p->c->unit, ":%u", (unsigned)number);
    node->port.len = (uint32_t)strlen(node->port.text);
    // The suffix is no token: it is taken from the text behind this one.
    const char *after = p->lexer.at;
    if (after < p->lexer.end && (*after == '?' || (*after == '+' && !strchr("+=!", after[1])))) {
        node->port.suffix = *after;
        p->lexer.at++;
        p->tok.span.end++;
    }
    parse_advance(p);
    node->span = parse_since(p, begin);
    return node;
}
