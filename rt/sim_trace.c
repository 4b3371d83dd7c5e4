// sim_trace.c: waveforms of a simulation as a VCD file, for GTKWave and its like: registers, the head
// and count of ports, the names that modules expose. One cycle is one unit of time, in which
// registers and ports have the values that modules saw, and exposed names those that they were given
// (x: none).
//
// A traced simulation runs on the staged engine, which keeps all of this. Every thread notes changes of
// what it has, as text in segments of (cycle, wave); they come into the file when texts are merged
// (sim_merge.c). Long arrays are left out, which a comment in the file says.
#include "sim_staged.h"
#include "sys.h"

enum {
    ELEMENTS_MOST = 1024, // arrays longer than this are left out
    FLUSH_AT = 64 * 1024,
};

// A value that is watched. Registers' elements, ports' heads and counts, then exposed names.
typedef struct Wave {
    int64_t last;
    bool known; // it has a value, and that was written
    bool begun; // something was written
} Wave;

struct RtiSimTrace {
    RtStr *path;
    int fd;
    RtSink text;
    int64_t time;  // the last one written: a cycle, and
    int64_t shift; // what is added to it because of a reset in between
    Wave *waves;
    int64_t *first; // by target: its first wave; behind them that of the exposed names
};

// --- text ----------------------------------------------------------------------------------------

static void add(RtiSimTrace *trace, const char *text) {
    rti_sink_cstr(&trace->text, text);
}

static void add_number(RtiSimTrace *trace, uint64_t number) {
    char digits[RTI_NUMBER_TEXT];
    rti_sink_add(&trace->text, digits, rti_integer_text(number, digits));
}

// The short name of the n-th wave: printable characters, as VCD wants them.
static void add_code(RtSink *text, int64_t n) {
    do {
        char c = (char)('!' + n % 94);
        rti_sink_add(text, &c, 1);
        n /= 94;
    } while (n > 0);
}

static void flush(RtiSimTrace *trace) {
    long error = rti_write_all(trace->fd, trace->text.data, trace->text.length);
    trace->text.length = 0;
    if (error < 0)
        rti_stop(NULL, "cannot write %s: %s", trace->path->bytes, rti_system_error(error));
}

// --- declarations --------------------------------------------------------------------------------

static void declare(RtiSimTrace *trace, int64_t *wave, int32_t width, const char *name,
                    int64_t element) {
    add(trace, "$var wire ");
    add_number(trace, (uint64_t)width);
    add(trace, " ");
    add_code(&trace->text, (*wave)++);
    add(trace, " ");
    add(trace, name);
    if (element >= 0) {
        add(trace, "(");
        add_number(trace, (uint64_t)element);
        add(trace, ")");
    }
    add(trace, " $end\n");
}

static int64_t watched(const RtSimTarget *target) {
    if (target->kind == RT_SIM_PORT) return 2;
    if (target->kind == RT_SIM_EVENTS) return 0;
    return target->length <= ELEMENTS_MOST ? target->length : 0;
}

static const char *port_name(const RtSimTarget *port) {
    const char *name = port->name;
    while (*name != '.') name++;
    return name + 1;
}

static int32_t width_of(int32_t width) {
    return width ? width : 64;
}

// Waves are numbered in the order of targets, then of exposed names; each module has a scope.
static void declare_module(RtiSimTrace *trace, const RtSim *model, int64_t rank) {
    int64_t wave = 0;
    add(trace, "$scope module ");
    add(trace, model->modules[rank].name);
    add(trace, " $end\n");
    for (int64_t i = 0; i < model->target_count; i++) {
        const RtSimTarget *target = &model->targets[i];
        int64_t first = wave;
        wave += watched(target);
        if (target->kind != RT_SIM_PORT || target->rank != rank) continue;
        declare(trace, &first, target->width, port_name(target), -1);
        RtSink name = {0};
        rti_sink_cstr(&name, port_name(target));
        rti_sink_add(&name, "_count", 7);
        declare(trace, &first, 32, name.data, -1);
        rti_sink_free(&name);
    }
    for (int64_t i = 0; i < model->exposed_count; i++, wave++) {
        const RtSimExposed *exposed = &model->exposed[i];
        int64_t own = wave;
        if (exposed->rank == rank)
            declare(trace, &own, width_of(exposed->width), exposed->name, -1);
    }
    add(trace, "$upscope $end\n");
}

