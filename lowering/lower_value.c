// lower_value.c: values in flight: counting, boxing, conversions between representations, truth.
//
// Conversions that widen always succeed; those that narrow are exact where types prove the kind,
// and are checked elsewhere, with the failing path out of the way.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

#define WORD_OF_TAG(tag) ((int64_t)((uint64_t)(tag) << RT_TAG_SHIFT))

LVal lower_val(Rep rep, Type type, LLVMValueRef v, bool owned) {
    return (LVal){.rep = rep, .type = type, .v = v, .owned = owned};
}

LVal lower_bit(LowerCtx *cx, LLVMValueRef i1) {
    (void)cx;
    return (LVal){.rep = REP_I64, .bit = true, .type = type_boolean(), .v = i1};
}

LVal lower_zero(LowerCtx *cx) {
    return lower_val(REP_I64, type_integer(0, 0), lower_i64(cx, 0), false);
}

// --- memory --------------------------------------------------------------------------------------

static unsigned kind_of(LowerCtx *cx, const char *name, unsigned len) {
    return LLVMGetMDKindIDInContext(cx->context, name, len);
}

LLVMValueRef lower_field(LowerCtx *cx, LLVMValueRef object, int64_t offset) {
    LLVMValueRef at = lower_i64(cx, offset);
    return LLVMBuildInBoundsGEP2(cx->builder, cx->i8, object, &at, 1, "");
}

LLVMValueRef lower_load(LowerCtx *cx, LLVMTypeRef type, LLVMValueRef at, LLVMValueRef tbaa,
                        const char *name) {
    LLVMValueRef load = LLVMBuildLoad2(cx->builder, type, at, name);
    if (tbaa) LLVMSetMetadata(load, kind_of(cx, "tbaa", 4), tbaa);
    return load;
}

LLVMValueRef lower_store(LowerCtx *cx, LLVMValueRef v, LLVMValueRef at, LLVMValueRef tbaa) {
    LLVMValueRef store = LLVMBuildStore(cx->builder, v, at);
    if (tbaa) LLVMSetMetadata(store, kind_of(cx, "tbaa", 4), tbaa);
    return store;
}

LLVMValueRef lower_length(LowerCtx *cx, LLVMValueRef list) {
    LLVMValueRef load =
        lower_load(cx, cx->i64, lower_field(cx, list, 8), cx->tbaa_header, "length");
    LLVMSetMetadata(load, kind_of(cx, "range", 5), cx->range_length);
    return load;
}

LLVMValueRef lower_data(LowerCtx *cx, LLVMValueRef list) {
    LLVMValueRef data = lower_field(cx, list, 32);
    LLVMSetValueName2(data, "data", 4);
    return data;
}

// --- counting ------------------------------------------------------------------------------------

bool lower_is_counted(LVal v) {
    if (!lower_is_counted_rep(v.rep)) return false;
    if (v.rep == REP_ANY && (v.type.kinds & ~KIND_NUMBER) == 0) return false;
    return !LLVMIsAGlobalVariable(v.v); // literals live for ever
}

void lower_retain(LowerCtx *cx, LVal v) {
    if (!lower_is_counted(v)) return;
    bool shared = cx->fs && cx->fs->shared;
    if (v.rep == REP_ANY) {
        if (shared)
            RT(cx, rt_retain_shared, v.v);
        else
            RT(cx, rt_retain, v.v);
    } else {
        if (shared)
            RT(cx, rt_retain_object_shared, v.v);
        else
            RT(cx, rt_retain_object, v.v);
    }
}

void lower_drop(LowerCtx *cx, LVal v) {
    v = lower_unrooted(cx, v);
    if (!lower_is_counted(v)) return;
    bool shared = cx->fs && cx->fs->shared;
    if (v.rep == REP_ANY) {
        if (shared)
            RT(cx, rt_release_shared, v.v);
        else
            RT(cx, rt_release, v.v);
    } else {
        if (shared)
            RT(cx, rt_release_object_shared, v.v);
        else
            RT(cx, rt_release_object, v.v);
    }
}

void lower_release(LowerCtx *cx, LVal v) {
    if (v.owned) lower_drop(cx, v);
}

LVal lower_own(LowerCtx *cx, LVal v) {
    if (v.owned) return lower_unrooted(cx, v);
    lower_retain(cx, v);
    v.owned = true;
    v.root = NULL; // of what it is borrowed from
    return v;
}

