// parse_stmt.c: statements: definitions, updates, jumps, and expressions standing alone.
//
// A statement that begins with an expression is read as one; the operator behind it then says
// whether it defines, updates, swaps or appends.
#include "parser_internal.h"

#include <string.h>

bool parse_value_follows(const Parser *p) {
    if (p->tok.newline) return false;
    switch (p->tok.kind) {
    case TOKEN_END:
    case TOKEN_SEMICOLON:
    case TOKEN_RBRACE:
    case TOKEN_RPAREN:
    case TOKEN_RBRACKET:
    case TOKEN_TILDE_ARROW:
    case TOKEN_ARROW:
    case TOKEN_COMMA:
    case TOKEN_AT_NEXT: return false;
    default: return true;
    }
}

void parse_statement_end(Parser *p) {
    if (p->panic || p->tok.newline || p->last_kind == TOKEN_RBRACE) return;
    switch (p->tok.kind) {
    case TOKEN_END:
    case TOKEN_SEMICOLON:
    case TOKEN_RBRACE: return;
    case TOKEN_RPAREN:
    case TOKEN_RBRACKET:
        parse_fail(p, DIAG_E0211, p->tok.span, token_text((TokenKind)p->tok.kind));
        return;
    default: break;
    }
    bool arrow = parse_at(p, TOKEN_TILDE_ARROW) || parse_at(p, TOKEN_ARROW);
    Diag *diag = parse_fail(p, DIAG_E0201, p->tok.span);
    if (arrow)
        parse_help(p, diag,
                   "a name and a `{` behind an arrow bind that name; to match on its value, "
                   "parenthesise it: -> (x) { … }");
}

// Inside an arm that binds `err`, that word is the message unless a new message follows it.
static bool is_err_statement(const Parser *p) {
    if (parse_is_reserved_definition(p)) return false;
    if (p->err_names == 0) return true;
    Token next = parse_peek(p);
    return !next.newline && (next.kind == TOKEN_STRING || next.kind == TOKEN_FSTRING ||
                             next.kind == TOKEN_NAME || next.kind == TOKEN_AT);
}

Node *parse_jump(Parser *p) {
    switch (p->tok.kind) {
    case TOKEN_RET: return parse_ret(p);
    case TOKEN_AT_NEXT: return parse_next(p);
    case TOKEN_ERR: return is_err_statement(p) ? parse_err(p) : NULL;
    default: return NULL;
    }
}

// --- definitions ---------------------------------------------------------------------------------

static NameMeaning meaning_of(const Node *value) {
    switch ((NodeKind)value->kind) {
    case NODE_LAMBDA: return MEANING_FUNCTION;
    case NODE_NAME: return (NameMeaning)value->name.name->meaning;
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_FSTRING:
    case NODE_LIST:
    case NODE_MAP:
    case NODE_UNARY:
    case NODE_BINARY:
    case NODE_RANGE:
    case NODE_SLICE:
    case NODE_CAST:
    case NODE_RESULT_TEST:
    case NODE_LOOP_VALUE:
    case NODE_PORT: return MEANING_VALUE;
    default: return MEANING_UNKNOWN; // the result of a call may be a function
    }
}

static bool is_reserved(const Name *name) {
    return name->keyword && name->keyword < TOKEN_COUNT;
}

static void add_name(Parser *p, DefineNode *define, Name *name, Span span) {
    if (is_reserved(name)) parse_fail(p, DIAG_E0221, span, parse_show(p, name), "a name");
    vec_push(&p->c->unit, &define->names, name);
    vec_push(&p->c->unit, &define->name_spans, span);
}

static Node *new_define(Parser *p, const Node *head) {
    Node *node = parse_new(p, NODE_DEFINE, head->span);
    node->define = ARENA_NEW(&p->c->unit, DefineNode);
    add_name(p, node->define, head->name.name, head->span);
    return node;
}

// ( '=' | ':=' | '=?' ) right | '==>' body
static Node *defined_value(Parser *p, Node *node) {
    DefineNode *define = node->define;
    bool one = define->names.len == 1;
    Name *name = define->names.items[0];
    TokenKind kind = (TokenKind)p->tok.kind;
    parse_advance(p);
    define->is_mutable = kind == TOKEN_COLON_EQ;
    define->or_return = kind == TOKEN_EQ_QUESTION;
    if (kind == TOKEN_EQ_FAT_ARROW) {
        parse_declare(p, name, MEANING_FUNCTION);
        uint32_t begin = p->tok.span.begin;
        Clause clause = {.body = parse_lambda_body(p)};
        clause.span = parse_since(p, begin);
        define->value = parse_new(p, NODE_LAMBDA, clause.span);
        vec_push(&p->c->unit, &define->value->lambda.clauses, clause);
    } else {
        define->value = parse_right_side(p, one ? name : NULL);
        for (uint32_t i = 0; i < define->names.len; i++) {
            parse_declare(p, define->names.items[i],
                          one ? meaning_of(define->value) : MEANING_UNKNOWN);
        }
    }
    parse_grow(p);
    node->span = parse_since(p, node->span.begin);
    return node;
}

