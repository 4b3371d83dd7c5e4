#include <stdio.h>
#include <stdlib.h>
enum { SLOTS = 1 << 17 };
typedef struct Entry {
    int word, count; /* count 0: free */
} Entry;
static unsigned slot_of(int word) {
    return (unsigned)word * 2654435769u >> 15;
}
int main(void) {
    Entry *table = calloc(SLOTS, sizeof *table);
    int seed = 42, word = 0, used = 0, most = 0;
    for (int i = 0; i < 1000000; i++) {
        seed = (seed * 3877 + 29573) % 139968;
        word = (word * 4 + seed / 34992) % 65536;
        if (i < 7) continue;
        unsigned at = slot_of(word);
        while (table[at].count != 0 && table[at].word != word) at = (at + 1) % SLOTS;
        used += table[at].count == 0;
        table[at].word = word;
        table[at].count++;
        if (table[at].count > most) most = table[at].count;
    }
    printf("%d %d\n", used, most);
    free(table);
}
