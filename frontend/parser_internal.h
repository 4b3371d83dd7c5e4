// parser_internal.h: what the files of the parser share. Nobody else includes it.
//
// One function per production, with the production in the comment above it. Every function leaves
// p->tok at the first token that it did not use. After an error (parse_fail) a function returns a
// NODE_POISON; further errors are silent until the statement's end has been found (parse_sync), so
// that a mistake is told once.
//
// Depth. Recursion of the parser is bounded by NESTING_MOST, and the height of the tree, which
// later stages descend into, by HEIGHT_MOST. A chain `a + b + c …` is as high as it is long, so long
// ones are cut into pieces of CHAIN_MOST operators.
#ifndef FLAP_PARSER_INTERNAL_H
#define FLAP_PARSER_INTERNAL_H

#include "frontend.h"
#include "lexer.h"
#include "map.h"
#include "parser.h"
#include "unsafe.h"

enum { NESTING_MOST = 1000, HEIGHT_MOST = 2000, CHAIN_MOST = 500 };

// How a name was last defined, as far as the text tells: decides whether `f (x)` is a call.
typedef enum NameMeaning {
    MEANING_UNKNOWN,  // a parameter, the result of a call, or not defined so far
    MEANING_FUNCTION, // a builtin, or defined by a lambda
    MEANING_VALUE,    // defined by what is no function
} NameMeaning;

// Parser.flags: where we are; brackets and blocks begin afresh.
enum {
    IN_BRACKETS = 1, // newlines end nothing
    IN_HEADER = 2,   // of a loop: `{` begins the body, `max` is the loop's
    IN_INDEX = 4,    // `::` is two colons of a slice
    IN_ARMS = 8,     // directly inside match braces: no braceless match
};

// Files that were included, and the depth of inclusion: shared by the parsers of a compilation.
typedef struct ParseFiles {
    PtrMap seen; // Name of the resolved path -> itself
    PtrMap packages; // Name of the folder -> how far its reading has come
    VEC(const char *) importing; // the packages around, as they were named
    uint32_t depth;
} ParseFiles;

typedef struct Parser {
    Compilation *c;
    const Source *source;
    ParseFiles *files;
    Lexer lexer;
    Token tok; // the next token
    uint8_t flags;
    uint8_t last_kind; // of the token before it
    uint32_t last_end;
    bool panic;         // an error was told; silent until parse_sync
    bool stopped;       // reading was given up: the rest of the file is not looked at
    bool in_hardware;   // in a register or module, whose numbers have 64 bits
    bool exporting;     // in a definition behind `export`
    bool sees_b;        // a variable called b is visible
    uint32_t err_names; // open match arms that bind the name `err`
    uint32_t depth, height;
    uint32_t open, open_at_panic; // brackets of this statement, braces of maps among them
    uint32_t maps, maps_at_panic; // the braces of maps
    Name *defining;               // the name whose right side begins at defining_at, or null
    uint32_t defining_at;
    NodeVec pending; // children of lists that are being read (parse_push)
    Name *name_b, *name_err;
} Parser;

