"""Lists in pages: every row once, or an error. One that changed while its pages were read is read once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from billing_providers.errors import UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.fields import Fields


class ListChanged(Exception):
    """The pages of a list do not fit together; ``answer`` is the one that shows it."""

    def __init__(self, answer: Answer, problem: str) -> None:
        super().__init__(problem)
        self.answer = answer


def twice_at_most(read: Callable[[], list[Fields]]) -> list[Fields]:
    """Return what a reader of a whole list reads, at the second try where the list changed during the first.

    :param read: raises ListChanged.
    :raises UnreadableAnswer: when the list is not complete after the second try either.
    """
    try:
        return read()
    except ListChanged:
        pass
    try:
        return read()
    except ListChanged as changed:
        raise changed.answer.error(UnreadableAnswer, f"the list is not complete: {changed}") from None


def each_once(answer: Answer, rows: Sequence[Fields]) -> None:
    """Refuse a row that comes twice, as another one slipped through between two pages then.

    :raises ListChanged: when two rows have one ``id``.
    """
    if len({row.identity("id") for row in rows}) != len(rows):
        raise ListChanged(answer, "it changed while its pages were read (a row came twice)")
