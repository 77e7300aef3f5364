"""What an answer of Autotask holds: a page of rows, one record under ``item``, or a bare object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billing_providers.errors import UnreadableAnswer
from billing_providers.hooks.at.faults import refusal_of
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.fields import Fields


@dataclass(frozen=True, slots=True)
class AtAnswer:
    """The JSON object of one answer, with the answer itself for errors."""

    value: dict[str, Any]
    answer: Answer

    @classmethod
    def read(cls, answer: Answer) -> AtAnswer:
        """Return what a success holds.

        :raises BadRequest: when it holds a list of errors: a fault inside a success is a fault.
        :raises UnreadableAnswer: when it is no JSON object.
        """
        value = answer.json()
        if not isinstance(value, dict):
            raise answer.error(UnreadableAnswer, "the answer is not an object")
        refusal = refusal_of(answer, value)
        if refusal is not None:
            raise refusal
        return cls(value, answer)

    def whole(self) -> Fields:
        """Return the answered object itself."""
        return Fields(self.value, self.answer)

    def record(self) -> Fields:
        """Return the record under ``item``, an empty one where the server says that there is none.

        :raises UnreadableAnswer: when it is something else.
        """
        return self.whole().inner("item")

    def rows(self, name: str = "items") -> list[Fields]:
        """Return a list of objects.

        :raises UnreadableAnswer: when it is none.
        """
        found = self.whole().get(name)
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise self.answer.error(UnreadableAnswer, f"the answer has no list of objects under {name}")
        return [Fields(row, self.answer) for row in found]
