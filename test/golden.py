#!/usr/bin/env python3
"""Golden tests: runs .flap files and compares what happens with what their comments expect.

usage: golden.py [--flapc PATH] [-j N] [--keep] [--list] [--coverage] [FILE|FOLDER ...]

Expectations stand in comments anywhere in the file (README of every directive):
  // expect: TEXT           one line of standard output, in order (alone: an empty line)
  // expect-file: NAME      standard output is that file's content
  // order: any             lines of standard output in any order
  // error E0312: TEXT      on the offending line: code and part of the message; `error@LINE:COL` moves
                            the place (LINE absolute, +1 or -1; `@:COL` checks the column of this line);
                            several per line. `warning W0101: TEXT` likewise. Every diagnostic that
                            `flapc check` reports must be expected, and the other way round
  // panic: MESSAGE         standard error has the line `Error: MESSAGE`; exit status 1. Alone: any message
  // stderr: TEXT           a line of standard error contains TEXT (repeatable)
  // exit: N                exit status (default 0, 1 after panic)
  // args: A B   // stdin: LINE (repeatable)   // env: NAME=VALUE   // threads: 1 2 8
  // modes: aot-O0 jit-O2   instead of all of aot-O0 aot-O2 jit-O0 jit-O2
  // memory: MIB            peak resident memory of the executable (aot modes)
  // file: NAME SHA256      the program leaves {tmp}/NAME with this content
  // source: PYTHON         the program is the value (str or bytes) of this expression, not this file
  // status: N M            only the exit status of `flapc check` is looked at: one of these
  // prefixes: FILE STEP    `flapc check` of every STEPth prefix of FILE ends with status 0 or 1
  // parse: TEXT            `--emit=ast` accepts the file and prints TEXT somewhere (alone: accepts); no run
  // lex: TEXT              the same with `--emit=tokens`
  // same: A <=> B          both sources have the same tree; `// differ: A <=> B`: they do not
  // shell: COMMAND         what a shell does with this is compared instead ({flapc}, {file}: compiler, this file)
  // needs: PROGRAM         the test is skipped, and says so, where PROGRAM is not installed; `lib:NAME`: a
                            library that pkg-config knows; `libclang`: 19 or newer; `libdw`
  // native: REASON         takes no part under the conditions below
  // model: sequential      standard output, what is printed to standard error (but for the lines of backtraces)
                            and exit status are also those of the program without the prefixes of its loops
  // helper                 no test of its own (another file uses it)
{dir} and {tmp} in args, env and shell are the file's folder and the test's own empty folder.
In the modes aot-O2 and jit-O0 programs also run with FLAP_DEBUG=leaks: one that comes to its end may
leave no value behind, unless the test expects to be told so (`stderr: leaks: …`).
The time limit of a minute a command is for hangs only.

A mode may name an option, `--modes "jit-O2+no-integers"`, and other levels, `jit-O1`: where those of -O2 run.
With --modes, --threads, --env, --under or --target only the tests that run a program take part, each under these
conditions: `--threads "1 2 64"` for the programs in which the number of threads is left open. The exit
status is 77 when every test was skipped. With --target, those that need another C library than libc are.
"""
import argparse
import ctypes.util
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
HANG_SECONDS = 60
LEAK_MODES = ["aot-O2", "jit-O0"]
MODES = ["aot-O0", "aot-O2", "jit-O0", "jit-O2"]
DIRECTIVE = re.compile(
    r"//\s*(expect-file|expect|order|panic|stderr|exit|args|stdin|env|threads|modes|memory|file|"
    r"source|status|prefixes|parse|lex|same|differ|shell|needs|native|model):[ ]?(.*)")
DIAGNOSTIC = re.compile(
    r"//\s*(error|warning)(?:@([+-]?\d+)?(?::(\d+))?)?(?:\s+([EW]\d{4}))?:\s*(.*?)\s*"
    r"(?=//\s*(?:error|warning)[@ :]|$)")


def is_installed(what):
    if what == "libclang":
        return any(os.path.exists(f"/usr/lib/llvm-{version}/lib/libclang-{version}.so.1")
                   for version in range(19, 31))
    if what == "libdw":
        return bool(ctypes.util.find_library("dw"))
    if what.startswith("lib:"):
        command = ["pkg-config", "--exists", what[4:]]
        return bool(shutil.which("pkg-config")) and subprocess.run(command).returncode == 0
    return bool(shutil.which(what))


