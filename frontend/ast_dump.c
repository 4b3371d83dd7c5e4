// ast_dump.c: the tree as s-expressions, for --emit=ast and the parser's tests.
//
// One line a statement, blocks indented below their construct. What the parser did not write is not
// shown, so dumps do not change when sema learns something.
#include "ast.h"
#include "cheader.h"
#include "unsafe.h"

#include <math.h>
#include <stdlib.h>

typedef struct Dump {
    FILE *out;
    int indent;
} Dump;

static void node(Dump *d, const Node *n);

static void text(Dump *d, const char *s) {
    fputs(s, d->out);
}

static void name_text(Dump *d, const Name *name) {
    fprintf(d->out, " %s", name ? name->text : "?");
}

static void names(Dump *d, const NameVec *list) {
    text(d, " (");
    for (uint32_t i = 0; i < list->len; i++)
        fprintf(d->out, "%s%s", i ? " " : "", list->items[i]->text);
    text(d, ")");
}

static void quoted(Dump *d, const char *bytes, uint32_t len) {
    text(d, " \"");
    for (uint32_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\') {
            fprintf(d->out, "\\%c", c);
        } else if (c == '\n') {
            text(d, "\\n");
        } else if (c < ' ' || c == 0x7F) {
            fprintf(d->out, "\\x%02x", c);
        } else {
            fputc(c, d->out);
        }
    }
    text(d, "\"");
}

static void number(Dump *d, double value) {
    if (isinf(value)) {
        text(d, "inf");
        return;
    }
    char shortest[40];
    int precision = 15;
    do {
        snprintf(shortest, sizeof shortest, "%.*g", precision, value);
    } while (++precision <= 17 && strtod(shortest, NULL) != value);
    text(d, shortest);
}

static void child(Dump *d, const Node *n) {
    text(d, " ");
    if (n) {
        node(d, n);
    } else {
        text(d, "_");
    }
}

static void optional(Dump *d, const char *label, const Node *n) {
    if (!n) return;
    fprintf(d->out, " %s", label);
    child(d, n);
}

static void flag(Dump *d, bool set, const char *word) {
    if (set) fprintf(d->out, " %s", word);
}

static void children(Dump *d, const NodeVec *list) {
    for (uint32_t i = 0; i < list->len; i++) child(d, list->items[i]);
}

static void new_line(Dump *d) {
    fprintf(d->out, "\n%*s", d->indent * 2, "");
}

static void statements(Dump *d, const Node *n) {
    d->indent++;
    for (uint32_t i = 0; i < n->block.statements.len; i++) {
        new_line(d);
        node(d, n->block.statements.items[i]);
    }
    d->indent--;
}

static void pattern(Dump *d, const Pattern *p) {
    switch (p->kind) {
    case PATTERN_NAME: text(d, p->name->text); break;
    case PATTERN_LITERAL: node(d, p->literal); break;
    case PATTERN_ANY: text(d, "_"); break;
    }
}

static void lambda(Dump *d, const Node *n) {
    for (uint32_t i = 0; i < n->lambda.clauses.len; i++) {
        const Clause *clause = &n->lambda.clauses.items[i];
        text(d, " (");
        for (uint32_t k = 0; k < clause->params.len; k++) {
            if (k) text(d, " ");
            pattern(d, &clause->params.items[k]);
            if (clause->params.items[k].note) {
                text(d, ": ");
                text(d, clause->params.items[k].note->text);
            }
        }
        text(d, ")");
        child(d, clause->body);
    }
}

static void match(Dump *d, const Node *n) {
    static const char *const kinds[] = {
        [ARM_GUARD] = "guard",      [ARM_ERR_GUARD] = "err?", [ARM_VAL_GUARD] = "val?",
        [ARM_BIND_VALUE] = "value", [ARM_THEN] = "then",      [ARM_DEFAULT] = "default",
        [ARM_BIND_ERROR] = "error",
    };
    flag(d, n->match.on_result, "result");
    child(d, n->match.subject);
    d->indent++;
    for (uint32_t i = 0; i < n->match.arms.len; i++) {
        const MatchArm *arm = &n->match.arms.items[i];
        new_line(d);
        fprintf(d->out, "(%s", kinds[arm->kind]);
        flag(d, arm->literal_guard, "literal");
        if (arm->guard) child(d, arm->guard);
        if (arm->binds.len) names(d, &arm->binds);
        child(d, arm->body);
        text(d, ")");
    }
    d->indent--;
}

