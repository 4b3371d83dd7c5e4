// token.c: the tables of token.def.
#include "token.h"

static const char *const texts[TOKEN_COUNT] = {
#define TOKEN(kind, text) [TOKEN_##kind] = text,
#include "token.def"
};

static const char *const kind_names[TOKEN_COUNT] = {
#define TOKEN(kind, text) [TOKEN_##kind] = #kind,
#include "token.def"
};

const char *token_text(TokenKind kind) {
    CHECK(kind < TOKEN_COUNT, "a token kind from token.def");
    return texts[kind];
}

const char *token_kind_name(TokenKind kind) {
    CHECK(kind < TOKEN_COUNT, "a token kind from token.def");
    return kind_names[kind];
}

void token_intern_words(Interner *names) {
    static const struct {
        const char *text;
        uint8_t kind;
    } words[] = {
#define KEYWORD(kind, text) {text, TOKEN_##kind},
#define WORD(kind, text)    {text, WORD_##kind},
#include "token.def"
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        intern_c(names, words[i].text)->keyword = words[i].kind;
    }
}
