// sim_text.c: what modules write, and why they stop. Both are kept until the cycle is over: of
// several stops in a cycle the first in the order of ranks counts, and text behind it is dropped.
#include "sim.h"

enum { FLUSH_AT = 64 * 1024, NUMBER_ROOM = 160 };

// --- numbers -------------------------------------------------------------------------------------

static size_t digits_in(uint64_t value, unsigned shift, bool capital, char *to) {
    const char *all = capital ? "0123456789ABCDEF" : "0123456789abcdef";
    char reversed[24];
    size_t count = 0;
    do {
        reversed[count++] = all[value & ((1u << shift) - 1)];
        value >>= shift;
    } while (value != 0);
    for (size_t i = 0; i < count; i++) to[i] = reversed[count - 1 - i];
    return count;
}

static size_t number_text(const RtSimPiece *piece, int64_t value, char *to) {
    bool negative = piece->conversion == 'd' && value < 0;
    switch (piece->conversion) {
    case 'x': return digits_in((uint64_t)value, 4, false, to);
    case 'X': return digits_in((uint64_t)value, 4, true, to);
    case 'o': return digits_in((uint64_t)value, 3, false, to);
    case 'c': return (size_t)rti_utf8_encode((uint32_t)value, to);
    case 'b': rti_copy(to, value ? "yes" : "no", value ? 3 : 2); return value ? 3 : 2;
    }
    size_t sign = 0;
    if (negative)
        to[sign++] = '-';
    else if (piece->flags & RT_SIM_PLUS)
        to[sign++] = '+';
    return sign + rti_integer_text(negative ? 0 - (uint64_t)value : (uint64_t)value, to + sign);
}

static void add_number(RtSink *sink, const RtSimPiece *piece, int64_t value) {
    char digits[NUMBER_ROOM];
    size_t length = number_text(piece, value, digits), width = piece->width;
    size_t pad = width > length ? width - length : 0;
    bool signs = digits[0] == '-' || digits[0] == '+';
    bool zero = (piece->flags & RT_SIM_ZERO) && !(piece->flags & RT_SIM_LEFT);
    char *to = rti_sink_room(sink, length + pad);
    sink->length += length + pad;
    size_t skip = zero && signs ? 1 : 0;
    rti_copy(to, digits, skip);
    size_t before = piece->flags & RT_SIM_LEFT ? 0 : pad;
    rti_set(to + skip, zero ? '0' : ' ', before);
    rti_copy(to + skip + before, digits + skip, length - skip);
    rti_set(to + length + before, ' ', pad - before);
}

static void add_pieces(RtSink *sink, const RtSimSite *site, const int64_t *values) {
    for (int32_t i = 0; i < site->piece_count; i++) {
        const RtSimPiece *piece = &site->pieces[i];
        if (piece->text)
            rti_sink_add(sink, piece->text, (size_t)piece->length);
        else
            add_number(sink, piece, *values++);
    }
}

// --- text ----------------------------------------------------------------------------------------

void rti_sim_segment(RtiSimText *text, int64_t cycle, int64_t rank) {
    size_t count = text->segment_count;
    if (count == text->segment_room) {
        text->segment_room = count < 16 ? 16 : count * 2;
        text->segments = rti_realloc(text->segments, text->segment_room * sizeof(RtiSimSegment));
    }
    text->segments[count] = (RtiSimSegment){cycle, rank, text->sink.length};
    text->segment_count = count + 1;
}

static void begin_segment(RtiSimThread *thread, int64_t cycle, int64_t rank) {
    RtiSimText *text = &thread->text;
    if (text->segment_count > 0) {
        const RtiSimSegment *last = &text->segments[text->segment_count - 1];
        if (last->cycle == cycle && last->rank == rank) return;
        if (last->cycle != cycle && !thread->keeps_all) {
            text->segment_count = 0;
            if (text->sink.length > FLUSH_AT) {
                rti_out(text->sink.data, text->sink.length);
                text->sink.length = 0;
            }
        }
    }
    rti_sim_segment(text, cycle, rank);
}

