"""`@@` never makes a loop slower: each of many loop bodies, with and without the prefix, from no iterations to 100 000.

Both loops stand in one program and take turns; a row is the least time with the prefix over the least time without
it. Ratios above the target are measured again, since other programs take processor time as they like: only what
repeats counts.
"""
import os
import re
import subprocess
import sys

from measure import build

COUNTS = [0, 1, 2, 7, 32, 100, 300, 1000, 1023, 1024, 1025, 1100, 1500, 2048, 2300, 5000, 10000, 100000]
TARGET = 1.1
AGAIN = 2  # how often a ratio above the target is measured again, three times as long
NOISE = 2e-9  # seconds for which no ratio counts: a few instructions before an empty loop

# name: (what stands before the functions, variables, what each repetition begins with, the loop, what is made of it).
# `@@` is left out for the other loop; `n` and the repetition `r` may be used.
XS = "xs := [0.5] * (n + 1)"
YS = XS + "\n    ys := [0.25] * (n + 1)"
BODIES = {
    "empty": ("", "", "", "@@ i in 0..<n { }", "0"),
    "write": ("", XS, "", "@@ i in 0..<n { xs[i] <- i + r }", "xs[0]"),
    "change": ("", XS, "", "@@ i in 0..<n { xs[i] <- xs[i] * 0.5 + i }", "xs[0]"),
    "two writes": ("", YS, "", "@@ i in 0..<n { xs[i] <- ys[i] * 0.5 + r; ys[i] <- i }", "xs[0] + ys[0]"),
    "write if": ("", XS, "", "@@ i in 0..<n { i % 3 == 0 { xs[i] <- i + r } }", "xs[0]"),
    "square roots": ("", XS, "", "@@ i in 0..<n { xs[i] <- sqrt(i + r) }", "xs[0]"),
    "sines": ("", XS, "", "@@ i in 0..<n { xs[i] <- sin(i + r) }", "xs[0]"),
    "sum": ("", XS + "\n    s := 0", "", "@@ i in 0..<n { s += xs[i] }", "s"),
    "sum if": ("", XS + "\n    s := 0", "", "@@ i in 0..<n { i % 3 == 0 { s += xs[i] * 0.5 } }", "s"),
    "sum of products": ("", YS + "\n    s := 0", "", "@@ i in 0..<n { s += xs[i] * ys[i] }", "s"),
    "sum of fractions": ("", "s := 0", "", "@@ i in 0..<n { s += 1 / (i + r + 1) }", "s"),
    "sum of sines": ("", "s := 0", "", "@@ i in 0..<n { s += sin(i + r) }", "s"),
    "two sums": ("", YS + "\n    s := 0\n    t := 0", "", "@@ i in 0..<n { s += xs[i]; t += ys[i] }", "s + t"),
    "three sums": ("", YS + "\n    s := 0\n    t := 0\n    u := 0", "",
                   "@@ i in 0..<n { s += xs[i]; t += ys[i]; u += xs[i] * ys[i] }", "s + t + u"),
    "five sums": ("", YS + "\n    s := 0\n    t := 0\n    u := 0\n    v := 0\n    w := 0", "",
                  "@@ i in 0..<n { s += xs[i]; t += ys[i]; u += xs[i] * ys[i]; v += xs[i] * i; w += ys[i] * i }",
                  "s + t + u + v + w"),
    "sum, twice": ("", YS + "\n    s := 0", "", "@@ i in 0..<n { s += xs[i]; s += ys[i] }", "s"),
    "sum and write": ("", YS + "\n    s := 0", "", "@@ i in 0..<n { s += xs[i]; ys[i] <- i }", "s + ys[0]"),
    "sum and greatest": ("", XS + "\n    s := 0\n    m := 0", "", "@@ i in 0..<n { s += xs[i]; m <- max(m, xs[i]) }",
                         "s + m"),
    "sum and count": ("", XS + "\n    s := 0\n    c := 0", "", "@@ i in 0..<n { s += xs[i]; xs[i] > 0.7 { c += 1 } }",
                      "s + c"),
    "product": ("", XS + "\n    p := 1", "", "@@ i in 0..<n { p *= xs[i] + 0.5 }", "p"),
    "whole sum": ("", "s := 0", "", "@@ i in 0..<n { s += (i * 7 + r) % 13 }", "s"),
    "two whole sums": ("", "s := 0\n    t := 0", "", "@@ i in 0..<n { s += (i + r) % 7; t += (i + r) % 13 }", "s + t"),
    "count": ("", XS + "\n    c := 0", "", "@@ i in 0..<n { xs[i] > 0.3 { c++ } }", "c"),
    "least": ("", XS + "\n    m := 9", "", "@@ i in 0..<n { m <- min(m, xs[i]) }", "m"),
    "least and greatest": ("", XS + "\n    m := 9\n    k := 0", "",
                           "@@ i in 0..<n { m <- min(m, xs[i]); k <- max(k, xs[i]) }", "m + k"),
    "any": ("", XS + "\n    a := no", "", "@@ i in 0..<n { a <- a or xs[i] > 0.7 }", "a"),
    "bits": ("", "x := 0", "", "@@ i in 0..<n { x <- x ^b (i * 3 + r) }", "x"),
    "kept writes": ("", XS + "\n    at = range(0, n) | (i => n - 1 - i)", "", "@@ i in 0..<n { xs[at[i]] <- i + r }",
                    "xs[0]"),
    "histogram": ("", "h := [0] * 16", "", "@@ i in 0..<n { h[(i * 7 + r) % 16] += 1 }", "h[3]"),
    "histogram of a list": ("", "h := [0] * 256\n    vs = range(0, n) | (i => i * 7919 % 256)", "",
                            "@@ i in 0..<n { h[vs[i]] += 1 }", "h[3]"),
    "histogram of fractions": ("", XS + "\n    h := [0] * 16", "", "@@ i in 0..<n { h[i % 16] += xs[i] * 0.3 }",
                               "h[3]"),
    "histogram in a map": ("", "h := {}", "", "@@ i in 0..<n { h[(i * 7 + r) % 16] += 1 }", "#h"),
    "keys": ("", "h := {}", "h <- {}", "@@ i in 0..<n { h[i % 100] <- i }", "#h"),
    "last value": ("", "found := 0", "", "@@ i in 0..<n { (i + r) % 5 == 3 { found <- i } }", "found"),
    "collect all": ("", "zs := []", "zs <- []", "@@ i in 0..<n { zs <- zs + [i] }", "#zs"),
    "collect some": ("", "zs := []", "zs <- []", "@@ i in 0..<n { x = (i * 7919 + r) % 10007; x % 3 == 0 { zs <- zs + [x] } }",
                     "#zs"),
    "collect pairs": ("", "zs := []", "zs <- []", "@@ i in 0..<n { zs <- zs + [i, i * 2] }", "#zs"),
    "collect two": ("", "zs := []\n    ys := []", "zs <- []\n        ys <- []",
                    "@@ i in 0..<n { zs <- zs + [i]; i % 2 == 0 { ys <- ys + [i + r] } }", "#zs + #ys"),
    "collect in front": ("", "zs := []", "zs <- []", "@@ i in 0..<n { i % 100 == 0 { zs <- i :: zs } }", "#zs"),
    "collect texts": ("", "zs := []", "zs <- []", "@@ i in 0..<n { zs <- zs + [str(i)] }", "#zs"),
    "collect a text": ("", 'zs := ""', 'zs <- ""', '@@ i in 0..<n { zs <- zs + "abc" }', "#zs"),
    "collect numbers as text": ("", 'zs := ""', 'zs <- ""', '@@ i in 0..<n { zs <- zs + f"{i}," }', "#zs"),
    "output": ("", "", "", "@@ i in 0..<n { println(i, i * 7) }", "0"),
    "output, formatted": ("", XS, "", '@@ i in 0..<n { printf("%d: %.3f\\n", i, xs[i]) }', "0"),
    "output if": ("", "", "", "@@ i in 0..<n { (i + r) % 100 == 0 { println(i) } }", "0"),
    "random": ("", XS, "", "@@ i in 0..<n { xs[i] <- random() }", "xs[0]"),
    "random sum": ("", "s := 0", "", "@@ i in 0..<n { s += random() }", "s"),
    "small function": ("f = x => { x > 3 { x * 2 ~> x + 1 } }", XS, "", "@@ i in 0..<n { xs[i] <- f(i + r) }", "xs[0]"),
    "recursion": ("gcd = (a, b) => { b == 0 { ret a }; gcd(b, a % b) }", XS, "",
                  "@@ i in 0..<n { xs[i] <- gcd(i + r, 7) }", "xs[0]"),
    "closure": ("", XS + "\n    k = n + 1\n    f = x => x * k", "", "@@ i in 0..<n { xs[i] <- f(i + r) }", "xs[0]"),
    "function value": ("", XS + "\n    fs = [x => x + 1, x => x * 2]", "", "@@ i in 0..<n { xs[i] <- fs[i % 2](i + r) }",
                       "xs[0]"),
    "inner loop": ("", XS, "", "@@ i in 0..<n { t := 0; @ j in 0..<4 { t += (i + r) % (j + 1) }; xs[i] <- t }", "xs[0]"),
    "inner loop, any length": ("", XS, "", "@@ i in 0..<n { t := 0; @ j in 0..<i % 10 { t += j * r }; xs[i] <- t }",
                               "xs[0]"),
    "inner loop, sum": ("", "s := 0", "", "@@ i in 0..<n { @ j in 0..<3 { s += (i + j + r) * 0.5 } }", "s"),
    "match": ("", XS, "", "@@ i in 0..<n { xs[i] <- (i + r) % 4 { 0 -> 1  1 -> 5  2 -> i  ~> -1 } }", "xs[0]"),
    "texts": ("", 'ss := ["a"] * (n + 1)', "", '@@ i in 0..<n { ss[i] <- "x" + str(i + r) }', "#ss[0]"),
    "lengths of texts": ("", "s := 0", "", '@@ i in 0..<n { s += #f"{i}-{r}" }', "s"),
    "lists": ("", "s := 0", "", "@@ i in 0..<n { p = [i, r, i + r]; s += sum(p) }", "s"),
    "maps": ("", "s := 0", "", "@@ i in 0..<n { p = {x: i, y: r}; s += p.x + p.y }", "s"),
    "rows": ("", "rows := range(0, n) | (i => [i, 0])", "", "@@ i in 0..<n { rows[i][1] <- i + r }", "#rows"),
    "each": ("", XS + "\n    s := 0", "", "@@ x in xs { s += x }", "s"),
    "each, written": ("", XS, "", "@@ x in xs { x <- x * 0.5 + r }", "xs[0]"),
    "each of a text": ("", 't = "abcdefghij" * (n / 10)\n    s := 0', "", '@@ c in t { c == "c" { s++ } }', "s"),
    "pairs": ("", "m := {}\n    @ i in 0..<n { m[i] <- i }\n    s := 0", "", "@@ k, v in m { s += v - k }", "s"),
    "leaving": ("", XS, "", "@@ i in 0..<n { xs[i] > 5 { ret @ } }", "xs[0]"),
    "leaving, writes": ("", XS, "", "@@ i in 0..<n { xs[i] <- i; i < 0 { ret @ } }", "xs[0]"),
    "max": ("", XS, "", "@@ i in 0..<n max 1000000 { xs[i] <- i + r }", "xs[0]"),
    "defer": ("", XS, "", "@@ i in 0..<n { t := i; defer { xs[i] <- t }; t += r }", "xs[0]"),
}


