/* steal.pml: the range words of rt/pool.h: how a loop is published, its blocks claimed and stolen, how
 * workers go to sleep on the word and are woken, how the caller waits for the end, and that all of it
 * can begin again at once. Checked: every block of every loop runs once, while its loop runs and with
 * its loop's job; nobody is left asleep.
 *
 * -DTHREADS=3 -DBLOCKS=3 -DLOOPS=1: thieves meet thieves.
 *
 * -DBREAK=1: the caller does not look at the mark that its exchange gave back.
 * -DBREAK=2: claims compare the blocks only, not the generation.
 * -DBREAK=3: the one who has finished a block looks for waiters before it counts the block. */
#ifndef THREADS
#define THREADS 2 /* thread 0 is the caller */
#define BLOCKS  4
#define LOOPS   3
#endif
#define SPURIOUS 0
#include "futex.pml"

#define MAKE(generation, begin, end) ((generation) * 64 + (begin) * 8 + (end))
#define BEGIN(word)      (((word) >> 3) & 7)
#define END(word)        ((word) & 7)
#define LEFT(word)       (END(word) - BEGIN(word))
#define GENERATION(word) (((word) >> 6) & 7)
#define ASLEEP           512
#define LEAVE            (LOOPS + 1)
#if BREAK == 2
#define SAME(a, b) ((a) % 64 == (b) % 64)
#else
#define SAME(a, b) ((a) == (b))
#endif

#if THREADS == 2
#define ALL_FINISHED (finished[0] + finished[1])
#else
#define ALL_FINISHED (finished[0] + finished[1] + finished[2])
#endif

short range[THREADS];
byte job[THREADS];      /* the loop whose job a thread's record holds */
byte finished[THREADS];
byte running = 0;       /* the loop that runs; 0: none */
byte ran[(LOOPS + 1) * BLOCKS];
bool waits = false;     /* the mark in rti_pool.event */
bool caller_sleeps = false;

inline notify() {
    atomic {
        if
        :: waits -> waits = false; caller_sleeps = false
        :: else
        fi
    }
}

inline run_blocks(me, generation, from, to) {
    atomic {
        at = from;
        do
        :: at == to -> break
        :: else ->
            assert(job[me] == generation && running == generation);
            ran[generation * BLOCKS + at]++;
            assert(ran[generation * BLOCKS + at] == 1);
            at++
        od
    }
#if BREAK == 3
    notify();
    finished[me] = finished[me] + to - from
#else
    finished[me] = finished[me] + to - from;
    notify()
#endif
}

/* rti_loop_work: claims from the own range and steals, until there is nothing. */
inline work(me, generation) {
    do
    :: atomic { /* looks, and thinks about it */
            word = range[me];
            own = GENERATION(word) == generation && LEFT(word) > 0;
            if
            :: own -> victim = me;
                if /* as many as the pace says */
                :: take = 1
                :: LEFT(word) > 1 -> take = LEFT(word)
                fi
            :: else ->
                if /* any victim, where the runtime takes the one with most */
                :: victim = (me + 1) % THREADS
                :: THREADS > 2 -> victim = (me + 2) % THREADS
                fi
            fi
        }
        if
        :: own
        :: !own -> atomic { word = range[victim]; take = (LEFT(word) + 1) / 2 }
        fi;
        if
        :: GENERATION(word) != generation || LEFT(word) == 0 ->
            break /* there may be blocks elsewhere: whoever has them runs them */
        :: else ->
            atomic { /* compare and swap */
                done = SAME(range[victim], word);
                if
                :: done && own -> range[me] = range[me] + take * 8
                :: done && !own -> range[victim] = range[victim] - take
                :: else
                fi
            }
            if
            :: done && own -> run_blocks(me, generation, BEGIN(word), BEGIN(word) + take)
            :: done && !own -> range[me] = MAKE(generation, END(word) - take, END(word))
            :: else
            fi
        fi
    od
}

proctype Worker(byte me) {
    short word;
    byte seen = 0, take, at, victim;
    bool done, own;
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
            :: seen == LEAVE -> break
            :: else -> work(me, seen)
            fi
        :: else ->
#if THREADS > 2 /* who sleeps and who wakes is between two */
            range[me] != word
#else
            atomic { /* go_to_sleep */
                if
                :: range[me] == word -> range[me] = word | ASLEEP; done = true
                :: else -> done = false
                fi
            }
            if
            :: done -> futex_wait(me, range[me] / 64, (word | ASLEEP) / 64)
            :: else
            fi
#endif
        fi
    od
}

/* rti_pool_publish */
inline publish(to_whom, new) {
    guess = range[to_whom] & ASLEEP;
    atomic { before = range[to_whom]; range[to_whom] = (new) | guess }
#if BREAK == 1
    skip
#else
    if
    :: (before & ASLEEP) && !guess -> sleeps[to_whom] = false
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

proctype Caller() {
    short word, before, guess;
    byte loop = 1, take, at, victim, t, target = 0;
    bool done, own;
    do
    :: loop > LOOPS -> break
    :: else ->
        atomic { running = loop; target = target + BLOCKS }
        t = THREADS;
        do
        :: t == 0 -> break
        :: else ->
            t--;
            job[t] = loop;
            publish(t, MAKE(loop, t * BLOCKS / THREADS, (t + 1) * BLOCKS / THREADS))
        od;
        t = 1;
        do
        :: t == THREADS -> break
        :: else -> wake(t); t++
        od;
        work(0, loop);
        do /* wait_finished */
        :: ALL_FINISHED == target -> break
        :: else ->
            atomic { waits = true; caller_sleeps = true } /* the wait looks at the mark again */
            if
            :: ALL_FINISHED == target -> caller_sleeps = false
            :: else -> !caller_sleeps
            fi
        od;
        atomic {
            running = 0;
            t = 0;
            do
            :: t == BLOCKS -> break
            :: else -> assert(ran[loop * BLOCKS + t] == 1); t++
            od
        }
        loop++
    od;
    t = 1;
    do
    :: t == THREADS -> break
    :: else -> publish(t, MAKE(LEAVE, 0, 0)); wake(t); t++
    od
}

init {
    atomic {
        run Caller();
        run Worker(1);
        if
        :: THREADS > 2 -> run Worker(2)
        :: else
        fi
    }
}
