/* nest.pml: loops inside loops as rt/nest.c shares them: the word of a nest, which its owner and its
 * helpers claim from, its use for one loop after another, and how helpers sleep and are woken.
 * Checked: every block of every loop runs once, while its loop runs and with its job; no more helpers
 * come than there is room for; a nest that is open has something to give or somebody is about to close
 * it; nobody is left asleep while the owner waits.
 *
 * -DBREAK=1: a helper closes the nest after it has run its last block, not before.
 * -DBREAK=2: a helper comes to the blocks that it saw, whatever loop they are of.
 * -DBREAK=3: the owner looks for sleepers before it opens the nest, and the helpers before they sleep
 *            look at the nest before they mark themselves: then a helper may sleep through a loop that
 *            needs it (the owner's blocks wait for a helper here). */
#define THREADS 3 /* thread 0 is the owner */
#define BLOCKS  3
#define LOOPS   2
#define ROOM    1
#define SPURIOUS 0
#include "futex.pml"

#define MAKE(generation, room, begin, end) \
    ((generation) * 256 + (room) * 64 + (begin) * 8 + (end))
#define BEGIN(word)      (((word) >> 3) & 7)
#define END(word)        ((word) & 7)
#define LEFT(word)       (END(word) - BEGIN(word))
#define HAS_ROOM(word)   (((word) >> 6) & 3)
#define GENERATION(word) ((word) >> 8)
#if BREAK == 2
#define SAME(a, b) ((a) % 256 == (b) % 256)
#else
#define SAME(a, b) ((a) == (b))
#endif

short range = 0;
bool open = false;
byte job = 0;      /* the loop whose job the nest holds */
byte running = 0;
byte finished = 0;
byte ran[(LOOPS + 1) * BLOCKS];
byte helpers[LOOPS + 1];
bool asleep[THREADS]; /* the mark in the worker's own word */
bool over = false;

inline run_block(generation, block) {
    atomic {
        assert(job == generation && running == generation);
        ran[generation * BLOCKS + block]++;
        assert(ran[generation * BLOCKS + block] == 1)
    }
}

/* Claims one block of that generation, if there is one: `block`, or NONE. */
#define NONE 15
inline claim(generation) {
    do
    :: word = range;
        if
        :: GENERATION(word) != generation || LEFT(word) == 0 -> block = NONE; break
        :: else ->
            atomic {
                done = range == word;
                if
                :: done -> range = range + 8
                :: else
                fi
            }
            if
            :: done ->
                block = BEGIN(word);
                if
                :: LEFT(word) == 1 -> open = false
                :: else
                fi;
                break
            :: else
            fi
        fi
    od
}

proctype Helper(byte me) {
    short word;
    byte block, generation;
    bool done, close;
    do
    :: over -> break
    :: !over && open ->
        word = range;
        if
        :: LEFT(word) == 0 || !HAS_ROOM(word) -> skip
        :: else ->
            atomic {
                done = SAME(range, word);
                if
                :: done -> range = range + 8 - 64
                :: else
                fi
            }
            if
            :: done ->
                generation = GENERATION(word);
                close = LEFT(word) == 1 || HAS_ROOM(word) == 1;
                atomic {
                    helpers[generation]++;
                    assert(helpers[generation] <= ROOM)
                }
#if BREAK != 1
                if
                :: close -> open = false
                :: else
                fi;
#endif
                run_block(generation, BEGIN(word));
                finished++;
#if BREAK == 1
                if
                :: close -> assert(running == generation); open = false
                :: else
                fi;
#endif
                do
                :: claim(generation);
                    if
                    :: block == NONE -> break
                    :: else -> run_block(generation, block); finished++
                    fi
                od
            :: else
            fi
        fi
    :: !over && !open -> /* go_to_sleep */
#if BREAK != 3
        asleep[me] = true;
#endif
        if
        :: open || over -> asleep[me] = false
        :: else ->
#if BREAK == 3
            asleep[me] = true;
#endif
            futex_wait(me, asleep[me], true);
            asleep[me] = false
        fi
    od
}

inline wake() {
    t = 1;
    do
    :: t == THREADS -> break
    :: else ->
        atomic { done = asleep[t]; asleep[t] = false }
        if
        :: done -> sleeps[t] = false
        :: else
        fi;
        t++
    od
}

proctype Owner() {
    short word;
    byte loop = 1, block, target = 0, t;
    bool done;
    do
    :: loop > LOOPS -> break
    :: else ->
        atomic { running = loop; target = target + BLOCKS }
        job = loop;
        range = MAKE(loop, ROOM, 0, BLOCKS);
#if BREAK == 3
        wake();
        open = true;
#else
        open = true;
        wake();
#endif
        do
        :: claim(loop);
            if
            :: block == NONE -> break
            :: else ->
                run_block(loop, block);
                helpers[loop] > 0; /* blocks that need somebody else to come */
                finished++
            fi
        od;
        open = false;
        finished == target;
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
    over = true;
    wake()
}

init {
    atomic { run Owner(); run Helper(1); run Helper(2) }
}
