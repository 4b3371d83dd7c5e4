#!/usr/bin/env python3
"""The first example of every diagnostic's explanation is a program that raises this diagnostic.

usage: examples_raise_their_code.py FLAPC DIAG_DEF FOLDER

What refuses a parallel loop also says what to write instead. Prints a line for every code where it is
not so, and nothing else. Excepted are messages about what no
small program can show: the system, other files, the command line, bytes that are no text.
"""
import os
import re
import subprocess
import sys

NO_PROGRAM = {
    "E0106", "E0111",  # bytes that are no text
    "E0110", "E0209",  # a thousand brackets
    "E0600", "E0601", "E0602", "E0603", "E0605", "E0606", "E0607", "E0608", "E0609",  # the system
    "E0604", "E0618",  # --link=static, --mattr
    "E0611", "E0612", "E0613", "E0614", "E0615", "E0616", "E0708",  # what lies in other files
    "W0801", "W0802", "W0803", "W0804",  # the same
    "E0802", "E0812",  # headers of libraries that not everybody has
    "E0901",  # nothing in particular
}


def first_example(explanation):
    lines = []
    for line in explanation.split("\n"):
        if line.startswith("    "):
            lines.append(line[4:])
        elif lines:
            break
    return "\n".join(lines) + "\n"


def main():
    flapc, definitions, folder = sys.argv[1:]
    with open(definitions, encoding="utf-8") as handle:
        codes = re.findall(r"^DIAG\((\w+),", handle.read(), re.M)
    path = os.path.join(folder, "example.flap")
    for code in codes:
        if code in NO_PROGRAM or code.startswith("R"):  # remarks are told with -v
            continue
        text = subprocess.run([flapc, "explain", code], capture_output=True, text=True).stdout
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(first_example(text))
        told = subprocess.run([flapc, "check", path], capture_output=True, text=True).stderr
        if f"[{code}]" not in told:
            print(code, "is not raised by its example; raised are", re.findall(r"\[(\w+)\]", told))
        if (code.startswith("E03") or code == "E0557") and "= help: " not in told:
            print(code, "refuses a parallel loop and does not say what to write instead")


main()
