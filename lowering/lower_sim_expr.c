// lower_sim_expr.c: values of the integer dialect: everything is an i64, conditions are i1 for as
// long as possible. What may stop the simulation notes that and leaves the body; the program itself
// is stopped by the runtime when the cycle is over.
#include "lower_sim.h"

#define B(code) ((code)->cx->builder)

static LLVMValueRef i64(SimCode *code, int64_t value) {
    return lower_i64(code->cx, value);
}

// --- memory --------------------------------------------------------------------------------------

LLVMValueRef sim_load(SimCode *code, LLVMTypeRef type, LLVMValueRef at) {
    return LLVMBuildLoad2(B(code), type, at, "");
}

void sim_store(SimCode *code, LLVMValueRef v, LLVMValueRef at) {
    LLVMBuildStore(B(code), v, at);
}

static LLVMValueRef in_state(SimCode *code, int64_t offset) {
    return lower_field(code->cx, code->state, offset);
}

LLVMValueRef sim_target_at(SimCode *code, const SimTarget *target) {
    const SimPlace *place = &code->layout->places[target->number];
    return code->staged ? in_state(code, place->offset) : place->data;
}

LLVMValueRef sim_queue_at(SimCode *code, const SimTarget *target, int member) {
    return lower_field(code->cx, sim_target_at(code, target), 8 * member);
}

LLVMValueRef sim_queue(SimCode *code, const SimTarget *target, int member) {
    LLVMTypeRef type = member == QUEUE_VALUES ? code->cx->ptr : code->cx->i64;
    return sim_load(code, type, sim_queue_at(code, target, member));
}

LLVMValueRef sim_exposed_at(SimCode *code, const SimExposed *exposed) {
    if (code->staged) return in_state(code, code->layout->exposed_offset[exposed->number]);
    return code->layout->exposed[exposed->number];
}

LLVMValueRef sim_element_at(SimCode *code, const SimTarget *target, LLVMValueRef data,
                            LLVMValueRef index) {
    if (!index) return data;
    LLVMTypeRef element = code->layout->places[target->number].element;
    return LLVMBuildInBoundsGEP2(B(code), element, data, &index, 1, "");
}

// --- stops ---------------------------------------------------------------------------------------

static LLVMValueRef pieces(SimCode *code, const SimText *text) {
    LowerCtx *cx = code->cx;
    LLVMTypeRef parts[] = {cx->ptr, cx->i32, cx->i8, cx->i8, cx->i8, cx->i8};
    LLVMTypeRef type = LLVMStructTypeInContext(cx->context, parts, 6, 0);
    LLVMValueRef *items = ARENA_ARRAY(cx->arena, LLVMValueRef, text->pieces.len + 1);
    for (uint32_t i = 0; i < text->pieces.len; i++) {
        const SimPiece *piece = &text->pieces.items[i];
        LLVMValueRef bytes = LLVMConstNull(cx->ptr);
        if (piece->text)
            bytes =
                lower_private(cx, LLVMConstStringInContext(cx->context, piece->text, piece->len, 0),
                              "sim.text", 1);
        int flags = (piece->left ? RT_SIM_LEFT : 0) | (piece->zero ? RT_SIM_ZERO : 0) |
                    (piece->plus ? RT_SIM_PLUS : 0);
        LLVMValueRef values[] = {bytes,
                                 lower_i32(cx, (int32_t)piece->len),
                                 LLVMConstInt(cx->i8, (unsigned char)piece->conversion, 0),
                                 LLVMConstInt(cx->i8, (unsigned long long)flags, 0),
                                 LLVMConstInt(cx->i8, piece->width, 0),
                                 LLVMConstNull(cx->i8)};
        items[i] = LLVMConstStructInContext(cx->context, values, 6, 0);
    }
    return lower_private(cx, LLVMConstArray2(type, items, text->pieces.len), "sim.pieces", 8);
}

