#!/usr/bin/env python3
"""Differential test of parallel loops: random loops from all the forms that a parallel body may have,
50 to a program, each run without a prefix and with 1, 2, 3, 4, 8, 64 threads and `@@`, ahead of time
and in the JIT. Output, error text and exit status must be the same byte for byte.

usage: par_differential.py --flapc PATH [--programs N] [--seed N] [--loops N] [-j N] [--keep FOLDER]
                           [--seconds N] [--all]

Seeds are fixed: program k of seed s is the same everywhere. The number of threads is an argument of the
program, so that one executable serves for all; in the JIT two of the numbers are tried, with --all every
one. A program that differs is kept, with the two outputs, and named. A loop that the compiler refuses is
left out; when it refuses more than one in ten, that is a failure.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

COUNTS = [1, 2, 3, 4, 8, 64]
HANG_SECONDS = 120
STDIN = b"".join(b"line %d\n" % i for i in range(2000))

# What every program begins with: functions that bodies call, and values that they share.
PRELUDE = """helper = x => { y := x; y > 40 { y <- y % 40 }; y * 2 }
table = n => { m := {}; @ q in 0..<n { m[q * 3] <- q }; m }
risky = x => { x % 7 == 3 { err f"bad {x}" }; x + 1 }
fib = n => n < 2 { n ~> fib(n - 1) + fib(n - 2) }
word = x => x % 4 { 0 -> "zero" 1 -> f"one{x}" 2 -> upper("two") ~> "more" }
shape = x => x { 0 -> [] 1 -> "one" ~> [x, str(x)] }
pick = x => [q => q + 1, q => q * 10, q => -q][x % 3]
deep = n => n <= 0 { 0 ~> 1 + deep(n - 1) }
hold = (s, n) => { t := s + "h"; xs := [t]; @ j in 0..<n % 40 { t <- t + f"{j}"; xs <- xs + [t]; #t > 30 { t <- s } }; f"{t}{#xs}" }
never = (s, n) => { t := s + "n"; m := {a: t}; @ { m["a"] <- [t, hold(t, n)]; n % 3 == 0 and #t > 40 { t[0:shape(1)] }; t <- t + "x"; #t > 60 { t <- s } } }
sink = (s, n) => { t = s + f"{n}"; [t] + sink(t[0:3], n + 1) }
cell = atomic(0)
lock = mutex_create()
random_seed(11)
"""


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
                         f"floor(i / {a})", f"max(i, {b})", f"({b} - i)", "helper(i)", f"fib(i % {a + 3})",
                         f"deep(i % {b + 1})", f"(risky(i) or! {b})", "#word(i)"])

    def anything(self):
        r = self.rng
        return r.choice([self.value(), self.value(), 'f"<{i}>"', "str(i)", f"[i, {self.value()}]",
                         "[str(i), [i]]", "{a: i}", '"text"', "word(i)", "shape(i % 3)", 'join([str(i), "é"], "-")',
                         f"{{a: [i, {self.value()}], b: str(i)}}", "range(0, i % 4)", "i / 3"])

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

    def held(self):
        x = self.name("hd")
        self.before.append(f"{x} := 0")
        self.body.append(f'{x} += #hold(f"{{i}}" + "-", i) + #(hold("z", i % 7) + f"{{i % 9}}")')
        self.after.append(x)

    def local(self):
        x, y = self.name("v"), self.name("w")
        self.body += [f"{x} := [i]", f"@ j in 0..<i % 5 {{ {x} <- {x} + [j * i] }}",
                      f"{y} = {x} | (q => q * 2)", f"i % 50 == 3 {{ println({y}, sum({x})) }}"]

    def skip(self):
        self.body.append(f"{self.condition()} {{ @++ }}")

    def nested(self):
        s, x, r = self.name("n"), self.name("nx"), self.rng
        self.before += [f"{s} := 0", f"{x} := []"]
        inner = r.choice([f"{s} += j; j % 11 == 3 {{ {x} <- {x} + [i * j] }}",
                          f"{s} += j; j % 9 == 2 {{ println(i, j) }}",
                          f"{x} <- {x} + [i + j]; j == 7 {{ ret @ }}",
                          f"{s} += j; j == 20 {{ @++ }}; j > 25 {{ {x} <- {x} + [str(j)] }}"])
        self.body.append(f"i < 30 {{ PREFIX j in 0..<i {{ {inner} }} }}")
        self.after += [s, x]

    def nested_local(self):
        """Loops inside that work on what is the iteration's own."""
        x, y, r = self.name("v"), self.name("w"), self.rng
        n = r.choice([3, 20, 70])
        inner = r.choice([f"{x}[j] <- {x}[j] + i * j", f"{x}[j] <- j; j == 5 {{ println(i, j) }}",
                          f"{x}[j % 3] += 1", f"PREFIX k in 0..<2 {{ {x}[j] += k + i }}"])
        self.body += [f"i % 50 < 2 {{ {x} := [0] * {n}; PREFIX j in 0..<{n} {{ {inner} }}; {y} = sum({x}); "
                      f"println({y}) }}"]

    def nested_call(self):
        """A function with a parallel loop of its own."""
        g, s, r = self.name("g"), self.name("s"), self.rng
        what = r.choice(["ys <- ys + [k * k]", "k % 3 == 0 { ys <- ys + [str(k)] }",
                         "println(n, k); ys <- ys + [k]", "k == 6 { ret [k] }; ys <- ys + [k]"])
        self.outside.append(f"{g} = (threads, n) => {{ ys := []; PREFIX k in 0..<n {{ {what} }}; ys }}")
        self.before.append(f"{s} := 0")
        self.body.append(f"i % 40 == 1 {{ {s} += #{g}(threads, i % 30) }}")
        self.after.append(s)

    def paths(self):
        """Elements of elements: proven and not."""
        t, r = self.name("deep"), self.rng
        if self.kind == "range" and r.random() < 0.5:
            self.before.append(f"{t} := [[0, [0, 0]]] * {self.count + 1}")
            form = r.choice([f"{t}[i][0] <- {self.value()}", f"{t}[i][1][i % 2] += {self.value()}",
                             f"{t}[i][1] <- [{self.value()}, i]"])
        else:
            self.before.append(f"{t} := {r.choice(['{a: [0] * 5, b: {c: 1}}', '[[0] * 5, [1] * 5]'])}")
            base = f"{t}.a" if "{" in self.before[-1] else f"{t}[{r.choice(['0', 'i % 2'])}]"
            form = r.choice([f"{base}[i % 5] <- {self.value()}", f"{base}[i % 5] += {self.value()}",
                             f"{base}[{r.randint(0, 4)}] <- {self.value()}"])
        self.body.append(self.maybe(form))
        self.after.append(t)

    def chance(self):
        s = self.name("r")
        self.before.append(f"{s} := 0")
        self.body.append(self.maybe(f"{s} += floor(random() * 1000)"))
        self.after.append(s)

    def shared(self):
        """Cells and mutexes, for sums that do not depend on the order."""
        r = self.rng
        self.before.append("atomic_store(cell, 0)")
        self.body.append(self.maybe(r.choice([
            f"atomic_add(cell, {self.value()})",
            "mutex_lock(lock); atomic_store(cell, atomic_load(cell) + i); mutex_unlock(lock)"])))
        self.after.append("atomic_load(cell)")

    def pipes(self):
        s, r = self.name("p"), self.rng
        self.before.append(f"{s} := 0")
        form = r.choice(["sum([i, i + 1] || (q => q * 2))", "#([i, [i]] || (q => [q]))",
                         "(range(0, i % 9 + 1) || helper ||| ((a, b) => a + b))"])
        self.body.append(f"i % 10 == 2 {{ {s} += {form} }}")
        self.after += [s, f"sum(range(0, {self.count}) || (q => q % 5))"]

    def waits(self):
        r = self.rng
        self.body.append(f"{self.condition()} {{ " + r.choice([
            'i % 30 == 4 { eprintln("note", i) }', "i % 100 == 9 { println(readln()) }",
            'i % 60 == 5 { println(i); eprintln(str(i)) }']) + " }")

    def room(self):
        s = self.name("a")
        self.before.append(f"{s} := 0")
        self.body.append(f"arena {{ pointer = alloc(i % 100 + 1); pointer > 0 {{ {s} += 1 }} }}")
        self.after.append(s)

    def texts(self):
        t, s = self.name("t"), self.name("s")
        self.before.append(f"{s} := 0")
        self.body += [f'{t} := "ab" + str(i)', f"i % 3 == 0 {{ {t} <- upper({t}) + word(i) }}",
                      f'{s} += #{t} + #split({t}, "1")', f"i % 70 == 6 {{ println({t}[0:3], reverse({t})) }}"]
        self.after.append(s)

    def maps(self):
        m, s = self.name("m"), self.name("s")
        self.before.append(f"{s} := 0")
        self.body += [f"{m} := {{a: i, b: [i]}}", f"{m}[str(i % 3)] <- i", f"{m}.b[0] += 2",
                      f"@ key in {m} {{ {s} += #str(key) }}", f"i % 80 == 7 {{ println({m}) }}"]
        self.after.append(s)

    def closures(self):
        f, s = self.name("f"), self.name("s")
        self.before.append(f"{s} := []")
        self.body += [f"{f} = pick(i)", f"i % 15 == 8 {{ {s} <- {s} + [{f}(i), (q => q + i)(2)] }}"]
        self.after.append(s)

    def state(self):
        s = self.name("c")
        self.before.append(f"{s} := 0")
        self.body += [f"{s} += @counter", "@first { println(i) }", "@last { println(i, @counter) }"]
        self.after.append(s)

    def failures(self):
        x = self.name("e")
        self.before.append(f"{x} := []")
        self.body.append(f"i % 20 < 3 {{ {x} <- {x} + [risky(i)] }}")
        self.after.append(x)

    def histogram(self):
        h, r = self.name("hg"), self.rng
        m = r.randint(1, 12)
        init = r.choice(["0", "0", "5", "1.5", "-0.0", "9007199254740990"])
        self.before.append(f"{h} := [{init}] * {m}")
        e = r.choice(["1", "i % 5", "2 - i % 3", "i / 2", self.value()])
        at = r.choice([f"(i * {r.randint(1, 5)}) % {m}", f"floor(i / 3) % {m}",
                       f"i % {m + (1 if r.random() < 0.02 else 0)}"])
        op = r.choice(["add", "add", "sub", "set", "min", "max", "and", "or", "band", "bor", "bxor", "mul", "div",
                       "mod", "comm"])
        form = {"add": f"{h}[{at}] += {e}", "sub": f"{h}[{at}] -= {e}", "set": f"{h}[{at}] <- {h}[{at}] + {e} - 1",
                "comm": f"{h}[{at}] <- {e} + {h}[{at}]",
                "min": f"{h}[{at}] <- min({h}[{at}], {e})", "max": f"{h}[{at}] <- max({e}, {h}[{at}])",
                "and": f"{h}[{at}] <- {h}[{at}] and {e} > 1", "or": f"{h}[{at}] <- {h}[{at}] or {e} > 8",
                "band": f"{h}[{at}] <- {h}[{at}] &b ({e})", "bor": f"{h}[{at}] <- {h}[{at}] |b ({e})",
                "bxor": f"{h}[{at}] <- ({e}) ^b {h}[{at}]", "mul": f"{h}[{at}] *= 1 + {e} % 2",
                "div": f"{h}[{at}] /= 1 + {e} % 2", "mod": f"{h}[{at}] %= 3 + {e} % 2"}[op]
        if r.random() < 0.3:
            form = f"@ q in 0..<i % 4 {{ {form} }}"
        self.body.append(self.maybe(form))
        self.after.append(h)

    def sums(self):
        m, r = self.name("ms"), self.rng
        self.before.append(f"{m} := {r.choice(['{}', '{a: 1, b: 2.5}', '{3: 4, 0: 1}'])}")
        key = r.choice([f"i % {r.randint(1, 9)}", f'f"k{{i % {r.randint(1, 9)}}}"', "i", 'i % 3 == 0 { "a" ~> "b" }'])
        if "{ " in key:
            self.body.append(f"{m}k = {key}")
            key = f"{m}k"
        e = r.choice(["1", "i % 5", "i / 2", self.value()])
        form = r.choice([f"{m}[{key}] += {e}", f"{m}[{key}]++", f"{m}[{key}] -= {e}", f"{m}[{key}] <- {m}[{key}] + {e}",
                         f"{m}[{key}] <- {m}[{key}] |b ({e})", f"{m}[{key}] <- max({m}[{key}], {e})"])
        self.body.append(self.maybe(form))
        self.after.append(m)

    def groups(self):
        m, r = self.name("g"), self.rng
        k = r.randint(1, 4)
        self.before.append(f"{m} := {r.choice(['[[]] * ' + str(k), '{0: [], 1: [], 2: [], 3: []}'])}")
        form = r.choice([f"{m}[i % {k}] <- {m}[i % {k}] + [{self.anything()}]", f"{m}[i % {k}] += [{self.anything()}]"])
        self.body.append(self.maybe(form))
        self.after.append(m)

    def ends(self):
        x, r = self.name("e"), self.rng
        if self.count > 400:
            return self.sums()
        t = r.random() < 0.4
        self.before.append(f'{x} := {chr(34) * 2 if t else "[]"}')
        item = "str(i)" if t else f"[{self.anything()}]"
        forms = [f"{x} <- {item} + {x}", f"{x} <- {x} + {item}", f"{x} += {item}"]
        if not t:
            forms += [f"{x} <- {self.value()} :: {x}", f"{x} <- push({x}, {self.anything()})"]
        for _ in range(r.randint(1, 2)):
            self.body.append(self.maybe(r.choice(forms)))
        self.after.append(x)

    def ownkeys(self):
        m, r = self.name("ok"), self.rng
        if self.kind not in ("range", "map"):
            return self.sums()
        self.before.append(f"{m} := {r.choice(['{}', '{1: 5, 7: 2, 30: 1}', '{3: 4}'])}")
        key = "k" if self.kind == "map" else r.choice(["i", "2 * i", "i + 5"])
        self.body += [f"{m}[{key}] <- {m}[{key}] + {self.value()}", self.maybe(f"{m}[{key}] += {m}[{key}] * 2")]
        self.after.append(m)

    def swap(self):
        a, r = self.name("sw"), self.rng
        if self.kind != "range":
            return self.sums()
        self.before += [f"{a} := range(0, {2 * self.count + 2})", f'{a}t := ["a"] * {self.count + 1}']
        form = r.choice([f"{a}[i] <-> {a}t[i]", f"{a}[2 * i] <-> {a}[2 * i + 1]",
                         f"{a}[i] <-> {a}[{2 * self.count} - i]"])
        self.body.append(self.maybe(form))
        self.after += [a, f"{a}t"]

    def deferlist(self):
        x = self.name("dl")
        self.before.append(f"{x} := []")
        self.body.append(f"defer {{ {x} <- {x} + [i] }}")
        self.body.append(self.maybe(f"{x} <- {x} + [-i]"))
        self.after.append(x)

    def errors(self):
        s, r = self.name("er"), self.rng
        at = r.choice([3, 50, 500, 9999])
        self.before.append(f"{s} := 1")
        self.before.append(f'{s}f = q => q > {at} {{ err f"bad {{q}}" ~> q }}')
        form = r.choice([f"{s} += {s}f(i)", f"{s} <- {s} * {s}f(i % 2)", f"{s} <- min({s}, {s}f(i))",
                         f"{s} <- max({s}f(i), {s})"])
        self.body.append(self.maybe(form))
        self.after.append(s)

    def deferred(self):
        s = self.name("d")
        self.before.append(f"{s} := 0")
        self.body.append(f"defer {{ {s} += 1 }}")
        self.after.append(s)

    def parts(self):
        """Elements of parts of a variable: own ones, and others that are not read."""
        g, r = self.name("g"), self.rng
        at = "i" if self.kind == "range" else "@counter"
        n = self.count + 1
        self.before.append(f'{g} := {{xs: range(0, {n}), rows: [{{n: 1, t: "a", ys: [0, 1]}}] * {n}, h: [0] * 7, k: 3}}')
        forms = [f"{g}.xs[{at}] <- {g}.xs[{at}] * {g}.k + {self.value()}",
                 f"{g}.rows[{at}].n <- {g}.rows[{at}].n * 2 + #{g}.rows[{at}].t",
                 f"{g}.rows[{at}].t <- {g}.rows[{at}].t + str({g}.k)",
                 f"{g}.rows[{at}].ys[i % 2] += {g}.rows[{at}].n + #{g}.rows",
                 f"{g}.rows[{at}].ys <- {g}.rows[{at}].ys + [i]",
                 f"PREFIX j in 0..<2 {{ {g}.rows[{at}].ys[j] <- {g}.rows[{at}].ys[j] * 2 + j }}",
                 f"{g}.h[i % 7] += {self.value()}", f"{g}.rows[{at}].n <-> {g}.rows[{at}].m"]
        for form in r.sample(forms, r.randint(1, 3)):
            self.body.append(self.maybe(form))
        self.after.append(g)

    def inner_keys(self):
        m, r = self.name("ik"), self.rng
        change = r.choice([f"{m}[key] <- {m}[key] * 2 + i", f"{m}[key] <- [{m}[key], i]"])
        self.body += [f"{m} := {{a: i, b: 2, 7: 3}}", f"PREFIX key in {m} {{ {change} }}",
                      f"i % 70 == 4 {{ println({m}) }}"]

    def maps_in_body(self):
        x, r = self.name("mp"), self.rng
        self.before.append(f"{x} := []")
        form = r.choice([f"{x} <- {x} + (range(0, i % 5) || (q => q * i))",
                         f'{x} <- {x} + ([i, "a"] || str)',
                         f"[i, i + 1] || (q => {{ q % 50 == 7 {{ println(q, i) }}; q }})",
                         f"{x} <- {x} + ([[i], [1, 2]] || (q => q || (z => z + i)))",
                         f"{x} <- {x} + (range(0, i % 3) || (q => deep(q + i % 4) max 9))"])
        self.body.append(f"i % 6 == 1 {{ {form} }}")
        self.after.append(x)

    def bounded(self):
        s = self.name("bd")
        self.before.append(f"{s} := 0")
        self.body.append(self.maybe(f"{s} += deep(i % 30) max 31"))
        self.after.append(s)

    def leave(self):
        r = self.rng
        at = r.choice([0, 1, 3, self.count // 2, self.count - 1, self.count + 5])
        how = r.choice(["ret @", "ret @", f"ret @ {self.anything()}", 'err @ f"at {i}"', f"ret {self.anything()}"])
        self.body.append(f"i {r.choice(['==', '>='])} {at} {{ {how} }}")
        self.leaves = how
        # Iterations that never should have run hold something, for ever or until they stop.
        self.spoils = None
        if self.kind in ("range", "list") and r.random() < 0.5:
            harm = r.choice(['never(f"{i}", i)', 'never(f"{i}", i * 3)', 'hold(f"{i}", 0 - i) + shape(2)',
                             '[hold("a", i), 1 / (i - i)]', 'sink(f"s{i}", i)'])
            self.spoils = f"i == {at} {{ {how} }}; i > {at} {{ println({harm}) }}"

    # --- the whole ---

    def text(self, prefix):
        r = self.rng
        self.kind = r.choice(["range", "range", "range", "list", "string", "map"])
        self.leaves = None
        self.outside = []
        forms = [self.reduce, self.own, self.rows, self.kept, self.keys, self.collect, self.last, self.output,
                 self.local, self.skip, self.nested, self.nested_local, self.nested_call, self.deferred, self.paths,
                 self.chance, self.shared, self.pipes, self.waits, self.room, self.texts, self.maps, self.closures,
                 self.state, self.failures,
                 self.histogram, self.sums, self.groups, self.ends, self.ownkeys, self.swap, self.deferlist,
                 self.errors, self.parts, self.inner_keys, self.maps_in_body, self.bounded, self.held]
        changes = [self.reduce, self.own, self.kept, self.keys, self.collect, self.last, self.paths, self.histogram,
                   self.sums, self.groups, self.ends, self.ownkeys, self.swap, self.parts]
        for form in r.sample(forms, r.randint(1, 4)):
            form()
            if form in changes and r.random() < 0.2:  # when the iteration ends, last first
                self.body[-1] = f"defer {{ {self.body[-1]} }}"
        if r.random() < 0.25:
            self.body.insert(r.randint(0, len(self.body)), None)
            at = self.body.index(None)
            self.leave()
            self.body[at] = self.body.pop()
            if self.spoils:
                del self.body[at]
                self.body.insert(0, self.spoils)
        n = self.count
        header = {"range": f"i in 0..<{n}", "list": f"i in range(0, {n})",
                  "string": f'letter in repeat("{"abcdé"[: r.randint(0, 5)]}", {n // 5})',
                  "map": f"k, i in table({n})"}[self.kind]
        if self.kind == "string":  # what bodies do needs numbers
            self.body.insert(0, "i = @counter + letter % 2")
        elif r.random() < 0.1:
            header += f" max {n + 1}"
        body = "\n        ".join(self.body)
        if self.leaves and "atomic_load(cell)" in self.after:  # which iterations ran shows there
            self.after.remove("atomic_load(cell)")
        shown = ", ".join(self.after) or "0"
        value = self.leaves and ("@ " in self.leaves)
        loop = f"PREFIX {header} {{\n        {body}\n    }}"
        before = "\n    ".join(self.before)
        if value:
            loop = f"value = {loop}\n    println(value)"
        outside = "".join(line + "\n" for line in self.outside)
        text = (f"{outside}f{self.number} = threads => {{\n    {before}\n    {loop}\n    println({shown})\n    0\n}}\n"
                f"println(f{self.number}(threads))\n")
        return text.replace("PREFIX", prefix)


ENDINGS = [
    "PREFIX i in 0..<2000 { i == 1234 { println(1 / (i - i)) }; i % 400 == 0 { println(i) } }",
    "e := [0] * 100\nPREFIX i in 0..<200 { e[i * 7 % 150] += i; i % 10 == 0 { println(i) } }\nprintln(e)",
    "PREFIX i in 0..<2000 { i == 777 { exit(5) }; i % 100 == 0 { println(i) } }",
    "PREFIX i in 0..<90 { PREFIX j in 0..<90 { i * j == 444 { assert(i < 0) } }; i % 2 == 0 { println(i) } }",
    "defer { println(\"end\") }\n"
    "PREFIX i in 0..<90 { defer { i % 9 == 0 { println(i) } }; PREFIX j in 0..<9 { i + j == 66 { exit(3) } } }",
    "PREFIX i in 0..<50 { x = [i]; PREFIX j in 0..<50 { i == 20 and j == 30 { println(x[j]) } } }",
    "PREFIX i in 0..<500 { i == 321 { i <- undefined_key_of({a: 1}) } }".replace("i <- ", "z = ")
    .replace("undefined_key_of({a: 1})", "num(\"x\")") + "; println(\"done\")",
    "PREFIX i in 0..<10 max 4 { println(i) }",
    "w := 0\ndefer { println(w) }\nPREFIX i in 0..<900 { w += i; i == 431 { exit(3) } }",
    "d := [0] * 5\nPREFIX i in 0..<90 { defer { i % 9 == 0 { println(i) } }; defer { d[i % 7] += 1 } }",
    "deeper = n => n <= 0 { 0 ~> deeper(n - 1) + 1 }\n"
    "PREFIX i in 0..<90 { i % 9 == 0 { println(i) }; deeper(i) max 50 }",
]


def pieces(seed, loops, prefix):
    """The program's loops, each a text, and what the program begins and ends with."""
    rng = random.Random(seed)
    parts = [Loop(random.Random(rng.random()), number).text(prefix) for number in range(loops)]
    ending = rng.choice(ENDINGS + ["println(0)"] * 6)
    begin = PRELUDE + "threads = #args() > 0 { num(args()[0]) ~> 1 }\n"
    return begin, parts, ending.replace("PREFIX", prefix) + "\n"


def program(seed, loops, prefix, refused=()):
    begin, parts, end = pieces(seed, loops, prefix)
    return begin + "".join(part for number, part in enumerate(parts) if number not in refused) + end


def run(command, folder, env=None):
    done = subprocess.run(command, cwd=folder, input=STDIN, capture_output=True, timeout=HANG_SECONDS, check=False,
                          env={**os.environ, "FLAP_DEBUG": "leaks", **(env or {})})
    return done.returncode, done.stdout, done.stderr


def without_leaks(result):
    """Where the loop without its prefix leaves something behind, nothing is to be learnt from that."""
    return result[:2] + (re.sub(rb"leaks: \d+ objects\n", b"", result[2]),)


class Differs(Exception):
    pass


class Case:
    """One program in its three versions: without a prefix, with a number of threads, with `@@`."""

    def __init__(self, options, seed, folder):
        self.flapc, self.options, self.seed, self.folder = os.path.abspath(options.flapc), options, seed, folder
        self.refused = set()

    def path(self, kind):
        return os.path.join(self.folder, kind, "program.flap")

    def write(self, kind, prefix):
        os.makedirs(os.path.dirname(self.path(kind)), exist_ok=True)
        with open(self.path(kind), "w", encoding="utf-8") as handle:
            handle.write(program(self.seed, self.options.loops, prefix, self.refused))

    def find_refused(self):
        """Leaves out the loops that the compiler refuses."""
        begin, parts, _ = pieces(self.seed, self.options.loops, "@@")
        self.write("every", "@@")
        done = subprocess.run([self.flapc, "check", self.path("every")], capture_output=True, text=True,
                              timeout=HANG_SECONDS, check=False)
        if done.returncode == 0:
            return
        for line in re.findall(r"error\[.*\n +--> .*program\.flap:(\d+):", done.stderr):
            at, number = int(line) - begin.count("\n"), 0
            while number < len(parts) - 1 and at > parts[number].count("\n"):
                at -= parts[number].count("\n")
                number += 1
            self.refused.add(number)
        if not self.refused:
            raise Differs(f"program {self.seed} does not compile:\n{done.stderr[:2000]}")

    def build(self, kind):
        folder = os.path.join(self.folder, kind)
        made = subprocess.run([self.flapc, "-q", "-O2" if self.seed % 2 else "-O0", "program.flap", "-o", "program"],
                              cwd=folder, capture_output=True, timeout=HANG_SECONDS, check=False)
        if made.returncode != 0:
            raise Differs(f"program {self.seed} does not compile:\n{made.stderr.decode()[:2000]}")

    def ahead(self, kind, words=(), env=None):
        return run(["./program", *words], os.path.join(self.folder, kind), env)

    def jit(self, kind, words=(), env=None):
        level = "-O0" if self.seed % 2 else "-O2"
        return run([self.flapc, "run", "-q", level, "program.flap", *words], os.path.join(self.folder, kind), env)

    def expect(self, expected, came, what, kind):
        if came == expected or (b"leaks: " in expected[2] and without_leaks(came) == without_leaks(expected)):
            return
        keep = os.path.join(self.options.keep, f"differs-{self.seed}")
        os.makedirs(keep, exist_ok=True)
        for name, data in (("expected", expected), ("came", came)):
            with open(os.path.join(keep, name), "wb") as handle:
                handle.write(b"status %d\n" % data[0] + data[1] + data[2])
        with open(self.path(kind), "rb") as source, open(os.path.join(keep, "program.flap"), "wb") as handle:
            handle.write(source.read())
        raise Differs(f"program {self.seed} {what}: status {came[0]}, expected {expected[0]}; see {keep}\n"
                      f"{came[2].decode(errors='replace')[:1000]}")

    def compare(self):
        self.find_refused()
        self.write("plain", "@")
        self.write("counted", "threads @")
        self.write("every", "@@")
        expected = self.jit("plain")
        if expected[0] not in (0, 1, 3, 5):
            raise Differs(f"program {self.seed} ends with status {expected[0]}:\n{expected[2].decode()[:2000]}")
        self.build("counted")
        self.build("every")
        for count in COUNTS:
            self.expect(expected, self.ahead("counted", [str(count)]), f"on {count} threads, ahead of time", "counted")
        for env in ({}, {"FLAP_NUM_THREADS": "3"}):
            self.expect(expected, self.ahead("every", env=env), "with `@@` ahead of time", "every")
        tried = COUNTS if self.options.all else [COUNTS[self.seed % len(COUNTS)]]
        for count in tried:
            self.expect(expected, self.jit("counted", [str(count)]), f"on {count} threads in the JIT", "counted")
        self.expect(expected, self.jit("every"), "with `@@` in the JIT", "every")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flapc", required=True)
    parser.add_argument("--programs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loops", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=1e9, help="start no program after so long")
    parser.add_argument("--keep", default=tempfile.gettempdir())
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1, help="programs at a time")
    parser.add_argument("--all", action="store_true", help="every number of threads in the JIT too")
    options = parser.parse_args()
    start, tell = time.monotonic(), threading.Lock()
    failed, done, refused = [], [], []

    def one(seed):
        if time.monotonic() - start > options.seconds:
            return
        with tempfile.TemporaryDirectory() as folder:
            case = Case(options, seed, folder)
            try:
                case.compare()
            except (Differs, subprocess.TimeoutExpired) as error:
                failed.append(seed)
                with tell:
                    print(error, flush=True)
            done.append(seed)
            refused.extend(case.refused)

    with ThreadPoolExecutor(options.j) as pool:
        list(pool.map(one, range(options.seed, options.seed + options.programs)))
    loops = len(done) * options.loops
    print(f"{len(done)} programs of {options.loops} loops, {len(refused)} loops refused, {len(failed)} failed")
    return 1 if failed or not done or len(refused) * 10 > loops else 0


if __name__ == "__main__":
    sys.exit(main())
