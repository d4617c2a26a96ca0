"""Asking: DuckDB at work in a thread of its own, so that the user's interruption is heard at once.

In the thread that the user interrupts, DuckDB hears of it only now and then, and makes an error of its own of it; what it asks of
Python meanwhile may swallow it. So that thread does nothing but wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

_PATIENCE: Final = 0.5
"""Seconds that work is given to end after it was told to."""
_Result = TypeVar("_Result")


def ask(work: Callable[[], _Result], stop: Callable[[], None]) -> _Result:
    """Do work, and give what it gives or raise what it raises.

    Args:
        work: what is done; in a thread of its own where this is the main thread, which hears of interruptions.
        stop: tells the work to end, from another thread. It is called where this is interrupted, and not waited for for long.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    outcome: Future[_Result] = Future()
    thread = threading.Thread(target=_settle, args=(outcome, work), name="relevel-sql", daemon=True)
    try:
        thread.start()
        return outcome.result()
    except KeyboardInterrupt:
        stop()
        thread.join(_PATIENCE)
        raise


def _settle(outcome: Future[_Result], work: Callable[[], _Result]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001  (whoever waits for it raises it)
        outcome.set_exception(error)
