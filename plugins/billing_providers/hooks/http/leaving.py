"""What is asked right before a request that changes something leaves: after the last wait for a turn or a repeat.

Whoever writes knows what the client does not: whether it may still write, and how old the record of it is. So it hands
in a question for the calls that its thread makes, and the client asks it before each one that changes something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Raises NotSent, or one of its kinds, to keep a request back.
LastQuestion = Callable[[], None]

_question: ContextVar[LastQuestion | None] = ContextVar("billing_last_question", default=None)


@contextmanager
def asked_before_leaving(question: LastQuestion) -> Iterator[None]:
    """Have a question asked before each request of this thread that changes something."""
    token = _question.set(question)
    try:
        yield
    finally:
        _question.reset(token)


def ask_before_leaving() -> None:
    """Ask, if there is a question.

    :raises NotSent: when the request must not leave.
    """
    question = _question.get()
    if question is not None:
        question()