static void leave_out(RtiSimTrace *trace, const RtSimTarget *target) {
    add(trace, "$comment ");
    add(trace, target->name);
    add(trace, ": ");
    add_number(trace, (uint64_t)target->length);
    add(trace, " elements, left out $end\n");
}

static void declare_all(RtiSimTrace *trace, const RtSim *model) {
    int64_t wave = 0;
    add(trace, "$timescale 1ns $end\n$scope module hardware $end\n");
    for (int64_t i = 0; i < model->target_count; i++) {
        const RtSimTarget *target = &model->targets[i];
        int64_t first = wave;
        wave += watched(target);
        if (target->kind != RT_SIM_REGISTER) continue;
        if (first == wave) leave_out(trace, target);
        for (int64_t k = 0; first < wave; k++)
            declare(trace, &first, target->width, target->name, target->is_array ? k : -1);
    }
    for (int64_t rank = 0; rank < model->module_count; rank++) declare_module(trace, model, rank);
    add(trace, "$upscope $end\n$enddefinitions $end\n");
}

// --- values --------------------------------------------------------------------------------------

// Without zeroes in front, which VCD fills in, as it does with x.
static void add_bits(RtSink *text, int64_t value, int32_t width, bool known) {
    char bits[64];
    size_t count = 0;
    int32_t top = width - 1;
    while (known && top > 0 && !((uint64_t)value >> top & 1)) top--;
    for (int32_t i = top; known && i >= 0; i--)
        bits[count++] = (uint64_t)value >> i & 1 ? '1' : '0';
    rti_sink_cstr(text, known ? "b" : "bx");
    rti_sink_add(text, bits, count);
    rti_sink_cstr(text, " ");
}

typedef struct Showing {
    RtiSimTrace *trace;
    RtiSimText *text;
    int64_t cycle;
} Showing;

static void show(const Showing *showing, int64_t number, int64_t value, int32_t width, bool known) {
    Wave *wave = &showing->trace->waves[number];
    if (wave->begun && wave->known == known && (!known || wave->last == value)) return;
    *wave = (Wave){.last = value, .known = known, .begun = true};
    rti_sim_segment(showing->text, showing->cycle, number);
    add_bits(&showing->text->sink, value, width, known);
    add_code(&showing->text->sink, number);
    rti_sink_cstr(&showing->text->sink, "\n");
}

static void show_target(const Showing *showing, const RtSimTarget *target, int64_t wave,
                        const char *at) {
    const RtSimQueue *queue = (const void *)at;
    if (target->kind == RT_SIM_REGISTER) {
        for (int64_t k = 0, count = watched(target); k < count; k++)
            show(showing, wave + k, rti_sim_get(target, at, k), target->width, true);
    } else if (target->kind == RT_SIM_PORT) {
        bool some = queue->count > 0;
        show(showing, wave, some ? queue->values[queue->head] : 0, target->width, some);
        show(showing, wave + 1, queue->count, 32, true);
    }
}

void rti_trace_state(const RtiSimStaged *staged, int32_t index, int64_t cycle) {
    RtiSimWorker *worker = &staged->workers[index];
    Showing showing = {.trace = staged->trace, .text = &worker->waves, .cycle = cycle};
    for (int64_t i = 0; i < worker->kept_count; i++) {
        int32_t number = worker->kept[i];
        const RtSimTarget *target = &staged->model->targets[number];
        if (staged->owner[number] != index) continue; // another thread's copy is shown
        show_target(&showing, target, staged->trace->first[number], worker->state + target->offset);
    }
}

