// parse_lambda.c: names, parentheses, lambdas and clauses, and the right sides of definitions.
//
// Whether parentheses hold parameters is decided by looking ahead over patterns and commas only, up
// to the arrow, so that no text is looked at more than twice.
#include "parser_internal.h"

typedef VEC(Pattern) PatternVec;

// --- looking ahead -------------------------------------------------------------------------------

static bool is_word_kind(uint8_t kind) {
    return kind == TOKEN_NAME || (kind >= TOKEN_IN && kind <= TOKEN_ALIAS);
}

// The arrow behind the parameters that begin after the `(` which `ahead` has just passed: `=>` or
// `->`, or TOKEN_END when these are no parameters. *names: how many there are. `notes`: they may have
// type notes.
static TokenKind arrow_after(Lexer ahead, bool notes, uint32_t *names) {
    Token token;
    ahead.quiet = true;
    *names = 0;
    lex_next(&ahead, &token);
    while (token.kind != TOKEN_RPAREN) {
        if (token.kind == TOKEN_MINUS) {
            lex_next(&ahead, &token);
            if (token.kind != TOKEN_NUMBER && token.kind != TOKEN_INF) return TOKEN_END;
        }
        if (!is_word_kind(token.kind) && token.kind != TOKEN_NUMBER && token.kind != TOKEN_STRING) {
            return TOKEN_END;
        }
        ++*names;
        lex_next(&ahead, &token);
        if (notes && token.kind == TOKEN_COLON) {
            lex_next(&ahead, &token);
            if (token.kind != TOKEN_NAME) return TOKEN_END;
            lex_next(&ahead, &token);
        }
        if (token.kind == TOKEN_COMMA) {
            lex_next(&ahead, &token);
        } else if (token.kind != TOKEN_RPAREN) {
            return TOKEN_END;
        }
    }
    lex_next(&ahead, &token);
    bool arrow = token.kind == TOKEN_FAT_ARROW || token.kind == TOKEN_ARROW;
    return arrow && !token.newline ? (TokenKind)token.kind : TOKEN_END;
}

// The arrow behind the names that begin at p->tok, a name: `x, y =>`.
static TokenKind arrow_after_names(const Parser *p, uint32_t *names) {
    Lexer ahead = p->lexer;
    Token token;
    ahead.quiet = true;
    for (*names = 1;; ++*names) {
        lex_next(&ahead, &token);
        if (token.newline || token.kind != TOKEN_COMMA) break;
        lex_next(&ahead, &token);
        if (token.kind != TOKEN_NAME) return TOKEN_END;
    }
    bool arrow = token.kind == TOKEN_FAT_ARROW || token.kind == TOKEN_ARROW;
    return arrow && !token.newline ? (TokenKind)token.kind : TOKEN_END;
}

// --- patterns ------------------------------------------------------------------------------------

// pattern := NAME | '_' | [ '-' ] NUMBER | STRING | 'inf' | 'yes' | 'no'
static Pattern pattern(Parser *p) {
    Pattern result = {.kind = PATTERN_LITERAL, .span = p->tok.span};
    Name *name = p->tok.name;
    switch (p->tok.kind) {
    case TOKEN_NUMBER:
    case TOKEN_INF: result.literal = parse_number(p); break;
    case TOKEN_STRING: result.literal = parse_string(p); break;
    case TOKEN_MINUS: {
        Node *node = parse_new(p, NODE_UNARY, p->tok.span);
        parse_advance(p);
        node->unary.op = UNARY_NEG;
        node->unary.operand = parse_number(p);
        node->span = result.span = parse_since(p, result.span.begin);
        result.literal = node;
        break;
    }
    case TOKEN_NAME:
        parse_advance(p);
        if (name->keyword == WORD_YES || name->keyword == WORD_NO) {
            result.literal = parse_new(p, NODE_NAME, result.span);
            result.literal->name.name = name;
        } else if (name->len == 1 && *name->text == '_') {
            result.kind = PATTERN_ANY;
        } else {
            result.kind = PATTERN_NAME;
            result.name = name;
        }
        break;
    default: parse_name(p, "a parameter"); result.kind = PATTERN_ANY;
    }
    return result;
}

static void push_pattern(Parser *p, PatternVec *params, bool clauses, bool notes) {
    Pattern next = pattern(p);
    if (notes && next.kind == PATTERN_NAME && parse_accept(p, TOKEN_COLON))
        next.note = parse_name(p, "a type after ':'");
    if (next.kind == PATTERN_LITERAL && !clauses) {
        Diag *diag = parse_fail(p, DIAG_E0216, next.span);
        parse_help(p, diag, "compare in the body: x => x == 0 { … ~> … }");
    }
    vec_push(&p->c->unit, params, next);
}

// parameters := '(' [ pattern { ',' pattern } [ ',' ] ] ')'; in exported functions NAME ':' type, too.
static void parameters(Parser *p, PatternVec *params, bool clauses, bool notes) {
    Span open = p->tok.span;
    uint8_t outer = parse_open(p, IN_BRACKETS);
    parse_advance(p);
    while (!parse_at(p, TOKEN_RPAREN) && !p->panic) {
        push_pattern(p, params, clauses, notes);
        if (!parse_accept(p, TOKEN_COMMA)) break;
    }
    parse_close(p, TOKEN_RPAREN, open);
    parse_shut(p, outer);
}

// --- lambdas -------------------------------------------------------------------------------------

