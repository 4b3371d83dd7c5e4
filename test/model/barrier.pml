/* barrier.pml: the barrier of rt/barrier.c on the wait loop of rt/futex.c, used again at once by all
 * parties. Checked: nobody goes on before all have come, nobody is left asleep.
 *
 * -DBREAK=1: the sleepers' mark is set by a store after looking, not by compare-and-swap. */
#define THREADS 3
#define ROUNDS  3
#include "futex.pml"

byte missing = THREADS;
byte sense = 0; /* turn << 1 | sleepers' mark */
byte came[ROUNDS];

#define VALUE(word) ((word) >> 1)

/* rti_wait_change */
inline wait_change(me, old) {
    now = sense;
    do
    :: VALUE(now) != VALUE(old) -> break
    :: VALUE(now) == VALUE(old) -> now = sense /* spins */
    :: VALUE(now) == VALUE(old) ->
        if
        :: now & 1 -> futex_wait(me, sense, now)
        :: else ->
#if BREAK == 1
            sense = now | 1;
            futex_wait(me, sense, now | 1)
#else
            atomic {
                if
                :: sense == now -> sense = now | 1; marked = true
                :: else -> marked = false
                fi
            }
            if
            :: marked -> futex_wait(me, sense, now | 1)
            :: else
            fi
#endif
        fi;
        now = sense
    od
}

proctype Party(byte me) {
    byte round = 0, old, now, before, wake_at;
    bool last, marked;
    do
    :: round == ROUNDS -> break
    :: else ->
        came[round]++;
        old = sense;
        atomic { missing--; last = missing == 0 }
        if
        :: last ->
            missing = THREADS;
            atomic { before = sense; sense = ((old >> 1) << 1) + 2 }
            if
            :: before & 1 -> futex_wake_all(0, THREADS)
            :: else
            fi
        :: else -> wait_change(me, old)
        fi;
        assert(came[round] == THREADS);
        round++
    od
}

init {
    atomic { run Party(0); run Party(1); run Party(2) }
}
