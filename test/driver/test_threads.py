#!/usr/bin/env python3
"""Threads of compiled programs, seen from outside: their system calls, many runs, refusals by the system.

usage: test_threads.py --flapc PATH [unittest words]

FLAP_TEST_ROUNDS sets how many times the short programs run (200). What needs strace is skipped, and says
so, where it is not installed.
"""
import ctypes
import errno
import os
import platform
import re
import shutil
import struct
import signal
import subprocess
import tempfile
import time
import unittest
from unittest import mock

from compiler import take_flapc

FLAPC = take_flapc()
ROUNDS = int(os.environ.get("FLAP_TEST_ROUNDS", "200"))
SYSTEM_CALLS = {"x86_64": (56, 9), "aarch64": (220, 222), "riscv64": (220, 222)}  # clone, mmap
CLONE3 = 435
CLONE_THREAD, MAP_STACK = 0x10000, 0x20000
CLONE_FLAGS = ("CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|"
               "CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID")

THREADS = '4 @ i in 0..<10 { printf("Thread: %v\\n", i) }\n'
SUMS = """
s := 0
out := [0] * 1000
64 @ i in 0..<1000 { s += i; out[i] <- i * 2 }
7 @ i in 0..<1000 { println(i, out[i]) }
println(s, sum(out))
"""
SUMS_OUTPUT = "".join(f"{i} {2 * i}\n" for i in range(1000)) + "499500 999000\n"
FOREIGN = 'call("getpid")\n'  # makes a program dynamic, with threads by pthread_create
MATRIX = """
@ n in [0, 1, 2, 7, 100, 1000, 10000, 1000000] {
    hits := [0] * n
    @ t in [1, 2, 3, 4, 8, 64] { t @ i in 0..<n { hits[i] += 1 } }
    @@ i in 0..<n { hits[i] += 1 }
    total := 0
    @@ i in 0..<n { total += hits[i] }
    least := 7
    @@ i in 0..<n { least <- min(least, hits[i]) }
    println(n, total, least)
}
"""
MANY_LOOPS = """
count = () => #split(read_file("/proc/self/maps"), "\\n")
threads = () => {
    n := 0
    @ row in split(read_file("/proc/self/status"), "\\n") { starts_with(row, "Threads:") { n <- num(row[8:]) } }
    n
}
s := 0
@ k in 0..<10 { 4 @ i in 0..<100 { s += i } }
sleep(0.1)
println(count() > 0, threads() > 0)
maps = count()
running = threads()
@ k in 0..<10000 { 4 @ i in 0..<100 { s += i } }
println(s, count() - maps, threads() - running, running)
"""
# Iterations without an end, on four threads.
ENDLESS = """
spin = n => {
    k := n
    @ { k <- k + 1; k < 0 { ret k } }
}
4 @ i in 0..<8 { println(spin(i)) }
"""
IDLE = """
s := 0
4 @ i in 0..<1000 { s += i }
sleep(20)
println(s)
"""
WIDE = """
s := 0
1024 @ i in 0..<5000 { s += i }
@@ i in 0..<5000 { s += i }
println(s)
"""
COUNT_THREADS = """
xs := [0] * 3000000
@@ i in 0..<3000000 { xs[i] <- i * 0.5 }
@ row in split(read_file("/proc/self/status"), "\\n") { starts_with(row, "Threads:") { println(sum(xs), num(row[8:])) } }
"""
FORKED = """
work = n => {
    s := 0
    4 @ i in 0..<n { s += i }
    s
}
before = work(1000)
pid = call("fork") as i32
pid == 0 {
    println("child", before, work(2000), work(3000))
    exit(7)
}
call("waitpid", pid as i32, 0 as ptr, 0 as i32)
println("parent", before, work(2000))
"""


def refuse(calls):
    """A function that makes the kernel refuse these calls with an error: {number: (argument, bit, error)}."""
    def instruction(code, yes, no, value):
        return struct.pack("=HBBI", code, yes, no, value)
    rows = [instruction(0x20, 0, 0, 0)]  # the call's number
    for number, (argument, bit, error) in calls.items():
        rows += [instruction(0x15, 0, 4, number),  # another call: the next rows
                 instruction(0x20, 0, 0, 16 + 8 * argument),  # the low half of the argument
                 instruction(0x45, 0, 1, bit),
                 instruction(0x06, 0, 0, 0x00050000 | error),
                 instruction(0x06, 0, 0, 0x7FFF0000)]
    rows.append(instruction(0x06, 0, 0, 0x7FFF0000))
    code = ctypes.create_string_buffer(b"".join(rows))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(rows), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)

    def install(_needed=code):
        if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "no filter")
    return install


def contents(path):
    with open(path) as file:
        return file.read()