def program(body):
    helpers, variables, start, loop, use = body

    def function(name, text):
        lines = [f"{name} = (n, reps) => {{", variables, "clock := now()", "@ r in 0..<reps {", start, text, "}",
                 "clock <- now() - clock", f"[clock, {use}]", "}"]
        return "\n".join(line for line in lines if line) + "\n"
    return (helpers + "\n" + function("plain", loop.replace("@@", "@", 1)) + function("prefixed", loop) + """
measured = (n, rounds) => {
    made := plain(n, 1)
    reps = max(1, min(2000, floor(1e-4 / max(1e-9, plain(n, 1)[0]))))
    a := 1e9
    b := 1e9
    @ k in 0..<2 * rounds {
        k % 4 == 0 or k % 4 == 3 { made <- plain(n, reps); a <- min(a, made[0]) ~> made <- prefixed(n, reps); b <- min(b, made[0]) }
    }
    eprintf("%v %v %v\\n", n, a / reps, b / reps)
    println(made[1])
}
words = args()
@ k in 1..<#words { measured(num(words[k]) or! 0, num(words[0]) or! 1) }
""")


def measure(executable, counts, rounds):
    """{count: (seconds of the plain loop, seconds of the one with the prefix)}"""
    done = subprocess.run([executable, str(rounds), *map(str, counts)], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{executable}: exit status {done.returncode}\n{done.stderr}")
    rows = [line.split() for line in done.stderr.splitlines()]
    return {int(n): (float(a), float(b)) for n, a, b in rows}


def ratio(pair):
    plain, prefixed = pair
    return 1 if 0 < prefixed - plain < NOISE else prefixed / plain


def ratios(executable, counts, rounds):
    found = {n: ratio(pair) for n, pair in measure(executable, counts, rounds).items()}
    for _ in range(AGAIN):
        high = [n for n in counts if found[n] > TARGET]
        if not high:
            break
        for n, pair in measure(executable, high, rounds * 3).items():
            found[n] = min(found[n], ratio(pair))
    return found


def never_slower(flapc, folder, runs, names=()):
    print("| loop body | " + " | ".join(str(n) for n in COUNTS) + " |")
    print("|---" * (len(COUNTS) + 1) + "|")
    above = 0
    for name, body in BODIES.items():
        if names and name not in names:
            continue
        path = os.path.join(folder, re.sub(r"\W", "_", name))
        with open(path + ".flap", "w") as file:
            file.write(program(body))
        build([flapc, "-O2", "--mcpu=native", "-q", "-o", path, path + ".flap"])
        found = ratios(path, COUNTS, runs * 4)
        above += sum(r > TARGET for r in found.values())
        print(f"| {name} | " + " | ".join(f"{r:.2f}" if r <= TARGET else f"**{r:.2f}**" for r in found.values()) + " |",
              flush=True)
    print(f"\nabove {TARGET}: {above}")
