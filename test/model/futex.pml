/* futex.pml: the one blocking primitive, for the models beside it. A word, sleepers on it, spurious
 * wake-ups: a bounded number of them, because a process that may always wake hides every deadlock. */
#ifndef SPURIOUS
#define SPURIOUS 1
#endif

bool sleeps[THREADS];
byte spurious = 0;

/* Sleeps while the word has the value. */
inline futex_wait(me, word, value) {
    atomic {
        if
        :: (word) == (value) -> sleeps[me] = true
        :: else
        fi
    }
    if
    :: atomic { !sleeps[me] -> skip }
    :: atomic { sleeps[me] && spurious < SPURIOUS -> spurious++; sleeps[me] = false }
    fi
}

inline futex_wake_all(from, to) {
    d_step {
        wake_at = from;
        do
        :: wake_at < to -> sleeps[wake_at] = false; wake_at++
        :: else -> break
        od
    }
}
