// leaks.c: FLAP_DEBUG=leaks: how many blocks of memory a program left behind that ran to its end, as
// `leaks: N objects` on standard error; nothing when there are none. Immortal objects are none.
#include "value.h"
#include "pool.h"

// In a child process what the parent has made stays: only what came on top of it counts.
static int64_t left_by_child(void) {
    rti_memos_free(rti_self());
    rti_sink_free(&rti_process.out);
    return rti_live_blocks() - rti_process.inherited;
}

static int64_t left_by_all(void) {
    rti_memos_free(rti_self());
    rti_sim_end();
    rti_arenas_forget();
    rti_sink_free(&rti_process.out); // the runtime's own
    rti_sink_free(&rti_process.in);
    rti_process.in_at = 0;
    return rti_live_blocks();
}

void rti_leaks_forked(void) {
    if (!rti_process.debug_leaks) return;
    (void)rti_sink_room(&rti_process.in, 1); // no matter which of the two reads first
    rti_process.inherited = 0;
    rti_process.inherited = left_by_child();
}

void rti_leaks_tell(void) {
    if (!rti_process.debug_leaks) return;
    rti_out_flush();
    rti_pool_end();
    int64_t live = rti_process.forks > 0 ? left_by_child() : left_by_all();
    if (live <= 0) return; // a child may have freed what was its parent's
    char line[64] = "leaks: ";
    size_t length = 7 + rti_integer_text((uint64_t)live, line + 7);
    rti_copy(line + length, " objects\n", 9);
    (void)rti_write_all(2, line, length + 9);
}
