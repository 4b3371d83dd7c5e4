// lower_ffi.c: call("name", …) and dlopen: C types of the arguments come from the `as` casts around
// them, that of the result from foreign.def or the cast around the call. The runtime calls libffi.
#include "lower_internal.h"
#include "../rt/rt_layout.h"
#include <string.h>

bool lower_is_foreign_call(const Node *node) {
    if (node->kind != NODE_CALL || node->call.callee->kind != NODE_NAME) return false;
    const Symbol *symbol = node->call.callee->name.symbol;
    return symbol && symbol->kind == SYMBOL_BUILTIN && symbol->builtin->id == BUILTIN_call;
}

static int kind_of_cast(CastKind to) {
    switch (to) {
    case CAST_I8: return RT_C_I8;
    case CAST_I16: return RT_C_I16;
    case CAST_I32: return RT_C_I32;
    case CAST_I64: return RT_C_I64;
    case CAST_U8: return RT_C_U8;
    case CAST_U16: return RT_C_U16;
    case CAST_U32: return RT_C_U32;
    case CAST_U64: return RT_C_U64;
    case CAST_F32: return RT_C_F32;
    case CAST_F64: return RT_C_F64;
    case CAST_PTR:
    case CAST_STRUCT: return RT_C_POINTER;
    case CAST_CSTR:
    case CAST_STRING: return RT_C_TEXT;
    case CAST_LIST: break;
    }
    return RT_C_I64;
}

static int kind_of_result(const Node *name, const Node *cast) {
    static const struct {
        const char *name;
        int kind;
    } known[] = {
#define FOREIGN(function, kind) {#function, RT_C_##kind},
#include "foreign.def"
#undef FOREIGN
    };
    for (size_t i = 0; name->kind == NODE_STRING && i < COUNT_OF(known); i++)
        if (strlen(known[i].name) == name->string.len &&
            memcmp(known[i].name, name->string.bytes, name->string.len) == 0)
            return known[i].kind;
    return cast ? kind_of_cast(cast->cast.to) : RT_C_I64;
}

bool lower_is_address(LowerCtx *cx, const Node *node) {
    if (sema_pointee_known(node)) return true;
    if (node->kind == NODE_NAME) return map_get(&cx->addresses, node->name.symbol) != NULL;
    if (node->kind == NODE_CAST) return node->cast.to == CAST_PTR || node->cast.to == CAST_STRUCT;
    if (node->kind == NODE_ORELSE) return lower_is_address(cx, node->orelse.left);
    if (node->kind == NODE_FOREIGN)
        return node->foreign.decl->type != NULL && ctype_is_address(node->foreign.decl->type);
    if (node->kind == NODE_MEMORY)
        return ctype_is_address(node->memory.type) || node->memory.type->kind == C_ARRAY ||
               node->memory.type->kind == C_RECORD;
    if (node->kind == NODE_CALL && node->call.callee->kind == NODE_FOREIGN) {
        const CPrototype *prototype = node->call.callee->foreign.decl->prototype;
        return prototype != NULL && ctype_is_address(prototype->result);
    }
    if (node->kind == NODE_CALL && node->call.callee->kind == NODE_NAME &&
        node->call.callee->name.symbol && node->call.callee->name.symbol->builtin) {
        BuiltinId id = node->call.callee->name.symbol->builtin->id;
        if (id == BUILTIN_read_ptr || id == BUILTIN_alloc || id == BUILTIN_arena_alloc) return true;
    }
    if (!lower_is_foreign_call(node) || node->call.args.len == 0) return false;
    int kind = kind_of_result(node->call.args.items[0], NULL);
    return kind == RT_C_TEXT || kind == RT_C_POINTER;
}

bool lower_gives_address(LowerCtx *cx, const Node *node) {
    return lower_is_address(cx, node) || type_pointee(lower_node_type(cx, node)) != NULL;
}

