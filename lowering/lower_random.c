// lower_random.c: random() in numbered loops, which draws from the stream of the iteration, whoever runs
// it (parallel.md 2). A loop in which something is drawn has a key, drawn where the loop starts from the stream
// around it, and a variable that counts what the iteration has drawn (rt/builtin_random.c).
//
// Invariant: the key is the first thing that is computed of a loop, so that the loop with the prefix and the one
// without draw it alike. Calls from anywhere else know of no frame, and draw from the process's stream.
#include "lower_internal.h"

// The innermost loop whose body is being filled, if its iterations have streams.
static const LoopFrame *frame_around(const LowerCtx *cx) {
    if (cx->fs->in_child) return NULL;
    const LoopFrame *frame = cx->fs->loop;
    while (frame && !frame->key) frame = frame->outer;
    return frame;
}

static LLVMValueRef iteration_of(LowerCtx *cx, const LoopFrame *frame) {
    return LLVMBuildLoad2(cx->builder, cx->i64, frame->index, "iteration");
}

void lower_streams(LowerCtx *cx, const LoopNode *loop) {
    if (!loop->draws) return;
    const LoopFrame *around = frame_around(cx);
    LLVMValueRef none = lower_i64(cx, 0);
    LLVMValueRef key =
        around ? RT(cx, rt_random_loop, around->key, iteration_of(cx, around), around->drawn)
               : RT(cx, rt_random_loop, none, none, LLVMConstNull(cx->ptr));
    map_put(&cx->keys, loop, key);
}

LLVMValueRef lower_key(const LowerCtx *cx, const LoopNode *loop) {
    return loop->draws ? map_get(&cx->keys, loop) : NULL;
}

void lower_streams_begin(LowerCtx *cx, LoopFrame *frame, LLVMValueRef key) {
    frame->key = key;
    if (key) frame->drawn = lower_alloca(cx, cx->i64, "drawn");
}

void lower_streams_next(LowerCtx *cx, const LoopFrame *frame) {
    if (frame->key) LLVMBuildStore(cx->builder, lower_i64(cx, 0), frame->drawn);
}

LLVMValueRef lower_drawn(LowerCtx *cx) {
    const LoopFrame *frame = frame_around(cx);
    if (!frame) return NULL;
    return RT(cx, rt_random, frame->key, iteration_of(cx, frame), frame->drawn);
}
