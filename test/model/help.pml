/* help.pml: what a thread may do that waits for a loop (rt/nest.c). Loops of two blocks inside each other, three
 * deep: outer block b has inner blocks (b, k), each with a loop of leaves (b, k, j); every leaf waits for its
 * turn, which is that of all blocks around it. Threads 0 and 1 have the outer blocks, thread 2 has nothing to
 * do and helps any loop. A thread that waits for the end of the inner loop of its block helps the loops of leaves
 * in that loop's blocks. Checked: it ends, every leaf runs once and in order.
 *
 * -DBREAK=1: the waiting thread helps any loop of leaves.
 * -DBREAK=2: leaves are claimed from the end. */
#define OUTER 2
#define INNER 2
#define LEAVES 2
#define AT(b, k) ((b) * INNER + (k))

bool open[OUTER];               /* the inner loop of that outer block */
byte given[OUTER], done[OUTER]; /* its blocks: claimed; finished, a bit each */
bool leaves_open[OUTER * INNER];
byte leaves_given[OUTER * INNER], leaves_done[OUTER * INNER];
byte finished = 0;              /* outer blocks, a bit each */
byte order = 0;                 /* leaves that have run */

#define ALL_BEFORE(word, i) (((word) & ((1 << (i)) - 1)) == (1 << (i)) - 1)

inline claim_leaf(b, k, j) {
    atomic {
        if
        :: leaves_open[AT(b, k)] && leaves_given[AT(b, k)] < LEAVES ->
#if BREAK == 2
            j = LEAVES - 1 - leaves_given[AT(b, k)];
#else
            j = leaves_given[AT(b, k)];
#endif
            leaves_given[AT(b, k)]++
        :: else -> j = LEAVES
        fi
    }
}

inline run_leaf(b, k, j) {
    leaves_done[AT(b, k)] == j; /* in order, because each waits for its turn */
    ALL_BEFORE(done[b], k);
    ALL_BEFORE(finished, b);
    atomic {
        assert(order == (b * INNER + k) * LEAVES + j);
        order++;
        leaves_done[AT(b, k)]++
    }
}

inline run_inner(b, k, j) {
    leaves_open[AT(b, k)] = true;
    do
    :: claim_leaf(b, k, j);
        if
        :: j == LEAVES -> break
        :: else -> run_leaf(b, k, j)
        fi
    od;
    leaves_done[AT(b, k)] == LEAVES; /* nothing lies inside a leaf that it could help with */
    atomic { done[b] = done[b] | (1 << k) }
}

inline claim_inner(b, k) {
    atomic {
        if
        :: open[b] && given[b] < INNER -> k = given[b]; given[b]++
        :: else -> k = INNER
        fi
    }
}

inline any(i) {
    if
    :: i = 0
    :: i = 1
    fi
}

proctype Owner(byte me) {
    byte k, j, b, other;
    open[me] = true;
    do
    :: claim_inner(me, k);
        if
        :: k == INNER -> break
        :: else -> run_inner(me, k, j)
        fi
    od;
    do
    :: done[me] == (1 << INNER) - 1 -> break
    :: done[me] != (1 << INNER) - 1 ->
        any(other);
#if BREAK == 1
        any(b);
#else
        b = me;
#endif
        claim_leaf(b, other, j);
        if
        :: j < LEAVES -> run_leaf(b, other, j)
        :: else
        fi
    od;
    atomic { finished = finished | (1 << me) }
}

proctype Idle() {
    byte k, j, b;
    do
    :: finished == (1 << OUTER) - 1 -> break
    :: finished != (1 << OUTER) - 1 ->
        any(b);
        if
        :: claim_inner(b, k);
            if
            :: k < INNER -> run_inner(b, k, j)
            :: else
            fi
        :: any(k);
            claim_leaf(b, k, j);
            if
            :: j < LEAVES -> run_leaf(b, k, j)
            :: else
            fi
        fi
    od
}

init {
    atomic { run Owner(0); run Owner(1); run Idle() }
}
