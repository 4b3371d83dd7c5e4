// parse_match.c: match blocks and the braceless form (language.md 5).
//
// Arms need no separators, so whether something is a guard shows only at the arrow behind it: each
// item is read as a statement first. Lines without an arrow go on with the arm before them.
#include "parser_internal.h"

typedef struct Arms {
    Node *match;
    bool implicit; // the last arm's body is a block of lines without braces
} Arms;

static MatchArm *last_arm(const Arms *arms) {
    return arms->match->match.arms.len
               ? &arms->match->match.arms.items[arms->match->match.arms.len - 1]
               : NULL;
}

static MatchArm *find_arm(const Arms *arms, ArmKind a, ArmKind b) {
    for (uint32_t i = 0; i < arms->match->match.arms.len; i++) {
        MatchArm *arm = &arms->match->match.arms.items[i];
        if (arm->kind == a || arm->kind == b) return arm;
    }
    return NULL;
}

static bool is_bindable(uint8_t kind) {
    return kind == TOKEN_NAME || kind == TOKEN_ERR;
}

// Whether names and a `{` on the same line stand here, behind an arrow.
static bool binds_ahead(const Parser *p) {
    if (!is_bindable(p->tok.kind)) return false;
    Lexer ahead = p->lexer;
    Token token;
    ahead.quiet = true;
    for (;;) {
        lex_next(&ahead, &token);
        if (token.newline) return false;
        if (token.kind == TOKEN_LBRACE) return true;
        if (token.kind != TOKEN_COMMA) return false;
        lex_next(&ahead, &token);
        if (!is_bindable(token.kind) || token.newline) return false;
    }
}

// binds := NAME { ',' NAME } block
static void bound_body(Parser *p, MatchArm *arm) {
    bool outer_b = p->sees_b;
    uint32_t outer_err = p->err_names;
    do {
        Name *name = p->tok.name;
        if (name == p->name_err) p->err_names++;
        vec_push(&p->c->unit, &arm->binds, name);
        parse_declare(p, name, MEANING_UNKNOWN);
        parse_advance(p);
    } while (parse_accept(p, TOKEN_COMMA));
    arm->body = parse_block(p);
    p->sees_b = outer_b;
    p->err_names = outer_err;
}

// body := block | statement
static Node *arm_body(Parser *p) {
    if (parse_at(p, TOKEN_LBRACE)) return parse_block(p);
    bool outer_b = p->sees_b;
    Node *node = parse_as_body(p, parse_statement(p));
    p->sees_b = outer_b;
    return node;
}

static bool is_literal(const Node *node) {
    if (node->parenthesized) return false;
    if (node->kind == NODE_NUMBER || node->kind == NODE_STRING) return true;
    if (node->kind == NODE_UNARY) {
        return node->unary.op == UNARY_NEG && node->unary.operand->kind == NODE_NUMBER;
    }
    if (node->kind != NODE_NAME) return false;
    const Name *name = node->name.name;
    return (name->keyword == WORD_YES || name->keyword == WORD_NO) &&
           name->meaning == MEANING_UNKNOWN;
}

// The part of an arm behind its arrow, and the arm into the list. With names to bind the kinds of
// guards without an expression become those that bind.
static void finish_arm(Parser *p, Arms *arms, MatchArm *arm, uint32_t begin) {
    Span arrow = p->tok.span;
    parse_advance(p);
    bool lines = false; // further lines belong to the same block
    if (!binds_ahead(p)) {
        bool braces = parse_at(p, TOKEN_LBRACE);
        arm->body = arm_body(p);
        lines = !braces && arm->body->kind == NODE_BLOCK;
    } else if (arm->kind == ARM_GUARD) {
        Diag *diag = parse_fail(p, DIAG_E0215, p->tok.span);
        parse_help(p, diag, "to match on the value of a name, parenthesise it: -> (%s) { … }",
                   parse_show(p, p->tok.name));
        arm->body = parse_poison(p, p->tok.span);
    } else {
        bool error = arm->kind == ARM_DEFAULT || arm->kind == ARM_ERR_GUARD;
        arm->kind = error ? ARM_BIND_ERROR : ARM_BIND_VALUE;
        arms->match->match.on_result = true;
        bound_body(p, arm);
    }
    arm->span = parse_since(p, begin);
    const MatchArm *twin = NULL;
    DiagCode code = DIAG_E0214;
    if (arm->kind == ARM_DEFAULT || arm->kind == ARM_BIND_ERROR) {
        twin = find_arm(arms, ARM_DEFAULT, ARM_BIND_ERROR);
        code = DIAG_E0213;
    } else if (arm->kind == ARM_BIND_VALUE) {
        twin = find_arm(arms, ARM_BIND_VALUE, ARM_THEN);
    } else if (arm->kind == ARM_THEN) {
        twin = last_arm(arms);
    }
    if (twin) {
        Diag *diag = parse_fail(p, code, arrow);
        parse_note(p, diag, twin->span, "an earlier arm");
    }
    vec_push(&p->c->unit, &arms->match->match.arms, *arm);
    arms->implicit = lines;
}