// --- conversions ---------------------------------------------------------------------------------

static uint32_t tag_of(Rep rep) {
    switch (rep) {
    case REP_STRING: return RT_TAG_STRING;
    case REP_LIST: return RT_TAG_LIST;
    case REP_MAP: return RT_TAG_MAP;
    case REP_FUNCTION: return RT_TAG_FUNCTION;
    case REP_NONE:
    case REP_F64:
    case REP_I64:
    case REP_PACKED:
    case REP_ANY: break;
    }
    UNREACHABLE("only objects have tags");
}

static uint8_t kind_of_rep(Rep rep) {
    switch (rep) {
    case REP_STRING: return KIND_STRING;
    case REP_LIST:
    case REP_PACKED: return KIND_LIST;
    case REP_MAP: return KIND_MAP;
    case REP_FUNCTION: return KIND_FUNCTION;
    case REP_F64:
    case REP_I64: return KIND_NUMBER;
    case REP_NONE:
    case REP_ANY: break;
    }
    return KIND_ANY;
}

static LLVMValueRef to_double(LowerCtx *cx, LVal v) {
    if (v.bit) return LLVMBuildUIToFP(cx->builder, v.v, cx->f64, "");
    switch (v.rep) {
    case REP_F64: return v.v;
    case REP_I64: return LLVMBuildSIToFP(cx->builder, v.v, cx->f64, "");
    case REP_ANY: return LLVMBuildBitCast(cx->builder, v.v, cx->f64, "");
    case REP_NONE: return lower_f64(cx, 0);
    case REP_STRING:
    case REP_LIST:
    case REP_PACKED:
    case REP_MAP:
    case REP_FUNCTION: break;
    }
    return RT(cx, rt_expect_number, lower_word(cx, v), lower_cstr(cx, "this"),
              LLVMConstNull(cx->ptr)); // only reached where types are wrong: stops
}

static LLVMValueRef to_integer(LowerCtx *cx, LVal v) {
    if (v.bit) return LLVMBuildZExt(cx->builder, v.v, cx->i64, "");
    if (v.rep == REP_I64) return v.v;
    return LLVMBuildFPToSI(cx->builder, to_double(cx, v), cx->i64, "");
}

static LLVMValueRef to_pointer(LowerCtx *cx, LVal v, Rep rep) {
    LLVMValueRef word = v.v;
    if (v.rep == REP_NONE) return LLVMConstNull(cx->ptr);
    if (v.rep != REP_ANY) // only reached where types are wrong: stops
        word = RT(cx, rt_expect_kind, lower_word(cx, v), lower_i32(cx, kind_of_rep(rep)),
                  lower_cstr(cx, "this"), LLVMConstNull(cx->ptr));
    word = LLVMBuildAnd(cx->builder, word, lower_i64(cx, (int64_t)RT_POINTER_MASK), "");
    return LLVMBuildIntToPtr(cx->builder, word, cx->ptr, "");
}

LLVMValueRef lower_word(LowerCtx *cx, LVal v) {
    if (v.bit) {
        LLVMValueRef one = lower_i64(cx, 0x3FF0000000000000);
        return LLVMBuildSelect(cx->builder, v.v, one, lower_i64(cx, 0), "");
    }
    switch (v.rep) {
    case REP_ANY: return v.v;
    case REP_NONE: return lower_i64(cx, 0);
    case REP_F64:
    case REP_I64: return LLVMBuildBitCast(cx->builder, to_double(cx, v), cx->i64, "");
    case REP_STRING:
    case REP_LIST:
    case REP_MAP:
    case REP_FUNCTION: {
        LLVMValueRef bits = LLVMBuildPtrToInt(cx->builder, v.v, cx->i64, "");
        return LLVMBuildOr(cx->builder, bits, lower_i64(cx, WORD_OF_TAG(tag_of(v.rep))), "");
    }
    case REP_PACKED: // types have it unpacked before (lower_as); else the copy would be left behind
        v.owned = false;
        return lower_word(cx, lower_unpacked(cx, v));
    }
    UNREACHABLE("a value has a representation");
}