class Threads(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("FLAP_")}

    def compile(self, text, *options):
        source, program = (os.path.join(self.folder.name, name) for name in ("t.flap", "t"))
        with open(source, "w") as file:
            file.write(text)
        subprocess.run([FLAPC, *options, "-o", program, source], check=True, timeout=60)
        return source, program

    def expect(self, words, output, env=None, **options):
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, env={**self.env, **(env or {})},
                              **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, output)

    # --- V1 --------------------------------------------------------------------------------------

    def trace(self, program):
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        log = program + ".log"
        words = ["strace", "-f", "-e", "trace=clone,clone3,futex,mmap,munmap", "-o", log, program]
        done = subprocess.run(words, capture_output=True, text=True, env=self.env, timeout=60)
        if done.returncode != 0 and "ptrace" in done.stderr:
            self.skipTest("strace may not trace here")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(log) as file:
            return re.sub(r"^\d+ +", "", file.read(), flags=re.M)

    def test_system_calls(self):
        log = self.trace(self.compile("2 @ i in 0..<10 { }\n")[1])
        self.assertEqual(len(re.findall(r"^clone\(", log, re.M)), 1, log)
        self.assertIn(f"flags={CLONE_FLAGS}", log)
        self.assertNotIn("clone3", log)
        self.assertRegex(log, r"futex\(.*FUTEX_WAIT_PRIVATE|futex\(.*FUTEX_WAKE_PRIVATE|futex\(.*FUTEX_WAIT,")
        stacks = re.findall(r"mmap\(NULL, (\d+), .*MAP_STACK.*\) = (0x\w+)", log)
        self.assertEqual(len(stacks), 1, log)
        self.assertIn("munmap(%s, %s)" % (stacks[0][1], stacks[0][0]), log)

    def started(self, text, threads):
        """How many threads a program starts where so many are the machine's."""
        with mock.patch.dict(self.env, {"FLAP_NUM_THREADS": str(threads)}):
            log = self.trace(self.compile(text)[1])
        return len(re.findall(r"^clone\(", log, re.M))

    def test_threads_engaged(self):
        self.assertEqual(self.started("8 @ i in 0..<100 { }\n", 2), 7)
        self.assertEqual(self.started("64 @ i in 0..<3 { }\n", 2), 2)  # as many as blocks
        self.assertEqual(self.started("1 @ i in 0..<100 { }\n", 8), 0)
        self.assertEqual(self.started("@@ i in 0..<100 { }\n", 8), 0)  # too small to share
        self.assertEqual(self.started("@@ i in 0..<3 { sleep(0.05) }\n", 8), 2)
        self.assertEqual(self.started("4 @ i in 0..<0 { println(i) }\n", 8), 0)

    def test_stacks(self):
        _, program = self.compile("2 @ i in 0..<10 { }\n")
        guard = 64 << 10
        for setting, size in (("", 8 << 20), ("1M", 1 << 20), ("33554432", 32 << 20)):
            with mock.patch.dict(self.env, {"FLAP_STACK": setting} if setting else {}):
                log = self.trace(program)
            mapped = int(re.findall(r"mmap\(NULL, (\d+), .*MAP_STACK", log)[0])
            self.assertGreaterEqual(mapped, size + guard, setting)
            self.assertLessEqual(mapped, size + guard + (256 << 10), setting)

    def test_sleeping_worker_waits_on_futex(self):
        log = self.trace(self.compile("s := 0\n2 @ i in 0..<10 { s += i }\nsleep(0.05)\n"
                                      "2 @ i in 0..<10 { s += i }\nprintln(s)\n")[1])
        self.assertRegex(log, r"FUTEX_WAIT_PRIVATE")
        self.assertEqual(len(re.findall(r"^clone\(", log, re.M)), 1, log)  # reused

    def test_pthreads_where_foreign_code_is(self):
        source, program = self.compile(FOREIGN + "2 @ i in 0..<10 { }\n")
        log = self.trace(program)
        self.assertEqual(len(re.findall(r"^clone3?\(", log, re.M)), 1, log)

    # --- V2 --------------------------------------------------------------------------------------

    def test_many_runs(self):
        for level in ("-O0", "-O2"):
            _, program = self.compile(THREADS, level)
            for _ in range(ROUNDS):
                self.expect([program], "".join(f"Thread: {i}\n" for i in range(10)))

    def test_many_runs_in_jit(self):
        source, _ = self.compile(THREADS)
        for _ in range(max(1, ROUNDS // 4)):
            self.expect([FLAPC, "run", source], "".join(f"Thread: {i}\n" for i in range(10)))

    # --- V3 --------------------------------------------------------------------------------------

    def test_every_item_once(self):
        source, program = self.compile(MATRIX)
        output = "".join(f"{n} {7 * n} 7\n" for n in (0, 1, 2, 7, 100, 1000, 10000, 1000000))
        for threads in ("1", "2", "3", "64"):
            self.expect([program], output, {"FLAP_NUM_THREADS": threads})
            self.expect([FLAPC, "run", source], output, {"FLAP_NUM_THREADS": threads})

    # --- signals, names, idle workers ------------------------------------------------------------

    def start(self, words, threads):
        """The process, once it has so many threads."""
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        tasks, until = f"/proc/{process.pid}/task", time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            if len(os.listdir(tasks)) >= threads:
                return process, [os.path.join(tasks, task) for task in os.listdir(tasks)]
            time.sleep(0.01)
        self.fail(f"{words}: not {threads} threads, status {process.poll()}")

    def test_signals_end_all_threads(self):
        for prelude in ("", FOREIGN):
            source, program = self.compile(prelude + ENDLESS)
            for number in (signal.SIGINT, signal.SIGTERM):
                for words in ([program], [FLAPC, "run", source]):
                    process, _ = self.start(words, 4)
                    process.send_signal(number)
                    self.assertEqual(process.wait(timeout=60), -number, words)

    def test_names(self):
        for prelude in ("", FOREIGN):
            process, tasks = self.start([self.compile(prelude + ENDLESS)[1]], 4)
            names, until = [], time.monotonic() + 60
            while names[1:] != ["flap-1", "flap-2", "flap-3"] and time.monotonic() < until:
                names = [contents(os.path.join(task, "comm")).strip() for task in sorted(tasks)]
            self.assertEqual(names[1:], ["flap-1", "flap-2", "flap-3"])

    def test_idle_workers_use_no_processor(self):
        for prelude in ("", FOREIGN):
            process, tasks = self.start([self.compile(prelude + IDLE)[1]], 4)

            def used():  # in hundredths of a second
                rows = [contents(os.path.join(task, "stat")).rsplit(")", 1)[1].split() for task in tasks]
                return sum(int(row[11]) + int(row[12]) for row in rows)
            time.sleep(0.3)
            before = used()
            time.sleep(0.5)
            self.assertLessEqual(used() - before, 5)  # three that spin: 150 on idle processors

    # --- processors ------------------------------------------------------------------------------

    def one_processor(self):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def test_one_processor(self):
        for prelude in ("", FOREIGN):
            source, program = self.compile(prelude + SUMS)
            self.expect([program], SUMS_OUTPUT, preexec_fn=self.one_processor)
            self.expect([FLAPC, "run", source], SUMS_OUTPUT, preexec_fn=self.one_processor)
            source, program = self.compile(prelude + COUNT_THREADS)
            self.expect([program], "2249999250000 1\n", preexec_fn=self.one_processor)
            self.expect([program], "2249999250000 3\n", {"FLAP_NUM_THREADS": "3"}, preexec_fn=self.one_processor)

    def test_thousand_threads(self):
        for prelude in ("", FOREIGN):
            source, program = self.compile(prelude + WIDE)
            self.expect([program], "24995000\n")
            self.expect([program], "24995000\n", preexec_fn=self.one_processor)

    def test_forked(self):
        source, program = self.compile(FORKED)
        for _ in range(max(1, ROUNDS // 20)):
            output = "child 499500 1999000 4498500\nparent 499500 1999000\n"
            self.expect([program], output)
            self.expect([program], output, {"FLAP_NUM_THREADS": "16"})

    # --- V4 --------------------------------------------------------------------------------------

    def refusals(self):
        clone, mmap = SYSTEM_CALLS[platform.machine()]
        threads = {clone: (0, CLONE_THREAD, errno.EAGAIN), CLONE3: (0, 0xFFFFFFFF, errno.EAGAIN)}
        stacks = {mmap: (3, MAP_STACK, errno.ENOMEM)}
        try:
            subprocess.run(["true"], check=True, preexec_fn=refuse(threads))
        except subprocess.SubprocessError:
            self.skipTest("the kernel takes no filters of system calls")
        return [threads, stacks, {**threads, **stacks}]

    def test_refused_threads(self):
        refusals = self.refusals()
        for prelude in ("", FOREIGN):
            source, program = self.compile(prelude + SUMS)
            for calls in refusals:
                self.expect([program], SUMS_OUTPUT, preexec_fn=refuse(calls))
                self.expect([FLAPC, "run", source], SUMS_OUTPUT, preexec_fn=refuse(calls))
        done = subprocess.run([program], capture_output=True, text=True, timeout=60, preexec_fn=refuse(refusals[0]),
                              env={**self.env, "FLAP_DEBUG": "threads"})
        self.assertIn("flap: ", done.stderr)

    def test_little_address_space(self):
        _, program = self.compile(SUMS)
        for mebibytes in (24, 48, 100, 300):
            limit = f"ulimit -v {mebibytes * 1024}; exec {program}"
            self.expect(["bash", "-c", limit], SUMS_OUTPUT)

    def test_ten_thousand_loops(self):
        source, program = self.compile(MANY_LOOPS)
        self.expect([program], "1 1\n49549500 0 0 4\n")
        self.expect([FLAPC, "run", source], "1 1\n49549500 0 0 4\n")


if __name__ == "__main__":
    unittest.main()
