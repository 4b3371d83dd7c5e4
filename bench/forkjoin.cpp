#include <cstdio>
#include <cstdlib>
#include <vector>

#include <tbb/global_control.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

int main(int argc, char **argv) {
    tbb::global_control most(tbb::global_control::max_allowed_parallelism,
                             argc > 1 ? std::atoi(argv[1]) : 2);
    const int N = 10000;
    std::vector<double> xs(N);
    for (int r = 0; r < 20000; r++)
        tbb::parallel_for(
            tbb::blocked_range<int>(0, N),
            [&](const tbb::blocked_range<int> &part) {
                for (int i = part.begin(); i < part.end(); i++) xs[i] = xs[i] * 0.5 + i;
            },
            tbb::static_partitioner());
    std::printf("%.6f\n", xs[N - 1]);
}