LVal lower_convert(LowerCtx *cx, LVal v, Rep rep) {
    if (v.rep == rep && !v.bit) return v;
    if (v.rep == REP_PACKED) v = lower_unpacked(cx, v);
    LVal result = v;
    result.rep = rep;
    result.bit = false;
    switch (rep) {
    case REP_NONE: result.v = lower_i64(cx, 0); break;
    case REP_F64: result.v = to_double(cx, v); break;
    case REP_I64: result.v = to_integer(cx, v); break;
    case REP_ANY:
        result.v = lower_word(cx, v);
        // A literal is no constant any more once it is boxed; the runtime does not count it.
        break;
    case REP_PACKED:
        CHECK(v.rep == REP_NONE, "lower_fit() makes packed lists");
        result.v = LLVMConstNull(cx->ptr);
        break;
    case REP_STRING:
    case REP_LIST:
    case REP_MAP:
    case REP_FUNCTION: result.v = to_pointer(cx, v, rep); break;
    }
    if (!lower_is_counted_rep(rep)) result.owned = false;
    return result;
}

LVal lower_fit(LowerCtx *cx, LVal v, Type type, Rep rep) {
    bool packs = rep == REP_PACKED && v.rep != REP_PACKED && v.rep != REP_NONE;
    return packs ? lower_packed(cx, v, type) : lower_convert(cx, v, rep);
}

LVal lower_as(LowerCtx *cx, LVal v, Type type) {
    Rep rep = type_rep(type);
    if (rep == REP_NONE) return v;
    if (rep == REP_PACKED && v.rep != REP_NONE) return lower_packed(cx, v, type);
    if (v.rep == REP_PACKED) v = lower_unpacked(cx, v);
    bool narrower = v.rep == REP_ANY || (v.rep == REP_F64 && rep == REP_I64);
    if (narrower && rep != v.rep) v = lower_convert(cx, v, rep);
    v.type = type;
    return v;
}

// --- checks --------------------------------------------------------------------------------------

LLVMValueRef lower_is_number(LowerCtx *cx, LLVMValueRef word) {
    LLVMValueRef limit = lower_i64(cx, (int64_t)RT_FIRST_BOXED);
    return LLVMBuildICmp(cx->builder, LLVMIntULT, word, limit, "is.number");
}

LLVMValueRef lower_is_tag(LowerCtx *cx, LLVMValueRef word, uint32_t tag) {
    LLVMValueRef shift = lower_i64(cx, RT_TAG_SHIFT);
    LLVMValueRef found = LLVMBuildLShr(cx->builder, word, shift, "");
    return LLVMBuildICmp(cx->builder, LLVMIntEQ, found, lower_i64(cx, tag), "is.kind");
}

// `what`: a position in that ("a list"), or what else needs the number.
static LLVMValueRef number_of(LowerCtx *cx, LVal v, const char *what, bool position, Span span) {
    bool known = v.rep == REP_F64 || v.rep == REP_I64 || v.rep == REP_NONE ||
                 (v.rep == REP_ANY && v.type.kinds == KIND_NUMBER);
    if (known) return to_double(cx, v);
    LLVMValueRef word = lower_word(cx, v);
    LLVMValueRef wrong = LLVMBuildNot(cx->builder, lower_is_number(cx, word), "");
    LLVMBasicBlockRef on = lower_rare(cx, wrong, "no.number");
    if (position)
        RT(cx, rt_expect_position, word, lower_cstr(cx, what), lower_place(cx, span));
    else
        RT(cx, rt_expect_number, word, lower_cstr(cx, what), lower_place(cx, span));
    lower_rare_stop(cx, on);
    return LLVMBuildBitCast(cx->builder, word, cx->f64, "");
}

LLVMValueRef lower_number(LowerCtx *cx, LVal v, const char *what, Span span) {
    return number_of(cx, v, what, false, span);
}

static LLVMValueRef saturated(LowerCtx *cx, LLVMValueRef number) {
    LLVMTypeRef types[] = {cx->i64, cx->f64};
    unsigned id = LLVMLookupIntrinsicID("llvm.fptosi.sat", 15);
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(cx->module, id, types, 2);
    LLVMTypeRef type = LLVMFunctionType(cx->i64, &cx->f64, 1, 0);
    return LLVMBuildCall2(cx->builder, type, function, &number, 1, "");
}

