// frontend.h: the public face of the front end: source text in, analysed program out.
#ifndef FLAP_FRONTEND_H
#define FLAP_FRONTEND_H

#include "ast.h"
#include "diag.h"
#include "sema.h"

// Stages in order; frontend_run() can stop after any of them.
typedef enum Stage {
    STAGE_LEX,   // needs text;          gives tokens (only when dumped: the parser pulls its own)
    STAGE_PARSE, // needs text;          gives the AST (Compilation.root)
    STAGE_SEMA,  // needs the AST;       gives symbols, functions, captures, parallel plans
    STAGE_INFER, // needs those;         gives instances with a type for every node and symbol
} Stage;

// All state of one compilation; no globals. Starts as zeroes, then frontend_init().
struct Compilation {
    Arena unit;    // lives as long as the compilation
    Arena scratch; // emptied between stages
    Arena helper;  // of questions to other programs; emptied after each
    Interner names;
    SourceVec sources;
    DiagVec diags;
    Diag *forgotten; // stands for all diagnostics beyond those that are kept
    uint32_t errors, warnings;
    bool warnings_are_errors, quiet, verbose, remarks, fast_math;
    bool no_integers; // type inference takes no number for an integer

    uint8_t arch;        // UnsafeArch of the target (unsafe.h)
    const char *sysroot; // where the target's files are; null: in this system's folders
    // Typed pointers across functions (sema_pointee.c), kept from one round of sema to the next:
    PtrMap pointees, no_pointees; // places of parameters and lambdas -> CType
    uint32_t rounds;
    // Accesses of C's memory that inference found (infer_access.c), kept likewise:
    PtrMap accesses, no_accesses; // places of nodes -> CType
    uint32_t access_rounds;
    bool again; // something was learnt: analyse once more

    Node *root;       // NODE_BLOCK of the top-level statements, included files in place
    Program *program; // made by sema, completed by infer
};

void frontend_init(Compilation *c);
void frontend_free(Compilation *c);
// Runs all stages up to and including `last` over `source`. False if there were errors.
bool frontend_run(Compilation *c, Source *source, Stage last);
// Dumps for --emit=tokens and --emit=ast.
void frontend_dump_tokens(Compilation *c, Source *source, FILE *out);
// The C header of the exported functions, for --emit=header.
void frontend_dump_header(Compilation *c, const Source *source, FILE *out);
void frontend_dump_ast(Compilation *c, FILE *out);

#endif