// The RT_C_ byte of an argument: from its cast, its kind, or for unknown kinds found at run time.
static LLVMValueRef kind_of_argument(LowerCtx *cx, const Node *node, LVal v) {
    LLVMTypeRef i8 = cx->i8;
    bool prefix = node->kind == NODE_UNARY && node->unary.op == UNARY_NEG;
    if (prefix) node = node->unary.operand; // -1 as i32 is -(1 as i32)
    if (node->kind == NODE_CAST) return LLVMConstInt(i8, (unsigned)kind_of_cast(node->cast.to), 0);
    if (!prefix && lower_gives_address(cx, node)) return LLVMConstInt(i8, RT_C_POINTER, 0);
    LLVMValueRef text = LLVMConstInt(i8, RT_C_TEXT, 0), back = LLVMConstInt(i8, RT_C_CALLBACK, 0);
    LLVMValueRef number = LLVMConstInt(i8, RT_C_F64, 0);
    if (v.rep == REP_STRING) return text;
    if (v.rep == REP_FUNCTION) return back;
    if (v.rep != REP_ANY) return number;
    LLVMValueRef is_text = lower_is_tag(cx, v.v, RT_TAG_STRING);
    LLVMValueRef is_back = lower_is_tag(cx, v.v, RT_TAG_FUNCTION);
    LLVMValueRef rest = LLVMBuildSelect(cx->builder, is_back, back, number, "");
    return LLVMBuildSelect(cx->builder, is_text, text, rest, "");
}

LVal lower_foreign_call(LowerCtx *cx, Node *node, Node *cast) {
    uint32_t count = node->call.args.len;
    Node **nodes = node->call.args.items;
    LVal *values = ARENA_ARRAY(cx->arena, LVal, count + 1);
    lower_operands(cx, nodes, count, values);
    if (cx->fs->gives_up) RT0(cx, rt_par_foreign);
    LLVMValueRef kinds = lower_words_alloca(cx, (count + 7) / 8, "kinds");
    for (uint32_t i = 1; i < count; i++)
        LLVMBuildStore(cx->builder, kind_of_argument(cx, nodes[i], values[i]),
                       lower_field(cx, kinds, (int64_t)i - 1));
    LLVMValueRef words = lower_pack(cx, values + 1, count - 1);
    int kind = kind_of_result(nodes[0], cast);
    LLVMValueRef word =
        RT(cx, rt_foreign_call, lower_word(cx, values[0]), kinds, words,
           lower_i64(cx, (int64_t)count - 1), lower_i32(cx, kind), lower_place(cx, node->span));
    lower_release_all(cx, values, count);
    LVal result = lower_convert(cx, lower_val(REP_ANY, type_number(), word, true), REP_F64);
    bool asked = node->observed && (kind == RT_C_TEXT || kind == RT_C_POINTER);
    if (!asked || nodes[0]->kind != NODE_STRING) return result;
    return lower_null_is_error(cx, result, nodes[0]->string.bytes);
}

LVal lower_foreign(LowerCtx *cx, const BuiltinCall *call) {
    LLVMValueRef place = lower_place(cx, call->span), result;
    if (call->builtin->id == BUILTIN_dlopen) {
        LLVMValueRef flags = lower_f64(cx, 1); // RTLD_LAZY
        if (call->count > 1) flags = lower_number(cx, call->args[1], "dlopen", call->span);
        result = RT(cx, rt_foreign_open, lower_word(cx, call->args[0]), flags, place);
    } else if (call->builtin->id == BUILTIN_dlsym) {
        LLVMValueRef handle = lower_number(cx, call->args[0], "dlsym", call->span);
        result = RT(cx, rt_foreign_symbol, handle, lower_word(cx, call->args[1]), place);
    } else {
        result = RT(cx, rt_foreign_close, lower_number(cx, call->args[0], "dlclose", call->span));
    }
    return lower_val(REP_F64, type_number(), result, false);
}
