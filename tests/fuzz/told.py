"""What every reader owes to every input, in time: a result, or an error of the product that a person understands."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from billing_providers.errors import BillingError, RequestError, SettingsError

SECONDS_MAX = 30  # of one input; what is bounded needs far less on a busy machine too

Result = TypeVar("Result")


class Hangs(BaseException):
    """An input keeps a reader busy. No ``except Exception`` of a reader takes it for a damaged file."""


def result_or_error(read: Callable[[], Result], seconds: int = SECONDS_MAX) -> Result | BillingError:
    """Return what a reader gives, or its error of the product. Any other exception, and a hang, fail the test."""
    try:
        with within(seconds):
            return read()
    except BillingError as error:
        told(error)
        return error


def told(error: BillingError) -> None:
    """Check that an error names what is wrong, and where: for people, in one piece that every log can hold."""
    text = str(error)
    assert len(text) > 10, f"{type(error).__name__} tells nothing: {text!r}"
    assert len(text) < 20_000, f"{type(error).__name__} repeats the input: {len(text)} characters"
    assert text.isascii() or text.encode(), "can be written"
    assert "\0" not in text
    if isinstance(error, SettingsError):
        assert error.problem
    if isinstance(error, RequestError):
        assert error.url or error.finding_number


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Interrupt what takes longer."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Hangs(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