static void loop(Dump *d, const LoopNode *l) {
    static const char *const kinds[] = {
        [LOOP_FOREVER] = "forever", [LOOP_WHILE] = "while", [LOOP_RANGE] = "range",
        [LOOP_EACH] = "each",       [LOOP_PAIRS] = "pairs",
    };
    fprintf(d->out, " %s", kinds[l->kind]);
    flag(d, l->prefix == PREFIX_ALL, "@@");
    optional(d, "threads", l->threads);
    if (l->names.len) names(d, &l->names);
    if (l->condition) child(d, l->condition);
    if (l->iterable) child(d, l->iterable);
    if (l->low) {
        child(d, l->low);
        text(d, l->inclusive ? " ..=" : " ..<");
        child(d, l->high);
    }
    optional(d, "max", l->max);
    flag(d, l->max_inf, "max inf");
    child(d, l->body);
}

static void fstring(Dump *d, const Node *n) {
    for (uint32_t i = 0; i < n->fstring.parts.len; i++) {
        const FPart *part = &n->fstring.parts.items[i];
        if (!part->expr) {
            quoted(d, part->text, part->len);
            continue;
        }
        child(d, part->expr);
        if (part->spec) fprintf(d->out, ":%s", part->spec);
    }
}

static void cast_kind(Dump *d, CastKind kind, const Name *structure) {
    static const char *const kinds[] = {
        [CAST_I8] = "i8",         [CAST_I16] = "i16",   [CAST_I32] = "i32",
        [CAST_I64] = "i64",       [CAST_U8] = "u8",     [CAST_U16] = "u16",
        [CAST_U32] = "u32",       [CAST_U64] = "u64",   [CAST_F32] = "f32",
        [CAST_F64] = "f64",       [CAST_CSTR] = "cstr", [CAST_PTR] = "ptr",
        [CAST_STRING] = "string", [CAST_LIST] = "list", [CAST_STRUCT] = "struct",
    };
    fprintf(d->out, " %s", structure ? structure->text : kinds[kind]);
}

static void define(Dump *d, const DefineNode *def) {
    flag(d, def->hot, "hot");
    flag(d, def->exported, "export");
    flag(d, def->to_f32, "f32");
    if (def->note) flag(d, true, def->note->text);
    names(d, &def->names);
    text(d, def->is_mutable ? " :=" : def->or_return ? " =?" : " =");
    child(d, def->value);
}

static void fields(Dump *d, const FieldDeclVec *list) {
    for (uint32_t i = 0; i < list->len; i++) {
        const FieldDecl *f = &list->items[i];
        fprintf(d->out, " (%s %s%s", f->name->text, f->pointer ? "*" : "", f->type_name->text);
        if (f->count) child(d, f->count);
        optional(d, "depth", f->depth);
        text(d, ")");
    }
}

static void unsafe_operand(Dump *d, const UnsafeOperand *o) {
    if (o->reg) {
        fprintf(d->out, " %s", o->reg->text);
    } else {
        fprintf(d->out, " %lld", (long long)o->value);
    }
}

static void unsafe_op(Dump *d, const UnsafeOp *op) {
    static const char *const kinds[] = {
        [UNSAFE_SET] = "set",         [UNSAFE_BINARY] = "binary", [UNSAFE_NOT] = "not",
        [UNSAFE_PUSH] = "push",       [UNSAFE_POP] = "pop",       [UNSAFE_LOAD] = "load",
        [UNSAFE_STORE] = "store",     [UNSAFE_CAST] = "cast",     [UNSAFE_SWAP] = "swap",
        [UNSAFE_SYSCALL] = "syscall", [UNSAFE_RESULT] = "result",
    };
    static const char *const signs[] = {
        [UNSAFE_ADD] = "+",  [UNSAFE_SUB] = "-",  [UNSAFE_MUL] = "*",        [UNSAFE_DIV] = "/",
        [UNSAFE_MOD] = "%",  [UNSAFE_AND] = "&",  [UNSAFE_OR] = "|",         [UNSAFE_XOR] = "^",
        [UNSAFE_SHL] = "<<", [UNSAFE_SHR] = ">>", [UNSAFE_ADD_CARRY] = "+!",
    };
    fprintf(d->out, "(%s", kinds[op->kind]);
    if (op->kind == UNSAFE_BINARY) fprintf(d->out, " %s", signs[op->op]);
    if (op->target.reg) unsafe_operand(d, &op->target);
    if (op->address.reg)
        fprintf(d->out, " [%s %+lld]", op->address.reg->text, (long long)op->offset);
    bool source = op->kind == UNSAFE_SET || op->kind == UNSAFE_PUSH || op->kind == UNSAFE_STORE;
    if (op->a.reg || source) unsafe_operand(d, &op->a);
    if (op->kind == UNSAFE_BINARY) unsafe_operand(d, &op->b);
    if (op->typed) cast_kind(d, op->type, NULL);
    text(d, ")");
}

