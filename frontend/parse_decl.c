// parse_decl.c: declarations: import, cstruct, alias, registers and modules of the simulator,
// spawn.
#include "parser_internal.h"

#include <string.h>

// --- import --------------------------------------------------------------------------------------

// lib.so, lib.so.1: a shared object, not a package.
static bool is_shared_object(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *suffix = strstr(name, ".so");
    return suffix && suffix > name && (suffix[3] == '\0' || suffix[3] == '.');
}

// import := 'import' ( NAME | STRING ) 'as' ( NAME | '*' )
Node *parse_import(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_IMPORT, p->tok.span);
    if (parse_at(p, TOKEN_STRING)) {
        node->import.path = parse_text(p, &node->import.len);
        node->import.is_file = is_shared_object(node->import.path);
    } else {
        node->import.library = parse_name(p, "a library's name or a path in quotes");
        if (!node->import.library) return node;
    }
    bool named = parse_at(p, TOKEN_AS) && !p->tok.newline;
    if (named) {
        parse_advance(p);
        node->import.as_all = parse_accept(p, TOKEN_STAR);
        if (!node->import.as_all) node->import.as = parse_name(p, "a name after `as`");
    } else if (node->import.library) {
        node->import.as = node->import.library;
    } else {
        parse_expected(p, "`as` and a name");
    }
    if (node->import.as) parse_declare(p, node->import.as, MEANING_VALUE);
    node->span = parse_since(p, begin);
    if (node->import.path && !node->import.is_file && !p->panic) parse_package(p, node, node->span);
    return node;
}

// --- alias ---------------------------------------------------------------------------------------

// Which tokens can have another spelling: words, and what begins or joins loops and arms.
static bool is_aliasable(uint8_t kind) {
    switch (kind) {
    case TOKEN_AT:
    case TOKEN_AT_AT:
    case TOKEN_AT_FIRST:
    case TOKEN_AT_LAST:
    case TOKEN_AT_COUNTER:
    case TOKEN_FAT_ARROW:
    case TOKEN_ARROW:
    case TOKEN_TILDE_ARROW: return true;
    default: return kind >= TOKEN_IN && kind <= TOKEN_VAL_QUESTION;
    }
}

// alias := 'alias' NAME '=' token
Node *parse_alias(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_ALIAS, p->tok.span);
    // Another alias may get a new meaning; the language's own words keep theirs.
    bool again = parse_is_word(p, &p->tok) && p->tok.name->is_alias;
    Name *name = again ? parse_word(p) : parse_name(p, "a new spelling after `alias`");
    if (!name || !parse_expect(p, TOKEN_EQ, "'='")) return node;
    uint8_t kind = p->tok.kind;
    if (!is_aliasable(kind)) {
        Diag *diag = parse_fail(p, DIAG_E0225, p->tok.span);
        parse_help(p, diag, "alias for=@");
        return node;
    }
    node->alias.name = name;
    node->alias.token = kind;
    // Before the next token is read, so that it has its new meaning at once.
    name->keyword = kind;
    name->is_alias = true;
    parse_advance(p);
    node->span = parse_since(p, begin);
    return node;
}

// --- fields --------------------------------------------------------------------------------------

// field := NAME ':' [ '*' ] NAME [ '[' value ']' ] [ 'depth' value ]
static bool field_decl(Parser *p, FieldDecl *decl, const char *what, bool depth) {
    uint32_t begin = p->tok.span.begin;
    *decl = (FieldDecl){.name = NULL};
    decl->name = parse_name(p, what);
    if (!decl->name || !parse_expect(p, TOKEN_COLON, "':' and a type")) return false;
    decl->pointer = parse_accept(p, TOKEN_STAR) || parse_accept(p, TOKEN_STAR_STAR);
    decl->type_name = parse_name(p, "a type");
    if (!decl->type_name) return false;
    if (parse_at(p, TOKEN_LBRACKET) && parse_touches(p)) {
        Span open = p->tok.span;
        uint8_t outer = parse_open(p, IN_BRACKETS);
        parse_advance(p);
        decl->count = parse_expr(p);
        parse_close(p, TOKEN_RBRACKET, open);
        parse_shut(p, outer);
    }
    if (depth && parse_at(p, TOKEN_NAME) && p->tok.name->keyword == WORD_DEPTH) {
        parse_advance(p);
        decl->depth = parse_expr(p);
    }
    decl->span = parse_since(p, begin);
    return !p->panic;
}

// cstruct := 'cstruct' NAME { 'packed' | 'aligned' '(' value ')' } '{' { field ( ',' | newline ) }
// '}'
Node *parse_cstruct(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_CSTRUCT, p->tok.span);
    node->cstruct.name = parse_name(p, "a name after `cstruct`");
    while (node->cstruct.name && parse_at(p, TOKEN_NAME)) {
        uint8_t word = p->tok.name->keyword;
        if (word == WORD_PACKED) {
            node->cstruct.packed = true;
            parse_advance(p);
        } else if (word == WORD_ALIGNED) {
            parse_advance(p);
            if (!parse_at(p, TOKEN_LPAREN)) {
                parse_expected(p, "'(' after `aligned`");
                return node;
            }
            node->cstruct.aligned = parse_parenthesis(p);
        } else {
            break;
        }
    }
    Span open = p->tok.span;
    if (!node->cstruct.name || !parse_expect(p, TOKEN_LBRACE, "'{' and the fields")) return node;
    FieldDecl decl;
    while (!parse_at(p, TOKEN_RBRACE) && !parse_at(p, TOKEN_END)) {
        if (parse_accept(p, TOKEN_COMMA) || parse_accept(p, TOKEN_SEMICOLON)) continue;
        if (!field_decl(p, &decl, "a field's name", false)) break;
        vec_push(&p->c->unit, &node->cstruct.fields, decl);
        if (parse_at(p, TOKEN_NAME) && !p->tok.newline) {
            parse_expected(p, "',' or a new line");
            break;
        }
    }
    parse_close(p, TOKEN_RBRACE, open);
    node->span = parse_since(p, begin);
    return node;
}

