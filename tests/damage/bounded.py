"""Every command and the engine on one database, in a process that may not grow: ``python -m tests.damage.bounded DATABASE PLACE``.

Prints the name of each command and of the error it ended with, or "none". The process may map a gibibyte and run for a minute of
processor time; where it needs more, it dies and the test with it.
"""

import faulthandler
import resource
import signal
import sys
from pathlib import Path

from tests.damage.commands import open_with_engine, run_all

MEMORY = 1 << 30
SECONDS = 60


def bound_memory() -> None:
    """Let this process map no more than ``MEMORY``."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def bound_time() -> None:
    """Let this process run for ``SECONDS`` of processor time from now. Where it dies of that, it says what it was doing."""
    faulthandler.register(signal.SIGXCPU, chain=True)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + SECONDS, most))


if __name__ == "__main__":
    bound_memory()
    bound_time()
    errors = run_all(Path(sys.argv[1]), Path(sys.argv[2]))
    for command, error in {**errors, "engine": open_with_engine(Path(sys.argv[1]))}.items():
        sys.stdout.write(f"{command}: {'none' if error is None else type(error).__name__}\n")
