/* wake.pml: how rt/pool.c wakes workers for a loop: the caller publishes the ranges and wakes its children, and
 * every worker that sees its range wakes its own. Here each has one child: 0 wakes 1, 1 wakes 2, 2 wakes 3.
 * Checked: all come to a loop whose blocks wait for each other, so that nobody is left asleep though the caller
 * does not get to waking all of them; and all leave at the end.
 *
 * -DBREAK=1: ranges are published upwards: a child may be woken before it has its range, and sleeps again.
 * -DBREAK=2: a worker wakes its child only after it has run its blocks.
 * -DBREAK=3: the mark that the exchange gave back is not looked at. */
#define THREADS 4
#define LOOPS   2
#define SPURIOUS 1
#include "futex.pml"

#define ASLEEP           1
#define MAKE(generation) ((generation) * 2)
#define GENERATION(word) ((word) / 2)
#define LEAVE            (LOOPS + 1)

byte range[THREADS]; /* generation << 1 | mark: the half that a worker sleeps on */
byte came[LOOPS + 1];
byte left = 0;

/* rti_pool_publish */
inline publish(whom, new) {
    guess = range[whom] & ASLEEP;
    atomic { before = range[whom]; range[whom] = (new) | guess }
#if BREAK != 3
    if
    :: (before & ASLEEP) && !guess -> sleeps[whom] = false
    :: else
    fi
#endif
}

/* rti_pool_wake */
inline wake(whom) {
    if
    :: range[whom] & ASLEEP ->
        atomic { before = range[whom]; range[whom] = range[whom] & ~ASLEEP }
        if
        :: before & ASLEEP -> sleeps[whom] = false
        :: else
        fi
    :: else
    fi
}

inline wake_children(me) {
    if
    :: me + 1 < THREADS -> wake(me + 1)
    :: else
    fi
}

proctype Worker(byte me) {
    byte word, before, seen = 0;
    bool done;
    do
    :: word = range[me];
        if
        :: GENERATION(word) != seen ->
            if
            :: word & ASLEEP -> atomic { range[me] = range[me] & ~ASLEEP }
            :: else
            fi;
            seen = GENERATION(word);
            if
            :: seen == LEAVE -> left++; break
            :: else
            fi;
#if BREAK == 2
            came[seen]++;
            came[seen] == THREADS;
            wake_children(me)
#else
            wake_children(me);
            came[seen]++;
            came[seen] == THREADS
#endif
        :: else -> /* go_to_sleep */
            atomic {
                done = range[me] == word;
                if
                :: done -> range[me] = word | ASLEEP
                :: else
                fi
            }
            if
            :: done -> futex_wait(me, range[me], word | ASLEEP)
            :: else
            fi
        fi
    od
}

proctype Caller() {
    byte before, guess, t, loop = 1;
    do
    :: loop > LOOPS -> break
    :: else ->
#if BREAK == 1
        t = 1;
        do
        :: t == THREADS -> break
        :: else -> publish(t, MAKE(loop)); t++
        od;
#else
        t = THREADS;
        do
        :: t == 1 -> break
        :: else -> t--; publish(t, MAKE(loop))
        od;
#endif
        wake_children(0);
        came[loop]++;
        came[loop] == THREADS;
        loop++
    od;
    t = 1;
    do
    :: t == THREADS -> break
    :: else -> publish(t, MAKE(LEAVE)); t++
    od;
    t = 1;
    do
    :: t == THREADS -> break
    :: else -> wake(t); t++
    od;
    left == THREADS - 1
}

init {
    atomic { run Caller(); run Worker(1); run Worker(2); run Worker(3) }
}
