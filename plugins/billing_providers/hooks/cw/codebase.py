"""The first part of every path names the release, and changes with it: ``v2026_4/``, ``v4_6_release/`` and so on.

``GET /login/companyinfo/{company}`` tells it, without signature: JSON with ``Codebase``, which ends with a slash, or
``null`` for a company that the server does not know (seen in three public clients; 404 is possible as well). A hosted
upgrade changes it in the middle of a day, and the old path then answers 404 (seen in one of them).
"""

from __future__ import annotations

import logging
import re
from threading import Lock

from billing_providers.errors import BadRequest, BillingError, SettingsError, UnreadableAnswer
from billing_providers.hooks.cw.answers import CwAnswer
from billing_providers.hooks.http.client import HttpClient

log = logging.getLogger(__name__)

_COMPANY_INFO = "/login/companyinfo/{company_id}"
_ASK_AGAIN_AFTER_S = 60.0
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class Codebase:
    """The codebase of one company, asked for when it is needed. Safe to use from several threads.

    :param configured: what the connection says; empty: asked from the server.
    :param where: the connection, for messages.
    :raises SettingsError: for a configured text that is no codebase.
    """

    def __init__(self, client: HttpClient, company_id: str, configured: str, *, where: str) -> None:
        self._client = client
        self._company_id = company_id
        self._where = where
        self._lock = Lock()
        self._asked_again_at: float | None = None
        self._name = configured.strip("/")
        if configured and not _NAME.fullmatch(self._name):
            allowed = "one part of a path, e.g. v4_6_release/; empty: asked from the server"
            raise SettingsError("is no codebase", where=where, key="codebase", value=configured, allowed=allowed)

    def current(self) -> str:
        """Return the codebase, without slashes.

        :raises SettingsError: when the server knows no such company.
        """
        with self._lock:
            if not self._name:
                self._name = self._asked()
            return self._name

    def changed_since(self, used: str) -> bool:
        """Whether another codebase holds by now than the one that was just answered with 404.

        Asks the server at most once a minute, whatever the number of threads; trouble with that counts as no change.
        """
        with self._lock:
            if self._name == used and self._may_ask_again():
                try:
                    self._name = self._asked()
                except BillingError as error:
                    log.warning("the codebase could not be asked for again: %s", error)
            if self._name != used:
                log.warning("the codebase of %s is %s by now, it was %s", self._company_id, self._name, used)
            return self._name != used

    def _may_ask_again(self) -> bool:
        now, last = self._client.clocks.clock(), self._asked_again_at
        if last is not None and now - last < _ASK_AGAIN_AFTER_S:
            return False
        self._asked_again_at = now
        return True

    def _asked(self) -> str:
        try:
            told: CwAnswer = self._client.call(
                "GET", _COMPANY_INFO, values={"company_id": self._company_id}, signed=False
            )
        except BadRequest as refusal:
            if refusal.status != 404:
                raise
            raise self._unknown_company() from None
        if told.value is None:
            raise self._unknown_company()
        name = told.row().text("codebase").strip().strip("/")
        if not _NAME.fullmatch(name):
            raise told.answer.error(UnreadableAnswer, f"the company has no usable Codebase: {name!r}")
        return name

    def _unknown_company(self) -> SettingsError:
        return SettingsError(
            f"{self._client.base_url} knows no such company",
            where=self._where,
            key="company_id",
            value=self._company_id,
            allowed="the company that is typed at the ConnectWise login, at the host of its own region",
        )
