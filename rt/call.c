// call.c: function values: closures, calls through them, pipes and reductions.
#include "value.h"

RtClosure *rt_closure_new(const void *code, const void *info, const void *words, int64_t count) {
    RtClosure *closure = rti_alloc(sizeof(RtClosure) + (size_t)count * sizeof(uint64_t));
    closure->header = rti_header(RT_KIND_FUNCTION, 0);
    closure->code = (RtCode *)(uintptr_t)code;
    closure->info = info;
    closure->captured = count;
    rti_copy(closure->words, words, (size_t)count * sizeof(uint64_t));
    return closure;
}

static _Noreturn void stop_arguments(const RtFunctionInfo *info, int64_t count,
                                     const RtPlace *place) {
    long long least = info->least, most = info->most, given = count;
    if (least == most)
        rti_stop(place, "function '%s' takes %lld argument%s, not %lld", info->name, least,
                 least == 1 ? "" : "s", given);
    if (most < 0)
        rti_stop(place, "function '%s' takes at least %lld argument%s, not %lld", info->name, least,
                 least == 1 ? "" : "s", given);
    rti_stop(place, "function '%s' takes %lld to %lld arguments, not %lld", info->name, least, most,
             given);
}

uint64_t rt_call(uint64_t function, const void *words, int64_t count, const RtPlace *place) {
    if (rti_is(function, RT_TAG_ERROR)) rti_stop_error(function, place);
    if (!rti_is(function, RT_TAG_FUNCTION))
        rti_stop(place, "%s cannot be called", rti_kind_text(function));
    RtClosure *closure = rti_pointer(function);
    const RtFunctionInfo *info = closure->info;
    if (count < info->least || (count > info->most && info->most >= 0))
        stop_arguments(info, count, place);
    // The callee may drop the last other reference to itself (a variable that holds it).
    rti_retain(closure);
    RtiRooted rooted;
    rti_root(&rooted, function, 0, NULL);
    uint64_t result = closure->code(closure, words, count, place);
    rti_unroot(&rooted);
    rti_release(closure);
    return result;
}

uint64_t rt_pipe(uint64_t value, uint64_t function, const RtPlace *place) {
    if (!rti_is(value, RT_TAG_LIST)) return rt_call(function, &value, 1, place);
    RtList *from = rti_list(value);
    rti_retain(from); // the function may drop the list that it came from
    RtList *to = rt_list_new(from->length);
    RtiRooted rooted;
    rti_root(&rooted, rti_list_word(from), rti_list_word(to), NULL);
    for (int64_t i = 0; i < from->length; i++) {
        uint64_t word = rt_call(function, &from->words[i], 1, place);
        to->words[i] = word;
        to->length = i + 1;
        rti_list_flag(to, word);
    }
    rti_unroot(&rooted);
    rti_release(from);
    return rti_list_word(to);
}

uint64_t rt_reduce(uint64_t value, uint64_t function, const RtPlace *place) {
    if (rti_is(value, RT_TAG_ERROR)) return rti_retained(value);
    if (!rti_is(value, RT_TAG_LIST)) rti_stop_kind("'|||'", "a list", value, place);
    RtList *list = rti_list(value);
    if (list->length == 0) return 0;
    rti_retain(list);
    RtiRooted rooted;
    rti_root(&rooted, rti_list_word(list), rti_retained(list->words[0]), NULL);
    for (int64_t i = 1; i < list->length; i++) {
        uint64_t words[2] = {rooted.words[1], list->words[i]};
        rooted.words[1] = rt_call(function, words, 2, place);
        rti_release_word(words[0]);
    }
    rti_unroot(&rooted);
    rti_release(list);
    return rooted.words[1];
}

// --- f(x) max N -----------------------------------------------------------------------------------

// How deep calls of bounded functions are, and may become: two words for each.
struct RtDepths {
    int64_t count;
    int64_t words[];
};

static RtDepths *depths_new(int64_t count) {
    RtDepths *depths = rti_alloc(sizeof *depths + (size_t)count * sizeof(int64_t));
    depths->count = count;
    return depths;
}

const void *rt_depths(int64_t functions) {
    RtThread *self = rti_self();
    if (self->depths) return self->depths->words;
    self->depths = depths_new(2 * functions);
    for (int64_t i = 0; i < 2 * functions; i++) self->depths->words[i] = i % 2 ? INT64_MAX : 0;
    return self->depths->words;
}

RtDepths *rti_depths_copy(const RtDepths *from) {
    if (!from) return NULL;
    RtDepths *depths = depths_new(from->count);
    for (int64_t i = 0; i < from->count; i++) depths->words[i] = from->words[i];
    return depths;
}

// --- remembered results --------------------------------------------------------------------------

const void *rt_memo(int64_t number, int64_t words) {
    RtThread *self = rti_self();
    if (number < self->memo_count && self->memos[number]) return self->memos[number];
    if (number >= self->memo_count) {
        self->memos = rti_realloc(self->memos, (size_t)(number + 1) * sizeof *self->memos);
        while (self->memo_count <= number) self->memos[self->memo_count++] = NULL;
    }
    uint64_t *table = rti_alloc((size_t)words * sizeof *table);
    for (int64_t i = 0; i < words; i++) table[i] = 0;
    return self->memos[number] = table;
}

void rti_memos_free(RtThread *thread) {
    rti_free(thread->depths);
    thread->depths = NULL;
    for (int64_t i = 0; i < thread->memo_count; i++) rti_free(thread->memos[i]);
    rti_free(thread->memos);
    thread->memos = NULL;
    thread->memo_count = 0;
}
