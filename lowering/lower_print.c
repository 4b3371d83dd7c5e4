// lower_print.c: output and f-strings. Values go to the runtime as words in an array; texts known
// at compile time, with their newline, as one string.
#include "lower_internal.h"
#include <string.h>

LLVMValueRef lower_pack(LowerCtx *cx, const LVal *args, uint32_t count) {
    if (count == 0) return LLVMConstNull(cx->ptr);
    LLVMValueRef words = lower_words_alloca(cx, count, "words");
    for (uint32_t i = 0; i < count; i++)
        LLVMBuildStore(cx->builder, lower_word(cx, args[i]),
                       lower_field(cx, words, 8 * (int64_t)i));
    return words;
}

static LVal print_format(LowerCtx *cx, const BuiltinCall *call) {
    int32_t fd = call->builtin->id == BUILTIN_eprintf ? 2 : 1;
    LLVMValueRef words = lower_pack(cx, call->args + 1, call->count - 1);
    RT(cx, rt_printf, lower_i32(cx, fd), lower_word(cx, call->args[0]), words,
       lower_i64(cx, (int64_t)call->count - 1), lower_place(cx, call->span));
    return lower_zero(cx);
}

static bool print_text(LowerCtx *cx, const BuiltinCall *call, bool newline) {
    if (call->count != 1 || call->args[0].rep != REP_STRING) return false;
    const Node *node = call->nodes ? call->nodes->items[0] : NULL;
    if (node && node->kind == NODE_STRING && newline) {
        char *text = arena_alloc(cx->arena, node->string.len + 1u);
        if (node->string.len) memcpy(text, node->string.bytes, node->string.len);
        text[node->string.len] = '\n';
        RT(cx, rt_print_str, lower_str(cx, text, node->string.len + 1u));
        return true;
    }
    if (newline) return false;
    RT(cx, rt_print_str, call->args[0].v);
    return true;
}

LVal lower_print(LowerCtx *cx, const BuiltinCall *call) {
    BuiltinId id = call->builtin->id;
    if (id == BUILTIN_printf || id == BUILTIN_eprintf) return print_format(cx, call);
    bool newline = id != BUILTIN_print, error = id == BUILTIN_eprintln;
    if (!error && print_text(cx, call, newline)) return lower_zero(cx);
    LLVMValueRef words = lower_pack(cx, call->args, call->count);
    RT(cx, rt_print, lower_i32(cx, error ? 2 : 1), words, lower_i64(cx, call->count),
       lower_i32(cx, newline));
    return lower_zero(cx);
}

// --- f-strings -----------------------------------------------------------------------------------

typedef struct Format {
    char *bytes;
    size_t len;
} Format;

static size_t part_room(const FPart *part) {
    if (!part->expr) return 2 * (size_t)part->len;
    return part->spec ? strlen(part->spec) : 2;
}

static void add_part(Format *format, const FPart *part) {
    if (part->expr) {
        const char *spec = part->spec ? part->spec : "%v";
        memcpy(format->bytes + format->len, spec, strlen(spec));
        format->len += strlen(spec);
        return;
    }
    for (uint32_t i = 0; i < part->len; i++) {
        if (part->text[i] == '%') format->bytes[format->len++] = '%';
        format->bytes[format->len++] = part->text[i];
    }
}

LVal lower_fstring(LowerCtx *cx, Node *node) {
    size_t room = 1;
    uint32_t holes = 0;
    for (uint32_t i = 0; i < node->fstring.parts.len; i++) {
        room += part_room(&node->fstring.parts.items[i]);
        holes += node->fstring.parts.items[i].expr != NULL;
    }
    Format format = {arena_alloc(cx->arena, room), 0};
    Node **nodes = ARENA_ARRAY(cx->arena, Node *, holes + 1);
    LVal *values = ARENA_ARRAY(cx->arena, LVal, holes + 1);
    holes = 0;
    for (uint32_t i = 0; i < node->fstring.parts.len; i++) {
        FPart *part = &node->fstring.parts.items[i];
        add_part(&format, part);
        if (part->expr) nodes[holes++] = part->expr;
    }
    lower_operands(cx, nodes, holes, values);
    LLVMValueRef words = lower_pack(cx, values, holes);
    LLVMValueRef text = RT(cx, rt_str_format, lower_str(cx, format.bytes, format.len), words,
                           lower_i64(cx, holes), lower_place(cx, node->span));
    lower_release_all(cx, values, holes);
    return lower_val(REP_STRING, type_of_kind(KIND_STRING), text, true);
}
