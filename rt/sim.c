// sim.c: `simulate` and `reset`: which engine runs the cycles, and the map of what happened.
#include "builtin_words.h"
#include "map.h"
#include "pool.h"
#include "sim_staged.h"
#include "sys.h"

enum {
    TRIAL_US = 300,        // `auto`: how long an engine is tried,
    WORTH_NS = 1500,       // what a cycle must cost for more threads to be worth a trial,
    WORTH_REST_US = 50000, // and all that are left,
    SLICE_US = 100000,     // for how long they then run before it is looked at again,
    PATIENCE_US = 10000,   // and for how long one runs after it was not worth it, at first
    LOSS = 50,             // times what the trial cost, at least,
    TRIAL_CYCLES = 8,      // which takes so many cycles for each thread, at least
};
#define GAIN 0.95 // at most so much of the time must threads take

static double seconds_now(void) {
    return rti_number(rt_b_now(NULL, 0, NULL));
}

// --- engines -------------------------------------------------------------------------------------

typedef struct Run {
    const RtSim *model;
    RtiSimOptions options;
    const RtPlace *place;
    int64_t cycle, end, idle;
    RtiSimThread direct; // its text and stop; `run` is filled for each use
    RtiSimStop stop;
    RtiSimStaged staged; // `made` is 0: not needed yet
} Run;

static bool is_over(const Run *run) {
    return run->stop.set || run->cycle >= run->end || run->idle >= run->options.idle;
}

static void run_direct(Run *run, int64_t end) {
    RtiSimThread *thread = &run->direct;
    if (is_over(run) || run->cycle >= end) return;
    thread->run = (RtSimRun){
        .cycle = run->cycle, .end = end, .idle = run->idle, .idle_limit = run->options.idle};
    run->model->cycles(&thread->run);
    run->cycle = thread->run.cycle;
    run->idle = thread->run.idle;
    rti_sim_stop_least(&run->stop, &thread->stop);
    rti_sim_text_finish(&thread->text, &run->stop);
}

// The staged engine for so many threads or more, made when it is first asked for.
static void make_staged(Run *run, int32_t threads) {
    RtiSimStaged *staged = &run->staged;
    const RtiSimOptions *options = &run->options;
    if (staged->made >= threads) return;
    if (staged->made) rti_staged_end(staged);
    *staged = (RtiSimStaged){.random_order = options->random_order,
                             .seed = (uint64_t)options->seed,
                             .delays = options->delays,
                             .idle_limit = options->idle};
    rti_staged_begin(staged, run->model, threads);
    if (options->trace) staged->trace = rti_trace_to(run->model, options->trace, run->place);
}

static void run_staged(Run *run, int64_t end, int32_t threads) {
    RtiSimStaged *staged = &run->staged;
    if (is_over(run) || run->cycle >= end) return;
    make_staged(run, threads);
    staged->cycle = run->cycle;
    staged->end = end;
    staged->idle = run->idle;
    rti_sim_threads(staged, threads, run->options.places);
    if (staged->trace) rti_trace_last(staged);
    run->cycle = staged->cycle;
    run->idle = staged->idle;
    rti_sim_stop_least(&run->stop, &staged->stop);
}

static int32_t threads_wanted(const RtiSimOptions *options) {
    RtiCpus cpus;
    int32_t threads =
        options->threads ? options->threads : rti_thread_default(rti_cpus_allowed(&cpus));
    return threads < RTI_SIM_THREADS_MOST ? threads : RTI_SIM_THREADS_MOST;
}

// `auto`: an engine and what a cycle takes on it, in nanoseconds.
typedef enum Engine { ENGINE_DIRECT, ENGINE_STAGED, ENGINE_THREADS } Engine;

// Runs cycles for about so long, but at least so many; gives what one takes. `guess`: the same as far
// as it is known, or 0.
static double pace_of(Run *run, int64_t end, Engine engine, double us, double guess) {
    int32_t threads = engine == ENGINE_THREADS ? threads_wanted(&run->options) : 1;
    int64_t first = run->cycle, least = engine == ENGINE_DIRECT ? 1 : TRIAL_CYCLES * threads;
    int64_t step = guess > 0 ? (int64_t)(us * 1e3 / guess) + 1 : 16;
    double start = seconds_now(), spent = 0;
    if (guess > 0 && step < least) step = least;
    while (!is_over(run) && run->cycle < end && spent < us * 0.9e-6) {
        int64_t until = step < end - run->cycle ? run->cycle + step : end;
        if (engine == ENGINE_DIRECT)
            run_direct(run, until);
        else
            run_staged(run, until, threads);
        spent = seconds_now() - start;
        if (guess <= 0) step *= 4;
    }
    return run->cycle > first ? spent * 1e9 / (double)(run->cycle - first) : 0;
}

