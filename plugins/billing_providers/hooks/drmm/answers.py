"""Answers of Datto RMM: always one JSON object; a value of another type is never taken for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing_providers.errors import UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.fields import Fields


@dataclass(frozen=True, slots=True)
class Reply:
    """The object of one answer, with the answer itself for messages."""

    values: Mapping[str, Any]
    answer: Answer

    @property
    def fields(self) -> Fields:
        """The object, to be read field by field."""
        return Fields(self.values, self.answer)

    def rows(self, name: str) -> list[Fields]:
        """Return the list of objects under a name.

        :raises UnreadableAnswer: when there is none.
        """
        found = self.values.get(name)
        if isinstance(found, list) and all(isinstance(row, Mapping) for row in found):
            return [Fields(row, self.answer) for row in found]
        raise self.answer.error(UnreadableAnswer, f"there is no list of objects {name!r} in the answer")


def read_reply(answer: Answer) -> Reply:
    """Take the JSON object out of an answer.

    :raises UnreadableAnswer: for anything else.
    """
    values = answer.json()
    if isinstance(values, Mapping):
        return Reply(values, answer)
    raise answer.error(UnreadableAnswer, "the answer is not a JSON object")
