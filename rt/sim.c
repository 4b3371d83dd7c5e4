// sim.c: `simulate` and `reset`: options, the run, and the map of what happened.
#include "sim.h"
#include "builtin_words.h"
#include "map.h"
#include "sys.h"

enum { CYCLES_DEFAULT = 1000000, IDLE_DEFAULT = 100 };

typedef struct Options {
    int64_t cycles, idle;
} Options;

// --- options -------------------------------------------------------------------------------------

static bool is_called(uint64_t key, const char *name) {
    if (!rti_is(key, RT_TAG_STRING)) return false;
    const RtStr *text = rti_str(key);
    return (size_t)text->length == rti_cstr_length(name) &&
           rti_bytes_equal(text->bytes, name, (size_t)text->length);
}

static int64_t whole(const char *what, uint64_t word, int64_t least, const RtPlace *place) {
    double number = rti_need_number(what, word, place);
    if (!(number >= (double)least) || number > 9e15)
        rti_stop(place, "simulate: %s must be a number from %lld up", what, (long long)least);
    return (int64_t)number;
}

static void read_option(Options *options, uint64_t key, uint64_t value, const RtPlace *place) {
    if (is_called(key, "cycles"))
        options->cycles = whole("cycles", value, 0, place);
    else if (is_called(key, "idle"))
        options->idle = whole("idle", value, 1, place);
    else {
        RtStr *name = rt_str_of(key);
        rti_stop(place, "simulate: there is no option '%s'", name->bytes);
    }
}

static Options read_options(const uint64_t *args, int64_t count, const RtPlace *place) {
    Options options = {.cycles = CYCLES_DEFAULT, .idle = IDLE_DEFAULT};
    if (count == 0) return options;
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) rt_stop_error(passed, place);
    if (!rti_is(args[0], RT_TAG_MAP)) rti_stop_kind("simulate", "a map", args[0], place);
    RtMap *map = rti_map(args[0]);
    for (int64_t at = rt_map_next(map, 0); at >= 0; at = rt_map_next(map, at + 1))
        read_option(&options, map->entries[at].key, map->entries[at].value, place);
    return options;
}

// --- results -------------------------------------------------------------------------------------

static uint64_t text_word(const char *text) {
    return rti_string_word(rt_str_new(text, (int64_t)rti_cstr_length(text)));
}

// {module: count} in the order of the source; `which`: 0 runs, 1 stalls.
static uint64_t counts_map(const int64_t *counts, int which, const RtPlace *place) {
    const RtSim *model = rti_sim.model;
    RtMap *map = rt_map_new(model->module_count);
    for (int64_t number = 0; number < model->module_count; number++)
        for (int64_t rank = 0; rank < model->module_count; rank++) {
            if (model->modules[rank].number != number) continue;
            uint64_t key = text_word(model->modules[rank].name);
            map = rt_map_put(map, key, rti_word_of(counts[2 * rank + which]), place);
            rti_release_word(key);
        }
    return rti_map_word(map);
}

static double seconds_now(void) {
    return rti_number(rt_b_now(NULL, 0, NULL));
}

static uint64_t result_map(const RtiSimThread *thread, int64_t first, const int64_t *counts,
                           double seconds, const RtPlace *place) {
    bool idle = thread->run.idle >= thread->run.idle_limit;
    uint64_t pairs[] = {
        text_word("cycles"),   rti_word_of(thread->run.cycle - first),
        text_word("finished"), rti_word_of((thread->run.ending & RT_SIM_FINISHED) != 0),
        text_word("idle"),     rti_word_of(idle),
        text_word("runs"),     counts_map(counts, 0, place),
        text_word("stalls"),   counts_map(counts, 1, place),
        text_word("seconds"),  rti_number_word(seconds),
    };
    return rti_map_word(rt_map_of(pairs, sizeof pairs / sizeof pairs[0] / 2, place));
}

// --- the run -------------------------------------------------------------------------------------

uint64_t rt_b_simulate(const uint64_t *args, int64_t count, const RtPlace *place) {
    static const RtSim no_hardware;
    rti_par_wait_turn();
    if (!rti_sim.model) rti_sim.model = &no_hardware;
    const RtSim *model = rti_sim.model;
    Options options = read_options(args, count, place);
    double started = seconds_now();
    int64_t first = rti_sim.cycle;
    RtiSimThread thread = {
        .run = {.cycle = first, .end = first + options.cycles, .idle_limit = options.idle}};
    rti_set(model->counts, 0, (size_t)model->module_count * 16);
    if (model->cycles && options.cycles > 0) model->cycles(&thread.run);
    rti_sim.cycle = thread.run.cycle;
    rti_sim_text_finish(&thread.text, &thread.stop);
    if (thread.stop.set) {
        rti_sim_reset(); // what deferred blocks see does not depend on how far the cycle came
        rti_sim_stop_now(&thread.stop);
    }
    return result_map(&thread, first, model->counts, seconds_now() - started, place);
}

uint64_t rt_b_reset(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    rti_par_wait_turn();
    rti_sim_reset();
    return 0;
}
