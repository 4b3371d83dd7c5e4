#!/usr/bin/env python3
"""Differential test of parallel loops: random loops from all the forms that a parallel body may have,
50 to a program, each run without a prefix and with 1, 2, 3, 4, 8, 64 threads and `@@`, ahead of time
and in the JIT. Output, error text and exit status must be the same byte for byte.

usage: par_differential.py --flapc PATH [--programs N] [--seed N] [--loops N] [--keep FOLDER] [--seconds N]

Seeds are fixed: program k of seed s is the same everywhere. A program that differs is kept, with the
two outputs, and named.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

PREFIXES = ["1 @", "2 @", "3 @", "4 @", "8 @", "64 @", "@@"]
HANG_SECONDS = 60


class Loop:
    """One loop: definitions before it, its header's sequence, the lines of its body, what is printed after."""

    def __init__(self, rng, number):
        self.rng, self.number = rng, number
        self.before, self.body, self.after = [], [], []
        self.count = rng.choice([0, 1, 2, 5, 7, 40, 100, 333, 1000, 1025, 2500])
        self.names = 0

    def name(self, stem):
        self.names += 1
        return f"{stem}{self.number}_{self.names}"

    def value(self):
        """A number that depends on the iteration; whole and small."""
        r = self.rng
        a, b = r.randint(1, 9), r.randint(0, 50)
        return r.choice([f"i * {a}", f"i + {b}", f"i % {a + 1}", f"(i * {a} + {b}) % 17", f"i * i % {b + 7}",
                         f"floor(i / {a})", f"max(i, {b})", f"({b} - i)", "helper(i)"])

    def anything(self):
        r = self.rng
        return r.choice([self.value(), self.value(), 'f"<{i}>"', "str(i)", f"[i, {self.value()}]",
                         "[str(i), [i]]", "{a: i}", '"text"'])

    def condition(self):
        r = self.rng
        a = r.randint(2, 13)
        return r.choice([f"i % {a} == {r.randint(0, a - 1)}", f"i > {r.randint(0, 900)}",
                         f"i < {r.randint(0, 900)}", f"i % {a} < {max(1, a // 2)}"])

    def maybe(self, line):
        return f"{self.condition()} {{ {line} }}" if self.rng.random() < 0.4 else line

    # --- forms ---

    def reduce(self):
        s, r = self.name("s"), self.rng
        self.before.append(f"{s} := {r.choice(['0', '1', '5', '100'])}")
        form = r.choice([f"{s} += {self.value()}", f"{s} -= {self.value()}", f"{s} <- {s} + {self.value()}",
                         f"{s} <- min({s}, {self.value()})", f"{s} <- max({self.value()}, {s})",
                         f"{s} <- {s} |b ({self.value()})", f"{s} <- {s} ^b ({self.value()})",
                         f"{s} <- {s} and {self.value()} > -5", f"{s} <- {s} or i == 7", f"{s}++"])
        self.body.append(self.maybe(form))
        self.after.append(s)

    def own(self):
        a, r = self.name("own"), self.rng
        if self.kind != "range":
            return self.kept()
        fill = r.choice(["0", '"s"', "[0, 1]", "1.5"])
        self.before.append(f"{a} := [{fill}] * {self.count + 3}")
        if fill == "[0, 1]":
            form = r.choice([f"{a}[i][1] <- {self.value()}", f"{a}[i] <- [{self.value()}]",
                             f"{a}[i][0] <- {a}[i][1] + i"])
        elif fill == '"s"':
            form = r.choice([f"{a}[i] <- {a}[i] + str(i)", f"{a}[i + 1] <- f\"{{i}}!\""])
        else:
            form = r.choice([f"{a}[i] <- {a}[i] * 2 + {self.value()}", f"{a}[i + 2] <- {self.value()}",
                             f"{a}[i] += #{a}", f"{a}[i] <- i / 3"])
        self.body.append(self.maybe(form))
        self.after.append(a)

    def rows(self):
        if self.kind != "range":
            return self.kept()
        t, w = self.name("t"), self.rng.randint(1, 4)
        self.before += [f"{t}w = {w}", f"{t} := [0] * {w * (self.count + 1)}"]
        self.body.append(f"@ j in 0..<{t}w {{ {t}[i * {t}w + j] <- {t}[i * {t}w + j] + i - j }}")
        self.after.append(t)

    def kept(self):
        h, r = self.name("h"), self.rng
        m = r.randint(1, 12)
        fill = r.choice(["0", "0", "0.1", '"x"'])
        self.before.append(f"{h} := [{fill}] * {m}")
        at = f"(i * {r.randint(1, 5)} + {r.randint(0, 3)}) % {m}"
        if fill == '"x"':
            form = r.choice([f"{h}[{at}] <- {self.anything()}", f"{h}[{at}] += str(i)"])
        else:
            form = r.choice([f"{h}[{at}] += {self.value()}", f"{h}[{at}] -= i / 3", f"{h}[{at}] <- {self.value()}",
                             f"{h}[{at}] *= 1.01", f"{h}[{at}] /= 2"])
        self.body.append(self.maybe(form))
        if r.random() < 0.3:
            self.body.append(f"{h}[i % {m}] <- {self.value()}")
        self.after.append(h)

    def keys(self):
        m, r = self.name("m"), self.rng
        self.before.append(f"{m} := {r.choice(['{}', '{a: 1, b: 2}', '{3: 4}'])}")
        key = r.choice([f"i % {r.randint(1, 9)}", f'f"k{{i % {r.randint(1, 9)}}}"', "i", "str(i)"])
        form = r.choice([f"{m}[{key}] <- {self.anything()}", f"{m}[{key}] <- {self.value()}",
                         f"{m}[{key}] += {self.value()}", f"{m}.last <- {self.value()}"])
        self.body.append(self.maybe(form))
        self.after.append(m)

    def collect(self):
        x, r = self.name("x"), self.rng
        if r.random() < 0.4:
            self.before.append(f'{x} := {r.choice([chr(34) * 2, chr(34) + "é" + chr(34)])}')
            form = r.choice([f"{x} += str(i)", f'{x} <- {x} + f"{{i}},"', f'{x} <- {x} + "a" + str(i % 7)'])
        else:
            self.before.append(f"{x} := {r.choice(['[]', '[0]', '[' + chr(34) + 'a' + chr(34) + ']'])}")
            form = r.choice([f"{x} <- {x} + [{self.anything()}]", f"{x} <- {x} + [i, {self.anything()}]",
                             f"{x} <- {x} + range(0, i % 4)", f"{x} += [{self.value()}]",
                             f"{x} <- {x} + [[i]] + [{self.anything()}]"])
            if self.count <= 333:
                form = r.choice([form, form, f"{x} <- i :: {x}"])
        self.body.append(self.maybe(form))
        self.after += [f"#{x}", x]

    def last(self):
        x = self.name("last")
        self.before.append(f"{x} := {self.rng.choice(['0', '-1', chr(34) + 'none' + chr(34)])}")
        self.body.append(f"{self.condition()} {{ {x} <- {self.anything()} }}")
        self.after.append(x)

    def output(self):
        self.body.append(f"{self.condition()} {{ println({self.anything()}, {self.value()}) }}")

    def local(self):
        x, y = self.name("v"), self.name("w")
        self.body += [f"{x} := [i]", f"@ j in 0..<i % 5 {{ {x} <- {x} + [j * i] }}",
                      f"{y} = {x} | (q => q * 2)", f"i % 50 == 3 {{ println({y}, sum({x})) }}"]

    def skip(self):
        self.body.append(f"{self.condition()} {{ @++ }}")

    def nested(self):
        s, x = self.name("n"), self.name("nx")
        self.before += [f"{s} := 0", f"{x} := []"]
        self.body.append(f"i < 30 {{ PREFIX j in 0..<i {{ {s} += j; j % 11 == 3 {{ {x} <- {x} + [i * j] }} }} }}")
        self.after += [s, x]

    def deferred(self):
        s = self.name("d")
        self.before.append(f"{s} := 0")
        self.body.append(f"defer {{ {s} += 1 }}")
        self.after.append(s)

    def leave(self):
        r = self.rng
        at = r.choice([0, 1, 3, self.count // 2, self.count - 1, self.count + 5])
        how = r.choice(["ret @", "ret @", f"ret @ {self.anything()}", 'err @ f"at {i}"', f"ret {self.anything()}"])
        self.body.append(f"i {r.choice(['==', '>='])} {at} {{ {how} }}")
        self.leaves = how

    # --- the whole ---

    def text(self, prefix):
        r = self.rng
        self.kind = r.choice(["range", "range", "range", "list", "string", "map"])
        self.leaves = None
        forms = [self.reduce, self.own, self.rows, self.kept, self.keys, self.collect, self.last, self.output,
                 self.local, self.skip, self.nested, self.deferred]
        for form in r.sample(forms, r.randint(1, 4)):
            form()
        if r.random() < 0.25:
            self.body.insert(r.randint(0, len(self.body)), None)
            at = self.body.index(None)
            self.leave()
            self.body[at] = self.body.pop()
        n = self.count
        header = {"range": f"i in 0..<{n}", "list": f"i in range(0, {n})",
                  "string": f'i in "{"abcdé"[: r.randint(0, 5)]}" * {n // 5}',
                  "map": f"k, i in table({n})"}[self.kind]
        body = "\n        ".join(self.body).replace("PREFIX", prefix)
        shown = ", ".join(self.after) or "0"
        value = self.leaves and ("@ " in self.leaves)
        loop = f"{prefix} {header} {{\n        {body}\n    }}"
        before = "\n    ".join(self.before)
        if value:
            loop = f"value = {loop}\n    println(value)"
        return f"f{self.number} = () => {{\n    {before}\n    {loop}\n    println({shown})\n    0\n}}\nprintln(f{self.number}())\n"


def program(seed, loops, prefix):
    rng = random.Random(seed)
    text = "helper = x => { y := x; y > 40 { y <- y % 40 }; y * 2 }\n"
    text += "table = n => { m := {}; @ q in 0..<n { m[q * 3] <- q }; m }\n"
    for number in range(loops):
        text += Loop(random.Random(rng.random()), number).text(prefix)
    ending = rng.random()
    if ending < 0.2:
        text += f"{prefix} i in 0..<2000 {{ i == 1234 {{ println(1 / (i - i)) }}; i % 400 == 0 {{ println(i) }} }}\n"
    elif ending < 0.4:
        text += f"e := [0] * 100\n{prefix} i in 0..<200 {{ e[i * 7 % 150] += i; i % 10 == 0 {{ println(i) }} }}\nprintln(e)\n"
    elif ending < 0.5:
        text += f"{prefix} i in 0..<2000 {{ i == 777 {{ exit(5) }}; i % 100 == 0 {{ println(i) }} }}\n"
    return text


def run(command):
    done = subprocess.run(command, capture_output=True, timeout=HANG_SECONDS, check=False)
    told = [line for line in done.stderr.split(b"\n") if line.lower().startswith(b"error")]
    return done.returncode, done.stdout, b"\n".join(told)


class Differs(Exception):
    pass


def results(flapc, folder, text, ahead):
    """The program's result in the JIT, or ahead of time."""
    path = os.path.join(folder, "program.flap")
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
    if not ahead:
        return run([flapc, "run", path])
    out = os.path.join(folder, "program")
    made = subprocess.run([flapc, path, "-o", out], capture_output=True, timeout=HANG_SECONDS, check=False)
    if made.returncode != 0:
        return made.returncode, b"", made.stderr
    return run([out])


def compare(flapc, seed, loops, keep):
    with tempfile.TemporaryDirectory() as folder:
        expected = results(flapc, folder, program(seed, loops, "@"), False)
        if expected[0] not in (0, 1, 5) or b"error[" in expected[2]:
            raise Differs(f"program {seed} does not compile:\n{expected[2].decode()[:2000]}")
        for number, prefix in enumerate(PREFIXES):
            for ahead in (False, True) if number % 3 == seed % 3 else (False,):
                text = program(seed, loops, prefix)
                came = results(flapc, folder, text, ahead)
                if came == expected:
                    continue
                if keep:
                    for name, data in (("expected", expected), ("came", came)):
                        with open(os.path.join(keep, name), "wb") as handle:
                            handle.write(b"status %d\n" % data[0] + data[1] + data[2])
                    with open(os.path.join(keep, "program.flap"), "w", encoding="utf-8") as handle:
                        handle.write(text)
                raise Differs(f"program {seed} with `{prefix}` {'ahead of time' if ahead else 'in the JIT'}: "
                              f"status {came[0]}, expected {expected[0]}; see {keep}\n{came[2].decode()[:1000]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flapc", required=True)
    parser.add_argument("--programs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loops", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=1e9, help="start no program after so long")
    parser.add_argument("--keep", default=tempfile.gettempdir())
    options = parser.parse_args()
    start, failed, done = time.monotonic(), 0, 0
    for seed in range(options.seed, options.seed + options.programs):
        if time.monotonic() - start > options.seconds:
            break
        done += 1
        try:
            compare(os.path.abspath(options.flapc), seed, options.loops, options.keep)
        except (Differs, subprocess.TimeoutExpired) as error:
            failed += 1
            print(error)
    print(f"{done} programs of {options.loops} loops, {failed} failed")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())
