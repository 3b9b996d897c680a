"""Code in processes of their own that begin where another one is: importing Daphne takes a second,
a fork takes none."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PARENT = """
import json, os, sys, traceback

exec(json.loads(sys.stdin.readline()))
for line in sys.stdin:
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        for number in (1, 2):
            os.dup2(writing, number)
        status = 1
        try:
            exec(json.loads(line))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    print(json.dumps([os.waitpid(child, 0)[1], said]), flush=True)
"""


@contextmanager
def run_forks(begin: str) -> Iterator[Callable[[str], str]]:
    """Run `begin` in another process. The block gets what runs code in a fork of it, in the same
    namespace, and returns what that printed. An exception there fails the test."""

    def say(code: str) -> None:
        assert parent.stdin is not None
        parent.stdin.write(json.dumps(code) + "\n")
        parent.stdin.flush()

    def run(code: str) -> str:
        assert parent.stdout is not None
        say(code)
        status, said = json.loads(parent.stdout.readline())
        assert status == 0, said
        return str(said)

    command = [sys.executable, "-c", PARENT]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as parent:
        say(begin)
        yield run
        assert parent.stdin is not None
        parent.stdin.close()
