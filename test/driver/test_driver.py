#!/usr/bin/env python3
"""Tests of flapc as a program: options, outputs, exit statuses, and what happens when the system refuses.

usage: test_driver.py --flapc PATH [unittest words]
"""
import os
import resource
import signal
import stat
import subprocess
import tempfile
import unittest

from compiler import take_flapc

FLAPC = take_flapc()
HELLO = 'println("hello")\n'


class Driver(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = self.folder.name
        self.addCleanup(self.folder.cleanup)
        self.write("hello.flap", HELLO)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def flapc(self, *words, status=0, text=True, **options):
        env = dict(os.environ, **options.pop("env", {}))
        options.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run([FLAPC, *words], cwd=self.dir, stderr=subprocess.PIPE, text=text, env=env,
                              timeout=60, **options)
        self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        return done

    def ls(self):
        return sorted(os.listdir(self.dir))

    # --- options ---------------------------------------------------------------------------------

    def test_version_and_help(self):
        self.assertRegex(self.flapc("--version").stdout, r"^flapc \S+ \(LLVM \d+\.\d+\.\d+\)\n$")
        self.assertEqual(self.flapc("-V").stdout, self.flapc("--version").stdout)
        text = self.flapc("--help").stdout
        for word in ["run", "check", "doc", "explain", "--emit", "-o FILE", "--target"]:
            self.assertIn(word, text)
        self.assertNotIn("--strip", self.flapc("run", "--help").stdout)

    def test_unknown_option_suggests(self):
        self.assertIn("did you mean '--emit'", self.flapc("--emti=llvm", "hello.flap", status=2).stderr)
        self.assertIn("unknown option '--qqqqqq'", self.flapc("--qqqqqq", status=2).stderr)

    def test_misuse(self):
        self.flapc(status=2)
        self.flapc("run", status=2)
        self.flapc("-o", status=2)
        self.flapc("--emit=nonsense", "hello.flap", status=2)
        self.flapc("-O7", "hello.flap", status=2)
        self.flapc("run", "--strip", "hello.flap", status=2)
        self.flapc("hello.flap", "hello.flap", status=2)
        self.flapc("hello.flap", "-o", "", status=2)
        self.assertIn("flapc run", self.flapc("rnu", "hello.flap", status=2).stderr)

    def test_doc_and_explain(self):
        self.assertIn("sqrt(x)", self.flapc("doc", "sqrt").stdout)
        self.assertIn("did you mean 'sqrt'", self.flapc("doc", "sqtr", status=2).stderr)
        self.assertIn("linker", self.flapc("explain", "E0602").stdout)
        self.assertEqual(self.flapc("explain", "e0602").stdout, self.flapc("explain", "E0602").stdout)
        self.flapc("explain", "E9999", status=2)

    # --- running ---------------------------------------------------------------------------------

    def test_run_and_status(self):
        self.assertEqual(self.flapc("run", "hello.flap").stdout, "hello\n")
        self.assertEqual(self.flapc("-e", 'println("e")').stdout, "e\n")
        self.assertEqual(self.flapc("run", "-", input=HELLO).stdout, "hello\n")
        self.flapc("-e", "exit(7)", status=7)
        self.flapc("run", "missing.flap", status=1)
        self.flapc("check", "hello.flap")
        self.assertEqual(self.ls(), ["hello.flap"])

    def test_arguments_are_the_programs(self):
        self.write("args.flap", "println(args())\n")
        done = self.flapc("run", "args.flap", "-O9", "--help", "x")
        self.assertEqual(done.stdout, '["-O9", "--help", "x"]\n')
        self.assertEqual(self.flapc("-e", "println(args())", "a", "-b").stdout, '["a", "-b"]\n')

    def test_executable(self):
        self.flapc("hello.flap")
        done = subprocess.run([self.path("hello")], stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (0, "hello\n"))
        self.flapc("hello.flap", "-o", "small", "--strip")
        self.assertLess(os.path.getsize(self.path("small")), 40 * 1024)
        self.assertEqual(self.ls(), ["hello", "hello.flap", "small"])

    def test_same_bytes_again(self):
        self.flapc("hello.flap", "-o", "a")
        os.mkdir(self.path("elsewhere"))
        self.flapc("hello.flap", "-o", "elsewhere/b")
        with open(self.path("a"), "rb") as a, open(self.path("elsewhere/b"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_forms(self):
        self.assertIn("@flap_program", self.flapc("-S", "-emit-llvm", "hello.flap", "-o", "-").stdout)
        self.assertIn("@flap_program", self.flapc("--emit=llvm-unopt", "hello.flap", "-o", "-").stdout)
        self.assertIn("flap_program:", self.flapc("-S", "hello.flap", "-o", "-").stdout)
        self.assertIn("println", self.flapc("--emit=ast", "hello.flap").stdout)
        self.assertIn("println", self.flapc("--emit=tokens", "hello.flap").stdout)
        for words, name, magic in [(["-c"], "hello.o", b"\x7fELF"), (["--emit=bc"], "hello.bc", b"BC"),
                                   (["-c", "-emit-llvm"], "hello.bc", b"BC"), (["-S"], "hello.s", b"\t.")]:
            self.flapc(*words, "hello.flap")
            with open(self.path(name), "rb") as file:
                self.assertTrue(file.read().startswith(magic), words)
        self.flapc("hello.flap", "-o", "-", status=2)

    def test_other_targets(self):
        for target in ["x86_64-linux-gnu", "aarch64-linux-gnu", "riscv64", "arm64-unknown-linux-gnu"]:
            self.flapc("-c", f"--target={target}", "hello.flap", "-o", "x.o")
        self.assertIn("E0605", self.flapc("-c", "--target=pdp11", "hello.flap", status=1).stderr)
        self.assertIn("is not a recognized processor",
                      self.flapc("-c", "--mcpu=i4004", "hello.flap", status=1).stderr)
        self.assertFalse(os.path.exists(self.path("hello.o")))

    def test_warnings(self):
        self.write("w.flap", "f = () => { unused = 1; 2 }\nprintln(f())\n")
        done = self.flapc("check", "w.flap")
        code = done.stderr.split("[")[1].split("]")[0]
        self.assertIn("warning", done.stderr)
        self.flapc("check", "-Werror", "w.flap", status=1)
        self.assertEqual(self.flapc("check", f"-Wno-{code}", "w.flap").stderr, "")
        self.assertEqual(self.flapc("check", "-Wno-all", "-Werror", "w.flap").stderr, "")
        self.assertEqual(self.flapc("check", "-q", "w.flap").stderr, "")
        self.flapc("check", "-Wnonsense", "w.flap", status=2)

    def test_colors(self):
        self.write("bad.flap", "println(\n")
        self.assertNotIn("\x1b[", self.flapc("check", "bad.flap", status=1).stderr)
        self.assertIn("\x1b[", self.flapc("check", "--color=always", "bad.flap", status=1).stderr)

    def test_times(self):
        self.assertIn("machine code", self.flapc("--time-passes", "-c", "hello.flap").stderr)
        self.assertIn("passes", self.flapc("run", "--time-passes", "hello.flap").stderr)

    # --- when the system refuses -----------------------------------------------------------------

    def test_unreadable(self):
        os.mkdir(self.path("folder.flap"))
        for name in ["missing.flap", "folder.flap"]:
            self.assertIn("E0600", self.flapc("check", name, status=1).stderr)

    def test_unwritable(self):
        os.mkdir(self.path("folder"))
        for output in ["missing/hello", "folder"]:
            for words in [[], ["-c"], ["--emit=ast"]]:
                done = self.flapc("hello.flap", "-o", output, *words, status=1)
                self.assertIn("E0601", done.stderr)
        self.assertEqual(self.ls(), ["folder", "hello.flap"])

    def test_full_disk(self):
        for words in [["-c"], ["-S"], []]:
            self.assertIn("No space left", self.flapc("hello.flap", "-o", "/dev/full", *words, status=1).stderr)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))
        with open("/dev/full", "w") as full:
            done = self.flapc("-S", "hello.flap", "-o", "-", status=1, stdout=full)
            self.assertIn("E0601", done.stderr)
            self.flapc("--help", status=1, stdout=full)

    def test_nothing_half_written(self):
        # A limit on the size of files makes every writer fail in the middle.
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
        for words in [[], ["-c"], ["-S"]]:
            self.write("out", "before")
            done = subprocess.run([FLAPC, "hello.flap", "-o", "out", *words], cwd=self.dir, timeout=60,
                                  preexec_fn=limit, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, "E060[13]")
            with open(self.path("out")) as file:
                self.assertEqual(file.read(), "before")
            self.assertEqual(self.ls(), ["hello.flap", "out"])

    def test_no_linker(self):
        done = self.flapc("hello.flap", status=1, env={"PATH": self.dir})
        self.assertIn("E0602", done.stderr)
        self.assertIn("apt install lld", done.stderr)
        self.assertEqual(self.ls(), ["hello.flap"])

    def test_failing_linker(self):
        self.write("ld", "#!/bin/sh\necho the disk is tired\nexit 3\n")
        os.chmod(self.path("ld"), 0o755)
        done = self.flapc("hello.flap", status=1, env={"PATH": self.dir})
        self.assertIn("the disk is tired", done.stderr)
        self.assertEqual(self.ls(), ["hello.flap", "ld"])

    def test_static_foreign(self):
        self.write("pid.flap", 'println(call("getpid") > 0)\n')
        done = self.flapc("--link=static", "pid.flap", status=1)
        self.assertIn("E0604", done.stderr)
        self.assertIn("call", done.stderr)

    def test_source_is_safe(self):
        self.assertIn("would replace", self.flapc("hello.flap", "-o", "hello.flap", status=2).stderr)
        os.rename(self.path("hello.flap"), self.path("program"))
        self.flapc("program")
        self.assertEqual(self.ls(), ["program", "program.out"])

    def test_link_stays_a_link(self):
        self.write("real", "")
        os.symlink("real", self.path("link"))
        self.flapc("-c", "hello.flap", "-o", "link")
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertGreater(os.path.getsize(self.path("real")), 0)


if __name__ == "__main__":
    unittest.main()
