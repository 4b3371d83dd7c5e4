// sim_options.c: how a simulation is run: what `simulate` is given, and what the program's arguments
// or the environment say instead.
#include "builtin_words.h"
#include "map.h"
#include "sim_staged.h"

enum { CYCLES_DEFAULT = 1000000, IDLE_DEFAULT = 100 };

static bool is_called(uint64_t word, const char *name) {
    if (!rti_is(word, RT_TAG_STRING)) return false;
    const RtStr *text = rti_str(word);
    return (size_t)text->length == rti_cstr_length(name) &&
           rti_bytes_equal(text->bytes, name, (size_t)text->length);
}

static int64_t whole(const char *what, uint64_t word, int64_t least, const RtPlace *place) {
    double number = rti_need_number(what, word, place);
    if (!(number >= (double)least) || number > 9e15)
        rti_stop(place, "simulate: %s must be a number from %lld up", what, (long long)least);
    return (int64_t)number;
}

static RtiSimParallel parallel_of(uint64_t value, const RtPlace *place) {
    if (is_called(value, "auto")) return RTI_SIM_AUTO;
    if (!rti_is_number(value)) rti_stop(place, "simulate: parallel is no, yes or \"auto\"");
    return rti_number(value) != 0 ? RTI_SIM_PARALLEL : RTI_SIM_ALONE;
}

static bool is_random(uint64_t value, const RtPlace *place) {
    if (!is_called(value, "random") && !is_called(value, "source"))
        rti_stop(place, "simulate: order is \"source\" or \"random\"");
    return is_called(value, "random");
}

static int32_t thread_number(int64_t threads, const RtPlace *place) {
    if (threads > RTI_SIM_THREADS_MOST)
        rti_stop(place, "simulate: threads must be from 1 to %d", RTI_SIM_THREADS_MOST);
    return (int32_t)threads;
}

static void read_option(RtiSimOptions *options, uint64_t key, uint64_t value,
                        const RtPlace *place) {
    if (is_called(key, "cycles")) {
        options->cycles = whole("cycles", value, 0, place);
    } else if (is_called(key, "idle")) {
        options->idle = whole("idle", value, 1, place);
    } else if (is_called(key, "parallel")) {
        options->parallel = parallel_of(value, place);
    } else if (is_called(key, "threads")) {
        options->threads = thread_number(whole("threads", value, 1, place), place);
    } else if (is_called(key, "order")) {
        options->random_order = is_random(value, place);
    } else if (is_called(key, "seed")) {
        options->seed = whole("seed", value, 0, place);
    } else if (is_called(key, "trace")) {
        options->trace = rti_need_string("trace", value, place);
        rti_retain(options->trace);
    } else if (is_called(key, "progress")) {
        options->progress = rti_need_number("progress", value, place) != 0;
    } else {
        rti_stop(place, "simulate: there is no option '%s'", rt_str_of(key)->bytes);
    }
}

// --- instead -------------------------------------------------------------------------------------

// "" is yes, 0 no, N that many threads, or auto.
static void set_parallel(RtiSimOptions *options, const char *text) {
    size_t used = 0, length = rti_cstr_length(text);
    double threads = rti_parse_number(text, length, &used);
    if (length == 4 && rti_bytes_equal(text, "auto", 4)) {
        options->parallel = RTI_SIM_AUTO;
        return;
    }
    bool fits = used == length && threads >= 0 && threads <= RTI_SIM_THREADS_MOST;
    if (length > 0 && !fits)
        rti_stop(NULL, "--sim-parallel and FLAP_SIM_PARALLEL take auto or 0 to %d threads, not %s",
                 RTI_SIM_THREADS_MOST, text);
    options->parallel = length > 0 && threads < 1 ? RTI_SIM_ALONE : RTI_SIM_PARALLEL;
    options->threads = (int32_t)threads;
}

static uint64_t number_in(const char *name) {
    const char *text = rti_env(name);
    size_t used = 0;
    return text ? (uint64_t)rti_parse_number(text, rti_cstr_length(text), &used) : 0;
}

static void read_environment(RtiSimOptions *options) {
    const char *parallel = rti_sim.parallel ? rti_sim.parallel : rti_env("FLAP_SIM_PARALLEL");
    const char *trace = rti_sim.trace_path ? rti_sim.trace_path : rti_env("FLAP_SIM_TRACE");
    if (parallel) set_parallel(options, parallel);
    if (trace && *trace) {
        if (options->trace) rti_release(options->trace);
        options->trace = rt_str_new(trace, (int64_t)rti_cstr_length(trace));
    }
    if (rti_env("FLAP_SIM_ORDER")) {
        options->random_order = true;
        options->seed = (int64_t)number_in("FLAP_SIM_ORDER");
    }
    options->places = number_in("FLAP_SIM_PLACES");
    options->delays = number_in("FLAP_SIM_DELAYS");
}

RtiSimOptions rti_sim_options(const uint64_t *args, int64_t count, const RtPlace *place) {
    RtiSimOptions options = {.cycles = CYCLES_DEFAULT, .idle = IDLE_DEFAULT};
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) rt_stop_error(passed, place);
    if (count > 0) {
        if (!rti_is(args[0], RT_TAG_MAP)) rti_stop_kind("simulate", "a map", args[0], place);
        RtMap *map = rti_map(args[0]);
        for (int64_t at = rt_map_next(map, 0); at >= 0; at = rt_map_next(map, at + 1))
            read_option(&options, map->entries[at].key, map->entries[at].value, place);
    }
    read_environment(&options);
    return options;
}
