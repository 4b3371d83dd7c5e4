// parse_unsafe.c: `unsafe { } { } { }`: register operations to structured ones (unsafe.h).
//
// Registers are plain names here. The operators `<<` and `>>` are no tokens of the language: they
// are two touching signs.
#include "parser_internal.h"

#include "literal.h"

static Span joined(const Parser *p, Span begin) {
    return parse_since(p, begin.begin);
}

static bool refuse(Parser *p) {
    if (p->panic) return false;
    Diag *diag = parse_fail(p, DIAG_E0222, p->tok.span, parse_found(p));
    parse_help(
        p, diag,
        "forms: r <- 5, r <- s, r <- a + b, r <- ~b s, r <- [s + 8] as uint8, [d] <- s as uint8, "
        "stack <- r, r <- stack, r <- name as cstr, r <-> s, syscall");
    return false;
}

// immediate := [ '-' ] NUMBER, of 64 bits
static bool immediate(Parser *p, int64_t *value) {
    bool minus = parse_accept(p, TOKEN_MINUS);
    if (!parse_at(p, TOKEN_NUMBER)) return refuse(p);
    uint64_t bits = 0;
    const char *text = p->source->text + (p->tok.span.begin - p->source->base);
    bool fits = literal_integer(text, text + (p->tok.span.end - p->tok.span.begin), &bits);
    if (!fits || (minus && bits > (uint64_t)1 << 63)) {
        parse_fail(p, DIAG_E0226, p->tok.span);
        return false;
    }
    *value = (int64_t)(minus ? 0 - bits : bits);
    parse_advance(p);
    return true;
}

static bool reg(Parser *p, UnsafeOperand *operand) {
    operand->span = p->tok.span;
    if (!parse_at(p, TOKEN_NAME)) return refuse(p);
    operand->reg = p->tok.name;
    parse_advance(p);
    return true;
}

// operand := register | immediate
static bool operand(Parser *p, UnsafeOperand *result) {
    if (parse_at(p, TOKEN_NAME)) return reg(p, result);
    result->span = p->tok.span;
    if (!immediate(p, &result->value)) return false;
    result->span = joined(p, result->span);
    return true;
}

// [ 'as' type ]
static bool type_note(Parser *p, UnsafeOp *op) {
    if (!parse_at(p, TOKEN_AS) || p->tok.newline) return true;
    parse_advance(p);
    Span span = p->tok.span;
    Name *structure = NULL;
    op->typed = true;
    if (!parse_cast_type(p, &op->type, &structure)) return false;
    if (structure) parse_fail(p, DIAG_E0219, span, parse_show(p, structure));
    return !structure;
}

// address := '[' register [ ( '+' | '-' ) immediate ] ']'
static bool address(Parser *p, UnsafeOp *op) {
    Span open = p->tok.span;
    parse_advance(p);
    if (!reg(p, &op->address)) return false;
    bool minus = parse_at(p, TOKEN_MINUS);
    if (minus || parse_at(p, TOKEN_PLUS)) {
        parse_advance(p);
        if (!immediate(p, &op->offset)) return false;
        if (minus) op->offset = (int64_t)(0 - (uint64_t)op->offset);
    }
    return parse_close(p, TOKEN_RBRACKET, open);
}

// Takes an operator between operands; false, taking nothing, when there is none.
static bool binary_sign(Parser *p, UnsafeBinary *sign) {
    static const struct {
        uint8_t token, again; // `again`: the sign twice, touching
        uint8_t sign;
    } signs[] = {
        {TOKEN_PLUS, 0, UNSAFE_ADD},      {TOKEN_MINUS, 0, UNSAFE_SUB},
        {TOKEN_STAR, 0, UNSAFE_MUL},      {TOKEN_SLASH, 0, UNSAFE_DIV},
        {TOKEN_PERCENT, 0, UNSAFE_MOD},   {TOKEN_AMP, 0, UNSAFE_AND},
        {TOKEN_AMP_B, 0, UNSAFE_AND},     {TOKEN_PIPE, 0, UNSAFE_OR},
        {TOKEN_PIPE_B, 0, UNSAFE_OR},     {TOKEN_CARET, 0, UNSAFE_XOR},
        {TOKEN_CARET_B, 0, UNSAFE_XOR},   {TOKEN_LT, TOKEN_LT, UNSAFE_SHL},
        {TOKEN_GT, TOKEN_GT, UNSAFE_SHR}, {TOKEN_PLUS_BANG, 0, UNSAFE_ADD_CARRY},
    };
    if (p->tok.newline) return false;
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (p->tok.kind != signs[i].token) continue;
        Token next = parse_peek(p);
        if (signs[i].again && (next.kind != signs[i].again || next.blank)) return false;
        parse_advance(p);
        if (signs[i].again) parse_advance(p);
        *sign = (UnsafeBinary)signs[i].sign;
        return true;
    }
    return false;
}