// A line without an arrow: the first arm, or more of the arm before.
static void plain_line(Parser *p, Arms *arms, Node *node, Span span, bool separate) {
    MatchArm *arm = last_arm(arms);
    if (!arm) {
        MatchArm first = {.kind = ARM_THEN, .span = node->span, .body = parse_as_body(p, node)};
        vec_push(&p->c->unit, &arms->match->match.arms, first);
        arms->implicit = !ast_is_expression(node);
        return;
    }
    if (!separate) {
        parse_fail(p, DIAG_E0201, span);
        return;
    }
    if (!arms->implicit) {
        Node *block = parse_new(p, NODE_BLOCK, arm->body->span);
        vec_push(&p->c->unit, &block->block.statements, arm->body);
        arm->body = block;
        arms->implicit = true;
        parse_grow(p);
    }
    vec_push(&p->c->unit, &arm->body->block.statements, node);
    arm->body->span = span_join(arm->body->span, node->span);
    arm->span = span_join(arm->span, node->span);
}

// A guard and its arm, or a line without an arrow.
static void guarded_arm(Parser *p, Arms *arms) {
    Span span = p->tok.span;
    bool separate =
        p->tok.newline || p->last_kind == TOKEN_SEMICOLON || p->last_kind == TOKEN_RBRACE;
    bool block = parse_at(p, TOKEN_LBRACE) && !parse_is_map(p);
    Node *node = block ? parse_block(p) : parse_statement(p);
    if (p->panic) return;
    if (!parse_at(p, TOKEN_ARROW) || !parse_same_line(p)) {
        plain_line(p, arms, node, span, separate);
        return;
    }
    if (!ast_is_expression(node)) {
        parse_fail(p, DIAG_E0212, node->span);
        return;
    }
    MatchArm arm = {.kind = ARM_GUARD, .guard = node, .literal_guard = is_literal(node)};
    finish_arm(p, arms, &arm, span.begin);
}

// arm := [ guard ] '->' body | '~>' body | ( 'err?' | 'val?' ) '->' body | statement
static void one_arm(Parser *p, Arms *arms) {
    uint32_t begin = p->tok.span.begin;
    MatchArm arm = {.kind = ARM_THEN};
    switch (p->tok.kind) {
    case TOKEN_ARROW: finish_arm(p, arms, &arm, begin); break;
    case TOKEN_TILDE_ARROW:
        arm.kind = ARM_DEFAULT;
        finish_arm(p, arms, &arm, begin);
        break;
    case TOKEN_ERR_QUESTION:
    case TOKEN_VAL_QUESTION:
        arm.kind = p->tok.kind == TOKEN_ERR_QUESTION ? ARM_ERR_GUARD : ARM_VAL_GUARD;
        parse_advance(p);
        if (parse_at(p, TOKEN_ARROW)) {
            finish_arm(p, arms, &arm, begin);
        } else {
            parse_expected(p, "'->' after this guard");
        }
        break;
    default: guarded_arm(p, arms);
    }
}

static Node *new_match(Parser *p, Node *subject) {
    Node *node = parse_new(p, NODE_MATCH, subject->span);
    node->match.subject = subject;
    return node;
}

// match := subject '{' { arm [ ';' ] } '}'
Node *parse_match(Parser *p, Node *subject) {
    Span open = p->tok.span;
    Arms arms = {.match = new_match(p, subject)};
    uint8_t outer_flags = p->flags;
    uint32_t outer_open = p->open, outer_height;
    bool outer_b = p->sees_b;
    parse_advance(p);
    if (parse_enter(p, &outer_height)) {
        p->flags = IN_ARMS;
        p->open = 0;
        while (!parse_at(p, TOKEN_RBRACE) && !parse_at(p, TOKEN_END)) {
            if (parse_accept(p, TOKEN_SEMICOLON)) continue;
            uint32_t begin = p->tok.span.begin, height = parse_fresh(p);
            one_arm(p, &arms);
            parse_join(p, height);
            p->sees_b = outer_b;
            if (p->panic) parse_sync(p, begin);
        }
        p->flags = outer_flags;
        p->open = outer_open;
        parse_close(p, TOKEN_RBRACE, open);
    }
    parse_leave(p, outer_height);
    Span span = parse_since(p, open.begin);
    if (!arms.match->match.arms.len) {
        MatchArm nothing = {.kind = ARM_THEN, .span = span, .body = parse_new(p, NODE_BLOCK, span)};
        vec_push(&p->c->unit, &arms.match->match.arms, nothing);
    }
    arms.match->span = parse_since(p, subject->span.begin);
    return arms.match;
}

// braceless := subject '->' body [ '~>' body ]
Node *parse_braceless(Parser *p, Node *subject) {
    Arms arms = {.match = new_match(p, subject)};
    uint8_t outer = p->flags;
    uint32_t outer_height;
    if (parse_enter(p, &outer_height)) {
        p->flags |= IN_ARMS;
        MatchArm then = {.kind = ARM_THEN}, other = {.kind = ARM_DEFAULT};
        finish_arm(p, &arms, &then, p->tok.span.begin);
        if (parse_at(p, TOKEN_TILDE_ARROW)) finish_arm(p, &arms, &other, p->tok.span.begin);
        p->flags = outer;
    }
    parse_leave(p, outer_height);
    arms.match->span = parse_since(p, subject->span.begin);
    return arms.match;
}
