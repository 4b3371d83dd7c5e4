#!/usr/bin/env python3
"""Checks the models of the runtime's protocols exhaustively with spin: no assertion fails, nobody waits
for ever. Each model is also broken in the ways that its head tells, and must then be found broken.

usage: check_models.py [--cc COMPILER]

Exit status 77 where spin is not installed.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# Model, its sizes (none: those that it has by itself), in how many ways it can be broken.
MODELS = [("barrier", [], 1), ("steal", [], 3), ("steal", ["-DTHREADS=3", "-DBLOCKS=3", "-DLOOPS=1"], 0),
          ("wake", [], 3), ("nest", [], 3), ("turns", [], 2), ("help", [], 2)]
SECONDS = 120


def errors_of(model, words, compiler):
    """How many errors spin finds, or None when it did not look at everything."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (model, "futex"):
            shutil.copy(os.path.join(HERE, name + ".pml"), folder)
        made = subprocess.run(["spin", "-a", *words, model + ".pml"], cwd=folder, capture_output=True,
                              text=True, timeout=SECONDS, check=False)
        if not os.path.exists(os.path.join(folder, "pan.c")):
            sys.exit(f"spin cannot read {model}.pml:\n{made.stdout}{made.stderr}")
        subprocess.run([compiler, "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4096", "-o", "pan", "pan.c"],
                       cwd=folder, timeout=SECONDS, check=True)
        done = subprocess.run(["./pan", "-m1000000"], cwd=folder, capture_output=True, text=True, timeout=SECONDS,
                              check=False)
    found = re.search(r"errors: (\d+)", done.stdout)
    errors = int(found.group(1)) if found else None
    if errors == 0 and re.search(r"max search depth too small|reached -DMEMLIM", done.stdout):
        return None
    return errors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cc", default="cc")
    options = parser.parse_args()
    if not shutil.which("spin"):
        print("skipped: spin is not installed")
        return 77
    wrong = 0
    for model, sizes, ways in MODELS:
        for broken in range(ways + 1):
            errors = errors_of(model, [f"-DBREAK={broken}", *sizes], options.cc)
            name = " ".join([model, *sizes] + ([f"broken in way {broken}"] if broken else []))
            if errors is None or (errors > 0) != (broken > 0):
                wrong += 1
                print(f"{name}: {errors} errors")
    print(f"{wrong} models are not as they should be" if wrong else "all models hold")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