void rti_trace_exposed(const RtiSimStaged *staged, int32_t index, int64_t cycle) {
    const RtSim *model = staged->model;
    RtiSimWorker *worker = &staged->workers[index];
    Showing showing = {.trace = staged->trace, .text = &worker->waves, .cycle = cycle};
    int64_t wave = staged->trace->first[model->target_count];
    for (int64_t i = 0; i < model->exposed_count; i++, wave++) {
        const RtSimExposed *exposed = &model->exposed[i];
        if (staged->thread_of[exposed->rank] != index) continue;
        const int64_t *at = (const void *)(worker->state + exposed->offset); // value, stamp
        show(&showing, wave, at[0], width_of(exposed->width), at[1] == cycle + 1);
    }
}

// --- times ---------------------------------------------------------------------------------------

void rti_trace_until(RtiSimTrace *trace, int64_t cycle) {
    while (trace->time + 1 < cycle) {
        add(trace, "#");
        add_number(trace, (uint64_t)(++trace->time + trace->shift));
        add(trace, "\n");
        if (trace->text.length > FLUSH_AT) flush(trace);
    }
}

void rti_trace_write(RtiSimTrace *trace, int64_t cycle, const char *text, size_t length) {
    rti_trace_until(trace, cycle + 1);
    rti_sink_add(&trace->text, text, length);
}

void rti_trace_last(RtiSimStaged *staged) {
    RtiSimTrace *trace = staged->trace;
    bool failed = staged->stop.set && staged->stop.site;
    for (int32_t t = 0; !failed && t < staged->thread_count; t++)
        rti_trace_state(staged, t, staged->cycle);
    rti_staged_merge(staged);
    rti_trace_until(trace, (failed ? staged->stop.cycle + 1 : staged->cycle) + 1);
    flush(trace);
}

// --- files ---------------------------------------------------------------------------------------

void rti_sim_trace_end(void) {
    RtiSimTrace *trace = rti_sim.trace;
    if (!trace) return;
    (void)rti_sys_close(trace->fd);
    rti_release(trace->path);
    rti_sink_free(&trace->text);
    rti_free(trace->waves);
    rti_free(trace->first);
    rti_free(trace);
    rti_sim.trace = NULL;
}

static void number_waves(RtiSimTrace *trace, const RtSim *model) {
    int64_t wave = 0;
    trace->first = rti_alloc((size_t)(model->target_count + 1) * sizeof(int64_t));
    for (int64_t i = 0; i < model->target_count; i++) {
        trace->first[i] = wave;
        wave += watched(&model->targets[i]);
    }
    trace->first[model->target_count] = wave;
    size_t size = (size_t)(wave + model->exposed_count) * sizeof(Wave);
    trace->waves = rti_set(rti_alloc(size + 1), 0, size);
}

// A further simulation into the same file goes on where the last one ended.
RtiSimTrace *rti_trace_to(const RtSim *model, RtStr *path, const RtPlace *place) {
    RtiSimTrace *old = rti_sim.trace;
    if (old && rt_str_equal(old->path, path)) {
        if (old->time <= rti_sim.cycle) return old;
        old->shift += old->time + 1 - rti_sim.cycle; // time does not go back
        old->time = rti_sim.cycle - 1;
        return old;
    }
    rti_sim_trace_end();
    long fd =
        rti_sys_open(path->bytes, RTI_O_WRONLY | RTI_O_CREAT | RTI_O_TRUNC | RTI_O_CLOEXEC, 0666);
    if (fd < 0) rti_stop(place, "cannot write %s: %s", path->bytes, rti_system_error(fd));
    RtiSimTrace *trace = rti_alloc(sizeof *trace);
    *trace = (RtiSimTrace){.path = path, .fd = (int)fd, .time = rti_sim.cycle - 1};
    rti_retain(path);
    number_waves(trace, model);
    rti_sim.trace = trace;
    declare_all(trace, model);
    return trace;
}
