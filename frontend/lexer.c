// lexer.c: bytes to tokens.
//
// Words and numbers need no bounds checks: the text ends in a NUL, and a hole of an f-string in a
// brace or colon, none of which continues a word, a number or an operator.
// The lexer knows no grammar. That `a <b c` compares where a variable b is visible is for the
// parser, as is whether a newline ends a statement.
#include "lexer.h"

#include "literal.h"

#include <string.h>

enum { CLASS_BAD, CLASS_BLANK, CLASS_LINE, CLASS_WORD, CLASS_DIGIT, CLASS_SIGN };

static const uint8_t classes[256] = {
    ['\t'] = CLASS_BLANK, [' '] = CLASS_BLANK,         ['\r'] = CLASS_BLANK,
    ['\n'] = CLASS_LINE,  ['a' ... 'z'] = CLASS_WORD,  ['A' ... 'Z'] = CLASS_WORD,
    ['_'] = CLASS_WORD,   ['0' ... '9'] = CLASS_DIGIT, ['!'] = CLASS_SIGN,
    ['"'] = CLASS_SIGN,   ['#'] = CLASS_SIGN,          ['%'] = CLASS_SIGN,
    ['&'] = CLASS_SIGN,   ['('] = CLASS_SIGN,          [')'] = CLASS_SIGN,
    ['*'] = CLASS_SIGN,   ['+'] = CLASS_SIGN,          [','] = CLASS_SIGN,
    ['-'] = CLASS_SIGN,   ['.'] = CLASS_SIGN,          ['/'] = CLASS_SIGN,
    [':'] = CLASS_SIGN,   [';'] = CLASS_SIGN,          ['<'] = CLASS_SIGN,
    ['='] = CLASS_SIGN,   ['>'] = CLASS_SIGN,          ['@'] = CLASS_SIGN,
    ['['] = CLASS_SIGN,   [']'] = CLASS_SIGN,          ['^'] = CLASS_SIGN,
    ['{'] = CLASS_SIGN,   ['|'] = CLASS_SIGN,          ['}'] = CLASS_SIGN,
    ['~'] = CLASS_SIGN,
};

static inline uint8_t class_of(char c) {
    return classes[(unsigned char)c];
}

static inline bool is_word(char c) {
    return class_of(c) == CLASS_WORD || class_of(c) == CLASS_DIGIT;
}

static Span span_of(const Lexer *lexer, const char *begin, const char *end) {
    return (Span){lexer->base + (uint32_t)(begin - lexer->text),
                  lexer->base + (uint32_t)(end - lexer->text)};
}

void lex_begin(Lexer *lexer, Compilation *c, const Source *source) {
    *lexer = (Lexer){.c = c, .text = source->text, .at = source->text, .base = source->base};
    lexer->end = source->text + source->len;
    if (source->len >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0) lexer->at += 3;
}

// --- operators ----------------------------------------------------------------------------------

// Whether a `b` that makes the operator before it one on bits stands at `p`.
static bool bit_suffix(const char *p) {
    return *p == 'b' && !is_word(p[1]);
}

// Each of these gives the kind of the operator that begins with a certain character, longest first,
// and moves *p past it.
static TokenKind take(const char **p, int length, TokenKind kind) {
    *p += length;
    return kind;
}

static TokenKind lex_plus(const char **p) {
    switch ((*p)[1]) {
    case '+': return take(p, 2, TOKEN_PLUS_PLUS);
    case '=': return take(p, 2, TOKEN_PLUS_EQ);
    case '!': return take(p, 2, TOKEN_PLUS_BANG);
    default: return take(p, 1, TOKEN_PLUS);
    }
}

static TokenKind lex_minus(const char **p) {
    switch ((*p)[1]) {
    case '>': return take(p, 2, TOKEN_ARROW);
    case '-': return take(p, 2, TOKEN_MINUS_MINUS);
    case '=': return take(p, 2, TOKEN_MINUS_EQ);
    default: return take(p, 1, TOKEN_MINUS);
    }
}

static TokenKind lex_star(const char **p) {
    switch ((*p)[1]) {
    case '+': return take(p, 2, TOKEN_STAR_PLUS);
    case '=': return take(p, 2, TOKEN_STAR_EQ);
    case '*': return (*p)[2] == '=' ? take(p, 3, TOKEN_STAR_STAR_EQ) : take(p, 2, TOKEN_STAR_STAR);
    default: return take(p, 1, TOKEN_STAR);
    }
}

static TokenKind lex_colon(const char **p) {
    switch ((*p)[1]) {
    case '=': return take(p, 2, TOKEN_COLON_EQ);
    case ':': return take(p, 2, TOKEN_COLON_COLON);
    default: return take(p, 1, TOKEN_COLON);
    }
}

