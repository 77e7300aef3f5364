"""Bundles: additions of many agreements in one call, ``POST /system/bundles``.

Seen in one public client for additions (``resourceType`` ``addition`` with a ``parentId``). Neither the size limit nor
whether a tenant offers them is published, so the first bundle of a hook is believed only after one of its parts was
read on its own and was the same; a size that is refused is halved; and every part that failed, is missing or may have
more pages is left to be read on its own. A bundle that cannot be had costs calls, never rows.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from billing_providers.errors import BadRequest, Forbidden, OutcomeUnknown
from billing_providers.hooks.cw.answers import CwAnswer
from billing_providers.hooks.cw.api import CwApi
from billing_providers.hooks.cw.lines import ADDITION_FIELDS, line_of
from billing_providers.hooks.cw.paging import PAGE_ROWS, listed
from billing_providers.hooks.http.fields import Fields

log = logging.getLogger(__name__)

PARTS_MAX = 50
_ADDITIONS = "/finance/agreements/{agreement_id}/additions"
_NOT_OFFERED = frozenset({403, 404, 405, 415})

Parts = dict[str, list[Fields]]


class Bundles:
    """Reads additions in bundles as long as the tenant lets it. Safe to use from several threads.

    :param wanted: false: never, whatever the tenant offers.
    """

    def __init__(self, api: CwApi, *, wanted: bool) -> None:
        self._api = api
        self._offered = wanted
        self._believed = False
        self._size = PARTS_MAX

    def read(self, agreement_ids: Sequence[str]) -> Parts:
        """Return the additions of those agreements that bundles told whole; the others are to be read on their own."""
        waiting = [agreement_id for agreement_id in agreement_ids if agreement_id.isascii() and agreement_id.isdigit()]
        found: Parts = {}
        while self._offered and not self._believed and len(waiting) > 1:  # one at a time until it is clear
            head, waiting = waiting[: self._size], waiting[self._size :]
            found |= self._bundle(head)
        if self._offered and len(waiting) > 1:
            chunks = [waiting[start : start + self._size] for start in range(0, len(waiting), self._size)]
            for parts in self._api.client.map(self._bundle, chunks):
                found |= parts
        return found

    def _bundle(self, agreement_ids: list[str]) -> Parts:
        if not self._offered or not agreement_ids:
            return {}
        try:
            told = self._api.call("POST", "/system/bundles", json=self._body(agreement_ids), repeatable=False)
        except (BadRequest, Forbidden) as refusal:
            if refusal.status in _NOT_OFFERED or len(agreement_ids) == 1:
                return self._given_up(str(refusal))
            half = self._smaller(agreement_ids)
            return self._bundle(agreement_ids[:half]) | self._bundle(agreement_ids[half:])
        except OutcomeUnknown as fault:  # too large, too slow or broken: reading each on its own tells
            if self._smaller(agreement_ids) <= 1:
                return self._given_up(str(fault))
            log.warning("a bundle of %d parts failed, they are read one by one: %s", len(agreement_ids), fault)
            return {}
        parts = _whole_parts(told, agreement_ids)
        return parts if self._believed or self._holds(parts) else {}

    def _smaller(self, agreement_ids: list[str]) -> int:
        half = max(1, len(agreement_ids) // 2)
        self._size = min(self._size, half)
        return half

    def _body(self, agreement_ids: list[str]) -> dict[str, Any]:
        return {
            "requests": [
                {
                    "sequenceNumber": number,
                    "resourceType": "addition",
                    "version": self._api.version,
                    "apiRequest": {
                        "parentId": int(agreement_id),
                        "page": {"page": 1, "pageSize": PAGE_ROWS},
                        "fields": ADDITION_FIELDS,
                    },
                }
                for number, agreement_id in enumerate(agreement_ids, start=1)
            ]
        }

    def _holds(self, parts: Parts) -> bool:
        """Whether a part with rows is the same when it is read on its own; without such a part nothing is known yet."""
        if not parts:
            self._given_up("no part of a bundle came whole")
        agreement_id = next((agreement_id for agreement_id, rows in parts.items() if rows), "")
        if not agreement_id:
            return False
        alone = listed(self._api, _ADDITIONS, values={"agreement_id": agreement_id}, params={"fields": ADDITION_FIELDS})
        bundled, read = ([line_of(row, agreement_id, "") for row in rows] for rows in (parts[agreement_id], alone))
        self._believed = sorted(bundled, key=_by_id) == sorted(read, key=_by_id)
        if not self._believed:
            self._given_up(f"the additions of agreement {agreement_id} are others when they are read on their own")
        return self._believed

    def _given_up(self, why: str) -> Parts:
        log.info("additions are read without bundles: %s", why)
        self._offered = False
        return {}


def _by_id(line: Any) -> str:
    return str(line.line_id)


def _whole_parts(told: CwAnswer, agreement_ids: list[str]) -> Parts:
    """Return agreement → rows of the parts that came once, succeeded, and cannot have another page."""
    body = told.value if isinstance(told.value, dict) else {}
    results = body.get("results")
    answered = [Fields(part, told.answer) for part in results or [] if isinstance(part, dict)]
    times = Counter(str(part.get("sequenceNumber")) for part in answered)
    parts: Parts = {}
    for part in answered:
        number, rows = part.get("sequenceNumber"), part.get("entities")
        known = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(agreement_ids)
        if not known or times[str(number)] != 1 or not _succeeded(part):
            continue
        if isinstance(rows, list) and _counted(part) <= len(rows) < PAGE_ROWS:
            fields = [Fields(row, told.answer) for row in rows if isinstance(row, dict)]
            if len(fields) == len(rows) and _of_agreement(fields, agreement_ids[number - 1]):
                parts[agreement_ids[number - 1]] = fields
    return parts


def _succeeded(part: Fields) -> bool:
    status = part.get("statusCode")
    return part.get("success") is True and (status is None or (isinstance(status, int) and 200 <= status < 300))


def _counted(part: Fields) -> int:
    count = part.get("count")
    return count if isinstance(count, int) else 0


def _of_agreement(rows: list[Fields], agreement_id: str) -> bool:
    return all(row.get("agreementId") is None or str(row.get("agreementId")) == agreement_id for row in rows)
