#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct List {
    double *items;
    size_t length, capacity;
} List;

static void push(List *list, double value) {
    if (list->length == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 8;
        list->items = realloc(list->items, list->capacity * sizeof(double));
    }
    list->items[list->length++] = value;
}

int main(void) {
    List xs = {0}, ys = {0};
    for (int i = 0; i < 10000000; i++) push(&xs, i);
    char *text = NULL;
    size_t length = 0, capacity = 0;
    for (int i = 0; i < 1000000; i++) {
        if (length + 3 > capacity) text = realloc(text, capacity = capacity ? capacity * 2 : 16);
        memcpy(text + length, "ab", 3);
        length += 2;
    }
    for (int i = 0; i < 1000000; i++) push(&ys, i); // its end is the front
    double sum = 0;
    for (size_t i = 0; i < xs.length; i++) sum += xs.items[i];
    while (ys.length > 0) sum += ys.items[--ys.length];
    printf("%zu %zu %.0f\n", xs.length, strlen(text), sum);
    free(xs.items);
    free(ys.items);
    free(text);
}
