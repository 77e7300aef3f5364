"""One call of the REST API 3.0, below the codebase that holds at the moment.

A 404 means that nothing was applied. It may mean that the record is gone, that an upgrade changed the codebase, or, in
the cloud, that the keys are not accepted (seen: the vendor's page on requests). So the codebase is asked for again, and
the call repeated only where it changed. Until a first call worked, messages name the keys as a possible cause of a 404,
and the client id as one of a 403 (seen on a self-hosted server that got none).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing_providers.errors import BadRequest, Forbidden, NotSent, OutcomeUnknown, RequestError, SignInRefused
from billing_providers.hooks.cw.answers import CwAnswer
from billing_providers.hooks.cw.codebase import Codebase
from billing_providers.hooks.http.client import HttpClient

_BELOW = "/{codebase}/apis/3.0"
_MAYBE = {
    403: "a server answers 403 also to a client id that it does not know",
    404: "the cloud answers 404 also to keys that it does not accept: check both keys, the client id and company_id",
}


class CwApi:
    """The API of one company. Safe to use from several threads.

    :param version: model version that is asked for, ``YYYY.N``; it stays served for about a year (seen in one note).
    """

    def __init__(self, client: HttpClient, codebase: Codebase, *, company_id: str, version: str) -> None:
        self.client = client
        self.version = version
        self._codebase = codebase
        self._company_id = company_id
        self._accept = f"application/vnd.connectwise.com+json; version={version}, application/json"
        self._worked = False
        self.served = ""  # model version that an answer last named (seen: one client); empty: none did

    def call(
        self,
        method: str,
        path: str,
        *,
        values: Mapping[str, str] | None = None,
        params: Mapping[str, object] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> CwAnswer:
        """Send one call and return its answer; the parameters are those of the HTTP client.

        :param path: template below ``/{codebase}/apis/3.0``.
        :raises SettingsError: when the server knows no such company.
        :raises RequestError: its class tells whether the request had left.
        """

        def sent(codebase: str) -> CwAnswer:
            answer: CwAnswer = self.client.call(
                method,
                f"{_BELOW}{path}",
                values={**(values or {}), "codebase": codebase},
                params=params,
                json=json,
                repeatable=repeatable,
                headers={"Accept": self._accept, **(headers or {})},
            )
            self._worked = True
            self.served = answer.answer.headers.get("api-current-version", self.served)
            return answer

        used = self._used()
        try:
            return sent(used)
        except SignInRefused as refusal:
            raise self._explained(refusal) from None
        except (BadRequest, Forbidden) as refusal:
            if refusal.status != 404 or not self._codebase.changed_since(used):
                raise self._hinted(refusal) from None
        return sent(self._codebase.current())

    def _used(self) -> str:
        try:
            return self._codebase.current()
        except OutcomeUnknown as fault:  # of the question for it; the call itself has not left
            raise self.client.voice.error(NotSent, f"the codebase could not be asked for ({fault})") from None

    def _explained(self, refusal: RequestError) -> SignInRefused:
        problem = (
            f"{self.client.voice.system} refused the keys for company {self._company_id}: public key, private key, "
            f"client id or company_id is wrong, or the API member is inactive ({refusal})"
        )
        return SignInRefused(
            self.client.voice.masker.clean(problem),
            method=refusal.method,
            url=refusal.url,
            status=refusal.status,
            request_id=refusal.request_id,
            body=refusal.body,
        )

    def _hinted(self, refusal: RequestError) -> RequestError:
        hint = _MAYBE.get(refusal.status or 0)
        if hint and not self._worked:
            refusal.args = (f"{refusal}; {hint}",)
        return refusal
