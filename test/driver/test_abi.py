#!/usr/bin/env python3
"""How C passes values: random prototypes, compiled by a C compiler on one side and by flapc on the other.

usage: test_abi.py --flapc PATH [--seed N] [--functions N] [--rounds N] [--keep FOLDER]

A C function looks at each argument and gives a result that is known too; half of them call a Flap
function with the same arguments in between. For this machine's processor, and, under qemu, for those
whose C library is installed and which flapc can link for.
"""
import argparse
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile

INTEGERS = {"int8_t": (-128, 127), "uint8_t": (0, 255), "int16_t": (-32768, 32767), "uint16_t": (0, 65535),
            "int32_t": (-2**31, 2**31 - 1), "uint32_t": (0, 2**32 - 1), "int64_t": (-2**53, 2**53),
            "uint64_t": (0, 2**53), "bool": (0, 1)}
FLOATS = ["float", "double"]


class Scalar:
    def __init__(self, name):
        self.name = name

    def value(self, rng):
        if self.name in INTEGERS:
            low, high = INTEGERS[self.name]
            return rng.choice([low, high, rng.randint(low, high)])
        return rng.randint(-4000, 4000) / 8

    def declared(self, name):
        return f"{self.name} {name}"

    def checks(self, path, value):
        if self.name == "long double":  # no operator: they need the compiler's library
            return [f"same_long({path}, {value!r}L)"]
        return [f"{path} == {self.in_c(value)}"]

    def in_c(self, value):
        if self.name == "long double":
            return f"{value!r}L"
        if self.name in ("int64_t", "uint64_t"):
            return f"{value}LL"
        return f"{value}u" if self.name == "uint32_t" else repr(value)

    def in_flap(self, value):
        return repr(value)


class Array:
    def __init__(self, element, count):
        self.element, self.count = element, count

    def value(self, rng):
        return [self.element.value(rng) for _ in range(self.count)]

    def declared(self, name):
        return self.element.declared(f"{name}[{self.count}]")

    def checks(self, path, value):
        return [check for i, one in enumerate(value) for check in self.element.checks(f"{path}[{i}]", one)]

    def in_c(self, value):
        return "{" + ", ".join(self.element.in_c(one) for one in value) + "}"

    def in_flap(self, value):
        return "[" + ", ".join(self.element.in_flap(one) for one in value) + "]"


class Struct:
    def __init__(self, name, fields, aligned):
        self.name, self.fields, self.aligned = name, fields, aligned

    def value(self, rng):
        return [field.value(rng) for field in self.fields]

    def declared(self, name):
        return f"{self.name} {name}"

    def definition(self):
        rows = "".join(f" {field.declared('f%d' % i)};" for i, field in enumerate(self.fields))
        mark = " __attribute__((aligned(16)))" if self.aligned else ""
        return f"typedef struct{mark} {self.name} {{{rows} }} {self.name};"

    def checks(self, path, value):
        return [check for i, (field, one) in enumerate(zip(self.fields, value))
                for check in field.checks(f"{path}.f{i}", one)]

    def in_c(self, value):
        return f"({self.name}){{" + ", ".join(f.in_c(one) for f, one in zip(self.fields, value)) + "}"

    def in_flap(self, value):
        return "{" + ", ".join(f"f{i}: {f.in_flap(one)}"
                               for i, (f, one) in enumerate(zip(self.fields, value))) + "}"


def make_scalar(rng, alike=None):
    if alike:
        return Scalar(alike)
    kind = rng.random()
    if kind < 0.04:
        return Scalar("long double")
    return Scalar(rng.choice(FLOATS) if kind < 0.5 else rng.choice(list(INTEGERS)))


def make_struct(rng, number, earlier):
    alike = rng.choice(FLOATS + ["int64_t"]) if rng.random() < 0.4 else None
    fields = []
    for _ in range(rng.choice([1, 1, 2, 2, 2, 3, 4, 5])):
        field = make_scalar(rng, alike)
        if earlier and rng.random() < 0.12:
            field = rng.choice(earlier)
        elif rng.random() < 0.15:
            field = Array(field, rng.randint(1, 3))
        fields.append(field)
    lone_long = len(fields) == 1 and isinstance(fields[0], Scalar) and fields[0].name == "long double"
    if lone_long:  # which has a register of its own
        fields.append(Scalar("int32_t"))
    return Struct(f"S{number}", fields, rng.random() < 0.08)


def is_aligned(one):
    if isinstance(one, Array):
        return is_aligned(one.element)
    return isinstance(one, Struct) and (one.aligned or any(is_aligned(field) for field in one.fields))


def make_function(rng, number, structs, variadic):
    """A prototype, its arguments and its result."""
    any_type = lambda: rng.choice(structs) if rng.random() < 0.5 else make_scalar(rng)
    params = [any_type() for _ in range(rng.randint(1, 9))]
    more = []
    if variadic:
        more = [Scalar(rng.choice(["double", "int32_t", "uint32_t", "int64_t"])) for _ in range(rng.randint(1, 9))]
    result = any_type()
    values = [param.value(rng) for param in params + more]
    odd = any(is_aligned(one) for one in params + [result])  # libffi knows nothing of alignments
    calls_back = not variadic and not odd and rng.random() < 0.5
    return number, params, more, result, values, result.value(rng), calls_back


