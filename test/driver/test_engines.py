#!/usr/bin/env python3
"""Every example of simulated hardware, on every engine: the same output, to the byte.

usage: test_engines.py --flapc FLAPC [--more] [NAME ...]

Each program of test/sim runs on one thread (the direct engine), and then by the staged engine on 1, 2, 3,
4 and 8 threads, with modules in random order, on random threads and with injected delays; programs that
stop, with each way of stopping. Some runs write traces, which are compared, too. --more: a hundred random assignments instead of a few.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def settings(more):
    """Environments to be compared with the one of a plain run."""
    for threads in (1, 2, 3, 4, 8):
        yield {"FLAP_SIM_PARALLEL": str(threads)}
    yield {"FLAP_SIM_PARALLEL": "auto"}
    for seed in range(1, 4 if not more else 20):
        yield {"FLAP_SIM_ORDER": str(seed)}
    for seed in range(1, 4 if not more else 101):
        yield {"FLAP_SIM_PARALLEL": str(2 + seed % 3), "FLAP_SIM_PLACES": str(seed * 7919),
               "FLAP_SIM_DELAYS": str(seed), "FLAP_SIM_ORDER": str(seed)}


def arguments(path):
    """The ways to call a program: numbers that its shell line tries, or its folder."""
    with open(path) as handle:
        text = handle.read()
    variants = re.search(r"^// shell: .*for i in ([0-9 ]+);", text, re.M)
    if variants and "args()[0])" in text:
        return [[number] for number in variants.group(1).split()]
    return [[os.path.dirname(path)]] if "args()" in text else [[]]


def traced(more):
    """The same for runs that write a trace: the file must have the same bytes, too."""
    for threads in (2, 3, 8):
        yield {"FLAP_SIM_PARALLEL": str(threads)}
    for seed in range(1, 3 if not more else 20):
        yield {"FLAP_SIM_PARALLEL": str(2 + seed % 3), "FLAP_SIM_PLACES": str(seed * 104729),
               "FLAP_SIM_DELAYS": str(seed), "FLAP_SIM_ORDER": str(seed)}


def run_traced(command, more_environment, folder):
    path = os.path.join(folder, "trace.vcd")
    done = run(command, {**more_environment, "FLAP_SIM_TRACE": path}, folder)
    with open(path, "rb") as handle:
        return done + (handle.read(),)


def run(command, more_environment, folder):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLAP_")}
    environment.update(more_environment)
    done = subprocess.run(command, env=environment, cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stdout, done.stderr


def is_test(path):
    with open(path) as handle:
        return not re.search(r"^// helper$|^// error|seconds", handle.read(), re.M)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flapc", required=True)
    parser.add_argument("--more", action="store_true", help="a hundred random assignments instead of a few")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names = options.names
    paths = sorted(path for path in glob.glob(os.path.join(ROOT, "test", "sim", "*.flap")) if is_test(path))
    failed = count = 0
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "program")
        for path in paths:
            if names and os.path.basename(path)[:-5] not in names:
                continue
            subprocess.run([options.flapc, "-q", "-O1", path, "-o", program], check=True)
            for given in arguments(path):
                for runner, kinds in ((run, settings), (run_traced, traced)):
                    expected = runner([program] + given, {}, folder)
                    for setting in kinds(options.more):
                        count += 1
                        got = runner([program] + given, setting, folder)
                        if got == expected:
                            continue
                        failed += 1
                        print(f"{os.path.basename(path)} {' '.join(given)} differs with {setting}:")
                        print(f"  expected {expected}\n  got      {got}"[:2000])
    print(f"{count} runs, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
