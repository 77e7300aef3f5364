"""The envelope ``{success, error, result, totalRecords}`` around every answer of BMS.

The API description prints PascalCase names, the wire carries camelCase (seen in five public clients); both are
read. Faults may come inside HTTP 200 with ``success`` false. Code 978001 is "Security Error" (seen in public clients).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billing_providers.errors import BadRequest, SignInRefused, UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.fields import Fields

SECURITY_ERROR = 978001


@dataclass(frozen=True, slots=True)
class Envelope:
    """An opened envelope. ``total`` None: the call is not a paged one."""

    result: Any
    total: int | None
    answer: Answer

    def rows(self) -> list[Fields]:
        """Return the result as a list of objects.

        :raises UnreadableAnswer: when it is none.
        """
        if not isinstance(self.result, list) or not all(isinstance(row, dict) for row in self.result):
            raise self.answer.error(UnreadableAnswer, "the result is not a list of objects")
        return [Fields(row, self.answer) for row in self.result]

    def row(self) -> Fields:
        """Return the result as one object; a list that holds one counts.

        :raises UnreadableAnswer: when it is neither.
        """
        held = self.result
        if isinstance(held, list) and len(held) == 1:
            held = held[0]
        if not isinstance(held, dict):
            raise self.answer.error(UnreadableAnswer, "the result is not an object")
        return Fields(held, self.answer)


def open_envelope(answer: Answer) -> Envelope:
    """Return what an answer holds. An empty body (204) is an envelope without result.

    :raises SignInRefused: for code 978001.
    :raises BadRequest: for any other ``success`` false.
    :raises UnreadableAnswer: when there is no envelope.
    """
    if not answer.content.strip():
        return Envelope(None, None, answer)
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.error(UnreadableAnswer, "the answer is not an envelope")
    fields = Fields(body, answer)
    if fields.flag("success", default=False) is False:
        fault = fields.get("error")
        if fields.get("success") is None and not fault:
            raise answer.error(UnreadableAnswer, "the answer is not an envelope: it has no success")
        code = Fields(fault, answer).get("code") if isinstance(fault, dict) else None
        kind = SignInRefused if code == SECURITY_ERROR else BadRequest
        raise answer.error(kind, f"refused with code {code}: {answer.excerpt()}")
    total = fields.get("totalRecords")
    if total is not None and (isinstance(total, bool) or not isinstance(total, int)):
        raise answer.error(UnreadableAnswer, f"totalRecords is {total!r}, expected an integer")
    return Envelope(fields.get("result"), total, answer)
