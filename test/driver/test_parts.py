#!/usr/bin/env python3
"""A large program is compiled for a run in parts where there are processors for it: the same output.

usage: test_parts.py --flapc FLAPC

The program has what can go wrong between parts: variables and constants of all functions, closures that
are compared, remembered results, parallel bodies, texts, small functions called everywhere, and a stop deep
inside, whose trace names functions of several parts.
"""
import argparse
import os
import subprocess
import sys
import tempfile

FUNCTIONS = 150


def program():
    text = ["LIMIT = 40", "names := []", "total := 0", 'words = {"one": 1, "two": 2}',
            "add = (a, b) => a + b", "twice = f => x => f(f(x))", "last := add"]
    for i in range(FUNCTIONS):
        text.append(f"""f{i} = (a, b) => {{
    x := add(a * {i % 7 + 1}, b)
    xs := []
    @ k in 0..<10 {{
        x > LIMIT {{ x <- x - {i % 13 + 1} }}
        xs <- xs + [add(x, k % {i % 5 + 2})]
    }}
    @@ k in 0..<{i + 20} {{ x += k }}
    g = twice(y => y + x)
    kind = x {{ {i} -> "same" ~> "other" }}
    ret g(sum(xs)) + #kind + (words["two"] or! 0)
}}""")
    text.append("deep = n => {\n    ys := [n]\n    n == 0 { ys[7] <- 1 }\n    ret ys[0] + deep(n - 1)\n}")
    for i in range(FUNCTIONS):
        text.append(f'total <- total + f{i}({i}, {i + 1})\nnames <- names + ["f{i}"]')
        if i % 10 == 0:
            text.append(f"println(f{i} == f{i}, f{i} == f{(i + 1) % FUNCTIONS}, last == add)\nlast <- f{i}")
    text.append("println(total, #names, names[3])\nprintln(deep(3))\n")
    return "\n".join(text)


def run(command, processors=None):
    def confine():
        if processors:
            os.sched_setaffinity(0, processors)
    done = subprocess.run(command, preexec_fn=confine, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120)
    return done.returncode, done.stdout, done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flapc", required=True)
    flapc = os.path.abspath(parser.parse_args().flapc)
    one = {min(os.sched_getaffinity(0))}
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("large.flap", "w") as handle:
            handle.write(program())
        for level in ("-O0", "-O1", "-O2"):
            subprocess.run([flapc, "-q", level, "-o", "large", "large.flap"], check=True, timeout=120)
            want = run(["./large"])
            if want[0] != 1 or not want[1].startswith(b"1 0 1") or b"from main" not in want[2]:
                print(f"FAILED {level}: not the stop that was meant: {want}")
                failures += 1
            for name, processors in (("all processors", None), ("one processor", one)):
                got = run([flapc, "run", "-q", level, "large.flap"], processors)
                if got != want:
                    print(f"FAILED {level}, {name}: {got} instead of {want}")
                    failures += 1
        parts = run([flapc, "run", "-q", "-v", "large.flap"])[2].count(b"compiled in ")
        if parts != (len(os.sched_getaffinity(0)) > 1):
            print("FAILED: not compiled in parts")
            failures += 1
    print(f"{7 - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