static TokenKind lex_equals(const char **p) {
    switch ((*p)[1]) {
    case '=': return (*p)[2] == '>' ? take(p, 3, TOKEN_EQ_FAT_ARROW) : take(p, 2, TOKEN_EQ_EQ);
    case '>': return take(p, 2, TOKEN_FAT_ARROW);
    case '?': return take(p, 2, TOKEN_EQ_QUESTION);
    default: return take(p, 1, TOKEN_EQ);
    }
}

static TokenKind lex_less(const char **p) {
    const char *s = *p;
    if (s[1] == '-' && s[2] == '?') return take(p, 3, TOKEN_UPDATE_QUESTION);
    if (s[1] == '-' && s[2] == '>') return take(p, 3, TOKEN_SWAP);
    if (s[1] == '-') return take(p, 2, TOKEN_UPDATE);
    if (s[1] == '=' && s[2] == '=') return take(p, 3, TOKEN_SEND);
    if (s[1] == '=') return take(p, 2, TOKEN_LE);
    if (s[1] == '<' && bit_suffix(s + 2)) return take(p, 3, TOKEN_LT_LT_B);
    if (bit_suffix(s + 1)) return take(p, 2, TOKEN_LT_B);
    return take(p, 1, TOKEN_LT);
}

static TokenKind lex_greater(const char **p) {
    const char *s = *p;
    if (s[1] == '=') return take(p, 2, TOKEN_GE);
    if (s[1] == '>' && bit_suffix(s + 2)) return take(p, 3, TOKEN_GT_GT_B);
    if (bit_suffix(s + 1)) return take(p, 2, TOKEN_GT_B);
    return take(p, 1, TOKEN_GT);
}

static TokenKind lex_bar(const char **p) {
    const char *s = *p;
    if (s[1] == '|' && s[2] == '|') return take(p, 3, TOKEN_PIPE_PIPE_PIPE);
    if (s[1] == '|') return take(p, 2, TOKEN_PIPE_PIPE);
    if (bit_suffix(s + 1)) return take(p, 2, TOKEN_PIPE_B);
    return take(p, 1, TOKEN_PIPE);
}

static TokenKind lex_dot(const char **p) {
    const char *s = *p;
    if (s[1] == '.' && s[2] == '<') return take(p, 3, TOKEN_RANGE);
    if (s[1] == '.' && s[2] == '=') return take(p, 3, TOKEN_RANGE_EQ);
    return take(p, 1, TOKEN_DOT);
}

// `@`, `@@`, `@2++`, `@first`, `@i1` …
static TokenKind lex_at(const char **p, Token *token) {
    static const struct {
        const char *word;
        size_t length;
        TokenKind kind;
    } words[] = {
        {"first", 5, TOKEN_AT_FIRST}, {"last", 4, TOKEN_AT_LAST}, {"counter", 7, TOKEN_AT_COUNTER},
        {"cycle", 5, TOKEN_AT_CYCLE}, {"i", 1, TOKEN_AT_ITEM},
    };
    const char *s = *p + 1;
    token->level = 0;
    if (*s == '@') return take(p, 2, TOKEN_AT_AT);
    const char *digits = class_of(*s) == CLASS_WORD ? s + 1 : s;
    uint64_t level = 0;
    const char *end = digits;
    for (; class_of(*end) == CLASS_DIGIT; end++) {
        if (level < UINT32_MAX) level = level * 10 + (uint64_t)(*end - '0');
    }
    token->flag = end > digits;
    token->level = level < UINT32_MAX ? (uint32_t)level : UINT32_MAX;
    if (digits == s && end[0] == '+' && end[1] == '+') {
        return take(p, (int)(end + 2 - *p), TOKEN_AT_NEXT);
    }
    if (*s == 'i' && token->flag && level > 0 && !is_word(*end)) {
        return take(p, (int)(end - *p), TOKEN_AT_ITEM);
    }
    token->level = 0;
    token->flag = false;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strncmp(s, words[i].word, words[i].length) == 0 && !is_word(s[words[i].length])) {
            return take(p, 1 + (int)words[i].length, words[i].kind);
        }
    }
    return take(p, 1, TOKEN_AT);
}

