#!/usr/bin/env python3
"""On a terminal every line is written as soon as it is finished; elsewhere output is collected.

usage: test_terminal.py --flapc PATH [unittest words]
"""
import os
import pty
import select
import subprocess
import tempfile
import unittest

from compiler import take_flapc

FLAPC = take_flapc()
# Waits for a file, since input and sleep flush the output too.
PROGRAM = """println("first")
print("sec")
println("ond")
@ read_file(args()[0]).err? { }
println("over")
"""
PATIENCE = 30


def read_until(master, text):
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([master], [], [], PATIENCE)
        if not ready:
            raise AssertionError(f"{text!r} does not come, only {seen!r}")
        seen += os.read(master, 4096)
    return seen


class Terminal(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.source = os.path.join(self.folder.name, "ask.flap")
        with open(self.source, "w") as file:
            file.write(PROGRAM)

    def ways(self):
        program = os.path.join(self.folder.name, "ask")
        subprocess.run([FLAPC, "-q", "-o", program, self.source], check=True, timeout=60)
        return [[program], [FLAPC, "run", "-q", self.source]]

    def test_lines_come_at_once(self):
        for number, command in enumerate(self.ways()):
            signal = os.path.join(self.folder.name, f"go{number}")
            master, slave = pty.openpty()
            process = subprocess.Popen(command + [signal], stdin=subprocess.DEVNULL, stdout=slave)
            os.close(slave)
            try:
                self.assertEqual(read_until(master, b"ond\r\n"), b"first\r\nsecond\r\n")
                open(signal, "w").close()
                self.assertEqual(read_until(master, b"over\r\n"), b"over\r\n")
                self.assertEqual(process.wait(PATIENCE), 0)
            finally:
                process.kill()
                process.wait()
                os.close(master)

    def test_pipe_gets_all_at_the_end(self):
        for command in self.ways():
            done = subprocess.run(command + [self.source], stdout=subprocess.PIPE, timeout=PATIENCE)
            self.assertEqual(done.stdout, b"first\nsecond\nover\n")


if __name__ == "__main__":
    unittest.main()
