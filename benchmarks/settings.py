"""The example site as it is measured, its fast path as BENCH_FAST_PATH says.

The harness sets the rest of the environment (servers.py).
"""

import os
from typing import Any

from presence_site.settings import *  # noqa: F403
from presence_site.settings import PRESENCE

_own: dict[str, Any] = {"FAST_PATH": os.environ["BENCH_FAST_PATH"] == "1"}
PRESENCE = {**PRESENCE, **_own}
