// lexer.h: source text to tokens, one at a time.
//
// The lexer never allocates per token: names are interned, numbers are values, strings and
// f-strings are spans which the parser decodes (literal.h). It is a small value: the parser looks
// ahead by copying it and setting `quiet`.
#ifndef FLAP_LEXER_H
#define FLAP_LEXER_H

#include "frontend.h"
#include "token.h"

typedef struct Lexer {
    Compilation *c;
    const char *text;     // of the whole source: `base` is the offset of its first byte
    const char *at, *end; // what is left; *end can be read and ends every word and number
    uint32_t base;
    bool quiet; // report nothing: looking ahead
} Lexer;

void lex_begin(Lexer *lexer, Compilation *c, const Source *source);
// Gives the next token; TOKEN_END for ever at the end. Bytes that belong to no token are reported
// and give one TOKEN_BAD for a run of them.
void lex_next(Lexer *lexer, Token *token);

#endif