static void unsafe_code(Dump *d, const UnsafeNode *code) {
    d->indent++;
    for (int i = 0; i < UNSAFE_ARCH_COUNT; i++) {
        new_line(d);
        text(d, "(");
        for (uint32_t k = 0; k < code->blocks[i].ops.len; k++) {
            if (k) text(d, " ");
            unsafe_op(d, code->blocks[i].ops.items[k]);
        }
        text(d, ")");
    }
    d->indent--;
}

static void level(Dump *d, uint32_t number_of) {
    if (number_of) fprintf(d->out, " @%u", number_of);
}

static void import(Dump *d, const Node *n) {
    if (n->import.path) {
        quoted(d, n->import.path, n->import.len);
    } else {
        name_text(d, n->import.library);
    }
    flag(d, n->import.is_file, "file");
    fprintf(d->out, " as %s", n->import.as_all ? "*" : n->import.as ? n->import.as->text : "?");
}

static void update(Dump *d, const Node *n) {
    static const char *const ops[] = {
        [UPDATE_SET] = "<-", [UPDATE_ADD] = "+=", [UPDATE_SUB] = "-=",  [UPDATE_MUL] = "*=",
        [UPDATE_DIV] = "/=", [UPDATE_MOD] = "%=", [UPDATE_POW] = "**=",
    };
    fprintf(d->out, " %s", n->update.or_return ? "<-?" : ops[n->update.op]);
    child(d, n->update.target);
    child(d, n->update.value);
}

static void call(Dump *d, const Node *n) {
    child(d, n->call.callee);
    children(d, &n->call.args);
    optional(d, "max", n->call.max);
    flag(d, n->call.max_inf, "max inf");
}

static void map(Dump *d, const Node *n) {
    for (uint32_t i = 0; i < n->map.entries.len; i++) {
        child(d, n->map.entries.items[i].key);
        text(d, ":");
        child(d, n->map.entries.items[i].value);
    }
}

static void unary(Dump *d, const Node *n) {
    static const char *const ops[] = {
        [UNARY_NEG] = "-", [UNARY_NOT] = "not", [UNARY_BNOT] = "~b",
        [UNARY_LEN] = "#", [UNARY_HEAD] = "^",  [UNARY_TAIL] = "&",
    };
    fprintf(d->out, " %s", ops[n->unary.op]);
    child(d, n->unary.operand);
}

static void loop_value(Dump *d, const Node *n) {
    static const char *const words[] = {
        [LOOP_FIRST] = "first", [LOOP_LAST] = "last",   [LOOP_COUNTER] = "counter",
        [LOOP_ITEM] = "i",      [LOOP_CYCLE] = "cycle",
    };
    fprintf(d->out, " %s", words[n->loop_value.what]);
    level(d, n->loop_value.level);
}

static void pipe(Dump *d, const Node *n) {
    static const char *const ops[] = {
        [PIPE_APPLY] = "|", [PIPE_PARALLEL] = "||", [PIPE_REDUCE] = "|||"};
    fprintf(d->out, " %s", ops[n->pipe.op]);
    child(d, n->pipe.left);
    child(d, n->pipe.right);
}

static void spawn(Dump *d, const Node *n) {
    child(d, n->spawn.call);
    if (!n->spawn.block) return;
    flag(d, n->spawn.bind_map, "map");
    names(d, &n->spawn.binds->define->names);
    child(d, n->spawn.block);
}

static void slice(Dump *d, const Node *n) {
    child(d, n->slice.base);
    child(d, n->slice.low);
    child(d, n->slice.high);
    child(d, n->slice.step);
}

static void err(Dump *d, const Node *n) {
    flag(d, n->err.from_loop, "@");
    level(d, n->err.level);
    child(d, n->err.value);
}

static void cstruct(Dump *d, const Node *n) {
    name_text(d, n->cstruct.name);
    flag(d, n->cstruct.packed, "packed");
    optional(d, "aligned", n->cstruct.aligned);
    fields(d, &n->cstruct.fields);
}

static void reg(Dump *d, const Node *n) {
    const FieldDecl *f = n->reg.decl;
    FieldDeclVec one = {.items = n->reg.decl, .len = f->name && f->type_name ? 1 : 0};
    fields(d, &one);
    optional(d, "=", n->reg.initial);
}

static void module(Dump *d, const Node *n) {
    flag(d, n->module.downstream, "downstream");
    name_text(d, n->module.name);
    if (n->module.has_ports) {
        text(d, " (ports");
        fields(d, &n->module.ports);
        text(d, ")");
    }
    if (n->module.body) child(d, n->module.body);
}