// The operator or bracket at *p; TOKEN_BAD, moving nothing, when there is none.
static TokenKind lex_sign(const char **p, Token *token) {
    const char *s = *p;
    switch (*s) {
    case '(': return take(p, 1, TOKEN_LPAREN);
    case ')': return take(p, 1, TOKEN_RPAREN);
    case '[': return take(p, 1, TOKEN_LBRACKET);
    case ']': return take(p, 1, TOKEN_RBRACKET);
    case '{': return take(p, 1, TOKEN_LBRACE);
    case '}': return take(p, 1, TOKEN_RBRACE);
    case ',': return take(p, 1, TOKEN_COMMA);
    case ';': return take(p, 1, TOKEN_SEMICOLON);
    case '#': return take(p, 1, TOKEN_HASH);
    case '+': return lex_plus(p);
    case '-': return lex_minus(p);
    case '*': return lex_star(p);
    case '/': return s[1] == '=' ? take(p, 2, TOKEN_SLASH_EQ) : take(p, 1, TOKEN_SLASH);
    case '%': return s[1] == '=' ? take(p, 2, TOKEN_PERCENT_EQ) : take(p, 1, TOKEN_PERCENT);
    case ':': return lex_colon(p);
    case '=': return lex_equals(p);
    case '<': return lex_less(p);
    case '>': return lex_greater(p);
    case '!': return s[1] == '=' ? take(p, 2, TOKEN_NE) : TOKEN_BAD;
    case '~':
        if (s[1] == '>') return take(p, 2, TOKEN_TILDE_ARROW);
        return bit_suffix(s + 1) ? take(p, 2, TOKEN_TILDE_B) : TOKEN_BAD;
    case '.': return lex_dot(p);
    case '|': return lex_bar(p);
    case '&': return bit_suffix(s + 1) ? take(p, 2, TOKEN_AMP_B) : take(p, 1, TOKEN_AMP);
    case '^': return bit_suffix(s + 1) ? take(p, 2, TOKEN_CARET_B) : take(p, 1, TOKEN_CARET);
    case '@': return lex_at(p, token);
    default: return TOKEN_BAD;
    }
}

// --- words, numbers, strings --------------------------------------------------------------------

// `and!`, `err?` and their like; a `.ready?` of the simulator is one name with its mark.
static TokenKind lex_glued(Lexer *lexer, const char *begin, const char **p, Token *token) {
    uint8_t keyword = token->name->keyword;
    if (**p == '!' && (*p)[1] != '=') {
        if (keyword == TOKEN_AND) return take(p, 1, TOKEN_AND_BANG);
        if (keyword == TOKEN_OR) return take(p, 1, TOKEN_OR_BANG);
    } else if (**p == '?') {
        if (keyword == TOKEN_ERR) return take(p, 1, TOKEN_ERR_QUESTION);
        if (keyword == WORD_VAL) return take(p, 1, TOKEN_VAL_QUESTION);
        if ((keyword == WORD_READY || keyword == WORD_VALID) && begin > lexer->text &&
            begin[-1] == '.') {
            (*p)++;
            token->name = intern(&lexer->c->names, begin, (size_t)(*p - begin));
            return TOKEN_NAME;
        }
    }
    return keyword < TOKEN_COUNT && keyword ? (TokenKind)keyword : TOKEN_NAME;
}

static TokenKind lex_word(Lexer *lexer, const char **p, Token *token) {
    const char *begin = *p, *s = begin;
    uint32_t hash = INTERN_SEED;
    do {
        hash = INTERN_STEP(hash, *s);
        s++;
    } while (is_word(*s));
    *p = s;
    token->name = intern_hashed(&lexer->c->names, begin, (size_t)(s - begin), hash);
    if (token->name->keyword == 0) return TOKEN_NAME;
    return lex_glued(lexer, begin, p, token);
}

// Past digits of a radix and the `_` between them.
static const char *skip_digits(const char *p, bool (*is_digit)(char)) {
    while (is_digit(*p) || (*p == '_' && is_digit(p[-1]) && is_digit(p[1]))) p++;
    return p;
}