// Why `head` cannot be defined or updated. The right side is read all the same.
static Node *refuse_target(Parser *p, const Node *head, bool update) {
    bool element = head->kind == NODE_INDEX || head->kind == NODE_FIELD;
    if (!update && element && !head->parenthesized) {
        parse_fail(p, DIAG_E0207, p->tok.span, token_text((TokenKind)p->tok.kind));
    } else if (head->kind == NODE_POISON) {
        p->panic = true;
    } else {
        Diag *diag = parse_fail(p, DIAG_E0208, head->span, update ? "updated" : "defined");
        parse_help(p, diag,
                   update ? "only names, elements x[i] and fields x.f are updated"
                          : "a definition has a name on its left side");
    }
    return parse_poison(p, head->span);
}

static Node *define_one(Parser *p, Node *head) {
    if (head->kind != NODE_NAME || head->parenthesized) return refuse_target(p, head, false);
    return defined_value(p, new_define(p, head));
}

static const char map_help[] =
    "a `{` after `=>` or an arrow begins a block; a map there needs parentheses: ({a: 1})";

// NAME ':' type ( '=' | ':=' ) right
static Node *define_typed(Parser *p, Node *head) {
    if (head->kind != NODE_NAME || head->parenthesized) return head;
    Node *node = new_define(p, head);
    parse_advance(p);
    Span span = p->tok.span;
    if (!parse_at(p, TOKEN_NAME)) {
        const char *found = p->panic ? "" : parse_found(p);
        Diag *diag = parse_fail(p, DIAG_E0202, span, "a type after ':'", found);
        parse_help(p, diag, map_help);
        return parse_poison(p, span);
    }
    Name *type = p->tok.name;
    parse_advance(p);
    if (p->exporting) { // understood when cstructs are known
        node->define->note = type;
        if (parse_at(p, TOKEN_EQ)) return defined_value(p, node);
        parse_expected(p, "'='");
        return parse_poison(p, span);
    }
    bool known;
    CastKind kind = parse_type_kind(type, &known);
    bool bits = type->len > 1 && strchr("bui", type->text[0]) != NULL &&
                strspn(type->text + 1, "0123456789") == type->len - 1;
    if (!known && !bits) {
        Diag *diag = parse_fail(p, DIAG_E0219, span, parse_show(p, type));
        if (!parse_at(p, TOKEN_EQ) && !parse_at(p, TOKEN_COLON_EQ)) parse_help(p, diag, map_help);
    }
    node->define->to_f32 = known && kind == CAST_F32;
    if (bits && type->text[0] != 'b') node->define->type_name = type;
    if (parse_at(p, TOKEN_EQ) || parse_at(p, TOKEN_COLON_EQ)) return defined_value(p, node);
    parse_expected(p, "'=' or ':='");
    return parse_poison(p, span);
}

// Whether names and then `=` or `:=` follow the name that was taken; p->tok is the comma.
static bool several_ahead(const Parser *p) {
    Lexer ahead = p->lexer;
    Token token;
    ahead.quiet = true;
    for (;;) {
        lex_next(&ahead, &token);
        if (token.kind != TOKEN_NAME) return false;
        lex_next(&ahead, &token);
        if (token.newline) return false;
        switch (token.kind) {
        case TOKEN_COMMA: break;
        case TOKEN_EQ:
        case TOKEN_COLON_EQ:
        case TOKEN_EQ_QUESTION:
        case TOKEN_UPDATE:
        case TOKEN_UPDATE_QUESTION: return true;
        default: return false;
        }
    }
}

// NAME ',' NAME { ',' NAME } ( '=' | ':=' ) right
static Node *define_several(Parser *p, Node *head) {
    Node *node = new_define(p, head);
    while (parse_accept(p, TOKEN_COMMA)) {
        Span span = p->tok.span;
        add_name(p, node->define, p->tok.name, span);
        parse_advance(p);
    }
    if (parse_at(p, TOKEN_UPDATE) || parse_at(p, TOKEN_UPDATE_QUESTION)) {
        parse_fail(p, DIAG_E0229, p->tok.span);
        return parse_poison(p, head->span);
    }
    return defined_value(p, node);
}

