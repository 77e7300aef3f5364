"""What an answer of ConnectWise holds: a record or a list of them, and in ``Link`` where the next page is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from billing_providers.errors import UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.fields import Fields

_LINK = re.compile(r"<(?P<url>[^>]*)>(?P<parameters>[^<]*)")
_NEXT = re.compile(r"""\brel\s*=\s*["']?[^"',;]*\bnext\b""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CwAnswer:
    """The JSON of one answer (None for an empty body), with the answer itself for errors and headers."""

    value: Any
    answer: Answer

    @classmethod
    def read(cls, answer: Answer) -> CwAnswer:
        """Return what an answer holds.

        :raises UnreadableAnswer: when it is not JSON.
        """
        return cls(answer.json() if answer.content.strip() else None, answer)

    def rows(self) -> list[Fields]:
        """Return a list of objects.

        :raises UnreadableAnswer: when it is none.
        """
        if not isinstance(self.value, list) or not all(isinstance(row, dict) for row in self.value):
            raise self.answer.error(UnreadableAnswer, "the answer is not a list of objects")
        return [Fields(row, self.answer) for row in self.value]

    def row(self) -> Fields:
        """Return one object.

        :raises UnreadableAnswer: when it is none.
        """
        if not isinstance(self.value, dict):
            raise self.answer.error(UnreadableAnswer, "the answer is not an object")
        return Fields(self.value, self.answer)

    def next_page(self) -> dict[str, str]:
        """Return the query of the link to the next page (RFC 8288), empty when there is none.

        Only its query is taken: keys are sent to the host of the connection and to no other.
        """
        for link in _LINK.finditer(self.answer.headers.get("Link", "")):
            if _NEXT.search(link["parameters"]):
                return dict(parse_qsl(urlsplit(link["url"]).query))
        return {}