void rt_sim_log(const void *run, const void *site, int64_t cycle, int64_t rank,
                const void *values) {
    RtiSimThread *thread = (RtiSimThread *)(uintptr_t)run;
    RtSink *sink = &thread->text.sink;
    const char *name = rti_sim.model->modules[rank].name;
    begin_segment(thread, cycle, rank);
    char *number = rti_sink_room(sink, RTI_NUMBER_TEXT);
    sink->length += rti_integer_text((uint64_t)cycle, number);
    rti_sink_add(sink, " ", 1);
    rti_sink_cstr(sink, name);
    rti_sink_add(sink, ": ", 2);
    add_pieces(sink, site, values);
    rti_sink_add(sink, "\n", 1);
}

void rti_sim_text_finish(RtiSimText *text, const RtiSimStop *stop) {
    for (size_t i = 0; stop->set && stop->site && i < text->segment_count; i++) {
        const RtiSimSegment *segment = &text->segments[i];
        if (segment->cycle != stop->cycle || segment->rank <= stop->rank) continue;
        text->sink.length = segment->begin; // the others come after it
        break;
    }
    if (text->sink.length > 0) rti_out(text->sink.data, text->sink.length);
    rti_sink_free(&text->sink);
    rti_free(text->segments);
    *text = (RtiSimText){0};
}

// --- stops ---------------------------------------------------------------------------------------

typedef enum StopClass { STOP_FINISH, STOP_IN_BODY, STOP_BY_EFFECT } StopClass;

static StopClass class_of(const RtiSimStop *stop) {
    if (!stop->site) return STOP_FINISH;
    bool effect = stop->site->kind == RT_SIM_TWICE || stop->site->kind == RT_SIM_FULL;
    return effect ? STOP_BY_EFFECT : STOP_IN_BODY;
}

static bool comes_before(const RtiSimStop *stop, const RtiSimStop *other) {
    if (stop->cycle != other->cycle) return stop->cycle < other->cycle;
    if (stop->rank != other->rank) return stop->rank < other->rank;
    StopClass class = class_of(stop);
    if (class != class_of(other)) return class < class_of(other);
    if (class != STOP_BY_EFFECT) return false; // the body ended there
    if (stop->site->object != other->site->object) return stop->site->object < other->site->object;
    return stop->a < other->a;
}

void rti_sim_stop_least(RtiSimStop *least, RtiSimStop *stop) {
    if (!stop->set) return;
    if (!least->set || comes_before(stop, least)) {
        rti_free(least->text);
        *least = *stop;
    } else {
        rti_free(stop->text);
    }
    *stop = (RtiSimStop){0};
}

void rti_sim_stop_forget(RtiSimStop *stop) {
    rti_free(stop->text);
    *stop = (RtiSimStop){0};
}

static void note_stop(RtiSimThread *thread, RtiSimStop stop) {
    thread->run.ending = 1;
    if (class_of(&stop) == STOP_IN_BODY) thread->run.failed = stop.rank + 1;
    rti_sim_stop_least(&thread->stop, &stop);
}

void rt_sim_stop(const void *run, const void *site, int64_t cycle, int64_t rank, int64_t a,
                 int64_t b) {
    note_stop(
        (RtiSimThread *)(uintptr_t)run,
        (RtiSimStop){.set = true, .cycle = cycle, .rank = rank, .site = site, .a = a, .b = b});
}

void rt_sim_finish(const void *run, int64_t cycle, int64_t rank) {
    note_stop((RtiSimThread *)(uintptr_t)run,
              (RtiSimStop){.set = true, .cycle = cycle, .rank = rank});
}

void rt_sim_assertion(const void *run, const void *site, int64_t cycle, int64_t rank,
                      const void *values) {
    RtSink text = {0};
    add_pieces(&text, site, values);
    rti_sink_add(&text, "", 1);
    note_stop(
        (RtiSimThread *)(uintptr_t)run,
        (RtiSimStop){.set = true, .cycle = cycle, .rank = rank, .site = site, .text = text.data});
}

