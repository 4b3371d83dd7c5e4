"""The compiler that the tests in this folder run: `--flapc PATH` on their command line, else the one in PATH."""
import os
import sys


def take_flapc():
    """Takes the option off the command line, the rest of which is unittest's."""
    if "--flapc" not in sys.argv:
        return "flapc"
    at = sys.argv.index("--flapc")
    path = os.path.abspath(sys.argv[at + 1])
    del sys.argv[at:at + 2]
    return path
