// sim.c: `simulate` and `reset`: options, the run, and the map of what happened.
#include "sim.h"
#include "builtin_words.h"
#include "map.h"
#include "pool.h"
#include "sim_staged.h"
#include "sys.h"

enum {
    CYCLES_DEFAULT = 1000000,
    IDLE_DEFAULT = 100,
    TRIAL_US = 300,       // `auto`: how long an engine is tried
    WORTH_NS = 1500,      // and what a cycle must cost for more threads to be worth a trial,
    WORTH_REST_US = 5000, // and all that are left
};

typedef enum Parallel { PARALLEL_NO, PARALLEL_YES, PARALLEL_AUTO } Parallel;

typedef struct Options {
    int64_t cycles, idle, seed;
    Parallel parallel;
    int32_t threads; // 0: as for `@@`
    bool random_order;
    // For tests, from the environment only: seeds of assignments by chance and of delays.
    uint64_t places, delays;
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

// The environment overrides the program: `flapc run --sim-parallel=N` sets it too.
static void read_environment(Options *options) {
    const char *parallel = rti_env("FLAP_SIM_PARALLEL"), *order = rti_env("FLAP_SIM_ORDER");
    const char *places = rti_env("FLAP_SIM_PLACES"), *delays = rti_env("FLAP_SIM_DELAYS");
    size_t used = 0;
    if (parallel) {
        size_t length = rti_cstr_length(parallel);
        double threads = rti_parse_number(parallel, length, &used);
        bool is_auto = length == 4 && rti_bytes_equal(parallel, "auto", 4);
        if ((length && used != length && !is_auto) ||
            (used && !(threads >= 0 && threads <= RTI_SIM_THREADS_MOST)))
            rti_stop(NULL, "FLAP_SIM_PARALLEL must be auto or a number of threads from 0 to %d",
                     RTI_SIM_THREADS_MOST);
        options->parallel = is_auto                ? PARALLEL_AUTO
                            : used && threads == 0 ? PARALLEL_NO
                                                   : PARALLEL_YES;
        options->threads = used ? (int32_t)threads : 0;
    }
    if (order) {
        options->random_order = true;
        options->seed = (int64_t)rti_parse_number(order, rti_cstr_length(order), &used);
    }
    if (places)
        options->places = (uint64_t)rti_parse_number(places, rti_cstr_length(places), &used);
    if (delays)
        options->delays = (uint64_t)rti_parse_number(delays, rti_cstr_length(delays), &used);
}

static double seconds_now(void) {
    return rti_number(rt_b_now(NULL, 0, NULL));
}

// --- engines -------------------------------------------------------------------------------------

typedef struct Run {
    const RtSim *model;
    Options options;
    int64_t cycle, end, idle, ending;
    RtiSimThread direct; // its text and stop; `run` is filled for each use
    RtiSimStop stop;
} Run;

static bool is_over(const Run *run) {
    return run->ending || run->cycle >= run->end || run->idle >= run->options.idle;
}

static void run_direct(Run *run, int64_t end) {
    RtiSimThread *thread = &run->direct;
    if (is_over(run) || run->cycle >= end) return;
    thread->run = (RtSimRun){.cycle = run->cycle,
                             .end = end < run->end ? end : run->end,
                             .idle = run->idle,
                             .idle_limit = run->options.idle};
    run->model->cycles(&thread->run);
    run->cycle = thread->run.cycle;
    run->idle = thread->run.idle;
    run->ending = thread->run.ending;
    rti_sim_stop_least(&run->stop, &thread->stop);
    rti_sim_text_finish(&thread->text, &run->stop);
}

static void run_staged(Run *run, int64_t end, int32_t threads) {
    RtiSimStaged staged = {.random_order = run->options.random_order,
                           .seed = (uint64_t)run->options.seed,
                           .delays = run->options.delays,
                           .cycle = run->cycle,
                           .end = end < run->end ? end : run->end,
                           .idle = run->idle,
                           .idle_limit = run->options.idle};
    if (is_over(run)) return;
    rti_staged_begin(&staged, run->model, threads);
    rti_sim_threads(&staged, threads, run->options.places);
    run->cycle = staged.cycle;
    run->idle = staged.idle;
    run->ending = staged.ending;
    rti_sim_stop_least(&run->stop, &staged.stop);
    rti_staged_end(&staged);
}

// Nanoseconds that a cycle takes, tried for a while.
static double cost_of_cycle(Run *run, int32_t threads) {
    int64_t first = run->cycle, step = 16;
    double start = seconds_now(), spent = 0;
    while (!is_over(run) && spent < TRIAL_US * 1e-6) {
        if (threads > 1)
            run_staged(run, run->cycle + step, threads);
        else
            run_direct(run, run->cycle + step);
        spent = seconds_now() - start;
        step *= 4;
    }
    return run->cycle > first ? spent * 1e9 / (double)(run->cycle - first) : 0;
}

// A further thread must pay for the meeting of threads in each cycle.
static void run_auto(Run *run, int32_t threads) {
    double alone = cost_of_cycle(run, 1);
    double rest = alone * (double)(run->end - run->cycle);
    bool worth = threads > 1 && alone > WORTH_NS && rest > WORTH_REST_US * 1e3;
    if (worth && cost_of_cycle(run, threads) < alone * 0.95)
        run_staged(run, run->end, threads);
    else
        run_direct(run, run->end);
}

static int32_t threads_wanted(const Options *options) {
    RtiCpus cpus;
    int32_t threads =
        options->threads ? options->threads : rti_thread_default(rti_cpus_allowed(&cpus));
    return threads < RTI_SIM_THREADS_MOST ? threads : RTI_SIM_THREADS_MOST;
}

static void run_engine(Run *run) {
    const Options *options = &run->options;
    if (!run->model->cycles || run->model->module_count == 0) {
        run->cycle = run->end; // nothing there
        return;
    }
    if (options->parallel == PARALLEL_YES)
        run_staged(run, run->end, threads_wanted(options));
    else if (options->random_order)
        run_staged(run, run->end, 1);
    else if (options->parallel == PARALLEL_AUTO)
        run_auto(run, threads_wanted(options));
    else
        run_direct(run, run->end);
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

static uint64_t result_map(const Run *run, int64_t first, double seconds, const RtPlace *place) {
    const int64_t *counts = run->model->counts;
    bool idle = run->idle >= run->options.idle;
    uint64_t pairs[] = {
        text_word("cycles"),   rti_word_of(run->cycle - first),
        text_word("finished"), rti_word_of((run->ending & RT_SIM_FINISHED) != 0),
        text_word("idle"),     rti_word_of(idle),
        text_word("runs"),     counts_map(counts, 0, place),
        text_word("stalls"),   counts_map(counts, 1, place),
        text_word("seconds"),  rti_number_word(seconds),
    };
    return rti_map_word(rt_map_of(pairs, sizeof pairs / sizeof pairs[0] / 2, place));
}

// --- the builtins --------------------------------------------------------------------------------

uint64_t rt_b_simulate(const uint64_t *args, int64_t count, const RtPlace *place) {
    static const RtSim no_hardware;
    rti_par_wait_turn();
    if (!rti_sim.model) rti_sim.model = &no_hardware;
    Run run = {.model = rti_sim.model, .options = read_options(args, count, place)};
    read_environment(&run.options);
    double started = seconds_now();
    int64_t first = rti_sim.cycle;
    run.cycle = first;
    run.end = first + run.options.cycles;
    rti_set(run.model->counts, 0, (size_t)run.model->module_count * 16);
    run_engine(&run);
    rti_sim.cycle = run.cycle;
    if (run.stop.set) {
        rti_sim_reset(); // what deferred blocks see does not depend on how far the cycle came
        rti_sim_stop_now(&run.stop);
    }
    return result_map(&run, first, seconds_now() - started, place);
}

uint64_t rt_b_reset(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    rti_par_wait_turn();
    rti_sim_reset();
    return 0;
}
