"""Work in a thread of its own, and an interruption that is heard at once."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from relevel.exports.asking import ask


def test_what_the_work_gives_is_given() -> None:
    """From another thread, while this one waits."""
    assert ask(threading.current_thread, lambda: None) is not threading.current_thread()


def test_what_the_work_raises_is_raised() -> None:
    """As it is."""

    def work() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        ask(work, lambda: None)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_an_interruption_is_heard_while_the_work_goes_on() -> None:
    """The work is told, and ends."""
    told, ended = threading.Event(), threading.Event()

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        told.wait()
        ended.set()

    with pytest.raises(KeyboardInterrupt):
        ask(work, told.set)

    ended.wait()


def test_another_thread_does_the_work_itself() -> None:
    """It hears of no interruption."""
    found: list[threading.Thread] = []
    thread = threading.Thread(target=lambda: found.append(ask(threading.current_thread, lambda: None)))
    thread.start()
    thread.join()

    assert found == [thread]
