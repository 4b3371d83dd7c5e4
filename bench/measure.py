"""What the benchmarks share: building programs, running them in turn, medians."""
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def tool(*names):
    return next((shutil.which(n) for n in names if shutil.which(n)), None)


CLANGS = ("clang-22", "clang-21", "clang-20", "clang-19", "clang")


def clang():
    return tool(*CLANGS)


def build(argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)}\n{done.stderr}")


def builds(argv):
    return subprocess.run(argv, capture_output=True).returncode == 0


def rivals(name, out, threads):
    """The C twin with OpenMP, by gcc and by clang, and the C++ twin with oneTBB, as far as they can be built here:
    {label: (argv, extra env)}."""
    source = os.path.join(HERE, name)
    runs = {}
    if builds([tool("gcc"), "-O3", "-march=native", "-fopenmp", "-o", out + ".gomp", source + ".c", "-lm"]):
        runs["libgomp"] = ([out + ".gomp"], {"OMP_NUM_THREADS": str(threads)})
    if any(tool(name) and builds([name, "-O3", "-march=native", "-fopenmp", "-o", out + ".omp", source + ".c", "-lm"])
           for name in CLANGS):  # not each has libomp beside it
        runs["libomp"] = ([out + ".omp"], {"OMP_NUM_THREADS": str(threads)})
    cpp = tool("g++")
    if cpp and os.path.exists(source + ".cpp") and \
            builds([cpp, "-O3", "-march=native", "-o", out + ".tbb", source + ".cpp", "-ltbb"]):
        runs["oneTBB"] = ([out + ".tbb", str(threads)], {})
    return runs


def timed(argv, env):
    start = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, env=env)
    return time.perf_counter() - start, done.stdout, done.returncode


def interleave(commands, runs):
    """{label: (argv, extra env)} -> ({label: median seconds}, {label: output})."""
    times, outputs = {label: [] for label in commands}, {}
    for turn in range(runs + 1):
        for label, (argv, extra) in commands.items():
            seconds, output, status = timed(argv, {**os.environ, **extra})
            if status != 0:
                sys.exit(f"{' '.join(argv)}: exit status {status}")
            outputs[label] = output
            if turn > 0:
                times[label].append(seconds)
    return {label: statistics.median(t) for label, t in times.items()}, outputs
