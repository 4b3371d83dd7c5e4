#include <cstdio>
#include <cstdlib>
#include <vector>

#include <tbb/global_control.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

int main(int argc, char **argv) {
    tbb::global_control most(tbb::global_control::max_allowed_parallelism,
                             argc > 1 ? std::atoi(argv[1]) : 2);
    const int N = 4000000;
    struct Both {
        double sum, most;
    };
    std::vector<double> xs(N);
    tbb::parallel_for(0, N, [&](int i) { xs[i] = (i * 37L) % 1001; });
    auto join = [](Both a, Both b) {
        return Both{a.sum + b.sum, a.most > b.most ? a.most : b.most};
    };
    Both all = {0, 0};
    for (int r = 0; r < 10; r++) {
        Both part = tbb::parallel_reduce(
            tbb::blocked_range<int>(0, N), Both{0, 0},
            [&](const tbb::blocked_range<int> &part, Both so_far) {
                for (int i = part.begin(); i < part.end(); i++) {
                    so_far.sum += xs[i] * 2 + r;
                    so_far.most = xs[i] + r > so_far.most ? xs[i] + r : so_far.most;
                }
                return so_far;
            },
            join);
        all = join(all, part);
    }
    std::printf("%.0f %.0f\n", all.sum, all.most);
}