// --- simulator -----------------------------------------------------------------------------------

// register := 'register' field [ '=' value ]
Node *parse_register(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_REGISTER, p->tok.span);
    node->reg.decl = ARENA_NEW(&p->c->unit, FieldDecl);
    if (!field_decl(p, node->reg.decl, "a register's name", false))
        return parse_poison(p, parse_since(p, begin));
    parse_declare(p, node->reg.decl->name, MEANING_VALUE);
    bool outer_hardware = p->in_hardware;
    p->in_hardware = true;
    if (parse_accept(p, TOKEN_EQ)) node->reg.initial = parse_value(p);
    p->in_hardware = outer_hardware;
    node->span = parse_since(p, begin);
    return node;
}

static void port_list(Parser *p, FieldDeclVec *ports) {
    Span open = p->tok.span;
    uint8_t outer = parse_open(p, IN_BRACKETS);
    FieldDecl decl;
    parse_advance(p);
    while (!parse_at(p, TOKEN_RPAREN) && field_decl(p, &decl, "a port's name", true)) {
        vec_push(&p->c->unit, ports, decl);
        parse_declare(p, decl.name, MEANING_VALUE);
        if (!parse_accept(p, TOKEN_COMMA)) break;
    }
    parse_close(p, TOKEN_RPAREN, open);
    parse_shut(p, outer);
}

// module := 'module' NAME [ '(' [ field { ',' field } ] ')' ] block | 'downstream' NAME block
Node *parse_module(Parser *p, bool downstream) {
    uint32_t begin = p->tok.span.begin;
    bool outer_b = p->sees_b;
    parse_advance(p);
    Node *node = parse_new(p, NODE_MODULE, p->tok.span);
    node->module.downstream = downstream;
    node->module.name = parse_name(p, "a module's name");
    if (!node->module.name) return parse_poison(p, parse_since(p, begin));
    parse_declare(p, node->module.name, MEANING_FUNCTION);
    if (!downstream && parse_at(p, TOKEN_LPAREN)) {
        node->module.has_ports = true;
        port_list(p, &node->module.ports);
    }
    bool outer_hardware = p->in_hardware;
    p->in_hardware = true;
    node->module.body = parse_block(p);
    p->in_hardware = outer_hardware;
    p->sees_b = outer_b;
    node->span = parse_since(p, begin);
    return node;
}

// --- spawn ---------------------------------------------------------------------------------------

// Whether `| a, b | {` or `| {a, b} | {` begins at p->tok, the bar.
static bool spawn_binds_ahead(const Parser *p) {
    Lexer ahead = p->lexer;
    Token token;
    ahead.quiet = true;
    lex_next(&ahead, &token);
    bool braces = token.kind == TOKEN_LBRACE;
    if (braces) lex_next(&ahead, &token);
    while (token.kind == TOKEN_NAME) {
        lex_next(&ahead, &token);
        if (token.kind != TOKEN_COMMA) break;
        lex_next(&ahead, &token);
    }
    if (braces) {
        if (token.kind != TOKEN_RBRACE) return false;
        lex_next(&ahead, &token);
    }
    if (token.kind != TOKEN_PIPE) return false;
    lex_next(&ahead, &token);
    return token.kind == TOKEN_LBRACE;
}

// '|' ( names | '{' names '}' ) '|' block
static void spawn_result(Parser *p, Node *node) {
    bool outer_b = p->sees_b;
    parse_advance(p);
    node->spawn.bind_map = parse_accept(p, TOKEN_LBRACE);
    node->spawn.binds = parse_new(p, NODE_DEFINE, p->tok.span);
    DefineNode *binds = ARENA_NEW(&p->c->unit, DefineNode);
    node->spawn.binds->define = binds;
    do {
        Span span = p->tok.span;
        Name *name = parse_name(p, "a name");
        if (!name) break;
        vec_push(&p->c->unit, &binds->names, name);
        vec_push(&p->c->unit, &binds->name_spans, span);
        parse_declare(p, name, MEANING_UNKNOWN);
    } while (parse_accept(p, TOKEN_COMMA));
    node->spawn.binds->span = parse_since(p, node->spawn.binds->span.begin);
    if (node->spawn.bind_map) parse_expect(p, TOKEN_RBRACE, "'}'");
    parse_expect(p, TOKEN_PIPE, "'|'");
    node->spawn.block = parse_block(p);
    p->sees_b = outer_b;
}

// spawn := 'spawn' call [ '|' binds '|' block ]
Node *parse_spawn(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_SPAWN, p->tok.span);
    node->spawn.call = parse_postfix(p);
    if (node->spawn.call->kind != NODE_CALL) {
        parse_fail(p, DIAG_E0202, node->spawn.call->span, "a call after `spawn`", "something else");
    }
    if (parse_at(p, TOKEN_PIPE) && parse_same_line(p) && spawn_binds_ahead(p))
        spawn_result(p, node);
    node->span = parse_since(p, begin);
    return node;
}
