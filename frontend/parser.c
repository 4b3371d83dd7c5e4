// parser.c: the parser's foundations: taking tokens, telling errors once, recovery, blocks, files.
//
// Invariants: every loop of the parser takes a token or ends; p->tok is TOKEN_END for good once
// reading was given up; the flags and counts that a construct changes are as before when it
// returns.
#include "parser_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// --- tokens -------------------------------------------------------------------------------------

void parse_advance(Parser *p) {
    p->last_kind = p->tok.kind;
    p->last_end = p->tok.span.end;
    lex_next(&p->lexer, &p->tok);
    if (p->tok.kind == TOKEN_BAD && p->lexer.at == p->lexer.end) parse_stop(p);
}

Token parse_peek(const Parser *p) {
    Lexer ahead = p->lexer;
    Token token;
    ahead.quiet = true;
    lex_next(&ahead, &token);
    return token;
}

bool parse_at(const Parser *p, TokenKind kind) {
    return p->tok.kind == kind;
}

bool parse_accept(Parser *p, TokenKind kind) {
    if (p->tok.kind != kind) return false;
    parse_advance(p);
    return true;
}

bool parse_same_line(const Parser *p) {
    return !p->tok.newline || (p->flags & IN_BRACKETS);
}

bool parse_touches(const Parser *p) {
    return p->tok.span.begin == p->last_end;
}

Span parse_since(const Parser *p, uint32_t begin) {
    return (Span){begin, p->last_end > begin ? p->last_end : begin};
}

// --- errors -------------------------------------------------------------------------------------

enum { ERRORS_MOST = 100 };

void parse_stop(Parser *p) {
    p->stopped = true;
    p->panic = true;
    p->lexer.at = p->lexer.end;
    p->tok.kind = TOKEN_END;
    p->tok.newline = true;
}

bool parse_may_report(Parser *p) {
    if (p->panic || p->stopped) return false;
    p->panic = true;
    p->open_at_panic = p->open;
    p->maps_at_panic = p->maps;
    if (p->tok.kind == TOKEN_BAD) return false; // the lexer told it
    if (p->c->errors < ERRORS_MOST) return true;
    parse_stop(p); // nobody reads more
    return false;
}

void parse_label(Parser *p, Diag *diag, const char *format, ...) {
    if (!diag) return;
    va_list args;
    va_start(args, format);
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diag_label(p->c, diag, "%s", text);
}

void parse_note(Parser *p, Diag *diag, Span span, const char *format, ...) {
    if (!diag) return;
    va_list args;
    va_start(args, format);
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diag_note(p->c, diag, span, "%s", text);
}

void parse_help(Parser *p, Diag *diag, const char *format, ...) {
    if (!diag) return;
    va_list args;
    va_start(args, format);
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diag_help(p->c, diag, "%s", text);
}

const char *parse_show(Parser *p, const Name *name) {
    enum { SHOWN = 60 };
    if (name->len <= SHOWN) return name->text;
    return arena_printf(&p->c->unit, "%.*s…", SHOWN, name->text);
}

const char *parse_found(Parser *p) {
    return p->tok.kind != TOKEN_END && !parse_same_line(p) ? "end of line" : parse_token_found(p);
}

const char *parse_token_found(Parser *p) {
    const Token *t = &p->tok;
    if (t->kind == TOKEN_END) {
        bool hole = p->lexer.end != p->source->text + p->source->len;
        return hole ? "the end of the hole" : "end of file";
    }
    switch (t->kind) {
    case TOKEN_NAME: return arena_printf(&p->c->unit, "'%s'", parse_show(p, t->name));
    case TOKEN_NUMBER: return "a number";
    case TOKEN_STRING: return "a string";
    case TOKEN_FSTRING: return "an f-string";
    default: return arena_printf(&p->c->unit, "'%s'", token_text((TokenKind)t->kind));
    }
}

void parse_expected(Parser *p, const char *what) {
    if (p->panic) return;
    const char *found = parse_found(p);
    Span span = p->tok.span;
    // What is missing at a line's end is missing there, not at the next line's first word.
    if (!parse_same_line(p) && p->last_end) span = (Span){p->last_end, p->last_end};
    parse_fail(p, DIAG_E0202, span, what, found);
}

bool parse_expect(Parser *p, TokenKind kind, const char *what) {
    if (parse_accept(p, kind)) return true;
    parse_expected(p, what);
    return false;
}

