#include <cstdio>
#include <cstdlib>
#include <vector>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

int main(int argc, char **argv) {
    tbb::global_control most(tbb::global_control::max_allowed_parallelism,
                             argc > 1 ? std::atoi(argv[1]) : 2);
    const int N = 6000;
    std::vector<long> out(N);
    tbb::parallel_for(0, N, [&](int i) {
        long s = 0;
        for (int j = 0; j < i; j++) s += (long(i) * j) % 7;
        out[i] = s;
    });
    long sum = 0;
    for (long s : out) sum += s;
    std::printf("%ld\n", sum);
}
