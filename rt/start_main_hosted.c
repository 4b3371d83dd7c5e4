// start_main_hosted.c: main() of dynamically linked Flap programs. Alone in its file, because the
// compiler, which runs programs in memory, has a main of its own.
#include "rt.h"

#include <stdbool.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    bool named = argc > 0;
    exit(rt_hosted_run(&flap_program, named ? argc - 1 : 0, named ? argv + 1 : argv));
}
