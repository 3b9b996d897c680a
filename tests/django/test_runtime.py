"""The garbage collector of a process that serves boards, in a process of its own."""

import subprocess
import sys

CHURN = """
import django
from collections import deque
django.setup()
from presence.runtime import tune_gc

class Connection:
    uncollected = 0

    def __init__(self):
        Connection.uncollected += 1
        self.parts = [[self] for _ in range(100)]

    def __del__(self):
        Connection.uncollected -= 1

tune_gc()
most, connections = 0, deque(maxlen=1_000)
for _ in range(20_000):
    connections.append(Connection())
    most = max(most, Connection.uncollected)
print(most)
"""


def test_connections_that_were_open_for_long_are_collected_too() -> None:
    """Each leaves some 100 objects that refer to each other, as in Daphne."""
    done = subprocess.run(
        [sys.executable, "-c", CHURN], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1_000 + 4_000