bool parse_close(Parser *p, TokenKind kind, Span open) {
    if (parse_accept(p, kind)) return true;
    const char *opener = kind == TOKEN_RPAREN ? "(" : kind == TOKEN_RBRACKET ? "[" : "{";
    if (parse_at(p, TOKEN_END)) {
        Diag *diag = parse_fail(p, DIAG_E0210, open, opener);
        parse_label(p, diag, "opened here");
        parse_stop(p);
        return false;
    }
    const char *found = p->panic ? "" : parse_found(p);
    const char *what = kind == TOKEN_RPAREN ? "')'" : kind == TOKEN_RBRACKET ? "']'" : "'}'";
    Diag *diag = parse_fail(p, DIAG_E0202, p->tok.span, what, found);
    parse_note(p, diag, open, "'%s' opened here", opener);
    return false;
}

Name *parse_name(Parser *p, const char *what) {
    Name *name = p->tok.name;
    if (parse_accept(p, TOKEN_NAME)) return name;
    if (p->tok.kind >= TOKEN_IN && p->tok.kind <= TOKEN_ALIAS && !p->panic) {
        parse_fail(p, DIAG_E0221, p->tok.span, token_text((TokenKind)p->tok.kind), what);
        return NULL;
    }
    parse_expected(p, what);
    return NULL;
}