LLVMValueRef sim_site(SimCode *code, int kind, uint32_t object, const SimText *text, Span span) {
    LowerCtx *cx = code->cx;
    LLVMValueRef parts[] = {lower_place(cx, span),
                            text ? pieces(code, text) : LLVMConstNull(cx->ptr),
                            lower_i32(cx, text ? (int32_t)text->pieces.len : 0),
                            lower_i32(cx, kind),
                            lower_i32(cx, (int32_t)object),
                            lower_i32(cx, 0)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    return lower_private(cx, value, "sim.site", 8);
}

static void leave_body(SimCode *code) {
    if (code->done)
        LLVMBuildBr(B(code), code->done);
    else
        LLVMBuildRet(B(code), i64(code, 0));
}

void sim_stop_if(SimCode *code, LLVMValueRef condition, int kind, uint32_t object, LLVMValueRef a,
                 LLVMValueRef b, Span span) {
    LowerCtx *cx = code->cx;
    LLVMBasicBlockRef on = lower_rare(cx, condition, "stop");
    LLVMValueRef site = sim_site(code, kind, object, NULL, span), zero = i64(code, 0);
    RT(cx, rt_sim_stop, code->run, site, code->cycle, code->rank, a ? a : zero, b ? b : zero);
    leave_body(code);
    lower_at(cx, on);
}

// --- reading -------------------------------------------------------------------------------------

LLVMValueRef sim_cut_value(SimCode *code, SimType type, LLVMValueRef v) {
    if (type.width == 0 || type.width == 64) return v;
    LLVMTypeRef narrow = LLVMIntTypeInContext(code->cx->context, type.width);
    LLVMValueRef low = LLVMBuildTrunc(B(code), v, narrow, "");
    return type.is_signed ? LLVMBuildSExt(B(code), low, code->cx->i64, "")
                          : LLVMBuildZExt(B(code), low, code->cx->i64, "");
}

static LLVMValueRef outside(SimCode *code, LLVMValueRef index, uint64_t length) {
    return LLVMBuildICmp(B(code), LLVMIntUGE, index, i64(code, (int64_t)length), "outside");
}

static LLVMValueRef read_register(SimCode *code, const SimNode *node) {
    const SimTarget *target = node->target;
    const SimPlace *place = &code->layout->places[target->number];
    LLVMValueRef index = node->a ? sim_value(code, node->a) : NULL;
    if (index)
        sim_stop_if(code, outside(code, index, target->length), RT_SIM_INDEX, target->number, index,
                    NULL, node->span);
    LLVMValueRef at = sim_element_at(code, target, sim_target_at(code, target), index);
    LLVMValueRef v = sim_load(code, place->element, at);
    if (place->element == code->cx->i64) return v;
    return target->type.is_signed ? LLVMBuildSExt(B(code), v, code->cx->i64, "")
                                  : LLVMBuildZExt(B(code), v, code->cx->i64, "");
}

static LLVMValueRef read_table(SimCode *code, const SimNode *node) {
    LowerCtx *cx = code->cx;
    const SimTable *table = node->table;
    LLVMValueRef *global = &code->layout->tables[table->number];
    if (!*global) {
        LLVMValueRef *values = ARENA_ARRAY(cx->arena, LLVMValueRef, table->count + 1);
        for (uint32_t i = 0; i < table->count; i++) values[i] = lower_i64(cx, table->values[i]);
        *global = lower_private(cx, LLVMConstArray2(cx->i64, values, table->count), "sim.table", 8);
    }
    LLVMValueRef index = sim_value(code, node->a);
    sim_stop_if(code, outside(code, index, table->count), RT_SIM_TABLE, 0, index,
                i64(code, table->count), node->span);
    return sim_load(code, cx->i64, LLVMBuildInBoundsGEP2(B(code), cx->i64, *global, &index, 1, ""));
}

static bool is_plain(const SimCode *code, const SimTarget *target) {
    return !code->staged && code->layout->places[target->number].plain;
}

static LLVMValueRef has_value(SimCode *code, const SimTarget *target) {
    if (is_plain(code, target)) return LLVMConstInt(code->cx->i1, 1, 0); // or it would not run
    LLVMValueRef count = sim_queue(code, target, QUEUE_COUNT);
    return LLVMBuildICmp(B(code), LLVMIntSGT, count, i64(code, 0), "valid");
}

static uint32_t position_of(const SimTarget *port) {
    uint32_t at = 0;
    while (port->module->ports.items[at] != port) at++;
    return at;
}

static LLVMValueRef head_of(SimCode *code, const SimNode *node) {
    const SimTarget *port = node->target;
    if (is_plain(code, port)) return code->heads[position_of(port)];
    LLVMValueRef none = LLVMBuildNot(B(code), has_value(code, port), "");
    if (code->module->wait)
        sim_stop_if(code, none, RT_SIM_EMPTY, port->number, NULL, NULL, node->span);
    LLVMValueRef at = sim_queue(code, port, QUEUE_HEAD), ring = sim_queue(code, port, QUEUE_VALUES);
    return sim_load(code, code->cx->i64,
                    LLVMBuildInBoundsGEP2(B(code), code->cx->i64, ring, &at, 1, ""));
}

static LLVMValueRef has_room(SimCode *code, const SimTarget *port) {
    if (port->depth == 0 || is_plain(code, port)) return LLVMConstInt(code->cx->i1, 1, 0);
    LLVMValueRef count = sim_queue(code, port, QUEUE_COUNT);
    return LLVMBuildICmp(B(code), LLVMIntULT, count, i64(code, (int64_t)port->depth), "ready");
}

static LLVMValueRef is_exposed(SimCode *code, const SimExposed *exposed) {
    LLVMValueRef at = lower_field(code->cx, sim_exposed_at(code, exposed), 8);
    LLVMValueRef stamp = sim_load(code, code->cx->i64, at);
    LLVMValueRef now = LLVMBuildAdd(B(code), code->cycle, i64(code, 1), "");
    return LLVMBuildICmp(B(code), LLVMIntEQ, stamp, now, "is.exposed");
}

static LLVMValueRef exposed_value(SimCode *code, const SimNode *node) {
    LLVMValueRef none = LLVMBuildNot(B(code), is_exposed(code, node->exposed), "");
    sim_stop_if(code, none, RT_SIM_ABSENT, node->exposed->number, NULL, NULL, node->span);
    return sim_load(code, code->cx->i64, sim_exposed_at(code, node->exposed));
}

// --- arithmetic ----------------------------------------------------------------------------------

static LLVMValueRef divide(SimCode *code, const SimNode *node) {
    bool quotient = node->op == SIM_DIV;
    LLVMValueRef a = sim_value(code, node->a), b = sim_value(code, node->b), minus = i64(code, -1);
    if (node->b->op != SIM_CONST || node->b->value == 0) {
        LLVMValueRef zero = LLVMBuildICmp(B(code), LLVMIntEQ, b, i64(code, 0), "");
        sim_stop_if(code, zero, quotient ? RT_SIM_DIVISION : RT_SIM_MODULO, 0, NULL, NULL,
                    node->span);
    }
    // The least number divided by -1 has no instruction.
    LLVMValueRef special = LLVMBuildICmp(B(code), LLVMIntEQ, b, minus, "");
    LLVMValueRef safe = LLVMBuildSelect(B(code), special, i64(code, 1), b, "");
    if (quotient) {
        LLVMValueRef q = LLVMBuildSDiv(B(code), a, safe, "");
        return LLVMBuildSelect(B(code), special, LLVMBuildNeg(B(code), a, ""), q, "");
    }
    LLVMValueRef r = LLVMBuildSRem(B(code), a, safe, "");
    return LLVMBuildSelect(B(code), special, i64(code, 0), r, "");
}

static LLVMValueRef rotate(SimCode *code, const SimNode *node) {
    LLVMValueRef a = sim_value(code, node->a);
    LLVMValueRef args[] = {a, a, sim_value(code, node->b)};
    return lower_intrinsic(code->cx, node->op == SIM_ROL ? "llvm.fshl" : "llvm.fshr", code->cx->i64,
                           args, 3);
}

static LLVMValueRef arithmetic(SimCode *code, const SimNode *node) {
    LLVMValueRef a = sim_value(code, node->a), b = sim_value(code, node->b);
    LLVMBuilderRef builder = B(code);
    bool shifts = node->op == SIM_SHL || node->op == SIM_SHR || node->op == SIM_SRA;
    if (shifts) b = LLVMBuildAnd(builder, b, i64(code, 63), "");
    switch ((int)node->op) {
    case SIM_ADD: return LLVMBuildAdd(builder, a, b, "");
    case SIM_SUB: return LLVMBuildSub(builder, a, b, "");
    case SIM_MUL: return LLVMBuildMul(builder, a, b, "");
    case SIM_AND: return LLVMBuildAnd(builder, a, b, "");
    case SIM_OR: return LLVMBuildOr(builder, a, b, "");
    case SIM_XOR: return LLVMBuildXor(builder, a, b, "");
    case SIM_SHL: return LLVMBuildShl(builder, a, b, "");
    case SIM_SHR: return LLVMBuildLShr(builder, a, b, "");
    case SIM_SRA: return LLVMBuildAShr(builder, a, b, "");
    }
    LLVMValueRef two[] = {a, b};
    return lower_intrinsic(code->cx, node->op == SIM_MIN ? "llvm.smin" : "llvm.smax", code->cx->i64,
                           two, 2);
}

static LLVMValueRef unary(SimCode *code, const SimNode *node) {
    LLVMValueRef a = sim_value(code, node->a);
    LLVMValueRef with_flag[] = {a, LLVMConstInt(code->cx->i1, 0, 0)};
    switch ((int)node->op) {
    case SIM_NEG: return LLVMBuildNeg(B(code), a, "");
    case SIM_BNOT: return LLVMBuildNot(B(code), a, "");
    case SIM_CUT: return sim_cut_value(code, node->type, a);
    case SIM_POPCOUNT: return lower_intrinsic(code->cx, "llvm.ctpop", code->cx->i64, with_flag, 1);
    case SIM_CLZ: return lower_intrinsic(code->cx, "llvm.ctlz", code->cx->i64, with_flag, 2);
    case SIM_CTZ: return lower_intrinsic(code->cx, "llvm.cttz", code->cx->i64, with_flag, 2);
    case SIM_ABS: return lower_intrinsic(code->cx, "llvm.abs", code->cx->i64, with_flag, 2);
    }
    UNREACHABLE("a unary operation");
}

// --- functions -----------------------------------------------------------------------------------

// i64 (RtSimRun *, cycle, rank, arguments …)
static LLVMTypeRef function_type(LowerCtx *cx, const SimFunction *function) {
    LLVMTypeRef *types = ARENA_ARRAY(cx->arena, LLVMTypeRef, function->params.len + 3);
    types[0] = cx->ptr;
    for (uint32_t i = 1; i < function->params.len + 3; i++) types[i] = cx->i64;
    return LLVMFunctionType(cx->i64, types, function->params.len + 3, 0);
}

static LLVMValueRef emit_function(LowerCtx *cx, SimLayout *layout, const SimFunction *function) {
    const char *name = function->function->name->text;
    LLVMValueRef made = LLVMAddFunction(cx->module, arena_printf(cx->arena, "flap.sim.%s", name),
                                        function_type(cx, function));
    lower_code_attributes(cx, made);
    LLVMSetLinkage(made, LLVMInternalLinkage);
    layout->functions[function->number] = made;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin_plain(cx, &fs, made, name);
    SimCode code = {.cx = cx, .layout = layout, .function = function};
    code.run = LLVMGetParam(made, 0);
    code.cycle = LLVMGetParam(made, 1);
    code.rank = LLVMGetParam(made, 2);
    sim_begin_body(&code, function->locals, function->loops);
    for (uint32_t i = 0; i < function->params.len; i++)
        sim_store(&code, LLVMGetParam(made, 3 + i), code.locals[function->params.items[i]->number]);
    LLVMBuildRet(cx->builder, sim_value(&code, function->body));
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return made;
}

static LLVMValueRef call_function(SimCode *code, const SimNode *node) {
    LowerCtx *cx = code->cx;
    const SimFunction *function = node->function;
    LLVMValueRef callee = code->layout->functions[function->number];
    if (!callee) callee = emit_function(cx, code->layout, function);
    LLVMValueRef *args = ARENA_ARRAY(cx->arena, LLVMValueRef, node->items.len + 3);
    args[0] = code->run;
    args[1] = code->cycle;
    args[2] = code->rank;
    for (uint32_t i = 0; i < node->items.len; i++)
        args[3 + i] = sim_value(code, node->items.items[i]);
    LLVMValueRef v =
        LLVMBuildCall2(B(code), function_type(cx, function), callee, args, node->items.len + 3, "");
    if (!function->may_stop) return v;
    LLVMValueRef at = lower_field(cx, code->run, offsetof(RtSimRun, failed));
    LLVMValueRef self = LLVMBuildAdd(B(code), code->rank, i64(code, 1), "");
    LLVMValueRef failed = LLVMBuildICmp(B(code), LLVMIntEQ, sim_load(code, cx->i64, at), self, "");
    LLVMBasicBlockRef on = lower_rare(cx, failed, "failed");
    leave_body(code);
    lower_at(cx, on);
    return v;
}

// --- conditions ----------------------------------------------------------------------------------

// True for what can be computed for nothing: no stops, no calls.
static bool is_harmless(const SimNode *node) {
    if (!node) return true;
    switch ((SimOp)node->op) {
    case SIM_CONST:
    case SIM_LOCAL:
    case SIM_CYCLE:
    case SIM_VALID:
    case SIM_READY:
    case SIM_EXPOSED_OK:
    case SIM_NEG:
    case SIM_NOT:
    case SIM_BNOT:
    case SIM_ABS:
    case SIM_POPCOUNT:
    case SIM_CLZ:
    case SIM_CTZ:
    case SIM_CUT:
    case SIM_ADD:
    case SIM_SUB:
    case SIM_MUL:
    case SIM_AND:
    case SIM_OR:
    case SIM_XOR:
    case SIM_SHL:
    case SIM_SHR:
    case SIM_SRA:
    case SIM_ROL:
    case SIM_ROR:
    case SIM_EQ:
    case SIM_NE:
    case SIM_LT:
    case SIM_LE:
    case SIM_GT:
    case SIM_GE:
    case SIM_LTU:
    case SIM_MIN:
    case SIM_MAX:
    case SIM_BOTH:
    case SIM_EITHER: return is_harmless(node->a) && is_harmless(node->b);
    case SIM_READ: return !node->a;
    case SIM_HEAD:
    case SIM_TABLE:
    case SIM_EXPOSED:
    case SIM_DIV:
    case SIM_MOD:
    case SIM_CALL:
    case SIM_IF:
    case SIM_BLOCK:
    case SIM_SET:
    case SIM_WRITE:
    case SIM_PUSH:
    case SIM_EVENT:
    case SIM_HOLD:
    case SIM_LOOP:
    case SIM_LEAVE:
    case SIM_NEXT:
    case SIM_RETURN:
    case SIM_LOG:
    case SIM_FINISH:
    case SIM_ASSERT: return false;
    case SIM_OP_COUNT: break;
    }
    UNREACHABLE("an operation of the dialect");
}

static LLVMValueRef logical(SimCode *code, const SimNode *node) {
    LowerCtx *cx = code->cx;
    bool both = node->op == SIM_BOTH;
    LLVMValueRef a = sim_bit(code, node->a);
    if (is_harmless(node->b)) {
        LLVMValueRef b = sim_bit(code, node->b);
        return both ? LLVMBuildAnd(B(code), a, b, "") : LLVMBuildOr(B(code), a, b, "");
    }
    LLVMBasicBlockRef from = LLVMGetInsertBlock(B(code));
    LLVMBasicBlockRef more = lower_block_new(cx, "more"), on = lower_block_new(cx, "on");
    lower_branch(cx, a, both ? more : on, both ? on : more);
    lower_at(cx, more);
    LLVMValueRef b = sim_bit(code, node->b);
    LLVMBasicBlockRef from_more = LLVMGetInsertBlock(B(code));
    lower_go(cx, on);
    LLVMValueRef phi = LLVMBuildPhi(B(code), cx->i1, "");
    LLVMValueRef decided = LLVMConstInt(cx->i1, !both, 0);
    LLVMAddIncoming(phi, &decided, &from, 1);
    LLVMAddIncoming(phi, &b, &from_more, 1);
    return phi;
}

static LLVMValueRef compare(SimCode *code, const SimNode *node, LLVMIntPredicate predicate) {
    LLVMValueRef a = sim_value(code, node->a);
    return LLVMBuildICmp(B(code), predicate, a, sim_value(code, node->b), "");
}

LLVMValueRef sim_bit(SimCode *code, const SimNode *node) {
    switch ((int)node->op) {
    case SIM_EQ: return compare(code, node, LLVMIntEQ);
    case SIM_NE: return compare(code, node, LLVMIntNE);
    case SIM_LT: return compare(code, node, LLVMIntSLT);
    case SIM_LE: return compare(code, node, LLVMIntSLE);
    case SIM_GT: return compare(code, node, LLVMIntSGT);
    case SIM_GE: return compare(code, node, LLVMIntSGE);
    case SIM_LTU: return compare(code, node, LLVMIntULT);
    case SIM_NOT: return LLVMBuildNot(B(code), sim_bit(code, node->a), "");
    case SIM_BOTH:
    case SIM_EITHER: return logical(code, node);
    case SIM_VALID: return has_value(code, node->target);
    case SIM_READY: return has_room(code, node->target);
    case SIM_EXPOSED_OK: return is_exposed(code, node->exposed);
    }
    return LLVMBuildICmp(B(code), LLVMIntNE, sim_value(code, node), i64(code, 0), "");
}

LLVMValueRef sim_value(SimCode *code, const SimNode *node) {
    switch ((SimOp)node->op) {
    case SIM_CONST: return i64(code, node->value);
    case SIM_LOCAL: return sim_load(code, code->cx->i64, code->locals[node->local->number]);
    case SIM_CYCLE: return code->cycle;
    case SIM_HEAD: return head_of(code, node);
    case SIM_READ: return read_register(code, node);
    case SIM_TABLE: return read_table(code, node);
    case SIM_EXPOSED: return exposed_value(code, node);
    case SIM_NEG:
    case SIM_BNOT:
    case SIM_ABS:
    case SIM_POPCOUNT:
    case SIM_CLZ:
    case SIM_CTZ:
    case SIM_CUT: return unary(code, node);
    case SIM_DIV:
    case SIM_MOD: return divide(code, node);
    case SIM_ADD:
    case SIM_SUB:
    case SIM_MUL:
    case SIM_AND:
    case SIM_OR:
    case SIM_XOR:
    case SIM_SHL:
    case SIM_SHR:
    case SIM_SRA:
    case SIM_MIN:
    case SIM_MAX: return arithmetic(code, node);
    case SIM_ROL:
    case SIM_ROR: return rotate(code, node);
    case SIM_NOT:
    case SIM_EQ:
    case SIM_NE:
    case SIM_LT:
    case SIM_LE:
    case SIM_GT:
    case SIM_GE:
    case SIM_LTU:
    case SIM_BOTH:
    case SIM_EITHER:
    case SIM_VALID:
    case SIM_READY:
    case SIM_EXPOSED_OK: return LLVMBuildZExt(B(code), sim_bit(code, node), code->cx->i64, "");
    case SIM_CALL: return call_function(code, node);
    case SIM_IF:
    case SIM_BLOCK:
    case SIM_SET:
    case SIM_WRITE:
    case SIM_PUSH:
    case SIM_EVENT:
    case SIM_HOLD:
    case SIM_LOOP:
    case SIM_LEAVE:
    case SIM_NEXT:
    case SIM_RETURN:
    case SIM_LOG:
    case SIM_FINISH:
    case SIM_ASSERT: return sim_statement(code, node);
    case SIM_OP_COUNT: break;
    }
    UNREACHABLE("an operation of the dialect");
}