static void contents(Dump *d, const Node *n) {
    switch ((NodeKind)n->kind) {
    case NODE_POISON: break;
    case NODE_NUMBER:
        text(d, " ");
        number(d, n->number.value);
        break;
    case NODE_STRING: quoted(d, n->string.bytes, n->string.len); break;
    case NODE_FSTRING: fstring(d, n); break;
    case NODE_NAME: name_text(d, n->name.name); break;
    case NODE_LIST: children(d, &n->list.items); break;
    case NODE_MAP: map(d, n); break;
    case NODE_UNARY: unary(d, n); break;
    case NODE_BINARY:
        fprintf(d->out, " %s", binary_op_text[n->binary.op]);
        child(d, n->binary.left);
        child(d, n->binary.right);
        break;
    case NODE_RANGE:
        text(d, n->range.inclusive ? " ..=" : " ..<");
        child(d, n->range.low);
        child(d, n->range.high);
        break;
    case NODE_INDEX:
        child(d, n->index.base);
        child(d, n->index.index);
        break;
    case NODE_SLICE: slice(d, n); break;
    case NODE_FIELD:
        child(d, n->field.base);
        name_text(d, n->field.name);
        break;
    case NODE_CALL: call(d, n); break;
    case NODE_CAST:
        child(d, n->cast.operand);
        cast_kind(d, n->cast.to, n->cast.type_name);
        break;
    case NODE_LAMBDA: lambda(d, n); break;
    case NODE_BLOCK: statements(d, n); break;
    case NODE_MATCH: match(d, n); break;
    case NODE_LOOP: loop(d, n->loop); break;
    case NODE_PIPE: pipe(d, n); break;
    case NODE_ORELSE:
        text(d, n->orelse.is_and ? " and!" : " or!");
        child(d, n->orelse.left);
        child(d, n->orelse.right);
        break;
    case NODE_RESULT_TEST:
        text(d, n->result_test.is_err ? " err?" : " val?");
        child(d, n->result_test.operand);
        break;
    case NODE_LOOP_VALUE: loop_value(d, n); break;
    case NODE_SEND:
        child(d, n->send.address);
        child(d, n->send.message);
        break;
    case NODE_PORT:
        quoted(d, n->port.text, n->port.len);
        if (n->port.suffix) fprintf(d->out, " %c", n->port.suffix);
        break;
    case NODE_SPAWN: spawn(d, n); break;
    case NODE_UNSAFE: unsafe_code(d, n->unsafe_code); break;
    case NODE_DEFINE: define(d, n->define); break;
    case NODE_UPDATE: update(d, n); break;
    case NODE_SWAP:
        child(d, n->swap.left);
        child(d, n->swap.right);
        break;
    case NODE_RET:
        if (n->ret.value) child(d, n->ret.value);
        break;
    case NODE_LEAVE:
        level(d, n->leave.level);
        if (n->leave.value) child(d, n->leave.value);
        break;
    case NODE_NEXT: level(d, n->next.level); break;
    case NODE_ERR: err(d, n); break;
    case NODE_DEFER: child(d, n->defer.body); break;
    case NODE_ARENA: child(d, n->arena.body); break;
    case NODE_USE:
        quoted(d, n->use.path, n->use.len);
        if (n->use.included) child(d, n->use.included);
        break;
    case NODE_FOREIGN: fprintf(d->out, " %s", n->foreign.decl->name); break;
    case NODE_MEMORY:
        fprintf(d->out, " +%llu", (unsigned long long)n->memory.offset);
        child(d, n->memory.base);
        if (n->memory.index) child(d, n->memory.index);
        break;
    case NODE_IMPORT: import(d, n); break;
    case NODE_CSTRUCT: cstruct(d, n); break;
    case NODE_ALIAS: name_text(d, n->alias.name); break;
    case NODE_APPEND:
        child(d, n->append.target);
        child(d, n->append.value);
        break;
    case NODE_REGISTER: reg(d, n); break;
    case NODE_MODULE: module(d, n); break;
    case NODE_WAIT_UNTIL: child(d, n->wait_until.condition); break;
    case NODE_HOLD: name_text(d, n->hold.name); break;
    case NODE_KIND_COUNT: UNREACHABLE("no node has this kind");
    }
}

static void node(Dump *d, const Node *n) {
    fprintf(d->out, "(%s", ast_kind_name((NodeKind)n->kind));
    contents(d, n);
    text(d, ")");
}

void ast_dump(const Node *root, FILE *out) {
    Dump d = {.out = out};
    node(&d, root);
    text(&d, "\n");
}