// body := block | jump | value
Node *parse_lambda_body(Parser *p) {
    if (parse_at(p, TOKEN_LBRACE)) return parse_block(p);
    Node *jump = parse_jump(p);
    return jump ? parse_as_body(p, jump) : parse_value(p);
}

// Takes the arrow of a lambda, whichever it is.
static void take_arrow(Parser *p) {
    if (parse_accept(p, TOKEN_FAT_ARROW)) return;
    if (parse_at(p, TOKEN_ARROW)) {
        parse_fail(p, DIAG_E0204, p->tok.span);
        parse_advance(p);
        return;
    }
    parse_expected(p, "'=>'");
}

// The rest of a clause whose parameters have been read: '=>' body. The parameters are visible in
// it.
static Clause clause_after(Parser *p, const PatternVec *params, uint32_t begin) {
    Clause clause = {.body = NULL};
    bool outer_b = p->sees_b;
    clause.params.items = params->items;
    clause.params.len = params->len;
    clause.params.cap = params->cap;
    for (uint32_t i = 0; i < params->len; i++) {
        if (params->items[i].kind == PATTERN_NAME) {
            parse_declare(p, params->items[i].name, MEANING_UNKNOWN);
        }
    }
    take_arrow(p);
    clause.body = parse_lambda_body(p);
    clause.span = parse_since(p, begin);
    p->sees_b = outer_b;
    return clause;
}

static Node *lambda_after(Parser *p, const PatternVec *params, uint32_t begin) {
    // A definition's function may call itself, so its name means one before the body is read.
    if (p->defining && p->defining_at == begin) parse_declare(p, p->defining, MEANING_FUNCTION);
    p->defining = NULL;
    Clause clause = clause_after(p, params, begin);
    Node *node = parse_new(p, NODE_LAMBDA, clause.span);
    vec_push(&p->c->unit, &node->lambda.clauses, clause);
    parse_grow(p);
    return node;
}

// operand := NAME | NAME '=>' body
Node *parse_name_or_lambda(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    Span span = p->tok.span;
    Name *name = p->tok.name;
    parse_advance(p);
    if (parse_at(p, TOKEN_FAT_ARROW) && parse_same_line(p)) {
        PatternVec params = {0};
        Pattern only = {.kind = PATTERN_NAME, .span = span, .name = name};
        if (name->len == 1 && *name->text == '_') only.kind = PATTERN_ANY;
        vec_push(&p->c->unit, &params, only);
        return lambda_after(p, &params, begin);
    }
    Node *node = parse_new(p, NODE_NAME, span);
    node->name.name = name;
    return node;
}

// operand := parameters '=>' body | '(' value ')'
Node *parse_parenthesis(Parser *p) {
    Span open = p->tok.span;
    uint32_t names;
    bool wrong = p->defining && p->defining_at == open.begin, notes = wrong && p->exporting;
    TokenKind arrow = arrow_after(p->lexer, notes, &names);
    if (arrow == TOKEN_FAT_ARROW || (arrow == TOKEN_ARROW && (wrong || names != 1))) {
        PatternVec params = {0};
        parameters(p, &params, wrong, notes);
        return lambda_after(p, &params, open.begin);
    }
    uint8_t outer = parse_open(p, IN_BRACKETS);
    parse_advance(p);
    Node *node = parse_value(p);
    parse_close(p, TOKEN_RPAREN, open);
    parse_shut(p, outer);
    node->parenthesized = true;
    return node;
}

// Adds what follows `,`: further clauses of the same function.
static void more_clauses(Parser *p, Node *node) {
    uint32_t names;
    while (parse_at(p, TOKEN_COMMA) && parse_same_line(p) && parse_peek(p).kind == TOKEN_LPAREN) {
        Lexer ahead = p->lexer;
        Token token;
        lex_next(&ahead, &token);
        if (arrow_after(ahead, false, &names) != TOKEN_FAT_ARROW) return;
        parse_advance(p);
        uint32_t begin = p->tok.span.begin;
        PatternVec params = {0};
        parameters(p, &params, true, false);
        Clause clause = clause_after(p, &params, begin);
        const Clause *first = &node->lambda.clauses.items[0];
        if (params.len != first->params.len) {
            Diag *diag = parse_fail(p, DIAG_E0227, clause.span, params.len, first->params.len);
            parse_note(p, diag, first->span, "the first clause");
        }
        vec_push(&p->c->unit, &node->lambda.clauses, clause);
        node->span = parse_since(p, node->span.begin);
    }
}

// NAME ',' NAME { ',' NAME } '=>' body
static Node *bare_lambda(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    PatternVec params = {0};
    do {
        push_pattern(p, &params, false, false);
    } while (parse_accept(p, TOKEN_COMMA));
    return lambda_after(p, &params, begin);
}

// right := value | lambda of bare names | clause { ',' clause }
// `defining`: the name that is defined, when it is one; null for updates and names taken apart.
Node *parse_right_side(Parser *p, Name *defining) {
    uint32_t names = 1, begin = p->tok.span.begin;
    p->defining = defining;
    p->defining_at = begin;
    if (parse_at(p, TOKEN_NAME)) {
        TokenKind arrow = arrow_after_names(p, &names);
        if ((arrow == TOKEN_FAT_ARROW && names > 1) || (arrow == TOKEN_ARROW && defining)) {
            return bare_lambda(p);
        }
    }
    Node *node = parse_value(p);
    p->defining = NULL;
    if (defining && node->kind == NODE_LAMBDA && !node->parenthesized &&
        node->span.begin == begin && node->lambda.clauses.len == 1) {
        more_clauses(p, node);
    }
    return node;
}