static bool is_letter(char c) {
    return c == '_' || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

bool parse_is_word(const Parser *p, const Token *token) {
    if (token->kind == TOKEN_NAME) return true;
    if (token->kind >= TOKEN_IN && token->kind <= TOKEN_ALIAS) return true;
    const char *text = p->lexer.text - p->lexer.base;
    if (token->span.begin == token->span.end || !is_letter(text[token->span.begin])) return false;
    char last = text[token->span.end - 1];
    return is_letter(last) || (last >= '0' && last <= '9'); // neither f"…" nor `or!`
}

Name *parse_word(Parser *p) {
    Name *name = p->tok.name;
    if (!parse_is_word(p, &p->tok)) return NULL;
    parse_advance(p);
    return name;
}

Node *parse_new(Parser *p, NodeKind kind, Span span) {
    return ast_new(&p->c->unit, kind, span);
}

Node *parse_poison(Parser *p, Span span) {
    return parse_new(p, NODE_POISON, span);
}

// Whether a line that begins like this begins a statement rather than going on with brackets.
static bool begins_statement(const Parser *p) {
    switch (p->tok.kind) {
    case TOKEN_RET:
    case TOKEN_USE:
    case TOKEN_IMPORT:
    case TOKEN_DEFER:
    case TOKEN_CSTRUCT:
    case TOKEN_AT:
    case TOKEN_AT_AT:
    case TOKEN_HOT: return true;
    default: break;
    }
    if (p->tok.kind != TOKEN_NAME) return false;
    switch (parse_peek(p).kind) {
    case TOKEN_EQ:
    case TOKEN_COLON_EQ:
    case TOKEN_UPDATE:
    case TOKEN_EQ_FAT_ARROW:
    case TOKEN_PLUS_EQ:
    case TOKEN_MINUS_EQ:
    case TOKEN_LPAREN: return true;
    default: return false;
    }
}

void parse_sync(Parser *p, uint32_t begin) {
    uint32_t braces = 0, open = p->open_at_panic, maps = p->maps_at_panic;
    if (p->tok.span.begin == begin && p->tok.kind != TOKEN_END) parse_advance(p);
    for (; p->tok.kind != TOKEN_END; parse_advance(p)) {
        TokenKind kind = (TokenKind)p->tok.kind;
        if (braces == 0) {
            if (kind == TOKEN_SEMICOLON || (kind == TOKEN_RBRACE && maps == 0)) break;
            if (p->tok.newline && (open == 0 || begins_statement(p))) break;
        }
        if (kind == TOKEN_LBRACE) braces++;
        if (kind == TOKEN_RBRACE && braces) {
            braces--;
        } else if (kind == TOKEN_RBRACE) { // of a map
            maps--;
            open--;
        }
        if (braces) continue;
        if (kind == TOKEN_LPAREN || kind == TOKEN_LBRACKET) open++;
        if ((kind == TOKEN_RPAREN || kind == TOKEN_RBRACKET) && open) open--;
    }
    p->panic = p->stopped;
}

// --- bounds -------------------------------------------------------------------------------------

static void too_deep(Parser *p) {
    Diag *diag = parse_fail(p, DIAG_E0209, p->tok.span);
    parse_help(p, diag, "give parts of it names of their own");
    parse_stop(p);
}

bool parse_enter(Parser *p, uint32_t *outer_height) {
    *outer_height = parse_fresh(p);
    p->depth++;
    if (p->depth <= NESTING_MOST) return true;
    too_deep(p);
    return false;
}

void parse_leave(Parser *p, uint32_t outer_height) {
    p->depth--;
    parse_grow(p);
    parse_join(p, outer_height);
}

uint32_t parse_fresh(Parser *p) {
    uint32_t outer_height = p->height;
    p->height = 0;
    return outer_height;
}

void parse_join(Parser *p, uint32_t outer_height) {
    if (p->height < outer_height) p->height = outer_height;
}

bool parse_grow(Parser *p) {
    if (++p->height <= HEIGHT_MOST) return true;
    too_deep(p);
    return false;
}

// --- lists, names, brackets ----------------------------------------------------------------------

void parse_push(Parser *p, Node *node) {
    vec_push(&p->c->scratch, &p->pending, node);
}

void parse_take(Parser *p, uint32_t mark, NodeVec *list) {
    uint32_t count = p->pending.len - mark;
    list->len = list->cap = count;
    list->items = NULL;
    if (count) {
        list->items = arena_alloc_words(&p->c->unit, sizeof(Node *) * count);
        memcpy(list->items, p->pending.items + mark, sizeof(Node *) * count);
    }
    p->pending.len = mark;
}

void parse_declare(Parser *p, Name *name, NameMeaning meaning) {
    name->meaning = (uint8_t)meaning;
    if (name == p->name_b) p->sees_b = true;
}

uint8_t parse_open(Parser *p, uint8_t flags) {
    uint8_t outer = p->flags;
    p->flags = flags;
    p->open++;
    return outer;
}

void parse_shut(Parser *p, uint8_t outer) {
    p->flags = outer;
    p->open--;
}

// --- blocks --------------------------------------------------------------------------------------

// statements := { statement ( newline | ';' ) }, up to a closing brace or the end.
static void parse_statements(Parser *p, NodeVec *list) {
    uint32_t mark = p->pending.len;
    while (!parse_at(p, TOKEN_RBRACE) && !parse_at(p, TOKEN_END)) {
        if (parse_accept(p, TOKEN_SEMICOLON)) continue;
        uint32_t begin = p->tok.span.begin, outer_height = parse_fresh(p);
        parse_push(p, parse_statement(p));
        parse_join(p, outer_height);
        parse_statement_end(p);
        if (p->panic) parse_sync(p, begin);
    }
    parse_take(p, mark, list);
}

// block := '{' statements '}'
Node *parse_block(Parser *p) {
    Span open = p->tok.span;
    if (!parse_expect(p, TOKEN_LBRACE, "'{'")) return parse_poison(p, open);
    uint32_t outer_open = p->open, outer_maps = p->maps, outer_height;
    uint8_t outer_flags = p->flags;
    bool outer_b = p->sees_b;
    Node *block = parse_new(p, NODE_BLOCK, open);
    if (parse_enter(p, &outer_height)) {
        p->flags = 0;
        p->open = p->maps = 0;
        parse_statements(p, &block->block.statements);
        p->flags = outer_flags;
        p->open = outer_open;
        p->maps = outer_maps;
        p->sees_b = outer_b;
        parse_close(p, TOKEN_RBRACE, open);
    }
    parse_leave(p, outer_height);
    block->span = parse_since(p, open.begin);
    return block;
}

Node *parse_as_body(Parser *p, Node *node) {
    if (ast_is_expression(node)) return node;
    Node *block = parse_new(p, NODE_BLOCK, node->span);
    uint32_t mark = p->pending.len;
    parse_push(p, node);
    parse_take(p, mark, &block->block.statements);
    parse_grow(p);
    return block;
}

// --- files ---------------------------------------------------------------------------------------

// file := statements
Node *parse_file(Compilation *c, const Source *source, ParseFiles *files) {
    Parser p = {.c = c, .source = source, .files = files};
    p.name_b = intern_c(&c->names, "b");
    p.name_err = intern_c(&c->names, "err");
    lex_begin(&p.lexer, c, source);
    parse_advance(&p);
    Node *root = parse_new(&p, NODE_BLOCK, (Span){source->base, source->base + source->len});
    uint32_t mark = p.pending.len;
    while (!parse_at(&p, TOKEN_END)) {
        NodeVec part;
        parse_statements(&p, &part);
        for (uint32_t i = 0; i < part.len; i++) parse_push(&p, part.items[i]);
        if (!parse_at(&p, TOKEN_RBRACE)) continue;
        parse_fail(&p, DIAG_E0211, p.tok.span, "}");
        parse_sync(&p, p.tok.span.begin);
    }
    parse_take(&p, mark, &root->block.statements);
    return root;
}

Node *parser_run(Compilation *c, const Source *source) {
    ParseFiles files = {.seen = {.arena = &c->unit}, .packages = {.arena = &c->unit}};
    parse_note_file(c, &files, source->path);
    return parse_file(c, source, &files);
}

void parser_know_function(Name *name) {
    name->meaning = MEANING_FUNCTION;
}
