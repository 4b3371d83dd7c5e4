#!/usr/bin/env python3
"""Runs each benchmark in Flap, C and Lua, in turn, and prints ratios of medians (below 1: Flap is faster).

usage: run.py --flapc PATH [--runs N] [NAME …]
       NAME `simulation`: simulated hardware; `scaling`: speed by the number of threads, with a picture;
       `never_slower`: what the prefix costs loops of any length

Figures are whole-process seconds. C is compiled by clang -O3 -march=native, and with -fopenmp by gcc (libgomp)
and clang (libomp) for the columns with threads: for programs whose C twin has a pragma for OpenMP. Twins in
C++ use oneTBB, those in Lua run in LuaJIT, where these are installed. Every program's output must equal its
C twin's; a difference is printed and counts as a failure (exit status 1).
"""
import argparse
import glob
import os
import statistics
import sys
import tempfile

from measure import HERE, build, clang, interleave, rivals, tool
from never_slower import never_slower
from scaling import scaling
from simulation import simulation

LINES = 20000
FIRST_LINES = 1200


def kernel(name, flapc, work, runs):
    source = os.path.join(HERE, name)
    out = os.path.join(work, name)
    build([flapc, "-O2", "--mcpu=native", "-q", "-o", out + ".flap", source + ".flap"])
    build([clang(), "-O3", "-march=native", "-o", out + ".c1", source + ".c", "-lm"])
    commands = {"flap 1": ([out + ".flap"], {"FLAP_NUM_THREADS": "1"}), "c 1": ([out + ".c1"], {})}
    with open(source + ".c") as twin:
        parallel = "#pragma omp" in twin.read()
    if tool("luajit") and os.path.exists(source + ".lua"):
        commands["lua"] = ([tool("luajit"), source + ".lua"], {})
    if parallel:
        commands["flap @@"] = ([out + ".flap"], {})
        commands.update(rivals(name, out, len(os.sched_getaffinity(0))))
    medians, outputs = interleave(commands, runs)
    wrong = {label for label, text in outputs.items() if text.split() != outputs["c 1"].split()}
    row = {"flap": medians["flap 1"], "flap / C": medians["flap 1"] / medians["c 1"]}
    if "lua" in medians:
        row["flap / LuaJIT"] = medians["flap 1"] / medians["lua"]
    if "flap @@" in medians:
        row["flap @@"] = medians["flap @@"]
        for label in ("libgomp", "libomp", "oneTBB"):
            if label in medians:
                row[f"@@ / {label}"] = medians["flap @@"] / medians[label]
        row["1 thread / @@"] = medians["flap 1"] / medians["flap @@"]
    return row, wrong


def starting(flapc, work, runs):
    hello = os.path.join(HERE, "hello")
    out = os.path.join(work, "hello")
    build([flapc, "-O2", "--strip", "-q", "-o", out + ".flap", hello + ".flap"])
    build(["gcc", "-O2", "-static", "-o", out + ".c", hello + ".c"])
    build(["gcc", "-O2", "-static", "-nostdlib", "-o", out + ".bare", hello + "_bare.c"])
    medians, _ = interleave({"flap": ([out + ".flap"], {}), "c": ([out + ".c"], {}), "bare": ([out + ".bare"], {}),
                             "jit": ([flapc, "run", hello + ".flap"], {})}, runs * 10)
    size = os.path.getsize(out + ".flap")
    return [("start and end, executable", medians["flap"], medians["flap"] / medians["c"], "static glibc"),
            ("the same", medians["flap"], medians["flap"] / medians["bare"], "C without a library"),
            ("`flapc run` of hello", medians["jit"], medians["jit"] / medians["c"], "static glibc"),
            (f"size of hello, stripped: {size} bytes", None, None, "")]