void rti_sim_element_name(RtSink *to, const RtSimTarget *target, int64_t index) {
    rti_sink_cstr(to, target->name);
    if (!target->is_array) return;
    char digits[RTI_NUMBER_TEXT];
    rti_sink_add(to, "[", 1);
    rti_sink_add(to, digits, rti_integer_text((uint64_t)index, digits));
    rti_sink_add(to, "]", 1);
}

// The message without module and cycle. `name`: room for the element's name.
static void describe(const RtiSimStop *stop, RtSink *to) {
    const RtSim *model = rti_sim.model;
    int32_t object = stop->site->object;
    const RtSimTarget *target = object < model->target_count ? &model->targets[object] : NULL;
    char digits[2][RTI_NUMBER_TEXT];
    bool negative = stop->a < 0;
    digits[0][0] = '-';
    size_t length =
        negative + rti_integer_text(negative ? 0 - (uint64_t)stop->a : (uint64_t)stop->a,
                                    digits[0] + negative);
    switch (stop->site->kind) {
    case RT_SIM_DIVISION: rti_sink_cstr(to, "division by zero"); return;
    case RT_SIM_MODULO: rti_sink_cstr(to, "modulo by zero"); return;
    case RT_SIM_ASSERTION: rti_sink_cstr(to, stop->text); return;
    case RT_SIM_INDEX:
    case RT_SIM_TABLE: {
        int64_t count = stop->site->kind == RT_SIM_TABLE ? stop->b : target->length;
        rti_sink_cstr(to, "index ");
        rti_sink_add(to, digits[0], length);
        rti_sink_cstr(to, " is outside ");
        rti_sink_cstr(to, stop->site->kind == RT_SIM_TABLE ? "a constant list" : "register '");
        if (stop->site->kind == RT_SIM_INDEX) rti_sink_cstr(to, target->name);
        rti_sink_cstr(to, stop->site->kind == RT_SIM_TABLE ? " (length " : "' (length ");
        rti_sink_add(to, digits[1], rti_integer_text((uint64_t)count, digits[1]));
        rti_sink_cstr(to, ")");
        return;
    }
    case RT_SIM_EMPTY:
        rti_sink_cstr(to, "port '");
        rti_sink_cstr(to, target->name);
        rti_sink_cstr(to, "' is empty");
        return;
    case RT_SIM_FULL:
        rti_sink_cstr(to, "port '");
        rti_sink_cstr(to, target->name);
        rti_sink_cstr(to, "' is full (depth ");
        rti_sink_add(to, digits[1], rti_integer_text((uint64_t)target->length, digits[1]));
        rti_sink_cstr(to, ")");
        return;
    case RT_SIM_ABSENT: {
        const RtSimExposed *exposed = &model->exposed[object];
        rti_sink_cstr(to, "'");
        rti_sink_cstr(to, model->modules[exposed->rank].name);
        rti_sink_cstr(to, ".");
        rti_sink_cstr(to, exposed->name);
        rti_sink_cstr(to, "' has no value in this cycle");
        return;
    }
    case RT_SIM_TWICE:
        rti_sink_cstr(to, "register '");
        rti_sim_element_name(to, target, stop->a);
        rti_sink_cstr(to, "' is written twice");
        if (stop->b == stop->rank) return;
        rti_sink_cstr(to, ", before by module '");
        rti_sink_cstr(to, model->modules[stop->b].name);
        rti_sink_cstr(to, "'");
        return;
    }
}

void rti_sim_stop_now(const RtiSimStop *stop) {
    RtSink text = {0};
    describe(stop, &text);
    rti_sink_add(&text, "", 1);
    rti_stop(stop->site->place, "%s (module '%s', cycle %lld)", text.data,
             rti_sim.model->modules[stop->rank].name, (long long)stop->cycle);
}
