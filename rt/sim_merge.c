// sim_merge.c: what the threads of a phase wrote, text and waves, brought into the order of cycles
// and ranks. Every thread has its pieces nearly in order; they are few enough to be sorted together.
#include "sim_staged.h"

typedef struct Piece {
    int64_t cycle, rank; // of waves: their number
    const char *text;
    size_t length;
} Piece;

typedef struct Pieces {
    Piece *items; // followed by as much room again
    size_t count;
} Pieces;

static bool is_before(const Piece *a, const Piece *b) {
    return a->cycle != b->cycle ? a->cycle < b->cycle : a->rank < b->rank;
}

// Bottom-up merge sort, which is quick with runs that are in order.
static void sort(Pieces *pieces) {
    Piece *items = pieces->items, *spare = items + pieces->count;
    size_t count = pieces->count;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t low = 0; low < count; low += 2 * run) {
            size_t middle = low + run < count ? low + run : count;
            size_t high = low + 2 * run < count ? low + 2 * run : count;
            size_t i = low, j = middle;
            for (size_t k = low; k < high; k++)
                spare[k] = j >= high || (i < middle && !is_before(&items[j], &items[i]))
                               ? items[i++]
                               : items[j++];
        }
        rti_copy(items, spare, count * sizeof(Piece));
    }
}

static size_t collect(const RtiSimText *text, Piece *to) {
    for (size_t i = 0; i < text->segment_count; i++) {
        const RtiSimSegment *segment = &text->segments[i];
        size_t end = i + 1 < text->segment_count ? segment[1].begin : text->sink.length;
        to[i] = (Piece){segment->cycle, segment->rank, text->sink.data + segment->begin,
                        end - segment->begin};
    }
    return text->segment_count;
}

static RtiSimText *text_of(RtiSimStaged *staged, int32_t thread, bool waves) {
    RtiSimWorker *worker = &staged->workers[thread];
    return waves ? &worker->waves : &worker->thread.text;
}

// All threads' pieces in order; their texts stay as they are.
static Pieces collect_all(RtiSimStaged *staged, bool waves) {
    Pieces pieces = {0};
    for (int32_t t = 0; t < staged->thread_count; t++)
        pieces.count += text_of(staged, t, waves)->segment_count;
    if (pieces.count == 0) return pieces;
    pieces.items = rti_alloc(2 * pieces.count * sizeof(Piece));
    size_t at = 0;
    for (int32_t t = 0; t < staged->thread_count; t++)
        at += collect(text_of(staged, t, waves), pieces.items + at);
    sort(&pieces);
    return pieces;
}

static void forget(RtiSimStaged *staged, bool waves) {
    for (int32_t t = 0; t < staged->thread_count; t++) {
        RtiSimText *text = text_of(staged, t, waves);
        text->sink.length = 0;
        text->segment_count = 0;
    }
}

// A thread of a pipeline may have gone on behind the end; an error drops what comes behind it.
static bool is_late(const RtiSimStaged *staged, const Piece *piece) {
    const RtiSimStop *stop = &staged->stop;
    if (piece->cycle >= staged->cycle) return true;
    if (!stop->set || !stop->site) return false;
    return piece->cycle > stop->cycle || (piece->cycle == stop->cycle && piece->rank > stop->rank);
}

static void merge_waves(RtiSimStaged *staged) {
    const RtiSimStop *stop = &staged->stop;
    int64_t last = stop->set && stop->site ? stop->cycle : staged->cycle;
    Pieces pieces = collect_all(staged, true);
    for (size_t i = 0; i < pieces.count; i++) {
        const Piece *piece = &pieces.items[i];
        if (piece->cycle <= last)
            rti_trace_write(staged->trace, piece->cycle, piece->text, piece->length);
    }
    rti_free(pieces.items);
    forget(staged, true);
}

void rti_staged_merge(RtiSimStaged *staged) {
    Pieces pieces = collect_all(staged, false);
    for (size_t i = 0; i < pieces.count; i++)
        if (!is_late(staged, &pieces.items[i]))
            rti_out(pieces.items[i].text, pieces.items[i].length);
    rti_free(pieces.items);
    forget(staged, false);
    if (staged->trace) merge_waves(staged);
}