// --- parser.c: tokens, errors, blocks
void parse_advance(Parser *p);
// The token after p->tok, which stays.
Token parse_peek(const Parser *p);
// Whether the next token is of a kind; parse_accept also takes it.
bool parse_at(const Parser *p, TokenKind kind);
bool parse_accept(Parser *p, TokenKind kind);
// Whether what comes next belongs to the line or the brackets that we are in.
bool parse_same_line(const Parser *p);
// p->tok touches the token before it.
bool parse_touches(const Parser *p);
Span parse_since(const Parser *p, uint32_t begin);
// Takes a token of `kind` or reports "expected `what`, found …".
bool parse_expect(Parser *p, TokenKind kind, const char *what);
// The same for the closing bracket of what opened at `open`.
bool parse_close(Parser *p, TokenKind kind, Span open);
// Takes a name (reserved words are refused as such), or reports; null then.
Name *parse_name(Parser *p, const char *what);
// Whether a token is spelled as a word: a name, a keyword, or what an alias calls by a word.
bool parse_is_word(const Parser *p, const Token *token);
// A word in a place where no keyword can be meant: field names and map keys. Null without a report.
Name *parse_word(Parser *p);
// Reports and starts to be silent. Null when silent already.
#define parse_fail(p, code, span, ...)                                                             \
    (parse_may_report(p) ? diag_report((p)->c, code, span, ##__VA_ARGS__) : NULL)
bool parse_may_report(Parser *p);
void parse_label(Parser *p, Diag *diag, const char *format, ...) PRINTF_LIKE(3, 4);
void parse_note(Parser *p, Diag *diag, Span span, const char *format, ...) PRINTF_LIKE(4, 5);
void parse_help(Parser *p, Diag *diag, const char *format, ...) PRINTF_LIKE(3, 4);
void parse_expected(Parser *p, const char *what);
// "'x'", "end of line": the next token in messages.
const char *parse_found(Parser *p);
const char *parse_token_found(Parser *p); // whatever line it is on
// A name for messages, cut when it is long.
const char *parse_show(Parser *p, const Name *name);
Node *parse_poison(Parser *p, Span span);
Node *parse_new(Parser *p, NodeKind kind, Span span);
// Skips to the end of the statement that began at `begin`, and ends the silence.
void parse_sync(Parser *p, uint32_t begin);
// Gives up reading: the rest of the file is not looked at.
void parse_stop(Parser *p);
// Bounds of recursion: false, reported, and reading given up when there is too much.
bool parse_enter(Parser *p, uint32_t *outer_height);
void parse_leave(Parser *p, uint32_t outer_height);
bool parse_grow(Parser *p);
// Around one of several siblings: heights of siblings do not add up.
uint32_t parse_fresh(Parser *p);
void parse_join(Parser *p, uint32_t outer_height);
// Lists of nodes: mark = p->pending.len; parse_push …; parse_take(p, mark, &list).
void parse_push(Parser *p, Node *node);
void parse_take(Parser *p, uint32_t mark, NodeVec *list);
// Opens a bracket or ends it: saves and sets p->flags, counts p->open.
uint8_t parse_open(Parser *p, uint8_t flags);
void parse_shut(Parser *p, uint8_t outer);
// A name gets defined here.
void parse_declare(Parser *p, Name *name, NameMeaning meaning);
Node *parse_block(Parser *p); // at `{`
// A node that is no expression becomes a block of it.
Node *parse_as_body(Parser *p, Node *node);
Node *parse_file(Compilation *c, const Source *source, ParseFiles *files);
// The statements of another file, or null after a report.
Node *parse_include(Parser *p, const char *path, Span span);
// Reads the package that an import names.
void parse_package(Parser *p, Node *node, Span span);

// --- parse_stmt.c
Node *parse_statement(Parser *p);
// After a statement: a newline, `;`, or a closing brace; reports otherwise.
void parse_statement_end(Parser *p);
// Whether a value can begin at the next token, on this line.
bool parse_value_follows(const Parser *p);
// ret, err, @++ where an expression may stand too (arms, lambda bodies, after or!). Null if none.
Node *parse_jump(Parser *p);

// --- parse_expr.c
// A reserved word where a name is to be defined: `in = 5`, `max => …`.
bool parse_is_reserved_definition(const Parser *p);
Node *parse_expr(Parser *p);  // with match blocks
Node *parse_value(Parser *p); // with a braceless match too, where one is allowed
// The operators above match blocks only; `head`: it begins a statement and may be assigned to.
Node *parse_operators(Parser *p, bool head);
Node *parse_postfix(Parser *p);             // an operand with its calls, indices, fields
Node *parse_finish(Parser *p, Node *left);  // the rest of parse_value after its first part
Node *parse_max(Parser *p, bool *infinite); // after `max`
bool parse_cast_type(Parser *p, CastKind *to, Name **type_name); // after `as`
// --- parse_primary.c
Node *parse_number(Parser *p);
Node *parse_string(Parser *p);
Node *parse_fstring(Parser *p);
Node *parse_list(Parser *p);
Node *parse_braces(Parser *p); // a map or a function of no arguments
Node *parse_port(Parser *p);
// Whether the braces at p->tok are a map: empty, or beginning with a key and a colon.
bool parse_is_map(const Parser *p);
const char *parse_text(Parser *p, uint32_t *len); // a STRING token's decoded bytes
// --- parse_lambda.c
Node *parse_parenthesis(Parser *p);
Node *parse_name_or_lambda(Parser *p);
Node *parse_right_side(Parser *p, Name *defining); // after = := =?
Node *parse_lambda_body(Parser *p);
// --- parse_match.c
Node *parse_match(Parser *p, Node *subject);     // at `{`
Node *parse_braceless(Parser *p, Node *subject); // at `->`
// --- parse_loop.c
Node *parse_loop(Parser *p, Node *threads); // at `@` or `@@`
Node *parse_ret(Parser *p);
Node *parse_err(Parser *p);
Node *parse_next(Parser *p);
Node *parse_loop_value(Parser *p);
// --- parse_use.c
// Remembers a file as included; false when it was.
bool parse_note_file(Compilation *c, ParseFiles *files, const char *path);
// --- parse_decl.c
Node *parse_use(Parser *p);
Node *parse_import(Parser *p);
Node *parse_cstruct(Parser *p);
Node *parse_alias(Parser *p);
Node *parse_register(Parser *p);
Node *parse_module(Parser *p, bool downstream);
Node *parse_spawn(Parser *p);
// --- parse_unsafe.c
Node *parse_unsafe(Parser *p);

#endif