// What a cycle takes with threads, or as much as alone when a trial is worth nothing: when little is
// left to do, or when even half the work of the staged engine is more than what the direct one has.
static double try_threads(Run *run, int64_t end, int32_t threads, double alone) {
    double rest = alone * (double)(end - run->cycle);
    if (threads < 2 || alone < WORTH_NS || rest < WORTH_REST_US * 1e3) return alone;
    make_staged(run, threads); // for both trials
    double one = pace_of(run, end, ENGINE_STAGED, TRIAL_US / 3, alone);
    if (one / threads > alone * GAIN) return alone;
    return pace_of(run, end, ENGINE_THREADS, TRIAL_US, alone);
}

// Further threads must pay for waiting for each other. Whether they do is asked again and again, since
// the hardware may have more to do by then, and the machine other work; the longer it was not so, the
// more seldom.
static void run_auto(Run *run, int64_t end) {
    int32_t threads = threads_wanted(&run->options);
    double patience = PATIENCE_US;
    while (!is_over(run) && run->cycle < end) {
        double alone = pace_of(run, end, ENGINE_DIRECT, TRIAL_US, 0), start = seconds_now();
        int64_t first = run->cycle;
        double together = try_threads(run, end, threads, alone);
        double spent = (seconds_now() - start) * 1e6;
        int64_t tried = run->cycle - first;
        if (together < alone * GAIN) {
            do {
                together = pace_of(run, end, ENGINE_THREADS, SLICE_US, together);
            } while (together < alone * GAIN && !is_over(run) && run->cycle < end);
            patience = PATIENCE_US;
        } else {
            // Hardware that fills takes longer now than when the trial began: nobody lost that.
            double after = pace_of(run, end, ENGINE_DIRECT, TRIAL_US, alone);
            if (after < alone) after = alone;
            double lost = spent - after * 1e-3 * (double)tried;
            if (patience < lost * LOSS) patience = lost * LOSS;
            (void)pace_of(run, end, ENGINE_DIRECT, patience, alone);
            patience *= 2;
        }
    }
}

// Up to `end` with the engine that was asked for.
static void run_until(Run *run, int64_t end) {
    const RtiSimOptions *options = &run->options;
    bool staged =
        options->trace || options->random_order; // the direct engine knows nothing of them
    if (options->parallel == RTI_SIM_PARALLEL)
        run_staged(run, end, threads_wanted(options));
    else if (staged)
        run_staged(run, end, 1);
    else if (options->parallel == RTI_SIM_AUTO)
        run_auto(run, end);
    else
        run_direct(run, end);
}

static void tell_progress(const Run *run, int64_t first, double seconds) {
    char line[160], digits[RTI_NUMBER_TEXT];
    double rate = seconds > 0 ? (double)(run->cycle - first) / seconds / 1000 : 0;
    RtSink text = {.data = line, .capacity = sizeof line};
    rti_sink_cstr(&text, "\rcycle ");
    rti_sink_add(&text, digits, rti_integer_text((uint64_t)run->cycle, digits));
    rti_sink_cstr(&text, ", ");
    rti_sink_add(&text, digits, rti_integer_text((uint64_t)rate, digits));
    rti_sink_cstr(&text, " thousand cycles a second ");
    (void)rti_write_all(2, text.data, text.length);
}

// In pieces of about a fifth of a second each, when somebody watches.
static void run_watched(Run *run) {
    int64_t first = run->cycle, step = 1000;
    double start = seconds_now(), last = start;
    while (!is_over(run)) {
        run_until(run, step < run->end - run->cycle ? run->cycle + step : run->end);
        double now = seconds_now();
        if (now - last < 0.1) step *= 2;
        last = now;
        tell_progress(run, first, now - start);
    }
    (void)rti_write_all(2, "\n", 1);
}

static bool is_terminal(int fd) {
    char settings[64];
    return rti_sys_ioctl(fd, RTI_TCGETS, settings) == 0;
}

static void run_engine(Run *run) {
    if (!run->model->cycles || run->model->module_count == 0) {
        run->cycle = run->end; // nothing there
        return;
    }
    if (run->options.progress && is_terminal(2))
        run_watched(run);
    else
        run_until(run, run->end);
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
        text_word("finished"), rti_word_of(run->stop.set),
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
    Run run = {.model = rti_sim.model, .options = rti_sim_options(args, count, place)};
    run.place = place;
    double started = seconds_now();
    int64_t first = rti_sim.cycle;
    run.cycle = first;
    run.end = first + run.options.cycles;
    rti_set(run.model->counts, 0, (size_t)run.model->module_count * 16);
    run_engine(&run);
    if (run.staged.made) rti_staged_end(&run.staged);
    if (run.options.trace) rti_release(run.options.trace);
    rti_sim.cycle = run.cycle;
    if (run.stop.set && run.stop.site) {
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
