// sim_trace.c: waveforms of a simulation as a VCD file, for GTKWave and its like: registers, the head
// and count of ports, the names that modules expose. One cycle is one unit of time, in which
// registers and ports have the values that modules saw, and exposed names those that they were given
// (x: none).
//
// A traced simulation runs on the staged engine, which keeps all of this, with one thread.
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
    Wave *waves;
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
static void add_code(RtiSimTrace *trace, int64_t n) {
    do {
        char c = (char)('!' + n % 94);
        rti_sink_add(&trace->text, &c, 1);
        n /= 94;
    } while (n > 0);
}

// Without zeroes in front, which VCD fills in, as it does with x.
static void add_bits(RtiSimTrace *trace, int64_t value, int32_t width, bool known) {
    int32_t top = width - 1;
    while (known && top > 0 && !((uint64_t)value >> top & 1)) top--;
    add(trace, known ? "b" : "bx");
    for (int32_t i = top; known && i >= 0; i--) add(trace, (uint64_t)value >> i & 1 ? "1" : "0");
    add(trace, " ");
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
    add_code(trace, (*wave)++);
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

static void declare_all(RtiSimTrace *trace, const RtSim *model) {
    int64_t wave = 0;
    add(trace, "$timescale 1ns $end\n$scope module hardware $end\n");
    for (int64_t i = 0; i < model->target_count; i++) {
        const RtSimTarget *target = &model->targets[i];
        int64_t first = wave;
        wave += watched(target);
        if (target->kind != RT_SIM_REGISTER) continue;
        for (int64_t k = 0; first < wave; k++)
            declare(trace, &first, target->width, target->name, target->is_array ? k : -1);
    }
    for (int64_t rank = 0; rank < model->module_count; rank++) declare_module(trace, model, rank);
    add(trace, "$upscope $end\n$enddefinitions $end\n");
}

// --- values --------------------------------------------------------------------------------------

static void show(RtiSimTrace *trace, int64_t number, int64_t value, int32_t width, bool known) {
    Wave *wave = &trace->waves[number];
    if (wave->begun && wave->known == known && (!known || wave->last == value)) return;
    *wave = (Wave){.last = value, .known = known, .begun = true};
    add_bits(trace, value, width, known);
    add_code(trace, number);
    add(trace, "\n");
}

static int64_t show_targets(RtiSimTrace *trace, const RtSim *model, const char *state) {
    int64_t wave = 0;
    for (int64_t i = 0; i < model->target_count; i++) {
        const RtSimTarget *target = &model->targets[i];
        const char *at = state + target->offset;
        const RtSimQueue *queue = (const void *)at;
        int64_t end = wave + watched(target);
        if (target->kind == RT_SIM_REGISTER) {
            for (int64_t k = 0; wave < end; k++)
                show(trace, wave++, rti_sim_get(target, at, k), target->width, true);
        } else if (target->kind == RT_SIM_PORT) {
            bool some = queue->count > 0;
            show(trace, wave++, some ? queue->values[queue->head] : 0, target->width, some);
            show(trace, wave++, queue->count, 32, true);
        }
    }
    return wave;
}

static void show_exposed(RtiSimTrace *trace, const RtSim *model, const char *state, int64_t wave,
                         int64_t cycle) {
    for (int64_t i = 0; i < model->exposed_count; i++, wave++) {
        const RtSimExposed *exposed = &model->exposed[i];
        const int64_t *at = (const void *)(state + exposed->offset); // value, stamp
        show(trace, wave, at[0], width_of(exposed->width), at[1] == cycle + 1);
    }
}

static void show_time(RtiSimTrace *trace, int64_t cycle) {
    add(trace, "#");
    add_number(trace, (uint64_t)cycle);
    add(trace, "\n");
}

// --- files ---------------------------------------------------------------------------------------

void rti_sim_trace_end(void) {
    RtiSimTrace *trace = rti_sim.trace;
    if (!trace) return;
    (void)rti_sys_close(trace->fd);
    rti_release(trace->path);
    rti_sink_free(&trace->text);
    rti_free(trace->waves);
    rti_free(trace);
    rti_sim.trace = NULL;
}

// A further simulation into the same file goes on where the last one ended.
static RtiSimTrace *trace_to(const RtSim *model, RtStr *path, const RtPlace *place) {
    if (rti_sim.trace && rt_str_equal(rti_sim.trace->path, path)) return rti_sim.trace;
    rti_sim_trace_end();
    long fd =
        rti_sys_open(path->bytes, RTI_O_WRONLY | RTI_O_CREAT | RTI_O_TRUNC | RTI_O_CLOEXEC, 0666);
    if (fd < 0) rti_stop(place, "cannot write %s: %s", path->bytes, rti_system_error(fd));
    size_t waves = (size_t)model->exposed_count;
    for (int64_t i = 0; i < model->target_count; i++) waves += (size_t)watched(&model->targets[i]);
    RtiSimTrace *trace = rti_alloc(sizeof *trace);
    *trace = (RtiSimTrace){.path = path, .fd = (int)fd};
    rti_retain(path);
    trace->waves = rti_alloc(waves * sizeof(Wave) + 1);
    rti_set(trace->waves, 0, waves * sizeof(Wave));
    rti_sim.trace = trace;
    declare_all(trace, model);
    return trace;
}

void rti_sim_traced(RtiSimStaged *staged, RtStr *path, const RtPlace *place) {
    const RtSim *model = staged->model;
    RtiSimTrace *trace = trace_to(model, path, place);
    int64_t end = staged->end;
    staged->thread_count = 1;
    rti_staged_load_all(staged);
    const char *state = staged->workers[0].state;
    while (!staged->ending && staged->cycle < end && staged->idle < staged->idle_limit) {
        int64_t cycle = staged->cycle;
        show_time(trace, cycle);
        int64_t wave = show_targets(trace, model, state);
        staged->end = cycle + 1;
        rti_staged_phase(staged, 0);
        show_exposed(trace, model, state, wave, cycle);
        if (trace->text.length > FLUSH_AT) flush(trace);
        if (staged->workers[0].thread.text.sink.length > FLUSH_AT) rti_staged_merge(staged);
    }
    staged->end = end;
    show_time(trace, staged->cycle);
    (void)show_targets(trace, model, state);
    flush(trace);
    rti_staged_merge(staged);
    rti_staged_store(staged);
}
