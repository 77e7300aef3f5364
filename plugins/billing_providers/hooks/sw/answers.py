"""Answers of Sherweb: one JSON object each; errors are problem details, and a 429 says in words how long to wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing_providers.errors import RateLimited, RequestError, UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.fields import Fields
from billing_providers.hooks.usage_fields import RowFault, day_of

_WAIT = re.compile(r"try again in (\d{1,6}) seconds?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """The object of one answer, with the answer itself for messages."""

    values: Mapping[str, Any]
    answer: Answer

    @property
    def fields(self) -> Fields:
        """The object, to be read field by field."""
        return Fields(self.values, self.answer)

    def rows(self, name: str, *, may_be_null: bool = False) -> list[Any]:
        """Return the list under a name, its rows unread.

        :param may_be_null: whether null means no rows. A name that is missing never does.
        :raises UnreadableAnswer: when there is none.
        """
        found = self.values.get(name)
        if found is None and may_be_null and name in self.values:
            return []
        if isinstance(found, list):
            return found
        raise self.answer.error(UnreadableAnswer, f"there is no list {name!r} in the answer")

    def day(self, name: str) -> date | None:
        """Return a date, None when it is absent.

        :raises UnreadableAnswer: for what is no date.
        """
        try:
            return day_of(self.values.get(name), name)
        except RowFault as fault:
            raise self.answer.error(UnreadableAnswer, str(fault)) from None


def read_reply(answer: Answer) -> Reply:
    """Take the JSON object out of an answer.

    :raises UnreadableAnswer: for anything else.
    """
    values = answer.json()
    if isinstance(values, Mapping):
        return Reply(values, answer)
    raise answer.error(UnreadableAnswer, "the answer is not a JSON object")


def fault_of(answer: Answer) -> RequestError | None:
    """Return the error that a status stands for; the wait that a 429 asks for is read out of its ``detail``."""
    error = answer.status_error()
    if isinstance(error, RateLimited) and error.retry_after_s is None:
        asked = _WAIT.search(answer.excerpt())
        error.retry_after_s = float(asked[1]) if asked else None
    return error
