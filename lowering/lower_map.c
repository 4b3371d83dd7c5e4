// lower_map.c: map literals. Reads and updates of maps go the way of lists (lower_mem.c, lower_path.c),
// fields with their name as the key.
#include "lower_internal.h"

void lower_note_fields(LowerCtx *cx, const Node *map) {
    for (uint32_t i = 0; i < map->map.entries.len; i++) {
        const Node *key = map->map.entries.items[i].key;
        if (key->kind != NODE_STRING) continue;
        LLVMValueRef name = lower_str(cx, key->string.bytes, key->string.len);
        if (!map_get(&cx->fields, name)) map_put(&cx->fields, name, (void *)(uintptr_t)(i + 1));
    }
}

int64_t lower_field_place(LowerCtx *cx, LVal key) {
    return key.rep == REP_STRING ? (int64_t)(uintptr_t)map_get(&cx->fields, key.v) - 1 : -1;
}

LVal lower_map(LowerCtx *cx, Node *node) {
    uint32_t count = node->map.entries.len;
    LLVMValueRef map = RT(cx, rt_map_new, lower_i64(cx, count));
    LVal result = lower_val(REP_MAP, lower_node_type(cx, node), map, true);
    uint32_t held = lower_hold(cx, result);
    for (uint32_t i = 0; i < count; i++) {
        MapEntry *entry = &node->map.entries.items[i];
        Node *parts[] = {entry->key, entry->value};
        LVal pair[2];
        lower_operands(cx, parts, 2, pair);
        lower_take(cx, entry->value, &pair[1]);
        pair[1] = lower_own_rooted(cx, pair[1]);
        // Nobody else holds the map yet, so it stays where it is.
        RT(cx, rt_map_put, map, lower_word(cx, pair[0]), lower_word(cx, pair[1]),
           lower_place(cx, entry->key->span));
        lower_unrooted(cx, pair[1]);
        lower_release(cx, pair[0]);
    }
    lower_unhold(cx, held);
    return result;
}
