/* turns.pml: threads that wait for their turn in loops inside loops (rt/order.c, rt/nest.c). An outer
 * loop of three blocks on three threads; in every block a loop of two blocks, each of which waits for
 * its turn: for the block before it, and then for the turn of the block around. The caller publishes
 * the ranges one after the other, downwards, and the threads begin as soon as they see theirs. Checked: it ends.
 *
 * -DBREAK=1: a worker helps before it has got its own blocks.
 * -DBREAK=2: the inner blocks are claimed from the end. */
#define THREADS 3
#define INNER   2

byte published = THREADS;   /* ranges, of threads from this one on */
bool claimed[THREADS];      /* outer blocks; block t is in the range of thread t */
byte outer_done = 0;        /* blocks that have finished: a bit each */
bool opened[THREADS];       /* the loop in that outer block */
byte given[THREADS];        /* how many of its blocks are claimed */
byte inner_done[THREADS];   /* and finished; in order, because each waits for its turn */

#define OUTER_TURN(b) ((outer_done & ((1 << (b)) - 1)) == (1 << (b)) - 1)

/* Claims an inner block of the loop in outer block b: `k`, or INNER when there is none. */
inline claim(b) {
    atomic {
        if
        :: opened[b] && given[b] < INNER ->
#if BREAK == 2
            k = INNER - 1 - given[b];
#else
            k = given[b];
#endif
            given[b]++
        :: else -> k = INNER
        fi
    }
}

inline run_inner(b) {
    inner_done[b] == k; /* the turn in its own loop */
    OUTER_TURN(b);      /* and that of the block around */
    inner_done[b]++
}

inline run_outer(b) {
    opened[b] = true;
    do
    :: claim(b);
        if
        :: k == INNER -> break
        :: else -> run_inner(b)
        fi
    od;
    inner_done[b] == INNER; /* waits for helpers: they help nothing but what is part of it */
    atomic { outer_done = outer_done | (1 << b) }
}

proctype Thread(byte me) {
    byte k, b;
    bool has, mine = false; /* it has looked at its own range */
    if
    :: me == 0 -> published = 2; published = 1; published = 0
    :: else
    fi;
    do
    :: outer_done == 7 -> break
    :: me >= published && !mine -> /* its own block, unless a thief has it */
        mine = true;
        atomic { has = !claimed[me]; claimed[me] = true }
        if
        :: has -> run_outer(me)
        :: else
        fi
    :: mine -> /* steals */
        b = 0;
        do
        :: b < THREADS - 1 -> b++
        :: break
        od;
        atomic {
            has = b >= published && !claimed[b];
            if
            :: has -> claimed[b] = true
            :: else
            fi
        }
        if
        :: has -> run_outer(b)
        :: else
        fi
#if BREAK == 1
    :: me > 0 ->
#else
    :: me > 0 && mine ->
#endif
        b = 0; /* helps */
        do
        :: b < THREADS - 1 -> b++
        :: break
        od;
        claim(b);
        if
        :: k < INNER -> run_inner(b)
        :: else
        fi
    od
}

init {
    atomic { run Thread(0); run Thread(1); run Thread(2) }
}
