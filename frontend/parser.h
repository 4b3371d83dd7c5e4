// parser.h: tokens to the syntax tree. No names are resolved and nothing is typed here.
#ifndef FLAP_PARSER_H
#define FLAP_PARSER_H

#include "frontend.h"

// Parses a source and what it includes by `use`. The result is a NODE_BLOCK, never null, which is
// to be used only when no error was reported (c->errors).
Node *parser_run(Compilation *c, const Source *source);
// `name` is a function until it is defined as something else (builtins).
void parser_know_function(Name *name);
// The number type that a word names (`u8`, `uint8`, `ptr`, …); CAST_STRUCT and not *known: none.
CastKind parse_type_kind(const Name *name, bool *known);

#endif
