"""The expressions of fuzz_programs.py: each is written as Flap and as Python at once.

Kinds: n number, s text, ln list of numbers, la list of anything, any, fn function of a number. An
expression of kind k is made by Expressions.k(depth).
"""
import random
import re


class E:
    """An expression: its Flap text, that text's level of precedence, its Python text."""

    def __init__(self, flap, level, py):
        self.flap, self.level, self.py = flap, level, py

    def at(self, level):
        return self.flap if self.level >= level else "(" + self.flap + ")"


ATOM = 17
NUMBERS = ["0", "1", "2", "3", "4", "5", "7", "8", "10", "16", "31", "63", "64", "100", "255", "256", "1000",
           "0.5", "1.5", "2.5", "0.1", "3.7", "1e3", "2147483647", "2147483648", "4294967295", "4294967296",
           "1000003", "94906267", "4503599627370496", "9007199254740991", "9007199254740992",
           "9223372036854775808", "1e18", "1e300", "1e308", "5e-324", "1e-300", "0x7FFFFFFF", "1099511627776"]
WORDS = ["", "a", "ab", "abc", "xyz", "hello", "zz", "é", "日本", "0", "long text here", "q\\\"t", "n\\nl"]


class Expressions:
    def __init__(self, seed, parallel):
        self.r = random.Random(seed)
        self.lines, self.py = [], []
        self.depth, self.pdepth = 0, 1
        self.scopes = [{}]  # name -> (kind, mutable, python name)
        self.count = 0
        self.funcs = []  # (name, parameter kinds, result kind)
        self.loops = []  # of the current function: python ids, innermost last
        self.loop_id = 0
        self.in_function = None  # result kind
        self.budget = 60
        self.parallel = parallel
        self.quiet = False  # inside a parallel body: what it may do is narrower
        self.impure = seed % 2 == 1
        self.pure = 0  # inside a lambda or where the order is not told
        self.frozen = set()  # python names that may not be used (being written by a parallel loop)

    # names
    def fresh(self):
        self.count += 1
        return f"v{self.count}"

    def say(self, flap, py):
        if flap is not None:
            self.lines.append("    " * self.depth + flap)
        if py is not None:
            self.py.append("    " * self.pdepth + py)

    def visible(self, kind, mutable=None):
        found = []
        for scope in self.scopes:
            for name, (k, m, p) in scope.items():
                if (kind is None or k == kind) and (mutable is None or m == mutable) and p not in self.frozen:
                    found.append((name, p, k))
        return found

    def lookup(self, kind):
        vs = self.visible(kind)
        if not vs:
            return None
        name, p, _ = self.r.choice(vs)
        return E(name, ATOM, p)

    # expressions
    def literal(self):
        t = self.r.choice(NUMBERS)
        if self.r.random() < 0.6:
            t = str(self.r.randrange(0, 12))
        v = float(int(t, 0)) if re.fullmatch(r"0x[0-9A-F]+|\d+", t) else float(t)
        e = E(t, ATOM, repr(v))
        if self.r.random() < 0.12:
            e = E("-" + t, 14, "(-" + repr(v) + ")")
        return e

    def binary(self, op, level, py, a, z, right=False):
        left, rest = (level + 1, level) if right else (level, level + 1)
        return E(f"{a.at(left)} {op} {z.at(rest)}", level, py.format(a.py, z.py))

    def n(self, d):
        r = self.r
        if d <= 0 or r.random() < 0.12:
            e = self.lookup("n") if r.random() < 0.75 else None
            return e or self.literal()
        if self.impure and not self.pure and r.random() < 0.05:
            return self.updating(d) or self.literal()
        k = r.randrange(34)
        if k < 9:
            op, py = r.choice([("+", "({} + {})"), ("-", "({} - {})")])
            return self.binary(op, 11, py, self.n(d - 1), self.n(d - 1))
        if k < 12:
            return self.binary("*", 13, "({} * {})", self.n(d - 1), self.n(d - 1))
        if k < 13:
            return self.binary("/", 13, "fdiv({}, {})", self.n(d - 1), self.n(d - 1))
        if k < 15:
            z = self.literal() if r.random() < 0.8 else self.n(d - 1)
            return self.binary("%", 13, "fmod({}, {})", self.n(d - 1), z)
        if k < 16:
            z = E(*r.choice([("2", ATOM, "2.0"), ("3", ATOM, "3.0"), ("0", ATOM, "0.0"), ("1", ATOM, "1.0"), ("0.5", ATOM, "0.5")]))
            a = self.n(d - 1)
            return E(f"{a.at(16)} ** {z.flap}", 15, f"power({a.py}, {z.py})")
        if k < 18:
            op, f = r.choice([("&b", "band"), ("|b", "bor"), ("^b", "bxor"), ("<b", "shl"), (">b", "shr"),
                              ("<<b", "rol"), (">>b", "ror"), ("shl", "shl"), ("shr", "shr")])
            return self.binary(op, 12, f + "({}, {})", self.n(d - 1), self.n(d - 1))
        if k < 19:
            op, py = r.choice([("-", "(-{})"), ("not ", "flag(not truth({}))"), ("~b ", "bnot({})")])
            a = self.n(d - 1)
            return E(op + a.at(15 if op == "-" else 14), 14, py.format(a.py)) if not (op == "-" and a.flap.startswith("-")) else E(f"-({a.flap})", 14, py.format(a.py))
        if k < 21:
            c = self.c(max(d - 1, 1))
            return E(c.flap, c.level, f"flag({c.py})")
        if k < 23:
            c, a, z = self.c(d - 1), self.n(d - 1), self.n(d - 1)
            if r.random() < 0.5:
                return E(f"({c.flap} {{ {a.at(1)} ~> {z.at(1)} }})", ATOM, f"({a.py} if {c.py} else {z.py})")
            return E(f"({c.flap} -> {a.at(1)} ~> {z.at(1)})", ATOM, f"({a.py} if {c.py} else {z.py})")
        if k < 26:
            xs = self.ln(d - 1) if r.random() < 0.8 else self.s(d - 1)
            i = self.position(d - 1)
            return E(f"{xs.at(16)}[{i.flap}]", 16, f"at({xs.py}, {i.py})")
        if k < 27:
            xs = self.seq(d - 1)
            return E("#" + xs.at(14), 14, f"float(len({xs.py}))")
        if k < 28:
            f, py = r.choice([("abs", "abs({})"), ("floor", "whole(math.floor, {})"), ("ceil", "whole(math.ceil, {})"),
                              ("trunc", "whole(math.trunc, {})"), ("round", "rnd({})"), ("sqrt", "root({})"), ("sign", "sign({})")])
            a = self.n(d - 1)
            return E(f"{f}({a.flap})", 16, py.format(a.py))
        if k < 29:
            f = r.choice(["min", "max"])
            a, z = self.n(d - 1), self.n(d - 1)
            return E(f"{f}({a.flap}, {z.flap})", 16, f"f{f}({a.py}, {z.py})")
        if k < 30:
            t, bits, signed = r.choice([("i8", 8, 1), ("u8", 8, 0), ("i16", 16, 1), ("u16", 16, 0), ("i32", 32, 1), ("u32", 32, 0), ("i64", 64, 1), ("u64", 64, 0), ("f32", 0, 0)])
            a = self.n(d - 1)
            return E(f"{a.at(16)} as {t}", 16, f"cast({a.py}, {bits}, {signed})" if bits else f"f32({a.py})")
        if k < 31:
            a, z = self.n(d - 1), self.n(d - 1)
            return E(f"{a.at(14)} *+ {z.at(14)}", 13, f"fused({a.py}, {z.py})")
        if k < 32:
            xs = self.ln(d - 1)
            f = r.choice(["sum", "product"])
            return E(f"{f}({xs.flap})", 16, f"lanes({xs.py}, {f == 'product'})")
        if k < 33:
            f = self.lookup("fn")
            if f and not self.quiet:
                a = self.n(d - 1)
                return E(f"{f.flap}({a.flap})", 16, f"{f.py}({a.py})")
        return self.call("n", d) or self.literal()

    def updating(self, d):
        """An expression that updates a variable on its way."""
        vs = [v for v in self.visible(None, True) if v[2] in ("n", "s", "ln", "la", "any")]
        if not vs:
            return None
        name, p, kind = self.r.choice(vs)
        self.pure += 1
        c, e, z = self.c(1), self.of(kind, 1), self.n(1)
        tail = self.n(1)
        self.pure -= 1
        if self.r.random() < 0.5:
            return E(f"({c.flap} {{ {{ {name} <- {e.flap}; {tail.at(1)} }} ~> {z.at(1)} }})", ATOM,
                     f"((({p} := {e.py}), {tail.py})[1] if {c.py} else {z.py})")
        return E(f"({c.flap} {{ {name} <- {e.flap} ~> {z.at(1)} }})", ATOM,
                 f"((({p} := {e.py}), 0.0)[1] if {c.py} else {z.py})")

    def position(self, d):
        r = self.r
        k = r.random()
        vs = self.visible("n")
        if k < 0.6 and vs:
            v = r.choice(vs)
            e = E(v[0], ATOM, v[1])
            if r.random() < 0.4:
                op = r.choice("+-*")
                c = self.literal()
                return self.binary(op, 13 if op == "*" else 11, "({} " + op + " {})", e, c)
            return e
        if k < 0.8:
            return E(*r.choice([("0", ATOM, "0.0"), ("1", ATOM, "1.0"), ("2", ATOM, "2.0"), ("-1", 14, "-1.0"),
                                ("0.9", ATOM, "0.9"), ("-0.5", 14, "-0.5"), ("1e18", ATOM, "1e18"), ("1e300", ATOM, "1e300"),
                                ("inf", ATOM, "inf"), ("(inf - inf)", ATOM, "nan")]))
        return self.n(d)

    def c(self, d):
        """A condition: its Python text is a bool."""
        r = self.r
        if d <= 0:
            a = self.n(0)
            return E(a.flap, a.level, f"truth({a.py})")
        k = r.randrange(12)
        if k < 6:
            op = r.choice(["<", "<=", ">", ">=", "==", "!="])
            return self.binary(op, 8, "({} " + op + " {})", self.n_above(d - 1, 8), self.n_above(d - 1, 8))
        if k < 8:
            op = r.choice(["and", "or", "xor"])
            level = 7 if op == "and" else 6
            py = {"and": "({} and {})", "or": "({} or {})", "xor": "({} != {})"}[op]
            return self.binary(op, level, py, self.c(d - 1), self.c(d - 1))
        if k < 9:
            a = self.c(d - 1)
            return E("not " + a.at(14), 14, f"(not {a.py})")
        if k < 10:
            a, z = self.any(d - 1), self.any(d - 1)
            return self.binary("==", 8, "eq({}, {})", a, z)
        if k < 11:
            v, xs = self.n_above(d - 1, 9), self.ln(d - 1)
            no = r.random() < 0.3
            bounds = re.fullmatch(r"upto\(([^()]*)\)", xs.py)  # a range builds no list here: what lies between counts
            py = "within({}, " + bounds[1] + ")" if bounds else "isin({}, {})"
            return self.binary("not in" if no else "in", 8, f"(not {py})" if no else py, v, xs)
        a, z = self.s(d - 1), self.s(d - 1)
        op = r.choice(["<", "<=", ">", ">=", "==", "!="])
        return self.binary(op, 8, "({} " + op + " {})", a, z)

    def n_above(self, d, level):
        e = self.n(d)
        return e if e.level > level else E("(" + e.flap + ")", ATOM, e.py)

    def s(self, d):
        r = self.r
        if d <= 0 or r.random() < 0.3:
            e = self.lookup("s") if r.random() < 0.7 else None
            if e:
                return e
            w = r.choice(WORDS)
            return E(f'"{w}"', ATOM, f'"{w}"')
        k = r.randrange(8)
        if k < 3:
            return self.binary("+", 11, "join({}, {})", self.s(d - 1), self.s(d - 1))
        if k < 4:
            return self.slice(self.s(d - 1))
        if k < 5:
            a = self.any(d - 1)
            return E(f'f"<{{{a.at(9)}}}>"', ATOM, f'("<" + text({a.py}) + ">")') if "::" not in a.flap and '"' not in a.flap and "\\" not in a.flap else E('"k"', ATOM, '"k"')
        if k < 6:
            c, a, z = self.c(d - 1), self.s(d - 1), self.s(d - 1)
            return E(f"({c.flap} {{ {a.at(1)} ~> {z.at(1)} }})", ATOM, f"({a.py} if {c.py} else {z.py})")
        if k < 7:
            a = self.s(d - 1)
            m = r.randrange(4)
            return E(f"{a.at(13)} * {m}", 13, f"times({a.py}, {m}.0)")
        return self.call("s", d) or E('"c"', ATOM, '"c"')

    def slice(self, xs):
        r = self.r

        def bound():
            k = r.random()
            if k < 0.3:
                return None
            if k < 0.5 and self.visible("n"):
                v = r.choice(self.visible("n"))
                return E(v[0], ATOM, v[1])
            v = r.choice([-3, -2, -1, 0, 1, 2, 3, 5, 100, -100, 1.5, -1.5, 1e18, -1e18])
            return E(repr(v) if isinstance(v, float) else str(v), ATOM, repr(float(v)))

        a, z = bound(), bound()
        s = r.choice([None, None, 1, 2, 3, -1, -2])
        flap = (a.flap if a else "") + ":" + (z.flap if z else "") + (f":{s}" if s is not None else "")
        return E(f"{xs.at(16)}[{flap}]", 16, f"cut({xs.py}, {a and a.py}, {z and z.py}, {None if s is None else float(s)})")

    def ln(self, d):
        r = self.r
        if d <= 0 or r.random() < 0.35:
            e = self.lookup("ln") if r.random() < 0.8 else None
            if e:
                return e
            parts = [self.n(0) for _ in range(r.randrange(0, 6))]
            return E("[" + ", ".join(p.flap for p in parts) + "]", ATOM, "(" + "".join(p.py + ", " for p in parts) + ")")
        k = r.randrange(11)
        if k < 2:
            return self.binary("+", 11, "join({}, {})", self.ln(d - 1), self.ln(d - 1))
        if k < 4:
            return self.slice(self.ln(d - 1))
        if k < 5:
            return self.binary("::", 10, "(({},) + {})", self.n_above(d - 1, 10), self.ln(d - 1), True)
        if k < 6:
            a = self.ln(d - 1)
            return E("&" + a.at(14), 14, f"{a.py}[1:]")
        if k < 7:
            f, py = r.choice([("sort", "sort({})"), ("reverse", "{}[::-1]")])
            a = self.ln(d - 1)
            return E(f"{f}({a.flap})", 16, py.format(a.py))
        if k < 8:
            lo, n = r.randrange(-3, 4), r.randrange(0, 9)
            more = r.random() < 0.4
            return E(f"({lo}{'..=' if more else '..<'}{lo + n})", ATOM, f"upto({float(lo)}, {float(lo + n)}, {int(more)})")
        if k < 9:
            xs = self.ln(d - 1)
            p, q = self.fresh(), self.fresh()
            self.scopes.append({p: ("n", False, q)})
            self.pure += 1
            body = self.n(d - 1)
            self.pure -= 1
            self.scopes.pop()
            return E(f"({xs.at(4)} | ({p} => {body.at(1)}))", ATOM, f"tuple({body.py} for {q} in {xs.py})")
        if k < 10:
            a = self.ln(d - 1)
            m = r.randrange(4)
            return E(f"{a.at(13)} * {m}", 13, f"times({a.py}, {m}.0)")
        return self.call("ln", d) or self.ln(0)

    def la(self, d):
        r = self.r
        if d <= 0 or r.random() < 0.35:
            e = self.lookup("la") if r.random() < 0.7 else None
            if e:
                return e
            parts = [self.any(min(d, 1)) for _ in range(r.randrange(0, 5))]
            return E("[" + ", ".join(p.flap for p in parts) + "]", ATOM, "(" + "".join(p.py + ", " for p in parts) + ")")
        k = r.randrange(5)
        if k < 2:
            return self.binary("+", 11, "join({}, {})", self.la(d - 1), self.seqlist(d - 1))
        if k < 3:
            return self.slice(self.la(d - 1))
        if k < 4:
            return self.binary("::", 10, "(({},) + {})", E("(" + (a := self.any(d - 1)).flap + ")", ATOM, a.py), self.la(d - 1), True)
        return self.call("la", d) or self.la(0)

    def seqlist(self, d):
        return self.ln(d) if self.r.random() < 0.5 else self.la(d)

    def seq(self, d):
        k = self.r.random()
        return self.ln(d) if k < 0.5 else self.s(d) if k < 0.7 else self.la(d)

    def any(self, d):
        r = self.r
        k = r.random()
        if k < 0.25:
            e = self.lookup("any")
            if e:
                return e
        if k < 0.35 and d > 0:
            xs, i = self.la(d - 1), self.position(d - 1)
            return E(f"{xs.at(16)}[{i.flap}]", 16, f"at({xs.py}, {i.py})")
        if k < 0.45 and d > 0:
            c, a, z = self.c(d - 1), self.any(d - 1), self.any(d - 1)
            return E(f"({c.flap} {{ {a.at(1)} ~> {z.at(1)} }})", ATOM, f"({a.py} if {c.py} else {z.py})")
        if k < 0.5 and d > 0:
            e = self.call("any", d)
            if e:
                return e
        return self.of(r.choice(["n", "n", "s", "ln", "la"]), d)

    def of(self, kind, d):
        if kind == "fn":
            return self.fn(d)
        return getattr(self, kind)(d)

    def fn(self, d):
        e = self.lookup("fn") if self.r.random() < 0.4 else None
        if e:
            return e
        p, q = self.fresh(), self.fresh()
        captured = [x for x in self.visible(None)]
        self.scopes.append({p: ("n", False, q)})
        self.pure += 1
        body = self.n(max(d, 1))
        self.pure -= 1
        self.scopes.pop()
        # Captured by value: defaults of the Python lambda.
        used = set(re.findall(r"v\d+", body.py)) & {x[1] for x in captured}
        extra = "".join(f", {u}={u}" for u in sorted(used))
        return E(f"({p} => {body.at(1)})", ATOM, f"(lambda {q}{extra}: {body.py})")

    def call(self, kind, d):
        if self.quiet == "pure":
            return None
        fs = [f for f in self.funcs if f[2] == kind]
        if not fs:
            return None
        name, params, _ = self.r.choice(fs)
        args = [self.of(k, d - 2) for k in params]
        return E(f"{name}({', '.join(a.flap for a in args)})", 16, f"{name}({', '.join(a.py for a in args)})")