def first_result(flapc, work, runs):
    """`flapc run` of a program whose functions all have work for the optimiser, on one processor and on all."""
    path, functions = os.path.join(work, "first.flap"), FIRST_LINES // 12
    with open(path, "w") as f:
        for i in range(functions):
            f.write(f"f{i} = (a, b) => {{\n    x := a * {i % 7 + 1} + b\n    y := 0\n    xs := []\n"
                    f"    @ k in 0..<10 {{\n        x > 100 {{ x <- x - {i % 13 + 1} }}\n"
                    f"        y <- y + x % {i % 5 + 2}\n        xs <- xs + [y]\n    }}\n    ret y + #xs\n}}\n")
        f.write("t := 0\n" + "".join(f"t <- t + f{i}({i}, {i + 1})\n" for i in range(functions)) + "println(t)\n")
    one = str(min(os.sched_getaffinity(0)))
    medians, _ = interleave({"one": (["taskset", "-c", one, flapc, "run", "-q", path], {}),
                             "all": ([flapc, "run", "-q", path], {})}, runs)
    return [(f"`flapc run` of {FIRST_LINES} lines, one processor", medians["one"], None, ""),
            (f"`flapc run` of {FIRST_LINES} lines, all processors", medians["all"], medians["all"] / medians["one"],
             "one processor")]


def compiling(flapc, work, runs):
    """A program of many small functions, in Flap and in C, compiled to an object file."""
    flap, c = os.path.join(work, "many.flap"), os.path.join(work, "many.c")
    count = LINES // 4
    with open(flap, "w") as f, open(c, "w") as g:
        g.write("#include <stdio.h>\n")
        for i in range(count):
            f.write(f"f{i} = (x, y) => {{\n    z = x * {i} + y\n    z > 3 {{ z - y ~> z + x }}\n}}\n")
            g.write(f"static double f{i}(double x, double y) {{\n    double z = x * {i} + y;\n"
                    f"    return z > 3 ? z - y : z + x;\n}}\n")
        f.write("s := 0\n")
        g.write("int main(void) {\n    double s = 0;\n")
        for i in range(count):
            f.write(f"s += f{i}(s, {i})\n")
            g.write(f"    s += f{i}(s, {i});\n")
        f.write("println(s)\n")
        g.write('    printf("%g\\n", s);\n}\n')
    rows = []
    for level in ("-O0", "-O2"):
        medians, _ = interleave({"flap": ([flapc, level, "-q", "-c", "-o", flap + ".o", flap], {}),
                                 "c": ([clang(), level, "-w", "-c", "-o", c + ".o", c], {})}, max(1, runs // 3))
        rows.append((f"compile {LINES} lines, {level}", medians["flap"], medians["flap"] / medians["c"], "clang"))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flapc", default=os.path.join(HERE, "..", "build", "flapc"))
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    for name, job in (("simulation", simulation), ("scaling", scaling), ("never_slower", never_slower)):
        if options.names == [name]:
            with tempfile.TemporaryDirectory() as work:
                job(os.path.abspath(options.flapc), work, options.runs)
            return 0
    names = options.names or sorted(os.path.basename(p)[:-5] for p in glob.glob(os.path.join(HERE, "*.flap")))
    failed = False
    columns = ["flap", "flap / C", "flap / LuaJIT", "flap @@", "@@ / libgomp", "@@ / libomp", "@@ / oneTBB",
               "1 thread / @@"]
    ratios = []
    with tempfile.TemporaryDirectory() as work:
        print("| kernel | flap, s | flap / C | flap / LuaJIT | flap @@, s | " + " | ".join(columns[4:]) + " |")
        print("|---" * (len(columns) + 1) + "|")
        for name in names:
            if name == "hello":
                continue
            row, wrong = kernel(name, os.path.abspath(options.flapc), work, options.runs)
            print(f"| {name} | " + " | ".join(f"{row[k]:.3f}" if k in row else "" for k in columns) + " |",
                  flush=True)
            ratios.append(row["flap / C"])
            if wrong:
                print(f"wrong output: {name}: {', '.join(sorted(wrong))}")
                failed = True
        if len(ratios) > 1:
            print(f"\nflap / C, geometric mean of {len(ratios)}: {statistics.geometric_mean(ratios):.2f}")
        if not options.names:
            print("\n| | ms | ratio | to |\n|---|---|---|---|")
            flapc = os.path.abspath(options.flapc)
            for part in (starting, first_result, compiling):
                for label, seconds, ratio, other in part(flapc, work, options.runs):
                    print(f"| {label} | " + (f"{seconds * 1000:.2f}" if seconds else "") +
                          (f" | {ratio:.2f} | {other} |" if ratio else " | | |"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
