"""Running Python that a model wrote, where it can do no harm and cannot vouch for itself.

`run_tests` runs an answer against tests, `run_program` a whole program for what it prints. On a
machine that cannot isolate, both refuse. docs/sandbox.md says what is guaranteed and what not.
"""

from .room import SandboxUnavailable
from .running import Ending, Outcome, run_program, run_tests

__all__ = ["Ending", "Outcome", "SandboxUnavailable", "run_program", "run_tests"]