LLVMValueRef lower_integer(LowerCtx *cx, LVal v, const char *what, Span span) {
    if (v.rep == REP_I64) return to_integer(cx, v);
    return saturated(cx, lower_number(cx, v, what, span));
}

// x86's own conversion: NaN and what is too large give INT64_MIN, which is no position.
static LLVMValueRef truncated_x86(LowerCtx *cx, LLVMValueRef number) {
    static const char name[] = "llvm.x86.sse2.cvttsd2si64";
    LLVMTypeRef pair = LLVMVectorType(cx->f64, 2), type = LLVMFunctionType(cx->i64, &pair, 1, 0);
    unsigned id = LLVMLookupIntrinsicID(name, sizeof name - 1);
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(cx->module, id, NULL, 0);
    LLVMValueRef vector =
        LLVMBuildInsertElement(cx->builder, LLVMGetPoison(pair), number, lower_i64(cx, 0), "");
    return LLVMBuildCall2(cx->builder, type, function, &vector, 1, "position");
}

static LLVMValueRef position_in(LowerCtx *cx, LVal v, const char *what, Span span) {
    if (v.rep == REP_I64) return to_integer(cx, v);
    LLVMValueRef number = number_of(cx, v, what, true, span);
    if (cx->is_x86_64) return truncated_x86(cx, number);
    LLVMValueRef nan = LLVMBuildFCmp(cx->builder, LLVMRealUNO, number, number, "");
    return LLVMBuildSelect(cx->builder, nan, lower_i64(cx, INT64_MIN), saturated(cx, number),
                           "position");
}

LLVMValueRef lower_position(LowerCtx *cx, LVal v, Span span) {
    return position_in(cx, v, "a list", span);
}

LLVMValueRef lower_string_position(LowerCtx *cx, LVal v, Span span) {
    return position_in(cx, v, "a string", span);
}

LLVMValueRef lower_expect(LowerCtx *cx, LVal v, uint8_t kind, const char *what, Span span) {
    if (kind_of_rep(v.rep) == kind && v.rep != REP_ANY) return v.v;
    Rep rep = kind == KIND_STRING ? REP_STRING
              : kind == KIND_LIST ? REP_LIST
              : kind == KIND_MAP  ? REP_MAP
                                  : REP_FUNCTION;
    LLVMValueRef word = lower_word(cx, v);
    LLVMValueRef right = lower_is_tag(cx, word, tag_of(rep));
    LLVMBasicBlockRef on = lower_rare(cx, LLVMBuildNot(cx->builder, right, ""), "wrong.kind");
    RT(cx, rt_expect_kind, word, lower_i32(cx, kind), lower_cstr(cx, what), lower_place(cx, span));
    lower_rare_stop(cx, on);
    LVal checked = lower_val(REP_ANY, type_of_kind(kind), word, false);
    return to_pointer(cx, checked, rep);
}

LLVMValueRef lower_truth(LowerCtx *cx, LVal v, Span span) {
    LLVMTypeRef i1 = cx->i1;
    if (v.bit) return v.v;
    switch (v.rep) {
    case REP_I64:
    case REP_NONE: return LLVMBuildICmp(cx->builder, LLVMIntNE, v.v, lower_i64(cx, 0), "");
    case REP_F64: return LLVMBuildFCmp(cx->builder, LLVMRealONE, v.v, lower_f64(cx, 0), "");
    case REP_STRING:
    case REP_LIST:
    case REP_PACKED:
    case REP_MAP:
    case REP_FUNCTION: return LLVMConstInt(i1, 1, 0);
    case REP_ANY: break;
    }
    if (!type_may(v.type, KIND_NUMBER) && !type_may(v.type, KIND_ERROR))
        return LLVMConstInt(i1, 1, 0);
    if (type_may(v.type, KIND_ERROR))
        return lower_bit_of(cx, RT(cx, rt_truth, v.v, lower_place(cx, span)));
    LLVMValueRef number = LLVMBuildBitCast(cx->builder, v.v, cx->f64, "");
    LLVMValueRef set = LLVMBuildFCmp(cx->builder, LLVMRealONE, number, lower_f64(cx, 0), "");
    LLVMValueRef boxed = LLVMBuildNot(cx->builder, lower_is_number(cx, v.v), "");
    return LLVMBuildOr(cx->builder, boxed, set, ""); // boxed words are NaNs as doubles
}