def c_text(structs, functions):
    head = ["#include <stdint.h>", "#include <stdbool.h>"] + [struct.definition() for struct in structs]
    body = ['#include "abi.h"', "#include <stdarg.h>", "#include <stdio.h>", "#include <string.h>",
            "static bool same_long(long double a, long double b) {",
            "    return memcmp(&a, &b, __LDBL_MANT_DIG__ == 64 ? 10 : 16) == 0;", "}",
            "static void look(bool good, const char *what) { if (!good) { printf(\"wrong: %s\\n\", what); fflush(stdout); } }"]
    for number, params, more, result, values, given, calls_back in functions:
        declared = [param.declared(f"p{i}") for i, param in enumerate(params)]
        back = result.declared(f"(*back)({', '.join(param.declared('') for param in params)})")
        listed = ", ".join(declared + ([back] if calls_back else []) + (["..."] if more else []))
        prototype = f"{result.declared(f'g{number}')}({listed})"
        head.append(prototype + ";")
        body.append(prototype + " {")
        for i, (param, value) in enumerate(zip(params, values)):
            body += [f'    look({check}, "g{number}: {check}");' for check in param.checks(f"p{i}", value)]
        if more:
            body += ["    va_list list;", f"    va_start(list, p{len(params) - 1});"]
            for param, value in zip(more, values[len(params):]):
                body.append(f'    look(va_arg(list, {param.name}) == {param.in_c(value)}, "g{number}: ... {value}");')
            body.append("    va_end(list);")
        if calls_back:
            names = ", ".join(f"p{i}" for i in range(len(params)))
            body += [f"    {result.declared('r')} = back({names});"]
            body += [f'    look({check}, "g{number} back: {check}");' for check in result.checks("r", given)]
        body += [f"    return {result.in_c(given)};", "}"]
    return "\n".join(head) + "\n", "\n".join(body) + "\n"


def flap_text(functions):
    rows = ['import "abi.so" as c']
    for number, params, more, result, values, given, calls_back in functions:
        words = [param.in_flap(value) for param, value in zip(params, values)]
        casts = {"int32_t": "i32", "uint32_t": "u32", "int64_t": "i64", "double": "f64"}
        words += [f"{param.in_flap(value)} as {casts[param.name]}"
                  for param, value in zip(more, values[len(params):])]
        if calls_back:
            names = [f"q{i}" for i in range(len(params))]
            same = " and ".join(f"({name} == ({param.in_flap(value)}))"
                                for name, param, value in zip(names, params, values))
            rows.append(f"back{number} = ({', '.join(names)}) => {{ {same} {{ ~> println(\"wrong: back\", "
                        f"{number}, {', '.join(names)}) }}; ret ({result.in_flap(given)}) }}")
            words.append(f"back{number}")
        rows.append(f"r{number} = c.g{number}({', '.join(words)})")
        rows.append(f"r{number} == ({result.in_flap(given)}) {{ ~> println(\"wrong: result\", {number}, r{number}) }}")
    return "\n".join(rows + ['println("done")']) + "\n"


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def ways(flapc, clang, folder):
    """(name, the C compiler's words, flapc's words, words before the program)"""
    found = [(name, [name], [], []) for name in ("cc",) if shutil.which(name)]
    if clang:
        found.append((clang, [clang], [], []))
    with open(os.path.join(folder, "probe.flap"), "w", encoding="utf-8") as handle:
        handle.write('import c as c\nprintln(c.labs(-1))\n')
    for arch in ("aarch64", "riscv64", "x86_64"):
        include = f"/usr/{arch}-linux-gnu/include"
        qemu = shutil.which("qemu-" + arch)
        if arch == platform.machine() or not clang or not qemu or not os.path.isdir(include):
            continue
        target = f"--target={arch}-linux-gnu"
        if run([flapc, target, "-o", "probe", "probe.flap"], folder)[0] != 0:
            print(f"skipped: this flapc makes no programs with C for {arch}")
            continue
        found.append((arch, [clang, target, "-nostdlib", "-nostdlibinc", "-isystem", include, "-fuse-ld=lld"], [target],
                      [qemu, "-L", f"/usr/{arch}-linux-gnu"]))
    return found


def check(flapc, way, folder):
    name, cc, words, before = way
    status, said = run(cc + ["-O1", "-w", "-shared", "-fPIC", "-o", "abi.so", "abi.c"], folder)
    if status != 0:
        return f"{name} cannot compile: {said}"
    for level in ("-O0", "-O2"):
        status, said = run([flapc, level, *words, "-o", "program", "abi.flap"], folder)
        if status != 0:
            return f"{name} {level}: flapc: {said[:2000]}"
        status, said = run(before + ["./program"], folder)
        if status != 0 or said != "done\n":
            return f"{name} {level}: status {status}\n{said[:2000]}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flapc", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--functions", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--keep", help="leave the files of a failure in this folder")
    options = parser.parse_args()
    flapc = os.path.abspath(options.flapc)
    clang = next((found for version in range(22, 18, -1) if (found := shutil.which(f"clang-{version}"))),
                 shutil.which("clang"))
    failed = 0
    for seed in range(options.seed, options.seed + options.rounds):
        rng = random.Random(seed)
        structs = []
        for number in range(options.functions // 2):
            structs.append(make_struct(rng, number, structs))
        functions = [make_function(rng, number, structs, number % 6 == 5) for number in range(options.functions)]
        with tempfile.TemporaryDirectory(prefix="flap-abi-") as folder:
            for name, text in zip(("abi.h", "abi.c", "abi.flap"), (*c_text(structs, functions), flap_text(functions))):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as handle:
                    handle.write(text)
            for way in ways(flapc, clang, folder):
                problem = check(flapc, way, folder)
                if problem:
                    failed += 1
                    print(f"FAIL seed {seed}: {problem}")
                    if options.keep:
                        shutil.copytree(folder, os.path.join(options.keep, f"{seed}-{os.path.basename(way[0])}"),
                                        dirs_exist_ok=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