// What stands behind `r <-`.
static bool source(Parser *p, UnsafeOp *op) {
    if (parse_at(p, TOKEN_LBRACKET)) {
        op->kind = UNSAFE_LOAD;
        return address(p, op) && type_note(p, op);
    }
    if (parse_accept(p, TOKEN_TILDE_B)) {
        op->kind = UNSAFE_NOT;
        return operand(p, &op->a);
    }
    if (!operand(p, &op->a)) return false;
    op->kind = UNSAFE_SET;
    if (op->a.reg && op->a.reg == intern_c(&p->c->names, "stack")) {
        op->kind = UNSAFE_POP;
    } else if (binary_sign(p, &op->op)) {
        op->kind = UNSAFE_BINARY;
        return operand(p, &op->b);
    } else if (op->a.reg && parse_at(p, TOKEN_AS) && !p->tok.newline) {
        op->kind = UNSAFE_CAST;
        op->variable = parse_new(p, NODE_NAME, op->a.span);
        op->variable->name.name = op->a.reg;
        return type_note(p, op);
    }
    return true;
}

// operation := 'syscall' | address '<-' operand [ type ] | 'stack' '<-' operand | r '<-' source
//            | r '<->' r | r [ type ]
static bool operation(Parser *p, UnsafeOp *op) {
    if (parse_accept(p, TOKEN_SYSCALL)) {
        op->kind = UNSAFE_SYSCALL;
        return true;
    }
    if (parse_at(p, TOKEN_LBRACKET)) {
        op->kind = UNSAFE_STORE;
        return address(p, op) && parse_expect(p, TOKEN_UPDATE, "'<-'") && operand(p, &op->a) &&
               type_note(p, op);
    }
    if (!reg(p, &op->target)) return false;
    if (parse_accept(p, TOKEN_SWAP)) {
        op->kind = UNSAFE_SWAP;
        return reg(p, &op->a);
    }
    if (!parse_accept(p, TOKEN_UPDATE)) {
        op->kind = UNSAFE_RESULT;
        return type_note(p, op);
    }
    if (op->target.reg == intern_c(&p->c->names, "stack")) {
        op->kind = UNSAFE_PUSH;
        return operand(p, &op->a);
    }
    return source(p, op);
}

// block := '{' { operation ( newline | ';' ) } '}'
static void block(Parser *p, UnsafeBlock *result) {
    Span open = p->tok.span;
    const UnsafeOp *value = NULL;
    parse_advance(p);
    while (!parse_at(p, TOKEN_RBRACE) && !parse_at(p, TOKEN_END)) {
        if (parse_accept(p, TOKEN_SEMICOLON)) continue;
        Span begin = p->tok.span;
        UnsafeOp *op = ARENA_NEW(&p->c->unit, UnsafeOp);
        operation(p, op);
        op->span = joined(p, begin);
        if (value) {
            parse_fail(p, DIAG_E0231, value->span);
            value = NULL;
        }
        if (op->kind == UNSAFE_RESULT) value = op;
        vec_push(&p->c->unit, &result->ops, op);
        parse_statement_end(p);
        if (p->panic) parse_sync(p, begin.begin);
    }
    parse_close(p, TOKEN_RBRACE, open);
    result->span = joined(p, open);
}

// unsafe := 'unsafe' block block block
Node *parse_unsafe(Parser *p) {
    Span begin = p->tok.span;
    uint8_t outer_flags = p->flags;
    uint32_t outer_open = p->open;
    parse_advance(p);
    Node *node = parse_new(p, NODE_UNSAFE, begin);
    node->unsafe_code = ARENA_NEW(&p->c->unit, UnsafeNode);
    p->flags = 0;
    p->open = 0;
    for (int i = 0; i < UNSAFE_ARCH_COUNT; i++) {
        if (!parse_at(p, TOKEN_LBRACE)) {
            parse_fail(p, DIAG_E0230, begin);
            break;
        }
        block(p, &node->unsafe_code->blocks[i]);
    }
    p->flags = outer_flags;
    p->open = outer_open;
    node->span = joined(p, begin);
    return node;
}