// --- updates -------------------------------------------------------------------------------------

static bool is_place(const Node *node) {
    return !node->parenthesized &&
           (node->kind == NODE_NAME || node->kind == NODE_INDEX || node->kind == NODE_FIELD);
}

static Node *new_update(Parser *p, Node *target, Node *value, UpdateOp op) {
    Node *node = parse_new(p, NODE_UPDATE, parse_since(p, target->span.begin));
    node->update.target = target;
    node->update.value = value;
    node->update.op = op;
    parse_grow(p);
    return node;
}

// place ( '<-' | '<-?' | '+=' | … ) right
static Node *update(Parser *p, Node *head, UpdateOp op) {
    if (!is_place(head)) return refuse_target(p, head, true);
    bool or_return = parse_at(p, TOKEN_UPDATE_QUESTION);
    parse_advance(p);
    Node *value = parse_right_side(p, NULL);
    if (head->kind == NODE_NAME && op == UPDATE_SET) {
        head->name.name->meaning = (uint8_t)meaning_of(value);
    }
    Node *node = new_update(p, head, value, op);
    node->update.or_return = or_return;
    return node;
}

// place '++' | place '--' | place '++' value 'as' type
static Node *step(Parser *p, Node *head) {
    bool up = parse_at(p, TOKEN_PLUS_PLUS);
    if (!is_place(head)) return refuse_target(p, head, true);
    Span span = p->tok.span;
    bool blank = p->tok.blank;
    parse_advance(p);
    if (up && blank && parse_value_follows(p)) {
        Node *value = parse_value(p);
        bool negative =
            value->kind == NODE_UNARY && value->unary.operand->kind == NODE_CAST; // -5 as T
        if (value->kind != NODE_CAST && !negative) parse_expected(p, "`as` and a type");
        Node *node = parse_new(p, NODE_APPEND, parse_since(p, head->span.begin));
        node->append.target = head;
        node->append.value = value;
        return node;
    }
    if (!up && parse_touches(p) && parse_value_follows(p)) {
        Diag *diag = parse_fail(p, DIAG_E0206, span, "--", "an update");
        parse_help(p, diag, "write `a - -b` to subtract");
    }
    Node *one = parse_new(p, NODE_NUMBER, span);
    one->number.value = 1;
    return new_update(p, head, one, up ? UPDATE_ADD : UPDATE_SUB);
}

// place '<->' place
static Node *swap(Parser *p, Node *head) {
    if (!is_place(head)) return refuse_target(p, head, true);
    parse_advance(p);
    Node *right = parse_operators(p, false);
    if (!is_place(right)) return refuse_target(p, right, true);
    Node *node = parse_new(p, NODE_SWAP, parse_since(p, head->span.begin));
    node->swap.left = head;
    node->swap.right = right;
    parse_grow(p);
    return node;
}

// --- statements ----------------------------------------------------------------------------------

// statement := value | definition | update | swap
static Node *expression_statement(Parser *p) {
    Node *head = parse_operators(p, true);
    if (p->tok.newline) return parse_finish(p, head);
    switch (p->tok.kind) {
    case TOKEN_EQ:
    case TOKEN_COLON_EQ:
    case TOKEN_EQ_QUESTION:
    case TOKEN_EQ_FAT_ARROW: return define_one(p, head);
    case TOKEN_COLON: return define_typed(p, head);
    case TOKEN_COMMA:
        if (head->kind != NODE_NAME || head->parenthesized || !several_ahead(p)) return head;
        return define_several(p, head);
    case TOKEN_UPDATE:
    case TOKEN_UPDATE_QUESTION: return update(p, head, UPDATE_SET);
    case TOKEN_PLUS_EQ: return update(p, head, UPDATE_ADD);
    case TOKEN_MINUS_EQ: return update(p, head, UPDATE_SUB);
    case TOKEN_STAR_EQ: return update(p, head, UPDATE_MUL);
    case TOKEN_SLASH_EQ: return update(p, head, UPDATE_DIV);
    case TOKEN_PERCENT_EQ: return update(p, head, UPDATE_MOD);
    case TOKEN_STAR_STAR_EQ: return update(p, head, UPDATE_POW);
    case TOKEN_PLUS_PLUS:
    case TOKEN_MINUS_MINUS: return step(p, head);
    case TOKEN_SWAP: return swap(p, head);
    default: return parse_finish(p, head);
    }
}

