#!/usr/bin/env python3
"""Random programs, each with the same program in Python: flapc's must behave alike.

usage: fuzz_programs.py --flapc PATH [--seed N] [--seconds S | --count N] [--keep FOLDER]

A program is written twice at once, as Flap and as Python over flap_model.py (fuzz_expressions.py has the
expressions, here are the statements). It is then compiled ahead of time
at -O0, -O2 and -O3 and run in the JIT, also without integers; output and exit status must be the model's. A program with a
parallel loop is run with several numbers of threads.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from fuzz_expressions import ATOM, E, Expressions

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "flap_model.py"), encoding="utf8") as model_file:
    MODEL = model_file.read()


class Statements(Expressions):
    # statements
    def block(self, count):
        self.scopes.append({})
        self.depth += 1
        self.pdepth += 1
        self.py.append("    " * self.pdepth + "pass")
        for _ in range(count):
            if not self.statement():
                break
        self.pdepth -= 1
        self.depth -= 1
        self.scopes.pop()

    def define(self, kind, mutable, e):
        name = self.fresh()
        self.say(f"{name} {':=' if mutable else '='} {e.flap}", f"{name} = {e.py}")
        self.scopes[-1][name] = (kind, mutable, name)
        return name

    def statement(self):
        """Writes one; False if nothing may follow it in its block."""
        self.budget -= 1
        r = self.r
        if self.budget < 0:
            return False
        k = r.randrange(42)
        deep = len(self.loops) + self.depth
        if k < 8:
            kind = r.choice(["n", "n", "n", "n", "ln", "ln", "s", "la", "any", "fn", "any"])
            self.define(kind, r.random() < 0.6 and kind != "fn", self.of(kind, 3))
        elif k < 16:
            vs = self.visible(None, True)
            if not vs:
                return True
            name, p, kind = r.choice(vs)
            how = r.random()
            self.pure += 1 if how < 0.5 else 0
            if kind == "n" and how < 0.5:
                if r.random() < 0.4:
                    op = r.choice(["++", "--"])
                    self.say(name + op, f"{p} = {p} {op[0]} 1.0")
                else:
                    op, py = r.choice([("+=", "{0} + {1}"), ("-=", "{0} - {1}"), ("*=", "{0} * {1}"), ("%=", "fmod({0}, {1})"), ("/=", "fdiv({0}, {1})")])
                    e = self.n(2)
                    self.say(f"{name} {op} {e.flap}", f"{p} = " + py.format(p, e.py))
            elif kind in ("ln", "la") and how < 0.5:
                i = self.index_within(p, name)
                e = self.n(2) if kind == "ln" else self.any(2)
                if kind == "ln" and r.random() < 0.3:
                    op, py = r.choice([("+=", "{0} + {1}"), ("-=", "{0} - {1}"), ("*=", "{0} * {1}")])
                    read = f"at({p}, t1)"
                    self.say(f"{name}[{i.flap}] {op} {e.flap}", f"t1 = {i.py}; t2 = {py.format(read, e.py)}; {p} = put_at({p}, t1, t2)")
                else:
                    self.say(f"{name}[{i.flap}] <- {e.flap}", f"t1 = {i.py}; {p} = put_at({p}, t1, {e.py})")
            elif kind in ("ln", "la") and how < 0.75:
                e = self.n(2) if kind == "ln" else self.any(2)
                self.say(f"{name} <- {name} + [{e.flap}]", f"{p} = join({p}, ({e.py},))")
            elif kind == "s" and how < 0.4:
                e = self.s(2)
                self.say(f"{name} += {e.at(11)}", f"{p} = join({p}, {e.py})")
            else:
                e = self.of(kind, 3)
                self.say(f"{name} <- {e.flap}", f"{p} = {e.py}")
            self.pure -= 1 if how < 0.5 else 0
        elif k < 20:
            es = [self.any(2) for _ in range(r.randrange(1, 4))]
            self.say(f"println({', '.join(e.flap for e in es)})", f"println({', '.join(e.py for e in es)})")
        elif k < 21:
            self.pure += 1
            e = self.n(2)
            self.pure -= 1
            conv = r.choice(["d", "5d", "-4d", "x", "04d", "+d", "u", "o"])
            self.say(f'printf("%{conv}|%v\\n", {e.flap}, {e.flap})', f'put(cfmt("{conv}", {e.py}) + "|" + num({e.py}) + "\\n")')
        elif k < 25 and deep < 4:
            c = self.c(2)
            self.say(f"({c.flap}) {{" if not re.match(r"^[\w]", c.flap) else f"{c.flap} {{", f"if {c.py}:")
            self.block(r.randrange(1, 4))
            if r.random() < 0.5:
                self.say("~>", "else:")
                self.lines[-1] = "    " * self.depth + "    ~> {"
                self.depth += 1
                self.block(r.randrange(1, 3))
                self.depth -= 1
                self.say("    }", None)
            self.say("}", None)
        elif k < 32 and deep < 5:
            self.loop()
        elif k < 33 and self.loops and (not self.quiet or len(self.loops) > 1):
            target = r.randrange(len(self.loops))
            if r.random() < 0.5 or self.quiet and target == 0:
                self.say("@++" if target == len(self.loops) - 1 else f"@{target + 1}++", f"raise N{self.loops[target]}")
            else:
                self.say("ret @" if target == len(self.loops) - 1 else f"ret @{target + 1}", f"raise B{self.loops[target]}")
            return False
        elif k < 34 and self.in_function and r.random() < 0.5:
            e = self.of(self.in_function, 2)
            self.say(f"ret {e.flap}", f"return {e.py}")
            return False
        elif k < 35:
            a = self.visible(None, True)
            if len(a) >= 2:
                x = r.choice(a)
                ys = [y for y in a if y[2] == x[2] and y[0] != x[0]]
                if ys:
                    y = r.choice(ys)
                    self.say(f"{x[0]} <-> {y[0]}", f"{x[1]}, {y[1]} = {y[1]}, {x[1]}")
        elif k < 36:
            es = [self.n(1), self.any(1)]
            names = [self.fresh(), self.fresh()]
            mutable = r.random() < 0.5
            self.say(f"{names[0]}, {names[1]} {':=' if mutable else '='} [{es[0].flap}, {es[1].flap}]",
                     f"{names[0]}, {names[1]} = {es[0].py}, {es[1].py}")
            for name in names:
                self.scopes[-1][name] = ("any", mutable, name)
        elif k < 38 and self.depth == 0 and not self.loops:
            self.function()
        elif self.parallel and self.depth == 0 and k < 40:
            self.parallel_loop()
        elif k >= 40 and self.depth == 0 and not self.loops:
            self.nest()
        return True

    def nest(self):
        """Sums over an inner loop, of which compilers make several side by side."""
        r = self.r
        xs, ys, out, total, s, t, i, k = (self.fresh() for _ in range(8))
        count, trips, wide = r.randrange(0, 41), r.randrange(0, 31), r.randrange(1, 41)
        for name in (xs, ys):
            size = max(0, max(count, wide) * max(trips, 1) - r.choice([0, 0, 0, 0, 1, 40]))
            a, b, c = r.randrange(1, 40), r.randrange(2, 40), r.choice([0, 0.5, 3, 7.25])
            self.say(f"{name} := range(0, {size}) | (p => p * {a} % {b} - {c})",
                     f"{name} = tuple(float(p * {a} % {b}) - {float(c)} for p in range({size}))")
            self.scopes[-1][name] = ("ln", True, name)
        zs, most = self.fresh(), max(count, trips, 1)
        short = r.choice([0, 0, 0, 0, 1, 5])
        a, b = r.randrange(1, 40), r.randrange(2, 40)
        self.say(f"{zs} := range(0, {most}) | (q => range(0, max({most - short} - q % {short + 1}, 0)) | (p => (p * {a} + q) % {b} - 1.5))",
                 f"{zs} = tuple(tuple(float((p * {a} + q) % {b}) - 1.5 for p in range(max({most - short} - q % {short + 1}, 0))) for q in range({most}))")
        length = max(0, count - r.choice([0, 0, 0, 0, 0, 1]))
        self.say(f"{out} := [0] * {length}", f"{out} = (0.0,) * {length}")
        self.say(f"{total} := 0.5", f"{total} = 0.5")
        self.scopes[-1][out] = ("ln", True, out)
        self.scopes[-1][total] = ("n", True, total)
        parallel = self.parallel and r.random() < 0.4
        low = r.choice([0, 0, 0, 1, 2])
        position = lambda: r.choice([(f"{i} * {trips} + {k}", f"{i}*{trips}.0+{k}"), (f"{k} * {wide} + {i}", f"{k}*{wide}.0+{i}"),
                                     (f"{k} + {i}", f"{k}+{i}"), (k, k), (i, i), (f"{k} * 2", f"{k}*2.0")])
        def product(read_out):
            (p, pp), (q, qp) = position(), position()
            second = out if read_out and r.random() < 0.2 else ys
            form, py = r.choice([("{0} * {1}", "{0} * {1}"), ("{0} - {1}", "{0} - {1}"), ("{0} * {1} * (" + i + " + 1)", "{0} * {1} * (" + i + " + 1.0)"),
                                 ("{0} / ({1} + 100.5)", "fdiv({0}, {1} + 100.5)"), ("abs({0}) + {1} * s_", "abs({0}) + {1} * s_")])
            form, py = form.replace("s_", s), py.replace("s_", s)
            if r.random() < 0.5:
                (q, w) = r.choice([(k, i), (i, k)])
                return form.format(f"{xs}[{p}]", f"{zs}[{q}][{w}]"), py.format(f"at({xs}, {pp})", f"at(at({zs}, {q}), {w})")
            return form.format(f"{xs}[{p}]", f"{second}[{q}]"), py.format(f"at({xs}, {pp})", f"at({second}, {qp})")
        lines = [(0, f"{'@@' if parallel else '@'} {i} in {low}..<{count} {{", f"for {i} in rng({low}.0, {count}.0, 0):"),
                 (1, f"{s} := 0.25", f"{s} = 0.25"), (1, f"{t} := {i} * 0.5", f"{t} = {i} * 0.5"),
                 (1, f"@ {k} in 0..<{trips} {{", f"for {k} in range({trips}):"), (2, None, f"{k} = float({k})")]
        flap, py = product(not parallel)
        lines.append((2, f"{s} += {flap}", f"{s} = {s} + ({py})"))
        if r.random() < 0.5:
            p, pp = position()
            op = r.choice(["+", "-"])
            lines += [(2, f"{ys}[{p}] > 1 {{ {t} {op}= {xs}[{k}] }}", f"if at({ys}, {pp}) > 1.0: {t} = {t} {op} at({xs}, {k})")]
        lines.append((1, "}", None))
        if r.random() < 0.5:
            lines.append((1, f"{s} <- {s} * 0.5 + {t}", f"{s} = {s} * 0.5 + {t}"))
        lines.append((1, f"{out}[{i}] <- {s} - {t}", f"{out} = put_at({out}, {i}, {s} - {t})"))
        if not parallel and r.random() < 0.4:
            lines.append((1, f"{total} <- {total} / 2 + {s}", f"{total} = {total} / 2.0 + {s}"))
        lines.append((0, "}", None))
        for depth, flap, py in lines:
            self.say(None if flap is None else "    " * depth + flap, None if py is None else "    " * depth + py)
        self.say(f"println({out}, {total})", f"println({out}, {total})")

    def small_list(self):
        """A list of small whole numbers, and a sum of them: flapc packs such lists."""
        r = self.r
        size, low, by = r.randrange(1, 9), r.choice([0, 1, 255, 256, -7, 2147483647]), r.randrange(1, 300)
        how = r.randrange(3)
        whole = [float(low)] * size if how else [float(low + i) for i in range(size)]
        text = f"[{low}] * {size}" if how else f"range({low}, {low + size})"
        name = self.define("ln", True, E(text, 13 if how else 16, f"({''.join(f'{x}, ' for x in whole)})"))
        v, total = self.fresh(), self.define("n", True, E("0", ATOM, "0.0"))
        self.say(f"@ {v} in 0..<{size} {{ {name}[{v}] <- {v} * {by} % 251 + {name}[0] % 2; {total} += {name}[{v}] }}",
                 f"for {v} in rng(0.0, {size}.0, 0): {name} = put_at({name}, {v}, fmod({v} * {by}.0, 251.0) + "
                 f"fmod(at({name}, 0.0), 2.0)); {total} = {total} + at({name}, {v})")

    def index_within(self, p, name):
        r = self.r
        k = r.random()
        if k < 0.9:
            e = self.n(1)
            return E(f"abs({e.flap}) % max(#{name}, 1)", 13, f"fmod(abs({e.py}), fmax(float(len({p})), 1.0))")
        return self.position(1)

    def small(self):
        r = self.r
        k = r.random()
        if k < 0.5:
            v = r.choice([0, 1, 2, 3, 4, 5, 8, 9, 17])
            return E(str(v), ATOM, f"{float(v)}")
        if k < 0.6:
            v = r.choice(["-2", "-1", "2.5", "-0.5", "3.999"])
            return E(v, 14, f"{float(v)}")
        if k < 0.75:
            xs = self.seq(1)
            return E("#" + xs.at(14), 14, f"float(len({xs.py}))")
        e = self.n(1)
        return E(f"{e.at(13)} % 11", 13, f"fmod({e.py}, 11.0)")

    def loop(self):
        r = self.r
        self.loop_id += 1
        me = self.loop_id
        k = r.random()
        head_scope = {}
        if k < 0.6:
            a, z = (E("0", ATOM, "0.0"), self.small()) if r.random() < 0.5 else (self.small(), self.small())
            more = r.random() < 0.35
            v = self.fresh()
            head = f"@ {v} in {a.at(10)}{'..=' if more else '..<'}{z.at(10)} {{"
            iter_py = f"for {v} in rng({a.py}, {z.py}, {int(more)}):"
            head_scope[v] = ("n", False, v)
        elif k < 0.8:
            xs = self.seq(2)
            v = self.fresh()
            kind = "any"
            # What the elements are is known to the model only for lists of numbers and strings.
            if r.random() < 0.7:
                xs = self.ln(2)
                kind = "n"
            head = f"@ {v} in ({xs.flap}) {{"
            iter_py = f"for {v} in walk({xs.py}):"
            head_scope[v] = (kind, False, v)
        elif k < 0.93:
            v = self.define("n", True, E("0", ATOM, "0.0"))
            self.scopes[-1][v] = ("n", True, v)
            c = self.c(1)
            limit = r.randrange(1, 9)
            head = f"@ {v} < {limit} and {c.at(8)} {{"
            iter_py = f"while {v} < {limit}.0 and {c.py}:"
            self.say(head, None)
            self.enter_loop(me, iter_py, [(f"{v}++", f"{v} = {v} + 1.0; tick()")], {})
            return
        else:
            v = self.define("n", True, E("0", ATOM, "0.0"))
            limit = r.randrange(1, 6)
            self.say("@ {", None)
            self.enter_loop(me, "while True:", [(f"{v} += 1", f"{v} = {v} + 1.0; tick()"),
                                                (f"{v} > {limit} {{ ret @ }}", f"if {v} > {limit}: raise B{me}")], {})
            return
        self.say(head, None)
        self.enter_loop(me, iter_py, [], head_scope)

    def enter_loop(self, me, iter_py, first, head_scope):
        r = self.r
        self.loops.append(me)
        self.py.append("    " * self.pdepth + "try:")
        self.pdepth += 1
        self.py.append("    " * self.pdepth + iter_py)
        self.pdepth += 1
        self.py.append("    " * self.pdepth + "try:")
        self.scopes.append(head_scope)
        self.depth += 1
        self.pdepth += 1
        for flap, py in first:
            self.say(flap, py)
        self.depth -= 1
        self.pdepth -= 1
        self.block(r.randrange(1, 5))
        self.scopes.pop()
        self.py.append("    " * self.pdepth + f"except N{me}: pass")
        self.pdepth -= 2
        self.py.append("    " * self.pdepth + f"except B{me}: pass")
        self.loops.pop()
        self.say("}", None)

    def function(self):
        r = self.r
        self.count += 1
        name = f"fun{self.count}"
        kinds = [r.choice(["n", "n", "n", "s", "ln", "la", "any"]) for _ in range(r.randrange(1, 4))]
        params = [self.fresh() for _ in kinds]
        result = r.choice(["n", "n", "n", "ln", "s", "any", "la"])
        outer = self.scopes
        captured = [x for x in self.visible(None) if r.random() < 0.3 and x[2] != "fn"]
        self.scopes = [{x[0]: (x[2], False, x[1]) for x in captured}, {p: (k, False, p) for p, k in zip(params, kinds)}]
        defaults = "".join(f", {x[1]}={x[1]}" for x in captured)
        save = self.loops, self.in_function
        self.loops, self.in_function = [], result
        recursive = r.random() < 0.35
        bare = "(" + ", ".join(params) + ")"
        if recursive:
            depth = self.fresh()
            params = [depth] + params
            bare = "(" + ", ".join(params) + ")"
            self.say(f"{name} = {bare} => {{", f"def {name}({', '.join(params)}{defaults}):")
            self.scopes[1][depth] = ("n", False, depth)
            self.depth += 1
            self.pdepth += 1
            base = self.of(result, 1)
            self.say(f"{depth} <= 0 {{ ret {base.flap} }}", f"tick()")
            self.say(None, f"if {depth} <= 0: return {base.py}")
            args = [self.of(k, 1) for k in kinds]
            step = r.choice(["1", "1", "2", "0.5"])
            inner = self.fresh()
            self.say(f"{inner} = {name}({depth} - {step}{''.join(', ' + a.flap for a in args)})",
                     f"{inner} = {name}({depth} - {float(step)}{''.join(', ' + a.py for a in args)})")
            self.scopes[1][inner] = (result, False, inner)
            self.depth -= 1
            self.pdepth -= 1
        else:
            self.say(f"{name} = {bare} => {{", f"def {name}({', '.join(params)}{defaults}):")
            self.say(None, "    tick()")
        for _ in range(r.randrange(0, 4)):
            self.depth += 1
            self.pdepth += 1
            go = self.statement()
            self.depth -= 1
            self.pdepth -= 1
            if not go:
                break
        # what follows a `ret` is unreachable, yet allowed
        self.depth += 1
        self.pdepth += 1
        e = self.of(result, 3)
        self.say(e.flap if re.match(r"[\w\[\"(]", e.flap) else "(" + e.flap + ")", f"return {e.py}")
        self.depth -= 1
        self.pdepth -= 1
        self.say("}", None)
        self.loops, self.in_function = save
        self.scopes = outer
        self.funcs.append((name, (["rec"] if recursive else []) + kinds, result))

    def rec(self, d):
        v = self.r.choice(["0", "1", "3", "6", "2.5"])
        return E(v, ATOM, f"{float(v)}")

    def parallel_loop(self):
        """A loop with a prefix: own elements, reductions of whole numbers, output in order."""
        r = self.r
        n = r.choice([0, 1, 2, 7, 30, 100, 1500])
        made = []
        for kind in ["e", "+", "m", "&"]:
            if r.random() < 0.6:
                name = self.fresh()
                if kind == "e":
                    v = self.literal()
                    self.say(f"{name} := [{v.flap}] * {n + 3}", f"{name} = ({v.py},) * {n + 3}")
                else:
                    v = "0"
                    self.say(f"{name} := {v}", f"{name} = {float(v)}")
                made.append((kind, name))
        i = self.fresh()
        threads = r.choice(["@@", "@@", "2 @", "3 @", "8 @"])
        self.say(f"{threads} {i} in 0..<{n} {{", f"for {i} in rng(0.0, {float(n)}, 0):")
        self.depth += 1
        self.pdepth += 1
        # Outer mutable variables may be read, not written.
        outer = self.scopes
        self.scopes = [{name: (k, False, p) for s in outer for name, (k, m, p) in s.items()}, {i: ("n", False, i)}]
        save = self.loops, self.quiet, self.in_function
        self.loop_id += 1
        me = self.loop_id
        self.loops, self.quiet, self.in_function = [me], True, None
        self.pure += 1
        self.say(None, "try:")
        self.pdepth += 1
        self.say(None, "pass")
        self.par_body(i, made, n)
        self.pdepth -= 1
        self.say(None, f"except N{me}: pass")
        self.pure -= 1
        self.loops, self.quiet, self.in_function = save
        self.scopes = outer
        self.depth -= 1
        self.pdepth -= 1
        self.say("}", None)
        for kind, name in made:
            self.say(f"println({name})", f"println({name})")
            self.scopes[-1][name] = ("ln" if kind == "e" else "n", True, name)

    def par_body(self, i, made, n):
        r = self.r
        for _ in range(r.randrange(0, 3)):
            if not self.statement_in_body():
                break
        whole = lambda e: (f"({e.flap}) &b 1023", f"band({e.py}, 1023.0)")
        for kind, name in made:
            if r.random() < 0.85:
                e = self.n(3)
                if kind == "e":
                    off = r.choice([0, 0, 0, 1, 2])
                    at = i if not off else f"{i} + {off}"
                    if r.random() < 0.3:
                        self.say(f"{name}[{at}] += {e.flap}", f"t1 = {i} + {off}.0; {name} = put_at({name}, t1, at({name}, t1) + {e.py})")
                    else:
                        self.say(f"{name}[{at}] <- {e.flap}", f"t1 = {i} + {off}.0; {name} = put_at({name}, t1, {e.py})")
                elif kind == "+":
                    f, p = whole(e)
                    guard = r.random() < 0.3
                    c = self.c(1)
                    if guard:
                        self.say(f"({c.flap}) {{ {name} += {f} }}", f"if {c.py}: {name} = {name} + {p}")
                    else:
                        self.say(f"{name} += {f}", f"{name} = {name} + {p}")
                elif kind == "m":
                    f = r.choice(["min", "max"])
                    self.say(f"{name} <- {f}({name}, {e.flap})", f"{name} = f{f}({name}, {e.py})")
                else:
                    f, p = whole(e)
                    op, fn = r.choice([("|b", "bor"), ("^b", "bxor")])
                    self.say(f"{name} <- {name} {op} ({f})", f"{name} = {fn}({name}, {p})")
        if r.random() < 0.4 and n <= 100:
            e = self.any(2)
            self.say(f"println({i}, {e.flap})", f"println({i}, {e.py})")

    def statement_in_body(self):
        save, self.parallel = self.parallel, False
        go = self.statement()
        self.parallel = save
        return go


def program(seed):
    parallel = seed % 3 == 0
    g = Statements(seed, parallel)
    for _ in range(g.r.randrange(8, 25)):
        g.statement()
    vs = g.visible(None)
    for name, p, kind in vs:
        if kind != "fn":
            g.say(f"println({name})", f"println({p})")
    classes = "".join(f"class N{i}(Exception): pass\nclass B{i}(Exception): pass\n" for i in range(1, g.loop_id + 1))
    py = MODEL + classes + "def main():\n    pass\n" + "\n".join(g.py) + "\n"
    return "\n".join(g.lines) + "\n", py, any(re.match(r"\s*(@@|\d @)", l) for l in g.lines)


def model(py):
    """(output, exit status, message) by the Python program; None if it runs too long."""
    env = {}
    sys.setrecursionlimit(5000)
    try:
        code = compile(py, "model", "exec")
        exec(code, env)
    except (RecursionError, MemoryError, SyntaxError) as e:
        if isinstance(e, SyntaxError) and "nested" not in str(e):
            raise
        return None
    try:
        env["main"]()
        return "".join(env["out"]), 0, ""
    except env["Stop"] as e:
        return "".join(env["out"]), 1, str(e)
    except (env["Fuel"], RecursionError, MemoryError, OverflowError):
        return None


def run(command, env=None, limit=20):
    try:
        r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, env=env, cwd="/")
        return r.stdout.decode("utf8", "replace"), r.returncode, r.stderr.decode("utf8", "replace")
    except subprocess.TimeoutExpired:
        return "", "timeout", ""


def differs(got, want):
    out, status, err = got
    if status != want[1]:
        return f"status {status}, not {want[1]}"
    if out != want[0]:
        return "output"
    if want[2]:
        if want[2] == "index out of range":
            ok = "out of range" in err
        else:
            ok = f"Error: {want[2]}" in err
        if not ok:
            return f"message {err[:200]!r}, not {want[2]}"
    return None


def try_program(flapc, flap, want, parallel, folder, full=True):
    """What goes wrong with a program: (where, what, seen) or None."""
    path = os.path.join(folder, "p.flap")
    exe = os.path.join(folder, "p")
    with open(path, "w") as f:
        f.write(flap)
    threads = ["1", "2", "3", "8"] if parallel else [None]
    for level in ["-O0", "-O2", "-O3"]:
        done = run([flapc, "-q", level, "-o", exe, path])
        if done[1] != 0:
            return level, f"compile status {done[1]}", done
        for t in threads:
            env = dict(os.environ, FLAP_NUM_THREADS=t) if t else None
            got = run([exe], env)
            bad = differs(got, want)
            if bad:
                return f"{level} threads {t}", bad, got
    ways = [["-O0"], ["-O1"], ["-O2"], ["-O2", "--no-integers"]]
    for way in ways if full else ways[1:2]:
        level = " ".join(way)
        env = dict(os.environ, FLAP_NUM_THREADS="3") if parallel else None
        got = run([flapc, "run", "-q", *way, path], env)
        bad = differs(got, want)
        if bad:
            return f"jit {level}", bad, got
    return None


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--flapc", required=True)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--seconds", type=float, default=60)
    ap.add_argument("--count", type=int, default=10**9)
    ap.add_argument("--keep", default=None)
    ap.add_argument("--show", action="store_true")
    a = ap.parse_args()
    if a.show:
        flap, py, _ = program(a.seed)
        print(flap)
        print("=====\n" + py[len(MODEL):])
        print(model(py))
        return 0
    end = time.time() + a.seconds
    ran = skipped = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        seed = a.seed
        while time.time() < end and ran + skipped < a.count:
            flap, py, parallel = program(seed)
            want = model(py)
            if want is None:
                skipped += 1
                seed += 1
                continue
            bad = try_program(a.flapc, flap, want, parallel, folder, seed % 4 == 0)
            ran += 1
            if bad:
                failed += 1
                print(f"seed {seed}: {bad[0]}: {bad[1]}", (bad[2][2] if isinstance(bad[2], tuple) else "")[:400].replace("\n", " / "), flush=True)
                if a.keep:
                    os.makedirs(a.keep, exist_ok=True)
                    open(os.path.join(a.keep, f"{seed}.flap"), "w").write(flap)
                    open(os.path.join(a.keep, f"{seed}.want"), "w").write(want[0])
                    open(os.path.join(a.keep, f"{seed}.got"), "w").write(bad[2][0])
            seed += 1
    print(f"{ran} programs ran, {skipped} ran too long for the model, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
