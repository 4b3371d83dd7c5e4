"""The model of Flap's values behind fuzz_programs.py: numbers are floats, texts are str, lists are tuples.

Not imported but executed afresh for each program, which follows it as `def main()`: what a program
prints is gathered in `out`, and `fuel` ends what would run too long. Follows language.md, not flapc.
"""
import math, struct
from fractions import Fraction


class Stop(Exception): pass
class Exit(Exception): pass
class Fuel(Exception): pass
out = []
size = [0]
fuel = [60000]
nan = math.nan
inf = math.inf
def tick():
    fuel[0] -= 1
    if fuel[0] < 0: raise Fuel
def i64(x):
    if x != x: return 0
    if x >= 2.0**63: return 2**63 - 1
    if x <= -2.0**63: return -2**63
    return int(x)
def sgn(v):
    v &= 2**64 - 1
    return v - 2**64 if v >= 2**63 else v
def num(x):
    if x != x: return "nan"
    if x == inf: return "inf"
    if x == -inf: return "-inf"
    if x == 0: return "-0" if math.copysign(1, x) < 0 else "0"
    if x == int(x) and abs(x) <= 2.0**53: return str(int(x))
    return "%.15g" % x
def text(v, inner=False):
    if isinstance(v, float): return num(v)
    if isinstance(v, str): return '"' + v.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' if inner else v
    if isinstance(v, tuple): return "[" + ", ".join(text(x, True) for x in v) + "]"
    raise Fuel
def println(*a):
    s = " ".join(text(x) for x in a)
    out.append(s + "\n")
    size[0] += len(s)
    if size[0] > 200000: raise Fuel
def put(s):
    out.append(s)
    size[0] += len(s)
    if size[0] > 200000: raise Fuel
def fdiv(a, b):
    if b == 0: raise Stop("division by zero")
    try: return a / b
    except OverflowError: return math.copysign(inf, a) * math.copysign(1, b)
def fmod(a, b):
    if b == 0: raise Stop("modulo by zero")
    if a != a or b != b or abs(a) == inf: return nan
    return math.fmod(a, b)
def power(a, b):
    try: return math.pow(a, b)
    except OverflowError:
        return -inf if a < 0 and b == int(b) and int(b) % 2 else inf
    except ValueError:
        if a == 0: return -inf if math.copysign(1, a) < 0 and b == int(b) and int(b) % 2 else inf
        return nan
def fused(a, b):
    if not (math.isfinite(a) and math.isfinite(b)): return a * a + b
    r = Fraction(a) * Fraction(a) + Fraction(b)
    if r == 0: return a * a + b
    try: return float(r)
    except OverflowError: return inf if r > 0 else -inf
def shl(a, n): return float(sgn(i64(a) << (i64(n) & 63)))
def shr(a, n): return float(sgn((i64(a) & (2**64 - 1)) >> (i64(n) & 63)))
def rol(a, n):
    v = i64(a) & (2**64 - 1); k = i64(n) & 63
    return float(sgn(v << k | v >> (64 - k) if k else v))
def ror(a, n):
    v = i64(a) & (2**64 - 1); k = i64(n) & 63
    return float(sgn(v >> k | v << (64 - k) if k else v))
def band(a, b): return float(i64(a) & i64(b))
def bor(a, b): return float(i64(a) | i64(b))
def bxor(a, b): return float(i64(a) ^ i64(b))
def bnot(a): return float(~i64(a))
def truth(v): return not (isinstance(v, float) and (v == 0 or v != v))
def flag(c): return 1.0 if c else 0.0
def eq(a, b):
    if type(a) != type(b): return False
    if isinstance(a, tuple): return len(a) == len(b) and all(eq(x, y) for x, y in zip(a, b))
    return a == b
def cast(x, bits, signed):
    if x != x or abs(x) == inf: return 0.0
    v = int(x) & (2**bits - 1)
    if signed and v >= 2**(bits - 1): v -= 2**bits
    return float(v)
def f32(x):
    try: return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError: return math.copysign(inf, x)
def at(xs, i):
    if i != i: return 0.0
    if abs(i) >= 2.0**62: return 0.0
    i = int(i)
    if 0 <= i < len(xs):
        return float(ord(xs[i])) if isinstance(xs, str) else xs[i]
    return 0.0
def put_at(xs, i, v):
    k = None if i != i or abs(i) >= 2.0**62 else int(i)
    if k is None or not 0 <= k < len(xs):
        raise Stop("index out of range")
    return xs[:k] + (v,) + xs[k + 1:]
def put_in(xs, path, v):
    i = path[0]
    k = None if i != i or abs(i) >= 2.0**62 else int(i)
    if k is None or not 0 <= k < len(xs): raise Stop("index out of range")
    return xs[:k] + (v if len(path) == 1 else put_in(xs[k], path[1:], v),) + xs[k + 1:]
def cut(xs, a, z, s):
    f = lambda v: None if v is None else i64(v)
    return xs[f(a):f(z):f(s)]
def rng(a, z, more):
    a = i64(a); z = i64(z) + more
    while a < z:
        tick()
        yield float(a)
        a += 1
def upto(a, z, more):
    a = i64(a); z = i64(z) + more
    if z - a > 5000: raise Fuel
    return tuple(float(i) for i in range(a, z))
def walk(xs):
    for x in xs:
        tick()
        yield float(ord(x)) if isinstance(xs, str) else x
def join(a, b):
    if len(a) + len(b) > 20000: raise Fuel
    return a + b
def times(a, n):
    n = i64(n)
    if len(a) * n > 20000: raise Fuel
    return a * max(n, 0)
def lanes(xs, product):
    r = [1.0 if product else 0.0] * 8
    for i, x in enumerate(xs):
        if product: r[i & 7] *= x
        else: r[i & 7] += x
    for h in (4, 2, 1):
        for k in range(h):
            if product: r[k] *= r[k + h]
            else: r[k] += r[k + h]
    return r[0]
def fmin(a, b):
    if a != a or b != b: return nan
    if a == b: return a if math.copysign(1, a) < 0 else b
    return min(a, b)
def fmax(a, b):
    if a != a or b != b: return nan
    if a == b: return b if math.copysign(1, a) < 0 else a
    return max(a, b)
def rnd(x):
    if not math.isfinite(x): return x
    t = math.trunc(abs(x)); d = abs(x) - t
    return math.copysign(t + (1 if d >= 0.5 else 0), x)
def whole(f, x):
    if not math.isfinite(x): return x
    return math.copysign(float(f(x)), x)
def root(x): return math.sqrt(x) if x >= 0 else (x if x == 0 else nan)
def sign(x): return x if x != x or x == 0 else math.copysign(1.0, x)
def isin(v, xs):
    return any(eq(v, x) for x in xs)
def within(v, a, z, more): return a <= v <= z if more else a <= v < z
def sort(xs):
    n = [x for x in xs if x != x]
    return tuple(sorted(x for x in xs if x == x)) + tuple(n)
def cfmt(conversion, x):
    """printf's integer conversions."""
    kind, v = conversion[-1], i64(x)
    if kind in "xXou":
        v &= 2**64 - 1
    return ("%" + conversion[:-1] + ("d" if kind in "iu" else kind)) % v
