"""What Python code costs, in steps that no clock and no other process changes."""

import sys
from types import FrameType
from typing import Any


class OpcodeCount:
    """Counts the opcodes that code in some files runs, by a part of their paths."""

    def __init__(self, *within: str) -> None:
        self.steps = 0
        self._within = within

    def __enter__(self) -> "OpcodeCount":
        sys.settrace(self._enter)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not any(part in frame.f_code.co_filename for part in self._within):
            return None
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.steps += event == "opcode"
        return self._step
