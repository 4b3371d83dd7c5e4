// frontend.c: the stages of the front end, in order.
//
// Invariant: a stage runs only over what the one before it finished without errors, so that a
// mistake is told by the first stage that sees it and by no other.
#include "frontend.h"

#include "lexer.h"
#include "parser.h"

#include <string.h>

// Builtins are functions to the parser (`f (x)`) until something else takes their name.
static void intern_builtins(Interner *names) {
    static const char *const builtin_names[] = {
#define BUILTIN(name, ...) #name,
#include "builtin.def"
#undef BUILTIN
    };
    for (size_t i = 0; i < COUNT_OF(builtin_names); i++)
        parser_know_function(intern_c(names, builtin_names[i]));
}

void frontend_init(Compilation *c) {
    c->names.arena = &c->unit;
    token_intern_words(&c->names);
    intern_builtins(&c->names);
}

void frontend_free(Compilation *c) {
    arena_free(&c->scratch);
    arena_free(&c->helper);
    arena_free(&c->unit);
    *c = (Compilation){0};
}

static void lex_all(Compilation *c, const Source *source) {
    Lexer lexer;
    Token token;
    lex_begin(&lexer, c, source);
    do {
        lex_next(&lexer, &token);
    } while (token.kind != TOKEN_END);
}

static bool analyse(Compilation *c, Source *source, Stage last) {
    c->root = parser_run(c, source);
    arena_free(&c->scratch);
    if (c->errors || last == STAGE_PARSE) return c->errors == 0;
    bool good = sema_run(c);
    arena_free(&c->scratch);
    if (c->again || !good || c->errors || last == STAGE_SEMA) return good && c->errors == 0;
    good = infer_run(c);
    if (!c->again) sema_report_unproven(c);
    arena_free(&c->scratch);
    return good && c->errors == 0;
}

bool frontend_run(Compilation *c, Source *source, Stage last) {
    if (last == STAGE_LEX) {
        lex_all(c, source);
        return c->errors == 0;
    }
    uint32_t sources = c->sources.len, diags = c->diags.len;
    uint32_t errors = c->errors, warnings = c->warnings;
    for (;;) {
        bool good = analyse(c, source, last);
        if (!c->again) return good;
        c->again = false;
        c->sources.len = sources;
        c->diags.len = diags;
        c->forgotten = NULL;
        c->errors = errors;
        c->warnings = warnings;
    }
}

// line:column KIND text
void frontend_dump_tokens(Compilation *c, Source *source, FILE *out) {
    Lexer lexer;
    Token token;
    lex_begin(&lexer, c, source);
    do {
        lex_next(&lexer, &token);
        Place place = source_place(&c->unit, &c->sources, token.span.begin);
        const char *kind = token_kind_name((TokenKind)token.kind);
        const char *text = source->text + (token.span.begin - source->base);
        fprintf(out, "%u:%u\t%s", place.line, place.column, kind);
        if (token.kind != TOKEN_END) {
            fputc('\t', out);
            for (uint32_t i = 0; i < token.span.end - token.span.begin; i++) {
                // A string may span lines; a dump has a token a line.
                if (text[i] == '\n') {
                    fputs("\\n", out);
                } else {
                    fputc(text[i], out);
                }
            }
        }
        fputc('\n', out);
    } while (token.kind != TOKEN_END);
}

void frontend_dump_ast(Compilation *c, FILE *out) {
    if (c->root) ast_dump(c->root, out);
}
