// parse_use.c: `use "file.flap"`: other files in place, each once.
//
// A file is known by its resolved path, and noted before it is read: files that use each other end
// after one round. A path is relative to the file that names it.
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE   700
#include "parser_internal.h"

#include <stdlib.h>
#include <string.h>

enum { FILES_DEEP = 64 };

bool parse_note_file(Compilation *c, ParseFiles *files, const char *path) {
    char *resolved = realpath(path, NULL);
    Name *name = intern_c(&c->names, resolved ? resolved : path);
    free(resolved);
    return map_put(&files->seen, name, name) == NULL;
}

Node *parse_include(Parser *p, const char *path, Span span) {
    size_t len = 0;
    const char *why = NULL;
    char *text = source_read(&p->c->unit, path, &len, &why);
    if (!text && len <= SOURCE_LARGEST) {
        diag_report(p->c, DIAG_E0610, span, path, why);
        return NULL;
    }
    const Source *source =
        text ? source_add(&p->c->unit, &p->c->sources, path, text, len) : NULL;
    if (!source) {
        diag_report(p->c, DIAG_E0611, span, path);
        return NULL;
    }
    p->files->depth++;
    Node *block = parse_file(p->c, source, p->files);
    p->files->depth--;
    return block;
}

// use := 'use' STRING
Node *parse_use(Parser *p) {
    uint32_t begin = p->tok.span.begin;
    parse_advance(p);
    Node *node = parse_new(p, NODE_USE, p->tok.span);
    if (!parse_at(p, TOKEN_STRING)) {
        parse_expected(p, "a file's name in quotes after `use`");
        return node;
    }
    Span span = p->tok.span;
    node->use.path = parse_text(p, &node->use.len);
    node->span = parse_since(p, begin);
    if (p->panic) return node;
    const char *path = source_relative(&p->c->unit, p->source, node->use.path);
    if (p->files->depth >= FILES_DEEP) {
        diag_report(p->c, DIAG_E0612, span);
    } else if (strlen(node->use.path) != node->use.len || node->use.len == 0) {
        diag_report(p->c, DIAG_E0610, span, node->use.path, "this is no file's name");
    } else if (parse_note_file(p->c, p->files, path)) {
        node->use.included = parse_include(p, path, span);
    }
    return node;
}