static bool is_definition_of_function(const DefineNode *define) {
    NodeKind kind = define->value->kind;
    return (kind == NODE_LAMBDA || kind == NODE_POISON) && define->names.len == 1 &&
           !define->or_return;
}

// ( 'hot' | 'export' ) definition
static Node *marked_definition(Parser *p, bool hot) {
    uint32_t begin = p->tok.span.begin, outer_height;
    parse_advance(p);
    if (!parse_enter(p, &outer_height)) return parse_poison(p, p->tok.span);
    bool outer_export = p->exporting;
    p->exporting = p->exporting || !hot;
    Node *node = parse_statement(p);
    p->exporting = outer_export;
    parse_leave(p, outer_height);
    if (node->kind == NODE_DEFINE) {
        node->define->hot = node->define->hot || hot;
        node->define->exported = node->define->exported || !hot;
        if (hot && !is_definition_of_function(node->define)) parse_fail(p, DIAG_E0232, node->span);
    } else {
        parse_fail(p, DIAG_E0202, node->span,
                   hot ? "a definition after `hot`" : "a definition after `export`",
                   "something else");
    }
    node->span.begin = begin;
    return node;
}

// defer := 'defer' ( block | statement )
static Node *defer(Parser *p) {
    uint32_t begin = p->tok.span.begin, outer_height;
    parse_advance(p);
    Node *node = parse_new(p, NODE_DEFER, p->tok.span);
    if (!parse_enter(p, &outer_height)) return parse_poison(p, p->tok.span);
    if (parse_at(p, TOKEN_LBRACE)) {
        node->defer.body = parse_block(p);
    } else {
        Node *block = parse_new(p, NODE_BLOCK, p->tok.span);
        uint32_t mark = p->pending.len;
        parse_push(p, parse_statement(p));
        parse_take(p, mark, &block->block.statements);
        block->span = parse_since(p, block->span.begin);
        node->defer.body = block;
    }
    parse_leave(p, outer_height);
    node->span = parse_since(p, begin);
    return node;
}

// arena := 'arena' block
static Node *arena(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_ARENA, p->tok.span);
    node->arena.body = parse_block(p);
    node->span = parse_since(p, begin);
    return node;
}

// wait_until := 'wait_until' value; hold := 'hold' NAME
static Node *wait_until(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_WAIT_UNTIL, p->tok.span);
    node->wait_until.condition = parse_value(p);
    node->span = parse_since(p, begin);
    return node;
}

static Node *hold(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_HOLD, p->tok.span);
    node->hold.name = p->tok.name;
    parse_advance(p);
    node->span = parse_since(p, begin);
    return node;
}

// The words that mean something only before a name on the same line.
static Node *word_statement(Parser *p) {
    uint8_t word = p->tok.name->keyword;
    Token next = parse_peek(p);
    if (next.newline) return expression_statement(p);
    bool name = next.kind == TOKEN_NAME;
    switch (word) {
    case WORD_MODULE: return name ? parse_module(p, false) : expression_statement(p);
    case WORD_DOWNSTREAM: return name ? parse_module(p, true) : expression_statement(p);
    case WORD_REGISTER: return name ? parse_register(p) : expression_statement(p);
    case WORD_HOLD: return name ? hold(p) : expression_statement(p);
    case WORD_EXPORT:
        return name || next.kind == TOKEN_HOT ? marked_definition(p, false)
                                              : expression_statement(p);
    case WORD_WAIT_UNTIL:
        name = name || next.kind == TOKEN_NOT || next.kind == TOKEN_AT_CYCLE;
        return name ? wait_until(p) : expression_statement(p);
    default: return expression_statement(p);
    }
}

Node *parse_statement(Parser *p) {
    switch (p->tok.kind) {
    case TOKEN_NAME: return p->tok.name->keyword ? word_statement(p) : expression_statement(p);
    case TOKEN_RET:
    case TOKEN_AT_NEXT: return parse_jump(p);
    case TOKEN_ERR: {
        Node *node = parse_jump(p);
        return node ? node : expression_statement(p);
    }
    case TOKEN_HOT: return marked_definition(p, true);
    case TOKEN_DEFER: return defer(p);
    case TOKEN_ARENA: return arena(p);
    case TOKEN_USE: return parse_use(p);
    case TOKEN_IMPORT: return parse_import(p);
    case TOKEN_CSTRUCT: return parse_cstruct(p);
    case TOKEN_ALIAS: return parse_alias(p);
    default: return expression_statement(p);
    }
}
