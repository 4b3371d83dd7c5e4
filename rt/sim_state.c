// sim_state.c: registers, ports and calls between runs: what the program starts with, what ordinary
// code reads and writes, and the rings of ports, which grow when more values wait than fit.
//
// Ordinary code reaches registers through builtins with the register's number (sema_sim_use.c).
#include "sim.h"
#include "builtin_words.h"

enum { RING_FIRST = 8 };

RtiSim rti_sim;

// --- elements ------------------------------------------------------------------------------------

int64_t rti_sim_get(const RtSimTarget *target, const void *elements, int64_t index) {
    const char *at = (const char *)elements + index * target->bytes;
    bool is_signed = target->is_signed;
    switch (target->bytes) {
    case 1: return is_signed ? *(const int8_t *)at : *(const uint8_t *)at;
    case 2: return is_signed ? *(const int16_t *)at : *(const uint16_t *)at;
    case 4: return is_signed ? *(const int32_t *)at : (int64_t) * (const uint32_t *)at;
    }
    return *(const int64_t *)at;
}

static int64_t cut(const RtSimTarget *target, int64_t value) {
    unsigned rest = 64u - (unsigned)target->width;
    uint64_t high = (uint64_t)value << rest;
    return target->is_signed ? (int64_t)high >> rest : (int64_t)(high >> rest);
}

void rti_sim_set(const RtSimTarget *target, void *elements, int64_t index, int64_t value) {
    char *at = (char *)elements + index * target->bytes;
    switch (target->bytes) {
    case 1: *(int8_t *)at = (int8_t)value; return;
    case 2: *(int16_t *)at = (int16_t)value; return;
    case 4: *(int32_t *)at = (int32_t)value; return;
    }
    *(int64_t *)at = value;
}

static double number_of(const RtSimTarget *target, int64_t value) {
    return target->is_signed ? (double)value : (double)(uint64_t)value;
}

// The elements of a list of `count` registers from `bytes` of initial values, or zeroes.
static void fill(const RtSimTarget *target, void *elements) {
    size_t size = (size_t)(target->length * target->bytes);
    if (target->initial)
        rti_copy(elements, target->initial, size);
    else
        rti_set(elements, 0, size);
}

// --- queues --------------------------------------------------------------------------------------

void rt_sim_grow(const void *object) {
    RtSimQueue *queue = (RtSimQueue *)(uintptr_t)object;
    int64_t room = queue->values ? queue->mask + 1 : 0;
    int64_t more = room ? room * 2 : RING_FIRST;
    int64_t *values = rti_alloc((size_t)more * sizeof *values);
    for (int64_t i = 0; i < room; i++) values[i] = queue->values[(queue->head + i) & queue->mask];
    rti_free(queue->values);
    queue->values = values;
    queue->head = 0;
    queue->mask = more - 1;
}

static void reset_queue(const RtSimTarget *target, RtSimQueue *queue) {
    int64_t *values = queue->values, mask = queue->mask;
    *queue = (RtSimQueue){.values = values, .mask = mask};
    if (target->kind == RT_SIM_PORT && !values) rt_sim_grow(queue);
}

void rti_sim_reset(void) {
    const RtSim *model = rti_sim.model;
    if (!model) return;
    for (int64_t i = 0; i < model->target_count; i++) {
        const RtSimTarget *target = &model->targets[i];
        if (target->kind != RT_SIM_REGISTER) {
            if (target->plain)
                *(RtSimPlain *)target->data = (RtSimPlain){0};
            else
                reset_queue(target, target->data);
            continue;
        }
        fill(target, target->data);
        if (target->next && !target->is_array) fill(target, target->next);
        if (target->stamps) rti_set(target->stamps, 0, (size_t)target->length * 8);
    }
    rti_sim.cycle = 0;
}

void rti_sim_end(void) {
    const RtSim *model = rti_sim.model;
    rti_sim_trace_end();
    for (int64_t i = 0; model && i < model->target_count; i++) {
        const RtSimTarget *target = &model->targets[i];
        RtSimQueue *queue = target->data;
        if (target->kind == RT_SIM_PORT && !target->plain) rti_free(queue->values);
    }
    rti_sim.model = NULL;
}

// `--sim-parallel[=N]` and `--sim-trace=FILE` among the program's arguments are for the simulator.
static void take_arguments(void) {
    static const char parallel[] = "--sim-parallel", trace[] = "--sim-trace=";
    int kept = 0;
    for (int i = 0; i < rti_process.argc; i++) {
        char *word = rti_process.argv[i];
        size_t length = rti_cstr_length(word), own = sizeof parallel - 1;
        bool begins = length >= own && rti_bytes_equal(word, parallel, own);
        if (begins && (word[own] == 0 || word[own] == '='))
            rti_sim.parallel = word + own + (word[own] == '=');
        else if (length >= sizeof trace - 1 && rti_bytes_equal(word, trace, sizeof trace - 1))
            rti_sim.trace_path = word + sizeof trace - 1;
        else
            rti_process.argv[kept++] = word;
    }
    rti_process.argc = kept;
}

void rt_sim_model(const void *model) {
    rti_sim.model = model;
    take_arguments();
    rti_sim_reset();
}

// --- ordinary code -------------------------------------------------------------------------------

static const RtSimTarget *target_of(uint64_t word) {
    rti_par_wait_turn();
    return &rti_sim.model->targets[(int64_t)rti_number(word)];
}

uint64_t rt_b__register(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    (void)place;
    const RtSimTarget *target = target_of(args[0]);
    return rti_number_word(number_of(target, rti_sim_get(target, target->data, 0)));
}

