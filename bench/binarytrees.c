#include <stdio.h>
#include <stdlib.h>

typedef struct Tree {
    struct Tree *left, *right;
} Tree;

static Tree *make(int depth) {
    Tree *tree = malloc(sizeof *tree);
    tree->left = depth > 0 ? make(depth - 1) : NULL;
    tree->right = depth > 0 ? make(depth - 1) : NULL;
    return tree;
}

static long count(const Tree *tree) {
    return tree->left ? 1 + count(tree->left) + count(tree->right) : 1;
}

static void drop(Tree *tree) {
    if (tree->left) {
        drop(tree->left);
        drop(tree->right);
    }
    free(tree);
}

static long made_and_counted(int depth) {
    Tree *tree = make(depth);
    long nodes = count(tree);
    drop(tree);
    return nodes;
}

int main(void) {
    enum { MOST = 18 };
    printf("%ld\n", made_and_counted(MOST + 1));
    Tree *long_lived = make(MOST);
    for (int depth = 4; depth <= MOST; depth += 4) {
        long rounds = 1L << (MOST - depth + 4), sum = 0;
        for (long i = 0; i < rounds; i++) sum += made_and_counted(depth);
        printf("%ld %d %ld\n", rounds, depth, sum);
    }
    printf("%ld\n", count(long_lived));
    drop(long_lived);
}