static bool is_decimal(char c) {
    return class_of(c) == CLASS_DIGIT;
}
static bool is_binary(char c) {
    return c == '0' || c == '1';
}
static bool is_hex(char c) {
    return is_decimal(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

// Where the number that begins at `p` ends.
static const char *number_end(const char *p) {
    if (p[0] == '0' && (p[1] | 32) == 'x' && is_hex(p[2])) return skip_digits(p + 2, is_hex);
    if (p[0] == '0' && (p[1] | 32) == 'b' && is_binary(p[2])) return skip_digits(p + 2, is_binary);
    p = skip_digits(p, is_decimal);
    if (*p == '.' && is_decimal(p[1])) p = skip_digits(p + 1, is_decimal);
    if ((*p | 32) == 'e') {
        const char *exponent = p + 1 + (p[1] == '+' || p[1] == '-');
        if (is_decimal(*exponent)) p = skip_digits(exponent, is_decimal);
    }
    return p;
}

static void lex_number(Lexer *lexer, const char **p, Token *token) {
    const char *begin = *p, *s = begin;
    uint64_t whole = 0;
    while (is_decimal(*s) && s - begin < 15) whole = whole * 10 + (uint64_t)(*s++ - '0');
    if (!is_word(*s) && *s != '.') { // the common case: a short integer
        *p = s;
        token->number = (double)whole;
        return;
    }
    s = number_end(begin);
    token->number = literal_number(begin, s, &token->flag);
    *p = s;
    if (!is_word(*s)) return;
    while (is_word(*s)) s++;
    if (!lexer->quiet) {
        Diag *diag = diag_report(lexer->c, DIAG_E0102, span_of(lexer, begin, s));
        bool radix = *begin == '0' && ((begin[1] | 32) == 'x' || (begin[1] | 32) == 'b');
        diag_help(lexer->c, diag, "%s",
                  radix ? "hexadecimal digits are 0-9 and a-f, binary ones 0 and 1"
                        : "put a blank or an operator between the number and the name");
    }
    *p = s;
}

static TokenKind lex_string(Lexer *lexer, const char *begin, const char **p, bool is_f) {
    bool too_deep = false;
    const char *text = begin + 1 + is_f;
    const char *end = is_f ? literal_skip_fstring(text, lexer->end, &too_deep)
                           : literal_skip_string(text, lexer->end);
    *p = end ? end : lexer->end;
    if (end) return is_f ? TOKEN_FSTRING : TOKEN_STRING;
    if (!lexer->quiet) {
        Span span = span_of(lexer, begin, text);
        Diag *diag = diag_report(lexer->c, too_deep ? DIAG_E0110 : DIAG_E0103, span);
        if (!too_deep) diag_label(lexer->c, diag, "begins here and never ends");
    }
    return TOKEN_BAD;
}

static bool begins_token(const char *p) {
    Token token;
    const char *s = p;
    switch (class_of(*p)) {
    case CLASS_BAD: return false;
    case CLASS_SIGN: return *p == '"' || lex_sign(&s, &token) != TOKEN_BAD;
    default: return true;
    }
}

// Reports a run of bytes that belong to no token, and skips them.
static void lex_bad(Lexer *lexer, const char **p) {
    const char *begin = *p, *s = begin + 1;
    while (s < lexer->end && !begins_token(s)) s++;
    *p = s;
    if (lexer->quiet) return;
    uint32_t width = utf8_length(begin, lexer->end);
    Span span = span_of(lexer, begin, begin + (width ? width : 1));
    unsigned char byte = (unsigned char)*begin;
    if (width == 0 || byte < ' ' || byte == 0x7F) {
        diag_report(lexer->c, DIAG_E0111, span, byte);
    } else {
        Diag *diag = diag_report(lexer->c, DIAG_E0101, span, (int)width, begin);
        if (byte == '\'') diag_help(lexer->c, diag, "strings stand in double quotes: \"…\"");
        if (byte == '!') diag_help(lexer->c, diag, "write `not` for a negation");
        if (byte == '~') diag_help(lexer->c, diag, "write `~b` to invert bits");
    }
}

// --- tokens -------------------------------------------------------------------------------------

// Past blanks and comments, noting newlines.
static const char *skip_blanks(const char *p, const char *end, Token *token) {
    for (;; p++) {
        uint8_t kind = class_of(*p);
        if (kind == CLASS_BLANK) continue;
        if (kind == CLASS_LINE) {
            token->newline = true;
            continue;
        }
        if (*p != '/' || p + 1 >= end || p[1] != '/') return p;
        const char *line = memchr(p, '\n', (size_t)(end - p));
        if (!line) return end;
        p = line - 1;
    }
}

void lex_next(Lexer *lexer, Token *token) {
    const char *begin = lexer->at;
    *token = (Token){.newline = false};
    const char *p = skip_blanks(begin, lexer->end, token);
    token->blank = p > begin;
    if (p >= lexer->end) {
        p = lexer->end;
        token->span = span_of(lexer, p, p);
        lexer->at = p;
        return;
    }
    begin = p;
    switch (class_of(*p)) {
    case CLASS_WORD:
        if (*p == 'f' && p[1] == '"') {
            token->kind = (uint8_t)lex_string(lexer, begin, &p, true);
        } else {
            token->kind = (uint8_t)lex_word(lexer, &p, token);
        }
        break;
    case CLASS_DIGIT:
        token->kind = TOKEN_NUMBER;
        lex_number(lexer, &p, token);
        break;
    case CLASS_SIGN:
        token->kind =
            (uint8_t)(*p == '"' ? lex_string(lexer, begin, &p, false) : lex_sign(&p, token));
        break;
    default: break;
    }
    if (p == begin) {
        token->kind = TOKEN_BAD;
        lex_bad(lexer, &p);
    }
    token->span = span_of(lexer, begin, p);
    lexer->at = p;
}