uint64_t rt_b__register_list(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    (void)place;
    const RtSimTarget *target = target_of(args[0]);
    RtList *list = rt_list_new(target->length);
    for (int64_t i = 0; i < target->length; i++)
        list->words[i] = rti_number_word(number_of(target, rti_sim_get(target, target->data, i)));
    list->length = target->length;
    return rti_list_word(list);
}

uint64_t rt_b__register_at(const uint64_t *args, int64_t count, const RtPlace *place) {
    const RtSimTarget *target = target_of(args[0]);
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) rt_stop_error(passed, place);
    int64_t index = rt_to_position(rti_need_number("a position", args[1], place));
    if (index < 0 || index >= target->length) return 0;
    return rti_number_word(number_of(target, rti_sim_get(target, target->data, index)));
}

// Modulo 2^64, for what is no number of 64 bits.
static int64_t wrapped(double number) {
    double low = number / 0x1p64;
    if (!(low > -0x1p52 && low < 0x1p52)) return 0; // a multiple of it, or no number
    low = (low - (double)(int64_t)low) * 0x1p64;
    return low < 0 ? (int64_t)(0 - (uint64_t)-low) : (int64_t)(uint64_t)low;
}

static void put(const RtSimTarget *target, int64_t index, double number) {
    bool fits = number >= -0x1p63 && number < 0x1p63;
    int64_t value = fits ? rt_to_int(number) : wrapped(number);
    rti_sim_set(target, target->data, index, cut(target, value));
    if (target->next && !target->is_array)
        rti_sim_set(target, target->next, index, cut(target, value));
}

static double combined(int64_t operator, double old, double value, const RtPlace *place) {
    static const int32_t operators[] = {0,
                                        RT_BINARY_ADD,
                                        RT_BINARY_SUB,
                                        RT_BINARY_MUL,
                                        RT_BINARY_DIV,
                                        RT_BINARY_MOD,
                                        RT_BINARY_POW};
    if (operator== 0) return value;
    return rti_number(rt_arithmetic(operators[operator], rti_number_word(old),
                                    rti_number_word(value), place));
}

static void put_all(const RtSimTarget *target, uint64_t word, const RtPlace *place) {
    const RtList *list = rti_need_list(target->name, word, place);
    if (list->length != target->length)
        rti_stop(place, "register '%s' has %lld elements, but the list %lld", target->name,
                 (long long)target->length, (long long)list->length);
    for (int64_t i = 0; i < list->length; i++)
        (void)rti_need_number(target->name, list->words[i], place);
    for (int64_t i = 0; i < list->length; i++) put(target, i, rti_number(list->words[i]));
}

uint64_t rt_b__register_put(const uint64_t *args, int64_t count, const RtPlace *place) {
    const RtSimTarget *target = target_of(args[0]);
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) rt_stop_error(passed, place);
    int64_t index = rt_to_position(rti_need_number("a position", args[1], place));
    int64_t operator=(int64_t) rti_number(args[3]);
    if (index == -1 && operator== 0 && target->is_array) {
        put_all(target, args[2], place);
        return 0;
    }
    double value = rti_need_number(target->name, args[2], place);
    if (index < 0 || index >= target->length) rt_stop_range(index, target->length, place);
    double old = number_of(target, rti_sim_get(target, target->data, index));
    put(target, index, combined(operator, old, value, place));
    return 0;
}

uint64_t rt_b__register_hex(const uint64_t *args, int64_t count, const RtPlace *place) {
    const RtSimTarget *target = target_of(args[0]);
    int64_t index = 0;
    if (count > 1) index = rt_to_position(rti_need_number("a position", args[1], place));
    if (index < 0 || index >= target->length) rt_stop_range(index, target->length, place);
    uint64_t value = (uint64_t)rti_sim_get(target, target->data, index);
    if (target->width < 64) value &= (UINT64_C(1) << target->width) - 1;
    char digits[16];
    size_t length = (size_t)(target->width + 3) / 4;
    for (size_t i = length; i-- > 0; value >>= 4) digits[i] = "0123456789abcdef"[value & 15];
    return rti_string_word(rt_str_new(digits, (int64_t)length));
}

// --- integers of 64 bits -------------------------------------------------------------------------

static int64_t integer(const char *what, uint64_t word, const RtPlace *place) {
    return rt_to_int(rti_need_number(what, word, place));
}

uint64_t rt_b_bits(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    int64_t high = integer("bits", args[1], place), low = integer("bits", args[2], place);
    if (low < 0 || high < low || high > 63) rti_stop(place, "bits needs 0 <= low <= high <= 63");
    uint64_t value = (uint64_t)integer("bits", args[0], place) >> low;
    int64_t width = high - low + 1;
    if (width < 64) value &= (UINT64_C(1) << width) - 1;
    return rti_number_word((double)value);
}

uint64_t rt_b_sext(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    int64_t width = integer("sext", args[1], place);
    if (width < 1 || width > 64) rti_stop(place, "sext needs a width from 1 to 64");
    uint64_t high = (uint64_t)integer("sext", args[0], place) << (64 - width);
    return rti_word_of((int64_t)high >> (64 - width));
}

uint64_t rt_b_sra(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    return rti_word_of(integer("sra", args[0], place) >> (integer("sra", args[1], place) & 63));
}

uint64_t rt_b_ltu(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    return rti_word_of((uint64_t)integer("ltu", args[0], place) <
                       (uint64_t)integer("ltu", args[1], place));
}
