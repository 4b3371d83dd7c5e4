// token.h: what the lexer gives: a kind, a place, and for names and numbers their value.
#ifndef FLAP_TOKEN_H
#define FLAP_TOKEN_H

#include "intern.h"
#include "source.h"

typedef enum TokenKind {
#define TOKEN(kind, text) TOKEN_##kind,
#include "token.def"
    TOKEN_COUNT,
    // Words go on where tokens end, so that Name.keyword holds either.
    WORD_BEFORE_FIRST = TOKEN_COUNT,
#define WORD(kind, text) WORD_##kind,
#include "token.def"
    WORD_END
} TokenKind;
_Static_assert(WORD_END <= 256, "Name.keyword is a byte");

typedef struct Token {
    uint8_t kind; // TokenKind below TOKEN_COUNT
    bool newline; // a line ended between the token before and this one
    bool blank;   // something stood between them
    bool flag;    // NUMBER: an integer literal that is not exact; AT_*: a level was written
    Span span;
    union {
        Name *name;     // NAME, keywords, and names with another meaning by `alias`
        double number;  // NUMBER
        uint32_t level; // AT_NEXT, AT_ITEM: 0 is the innermost loop
    };
} Token;

// "+", "name", "or!": how messages write a kind of token.
const char *token_text(TokenKind kind);
// "TOKEN_PLUS" without the prefix, for --emit=tokens.
const char *token_kind_name(TokenKind kind);
// Interns every reserved and contextual word with its kind in Name.keyword.
void token_intern_words(Interner *names);

#endif