class Failure(Exception):
    pass


class Skipped(Exception):
    pass


class Result:
    def __init__(self, status, out, err, peak_kib):
        self.status, self.out, self.err, self.peak_kib = status, out, err, peak_kib


def run(command, folder, env=None, stdin=b"", patience=1):
    """Runs a command with its output in files; a hang is a failure."""
    with tempfile.TemporaryFile(dir=folder) as out, tempfile.TemporaryFile(dir=folder) as err, \
            tempfile.TemporaryFile(dir=folder) as given:
        given.write(stdin)
        given.seek(0)
        process = subprocess.Popen(command, cwd=folder, env=env, stdin=given, stdout=out, stderr=err)
        hung = threading.Event()
        timer = threading.Timer(HANG_SECONDS * patience, lambda: (hung.set(), process.kill()))
        timer.start()
        _, wait_status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(wait_status)
        out.seek(0)
        err.seek(0)
        if hung.is_set():
            raise Failure(f"hangs: {shlex.join(command)}")
        return Result(process.returncode, out.read(), err.read(), usage.ru_maxrss)


class Test:
    """One file and what it expects."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        with open(self.path, "rb") as handle:
            text = handle.read().decode("utf-8", "replace")
        self.lists = {}
        self.open_threads = "@@" in text or "||" in text  # FLAP_NUM_THREADS matters
        self.diagnostics = []  # (line, column or None, code or None, text)
        self.helper = False
        for number, line in enumerate(text.split("\n"), 1):
            line = line.rstrip("\r")
            if re.match(r"//\s*helper\s*$", line):
                self.helper = True
            found = DIRECTIVE.search(line)
            if found:
                self.lists.setdefault(found.group(1), []).append(found.group(2))
                if found.group(1) == "source":
                    continue
            for severity, place, column, code, message in DIAGNOSTIC.findall(line):
                at = number
                if place:
                    at = number + int(place) if place[0] in "+-" else int(place)
                self.diagnostics.append((at, int(column) if column else None, severity, code, message))

    def runs(self):
        """Whether a program is compiled and run, rather than looked at or left to a shell."""
        return (not any(name in self.lists for name in
                        ("status", "prefixes", "parse", "lex", "same", "differ", "shell", "native")) and
                not any(row[2] == "error" for row in self.diagnostics))

    def one(self, name, default=None):
        return self.lists[name][-1] if name in self.lists else default


def decode(data):
    return data.decode("utf-8", "surrogateescape")


def show(text):
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def clip(text, lines=40):
    rows = show(text).split("\n")
    rows = [row if len(row) <= 300 else row[:300] + "…" for row in rows]
    return "\n".join("      " + row for row in rows[:lines] + (["…"] if len(rows) > lines else []))


def difference(expected, actual):
    """The first line that differs, with a little around it."""
    for index in range(max(len(expected), len(actual))):
        left = expected[index] if index < len(expected) else "(end)"
        right = actual[index] if index < len(actual) else "(end)"
        if left != right:
            around = "".join(f"\n        {line}" for line in actual[max(0, index - 2):index])
            return (f"line {index + 1} of standard output differs ({len(expected)} expected, "
                    f"{len(actual)} came){around}\n      - {show(left)[:300]}\n      + {show(right)[:300]}")
    return ""


class Runner:
    def __init__(self, flapc, keep, conditions=None):
        self.flapc, self.keep = flapc, keep
        self.modes = conditions.modes.split() if conditions and conditions.modes else MODES
        self.threads = conditions.threads if conditions else None
        self.env = conditions.env if conditions else []
        self.under = shlex.split(conditions.under) if conditions and conditions.under else []
        self.target = conditions.target if conditions else None
        if self.target and not self.under:
            arch = self.target.partition("-")[0]
            self.under = ["qemu-" + arch, "-L", f"/usr/{arch}-linux-gnu"]
        self.stressed = bool(conditions and conditioned(conditions))

    def run_file(self, path):
        """None when the file passes, a Skipped when it cannot be run here, else the reason."""
        if not os.path.exists(path):
            return "no such file"
        test = Test(path)
        folder = tempfile.mkdtemp(prefix="flap-golden-")
        try:
            self.run_test(test, folder)
            return None
        except Skipped as skipped:
            return skipped
        except Failure as failure:
            return str(failure) + (f"\n    (kept in {folder})" if self.keep else "")
        finally:
            if not self.keep:
                shutil.rmtree(folder, ignore_errors=True)

    def fill(self, test, folder, text):
        return (text.replace("{dir}", os.path.dirname(test.path)).replace("{tmp}", folder)
                .replace("{flapc}", self.flapc).replace("{file}", test.path))

    def environment(self, test, folder, threads=None, leaks=False):
        env = {key: value for key, value in os.environ.items() if not key.startswith("FLAP_")}
        env["LC_ALL"] = "C"
        for row in test.lists.get("env", []) + self.env:
            key, _, value = row.partition("=")
            env[key.strip()] = self.fill(test, folder, value)
        if threads:
            env["FLAP_NUM_THREADS"] = threads
        if leaks:
            env["FLAP_DEBUG"] = ",".join(filter(None, [env.get("FLAP_DEBUG"), "leaks"]))
        return env

    def run_test(self, test, folder):
        source = test.path
        if "source" in test.lists:
            text = eval(test.one("source"), {"__builtins__": __builtins__})  # our own test files
            source = os.path.join(folder, "source.flap")
            with open(source, "wb") as handle:
                handle.write(text if isinstance(text, bytes) else text.encode("utf-8"))
        for program in test.lists.get("needs", []):
            if not is_installed(program.strip()):
                raise Skipped(f"{program.strip()} is not installed")
            if self.target and program.startswith("lib:"):
                raise Skipped(f"{program.strip()} is this machine's")
        if "shell" in test.lists:
            self.check_shell(test, folder)
        elif "prefixes" in test.lists:
            self.check_prefixes(test, folder)
        elif "same" in test.lists or "differ" in test.lists:
            self.check_trees(test, folder)
        elif "parse" in test.lists or "lex" in test.lists:
            self.check_dumps(test, folder, source)
        elif self.stressed:
            self.check_runs(test, folder, source)
        else:
            has_errors = self.check_diagnostics(test, folder, source)
            if not has_errors and "status" not in test.lists:
                self.check_runs(test, folder, source)

    # flapc check -------------------------------------------------------------------------------

    def check(self, folder, source):
        done = run([self.flapc, "check", "--error-format=json", source], folder)
        if done.status not in (0, 1):
            raise Failure(f"flapc check ends with status {done.status}\n{clip(decode(done.err))}")
        return done

    def check_diagnostics(self, test, folder, source):
        """Compares the diagnostics; true when errors were expected and came."""
        done = self.check(folder, source)
        if "status" in test.lists:
            if str(done.status) not in test.one("status").split():
                raise Failure(f"flapc check ends with status {done.status}")
            return True
        try:
            reported = parse_json(decode(done.out)) or parse_json(decode(done.err))
        except (ValueError, KeyError) as problem:
            raise Failure(f"unreadable JSON ({problem})\n{clip(decode(done.out + done.err))}") from problem
        left = list(reported)
        rows = []
        for line, column, severity, code, message in test.diagnostics:
            for item in left:
                if (item["line"] == line and item["severity"] == severity and message in item["message"] and
                        code in ("", item["code"]) and column in (None, item["column"])):
                    left.remove(item)
                    break
            else:
                rows.append(f"missing:    {line}:{column or ''} {severity} {code}: {message}")
        for item in left:
            rows.append(f"unexpected: {item['line']}:{item['column']} {item['severity']} "
                        f"{item['code']}: {item['message']}")
        if rows:
            raise Failure("diagnostics differ\n" + clip("\n".join(rows), 20))
        has_errors = any(item["severity"] == "error" for item in reported)
        if done.status != (1 if has_errors else 0):
            raise Failure(f"flapc check ends with status {done.status}")
        return has_errors

    def check_prefixes(self, test, folder):
        name, step = test.one("prefixes").split()
        with open(os.path.join(os.path.dirname(test.path), name), "rb") as handle:
            whole = handle.read()
        part = os.path.join(folder, "part.flap")
        for length in range(0, len(whole), int(step)):
            with open(part, "wb") as handle:
                handle.write(whole[:length])
            try:
                self.check(folder, part)
            except Failure as failure:
                raise Failure(f"the first {length} bytes of {name}: {failure}") from failure

    # dumps -------------------------------------------------------------------------------------

    def dump(self, folder, source, form):
        done = run([self.flapc, f"--emit={form}", "-o", "-", source], folder)
        if done.status != 0 or not done.out.strip():
            raise Failure(f"--emit={form} ends with status {done.status}\n{clip(decode(done.err + done.out))}")
        return decode(done.out)

    def check_dumps(self, test, folder, source):
        for form, name in (("ast", "parse"), ("tokens", "lex")):
            if name in test.lists:
                text = " ".join(self.dump(folder, source, form).split())
                for wanted in test.lists[name]:
                    if " ".join(wanted.split()) not in text:
                        raise Failure(f"--emit={form} does not have: {wanted}\n{clip(text)}")

    def tree_of(self, folder, text):
        path = os.path.join(folder, "tree.flap")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text.strip().replace("\\n", "\n") + "\n")
        return re.sub(r"\s+", " ", re.sub(r"@?\b\d+:\d+(-\d+(:\d+)?)?", "", self.dump(folder, path, "ast")))

    def check_trees(self, test, folder):
        for name in ("same", "differ"):
            for row in test.lists.get(name, []):
                left, _, right = row.partition("<=>")
                trees = self.tree_of(folder, left), self.tree_of(folder, right)
                if (trees[0] == trees[1]) != (name == "same"):
                    raise Failure(f"not the {name} tree: {row}\n{clip(trees[0])}\n{clip(trees[1])}")

    # runs --------------------------------------------------------------------------------------

    def check_shell(self, test, folder):
        command = self.fill(test, folder, " ; ".join(test.lists["shell"]))
        stdin = "".join(line + "\n" for line in test.lists.get("stdin", [])).encode()
        done = run(["bash", "-c", command], folder, self.environment(test, folder), stdin)
        try:
            self.compare(test, folder, done, "shell")
        except Failure as failure:
            raise Failure(f"{failure}\n{clip(decode(done.err), 12)}") from failure

    def check_runs(self, test, folder, source):
        wanted = test.one("modes", " ".join(MODES)).split()
        model = self.run_model(test, folder, source) if "model" in test.lists else None
        for mode in self.modes:
            ground, _, option = mode.partition("+")
            way, level = ground.split("-")
            if (ground if ground in MODES else way + "-O2") not in wanted:
                continue
            more = ["--" + option] if option else []
            if self.target:
                more.append("--target=" + self.target)
            command = [self.flapc, "run", f"-{level}", *more, source]
            if way == "aot":
                program = os.path.join(folder, "program-" + level)
                done = run([self.flapc, f"-{level}", *more, "-o", program, source], folder)
                if self.target and b"E0609" in done.err:
                    raise Skipped(f"there is no C library for {self.target}")
                if done.status != 0:
                    raise Failure(f"[{mode}] compiling ends with status {done.status}\n"
                                  f"{clip(decode(done.err + done.out))}")
                command = self.under + [program]
            command += shlex.split(self.fill(test, folder, test.one("args", "")))
            stdin = "".join(line + "\n" for line in test.lists.get("stdin", [])).encode()
            for threads in self.thread_counts(test):
                done = run(command, folder, self.environment(test, folder, threads, mode in LEAK_MODES),
                           stdin, 30 if self.stressed else 1)
                where = f"[{mode}{', ' + threads + ' threads' if threads else ''}]"
                try:
                    if model:
                        self.compare_model(model, done)
                    self.compare(test, folder, done, way)
                except Failure as failure:
                    raise Failure(f"{where} {failure}\n{clip(decode(done.err), 12)}") from failure

    def run_model(self, test, folder, source):
        """What the program does without the prefixes of its loops."""
        path = os.path.join(folder, os.path.basename(source))
        with open(source, encoding="utf-8") as handle:
            text = handle.read()
        sequential = without_prefixes(text)
        if sequential == text:
            raise Failure("there is no prefix to remove")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(sequential)
        words = [self.flapc, "run", "-q", "-O0", path] + shlex.split(self.fill(test, folder, test.one("args", "")))
        stdin = "".join(line + "\n" for line in test.lists.get("stdin", [])).encode()
        done = run(words, folder, self.environment(test, folder), stdin, 30 if self.stressed else 1)
        if not done.out and not done.err:
            raise Failure("without prefixes the program prints nothing")
        return done

    def compare_model(self, model, done):
        if model.out != done.out:
            raise Failure("not as without prefixes: " + difference(decode(model.out).split("\n"),
                                                                   decode(done.out).split("\n")))
        if told(decode(model.err)) != told(decode(done.err)):
            raise Failure(f"without prefixes standard error is\n{clip(decode(model.err), 12)}")
        if model.status != done.status:
            raise Failure(f"exit status {done.status}, without prefixes {model.status}")

    def thread_counts(self, test):
        given = any(row.startswith("FLAP_NUM_THREADS") for row in test.lists.get("env", []))
        if self.threads and test.open_threads and not given:
            return self.threads.split()
        return test.one("threads", "").split() or [None]

    def compare(self, test, folder, done, way):
        self.compare_output(test, folder, decode(done.out))
        errors = decode(done.err)
        lines = errors.split("\n")
        for message in test.lists.get("panic", []):
            if message and f"Error: {message}" not in lines:
                raise Failure(f"no line `Error: {message}` in standard error")
            if not message and not any(line.startswith("Error: ") for line in lines):
                raise Failure("no line `Error: …` in standard error")
        if not any("leaks:" in text for text in test.lists.get("stderr", [])):
            for line in lines:
                if line.startswith("leaks: "):
                    raise Failure(f"values are left behind at the end: {line}")
        for text in test.lists.get("stderr", []):
            if not any(text in line for line in lines):
                raise Failure(f"nothing in standard error contains: {text}")
        quiet = not any(name in test.lists for name in ("panic", "stderr", "model")) and not test.diagnostics
        if quiet and errors:
            raise Failure("standard error is not empty")
        status = int(test.one("exit", "1" if "panic" in test.lists else "0"))
        given = any(name in test.lists for name in ("exit", "panic")) or "model" not in test.lists
        if given and done.status != status:
            raise Failure(f"exit status {done.status}, expected {status}")
        if "memory" in test.lists and way == "aot" and not self.stressed and done.peak_kib > int(test.one("memory")) * 1024:
            raise Failure(f"peak memory {done.peak_kib} KiB")
        for row in test.lists.get("file", []):
            name, digest = row.split()
            path = os.path.join(folder, name)
            if not os.path.exists(path):
                raise Failure(f"no file {name}")
            with open(path, "rb") as handle:
                actual = hashlib.sha256(handle.read()).hexdigest()
            os.unlink(path)
            if actual != digest:
                raise Failure(f"{name} has the SHA-256 {actual}")

    def compare_output(self, test, folder, actual):
        if "model" in test.lists and "expect" not in test.lists:
            return
        if "expect-file" in test.lists:
            with open(os.path.join(os.path.dirname(test.path), test.one("expect-file").strip()), "rb") as handle:
                expected = decode(handle.read()).split("\n")
        else:
            expected = test.lists.get("expect", []) + [""]
        lines = actual.split("\n")
        if lines[-1] != "" and "expect" in test.lists:
            lines.append("")  # a last line without a newline
        if test.one("order", "").strip() == "any":
            expected, lines = sorted(expected), sorted(lines)
        if expected != lines:
            raise Failure(difference(expected, lines))


def without_prefixes(text):
    """The program with every parallel loop and map made sequential; places stay what they are."""
    rows = []
    for row in text.split("\n"):
        code, slashes, comment = row.partition("//")
        code = re.sub(r"@@(?=[ \n]|$)", " @", code)
        code = re.sub(r"(?:(?<=^)|(?<=[\s{;(=>]))(\w+|\((?:[^()]|\([^()]*\))*\)) @ (?=\w+(?:, \w+)? in )",
                      lambda found: " " * len(found.group(1)) + " @ ", code)
        rows.append(re.sub(r"(?<!\|)\|\|(?!\|)", " |", code) + slashes + comment)
    return "\n".join(rows)


def told(errors):
    """What is said on standard error, without backtraces, which the level of optimisation shortens."""
    return [line for line in errors.split("\n") if not re.match(r"  (at|in|from) ", line)]


def parse_json(text):
    """Diagnostics as a JSON list, an object with a list, or an object a line."""
    text = text.strip()
    if not text:
        return []
    try:
        data = json.loads(text)
        if isinstance(data, dict):
            data = data.get("diagnostics", [data])
    except ValueError:
        data = [json.loads(line) for line in text.split("\n") if line.strip()]
    for item in data:
        item["line"], item["column"], item["code"], item["severity"], item["message"]  # all must be there
    return [item for item in data if item["severity"] in ("error", "warning")]


# coverage --------------------------------------------------------------------------------------

def def_rows(name, macro):
    path = os.path.join(ROOT, "frontend", name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as handle:
        text = re.sub(r"//[^\n]*", "", handle.read())
    return re.findall(rf"^\s*{macro}\w*\(\s*(\w+)\s*,([^\n]*)", text, re.M)


def coverage(runner, paths):
    """Prints the rows of the .def files that no test reaches; the exit status is 1 if there are any."""
    texts, dumps, tokens = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            with open(path, "rb") as handle:
                texts.append(handle.read().decode("utf-8", "replace"))
            for form, into in (("ast", dumps), ("tokens", tokens)):
                into.append(decode(run([runner.flapc, f"--emit={form}", "-o", "-", path], folder).out))
    text, dump, token = "\n".join(texts), "\n".join(dumps), "\n".join(tokens)
    missing = 0
    for kind, macro, file, seen in (
            ("diagnostic", "DIAG", "diag.def", lambda row: re.search(rf"//.*\b{row[0]}\b", text)),
            ("builtin", "BUILTIN", "builtin.def", lambda row: re.search(rf"\b{row[0]}\b", text)),
            ("node", "NODE", "ast.def", lambda row: f"({row[1].split(',')[1].strip(' )').strip(chr(34))}" in dump),
            ("token", "TOKEN", "token.def", lambda row: re.search(rf"\b{row[0]}\b", token, re.I) or
             re.search(r'"([^"]+)"', row[1]) and re.search(r'"([^"]+)"', row[1]).group(1) in token)):
        for row in def_rows(file, macro):
            if not row[0].startswith("R") and not seen(row):
                print(f"{kind} {row[0]} is reached by no test")
                missing += 1
    print(f"{missing} rows not reached")
    return 1 if missing else 0


def collect(names):
    found = []
    for name in names or [HERE]:
        if os.path.isdir(name):
            for folder, _, files in os.walk(name):
                found += [os.path.join(folder, file) for file in files if file.endswith(".flap")]
        else:
            found.append(name)
    return sorted(found)


def conditioned(options):
    return options.modes or options.threads or options.env or options.under or options.target


def main():
    parser = argparse.ArgumentParser(description="Runs golden tests.")
    parser.add_argument("--flapc", default=os.path.join(ROOT, "build", "flapc"))
    parser.add_argument("-j", type=int, default=1, help="how many files at a time")
    parser.add_argument("--list", action="store_true", help="names the tests")
    parser.add_argument("--keep", action="store_true", help="keep the folders of failed tests")
    parser.add_argument("--coverage", action="store_true", help="rows of the .def files that no test reaches")
    parser.add_argument("--modes", help="only these ways: \"jit-O0 jit-O2\"")
    parser.add_argument("--threads", help="numbers of threads for all programs that leave it open")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for all programs")
    parser.add_argument("--under", help="a command that executables are run under: \"valgrind -q\"")
    parser.add_argument("--target", help="executables for this one, run under qemu: \"riscv64-linux-gnu\"")
    parser.add_argument("--without", default="", help="leaves out files whose names begin so: \"spawn leave_harm\"")
    parser.add_argument("-q", action="store_true", help="print failures only")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    for mode in (options.modes or "").split():
        if not re.fullmatch(r"(aot|jit)-O[0123s](\+.*)?", mode):
            parser.error(f"no such mode: {mode}")
    tests = [Test(path) for path in collect(options.files)
             if not os.path.basename(path).startswith(tuple(options.without.split()))]
    paths = [test.path for test in tests if not test.helper and (test.runs() or not conditioned(options))]
    if options.list:
        print("\n".join(os.path.relpath(path, ROOT) for path in paths))
        return 0
    runner = Runner(os.path.abspath(options.flapc), options.keep, options)
    if not os.access(runner.flapc, os.X_OK):
        print(f"golden.py: no compiler at {runner.flapc}", file=sys.stderr)
        return 2
    if options.coverage:
        return coverage(runner, paths)
    failed = skipped = 0
    with ThreadPoolExecutor(max_workers=max(1, options.j)) as pool:
        for path, reason in zip(paths, pool.map(runner.run_file, paths)):
            name = os.path.relpath(path, ROOT)
            if isinstance(reason, Skipped):
                skipped += 1
                print(f"skip {name}: {reason}", flush=True)
            elif reason:
                failed += 1
                print(f"FAIL {name}\n    {reason}", flush=True)
            elif not options.q:
                print(f"ok   {name}", flush=True)
    print(f"{len(paths) - failed - skipped} passed, {failed} failed")
    if failed or not paths:
        return 1
    return 77 if skipped == len(paths) else 0


if __name__ == "__main__":
    sys.exit(main())
