#!/usr/bin/env python3
"""Random recursive functions of numbers: what runs on integers must give what doubles give, to the last bit.

usage: fuzz_recursion.py --flapc PATH [--seed N] [--seconds S | --count N] [--keep FOLDER]

Functions call themselves and each other, with arguments that fall, and compute sums, products, remainders and bits
that may pass 2^53, give fractions, -0 or divide by zero. Each program runs in the JIT at -O0 and -O2 and ahead of
time, and with --no-integers, whose output and exit status the others must have.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

NUMBERS = ["0", "1", "2", "3", "5", "7", "10", "31", "255", "1000003", "4294967296", "4503599627370496",
           "9007199254740991", "9007199254740992"]
ODD = ["0.5", "-0.0", "1e300", "-1", "-3", "inf", "-9007199254740991", "9007199254740993", "2.5e15"]


class Function:
    def __init__(self, name, params, takes_list):
        self.name, self.params, self.takes_list = name, params, takes_list


class Program:
    def __init__(self, r):
        self.r = r
        self.lines = []
        self.functions = []
        self.names = 0

    def leaf(self, scope):
        r = self.r
        if scope and r.random() < 0.7:
            return r.choice(scope)
        return r.choice(NUMBERS[:9] if r.random() < 0.9 else NUMBERS)

    def number(self, scope, depth, call=None):
        """An expression; `call` makes a call of a function of the program."""
        r = self.r
        if call and r.random() < 0.3:
            return call()
        if depth <= 0:
            return self.leaf(scope)
        a = self.number(scope, depth - 1, call)
        b = self.number(scope, depth - 1, call)
        k = r.randrange(22)
        if k < 5:
            return f"({a} + {b})"
        if k < 8:
            return f"({a} - {b})"
        if k < 10:
            return f"({a} * {b})"
        if k == 10:
            return f"({a} % {r.choice(NUMBERS[1:])})"
        if k == 11:
            return f"({a} % {b})" if r.random() < 0.2 else f"({a} % (1 + abs({b})))"
        if k == 12:
            return f"floor({a} / {r.choice(NUMBERS[1:8])})"
        if k == 13:
            return f"({a} {r.choice(['&b', '|b', '^b'])} {b})"
        if k == 14:
            return f"({a} {r.choice(['shl', 'shr'])} {r.choice(['1', '2', '7', '13', b])})"
        if k == 15:
            return r.choice([f"~b({a})", f"(-{a})", f"abs({a})", f"(0 - {a})"])
        if k == 16:
            return f"{r.choice(['min', 'max'])}({a}, {b})"
        if k == 17:
            return f"({self.condition(scope, 0)} {{ {a} ~> {b} }})"
        if k == 18:
            return f"({a} / {r.choice(['2', '4', b])})" if r.random() < 0.15 else f"({a} + {b})"
        if k == 19:
            return f"({a} {r.choice(['<', '==', '>='])} {b})"
        return self.leaf(scope)

    def condition(self, scope, depth):
        a, b = self.number(scope, depth), self.number(scope, depth)
        c = f"{a} {self.r.choice(['<', '<=', '>', '>=', '==', '!='])} {b}"
        if self.r.random() < 0.2:
            c = f"{c} {self.r.choice(['and', 'or'])} {self.condition(scope, 0)}"
        return c if self.r.random() < 0.8 else f"({a}) % 2 == 0"

    def call_of(self, scope, own):
        r = self.r

        def call():
            f = r.choice(own)
            args = [r.choice(["d - 1", "d - 1", "d - 2"])]
            args += [self.number(scope, r.randrange(3)) for _ in f.params]
            return f"{f.name}({', '.join(args + ['xs'] * f.takes_list)})"
        return call

    def body(self, f, own):
        r = self.r
        scope = ["d"] + list(f.params)
        if f.takes_list:
            scope = scope + [f"xs[{r.choice(scope)}]", "#xs"]
        call = self.call_of(scope, own)
        self.lines.append(f"    d <= 0 {{ ret {self.number(scope, 1)} }}")
        for _ in range(r.randrange(3)):
            k = r.randrange(5)
            self.names += 1
            name = f"v{self.names}"
            if k < 2:
                self.lines.append(f"    {name} = {self.number(scope, 2, call if k else None)}")
                scope.append(name)
            elif k == 2:
                self.lines.append(f"    {name} := {self.number(scope, 1)}")
                i = f"i{self.names}"
                inner = scope + [name, i]
                op = r.choice(["+=", "-=", "*=", "%=", "<-"])
                value = self.number(inner, 2) if op != "%=" else f"(1 + abs({self.number(inner, 1)}))"
                self.lines.append(f"    @ {i} in 0..<{r.choice(['3', '5', 'd'])} {{ {name} {op} {value} }}")
                scope.append(name)
            elif k == 3:
                self.lines.append(f"    {self.condition(scope, 1)} {{ ret {self.number(scope, 1, call)} }}")
            else:
                self.lines.append(f"    {name} := {self.number(scope, 1)}")
                self.lines.append(f"    @ {name} > 3 and {name} < 1e15 {{ {name} <- {name} % 2 == 0 "
                                  f"{{ floor({name} / 2) ~> {r.choice(['3', '1', '7'])} * {name} + 1 }}\n"
                                  f"        {name} % {r.choice(['7', '5', '3'])} == 1 {{ ret @ }} }}")
                scope.append(name)
        last = r.randrange(4)
        if last == 0:
            self.lines.append(f"    ret {call()}")
        elif last == 1:
            self.lines.append(f"    {self.condition(scope, 0)} {{ {call()} ~> {self.number(scope, 1, call)} }}")
        else:
            self.lines.append(f"    ret {self.number(scope, 2, call)}")

    def make(self):
        r = self.r
        for g in range(r.randrange(1, 4)):
            own = [Function(f"f{g}{chr(97 + k)}", [f"p{k}" for k in range(r.randrange(1, 4))], int(r.random() < 0.2))
                   for k in range(r.choice([1, 1, 1, 2]))]
            lists = any(f.takes_list for f in own)
            for f in own:
                f.takes_list = int(lists)
            others = [f for f in self.functions if f.takes_list == int(lists) and r.random() < 0.2]
            for f in own:
                extra = ", xs" if f.takes_list else ""
                self.lines.append(f"{f.name} = (d, {', '.join(f.params)}{extra}) => {{")
                self.body(f, own + others)
                self.lines.append("}")
            self.functions += own
        self.lines.append("numbers = [3, 1, 4, 1, 5, 9, 2.5, 6]")
        self.lines.append("wholes = [3, 1, 4, 1, 5, 9, 2, 6]")
        self.lines.append("zero = #args()")
        self.lines.append("show = x => println(x, x % 1021, x % 0.75)") # the text has fewer digits than the number
        for f in self.functions:
            for _ in range(r.randrange(2, 6)):
                args = [f"zero + {r.randrange(1, 8)}" if r.random() < 0.9 else r.choice(["0.5", "-0.0", "-1", "6.5"])]
                for _ in f.params:
                    p = r.random()
                    args.append(r.choice(NUMBERS) if p < 0.3 else f"zero + {r.choice(NUMBERS)}" if p < 0.8
                                else f"zero + {r.choice(ODD)}")
                xs = [r.choice(["numbers", "wholes"])] * f.takes_list
                self.lines.append(f"show({f.name}({', '.join(args + xs)}))")
            if not f.takes_list and r.random() < 0.3:
                self.lines.append(f"sum_{f.name} := 0")
                self.lines.append(f"@@ i in 0..<40 {{ sum_{f.name} += {f.name}(i % 5, {', '.join(['i'] * len(f.params))}) }}")
                self.lines.append(f"show(sum_{f.name})")
        return "\n".join(self.lines) + "\n"


def run(command, limit=10):
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    text = done.stdout.decode("utf8", "replace")
    first = done.stderr.decode("utf8", "replace").split("\n")[0]
    return done.returncode, text, "Error: stack overflow" if "stack overflow" in first else first


def try_one(flapc, source, work):
    """None: nothing to be said; else what differs."""
    path, exe = os.path.join(work, "r.flap"), os.path.join(work, "r.exe")
    with open(path, "w") as f:
        f.write(source)
    want = run([flapc, "run", "-q", "-O2", "--no-integers", path])
    if want is None or want[0] not in (0, 1):
        return None
    if want[0] == 1 and "rror[" in want[2]:
        return "does not compile: " + want[2]
    for way in (["-O2"], ["-O0"]):
        got = run([flapc, "run", "-q"] + way + [path], 30)
        if got != want:
            return f"{way}: {got}\n--no-integers: {want}"
    subprocess.run([flapc, "-q", "-O2", "-o", exe, path], capture_output=True, check=False)
    got = run([exe], 30)
    return None if got == want else f"ahead of time: {got}\n--no-integers: {want}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flapc", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--keep", default=".")
    options = parser.parse_args()
    flapc = os.path.abspath(options.flapc)
    start, done, failed = time.time(), 0, 0
    with tempfile.TemporaryDirectory() as work:
        while (time.time() - start < options.seconds) if options.seconds else done < options.count:
            seed = options.seed + done
            source = Program(random.Random(seed)).make()
            done += 1
            problem = try_one(flapc, source, work)
            if problem is None:
                continue
            failed += 1
            path = os.path.join(options.keep, f"recursion_{seed}.flap")
            with open(path, "w") as f:
                f.write(source)
            print(f"seed {seed}: {problem}\nkept as {path}", flush=True)
    print(f"{done} programs, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
