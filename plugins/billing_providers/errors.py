"""What stops a run, or failed as a request. Faults of single rows, lines and customers are findings instead.

::

    BillingError                    stops the run; says what, where, which value, what is allowed, what to do
    ├── SettingsError               file, key, value, allowed
    │   ├── PeriodError             no billing period can be resolved
    │   └── SecretsError            a connection is missing or incomplete (its field, never its value)
    ├── LedgerError                 the ledger cannot be read or written
    │   └── LockHeld                another run works on this tenant and period
    ├── ArtifactError               a file of the artifact folder cannot be written
    ├── PushRefused                 digest or approval does not fit: nothing was written
    └── RequestError                an HTTP request failed; split by *had the request left?*
        ├── NotSent                 it had not left, so nothing can have been applied
        │   ├── Unreachable         refused, DNS, connect timeout, TLS
        │   └── BudgetExhausted     our own request budget for the endpoint is used up
        ├── Refused                 the server answered and did not apply it
        │   ├── BadRequest          400, 404, 409, 422, or success=false in a 200
        │   ├── SignInRefused       401, or the sign-in call said no
        │   ├── Forbidden           403: the account lacks a right
        │   └── RateLimited         429; ``retry_after_s`` when the server named it
        └── OutcomeUnknown          it had left; whether it was applied must be read back
            ├── NoAnswer            read timeout, or the connection was lost after sending
            ├── ServerFault         5xx
            └── UnreadableAnswer    HTML instead of JSON, truncated body, answer of another shape
"""

from __future__ import annotations

from enum import StrEnum

from billing_providers.plain_text import plain_text


class FailureClass(StrEnum):
    """Whose fault a failed run is, for the result message."""

    OURS = "ours"
    SETTINGS = "settings"
    SOURCE = "source"
    PSA = "psa"
    NETWORK = "network"
    LEDGER = "ledger"


class BillingError(Exception):
    """Stops the run. ``finding_number`` is the code (without prefix) under which it is reported, if any."""

    failure_class: FailureClass = FailureClass.OURS
    finding_number: int | None = None

    def __init__(
        self,
        message: str,
        *,
        finding_number: int | None = None,
        failure_class: FailureClass | None = None,
    ) -> None:
        super().__init__(plain_text(message))
        if finding_number is not None:
            self.finding_number = finding_number
        if failure_class is not None:
            self.failure_class = failure_class


class SettingsError(BillingError):
    """A setting is wrong: names the file or place, the key, the value and what is allowed."""

    failure_class = FailureClass.SETTINGS

    def __init__(
        self,
        problem: str,
        *,
        where: str = "",
        key: str = "",
        value: object = None,
        allowed: str = "",
        finding_number: int | None = None,
    ) -> None:
        parts = [f"{where}: " if where else "", f"{key}: " if key else "", problem]
        if value is not None:
            parts.append(f"; got {value!r}")
        if allowed:
            parts.append(f"; allowed: {allowed}")
        super().__init__("".join(parts), finding_number=finding_number)
        self.problem = problem
        self.where, self.key, self.value, self.allowed = where, key, value, allowed


class PeriodError(SettingsError):
    """No billing period can be resolved from what was given (code 10)."""

    finding_number = 10


class SecretsError(SettingsError):
    """A connection is missing (code 16) or one of its required fields is empty (code 21)."""

    finding_number = 16


class LedgerError(BillingError):
    """The ledger cannot be read or written; nothing may be sent to a PSA."""

    failure_class = FailureClass.LEDGER


class LockHeld(LedgerError):
    """Another run works on this PSA tenant and billing period."""


class ArtifactError(BillingError):
    """A file for people cannot be written to the artifact folder, which is a setting."""

    failure_class = FailureClass.SETTINGS


class PushRefused(BillingError):
    """The diff, its digest or its approval does not fit; nothing was written."""


class RequestError(BillingError):
    """An HTTP request failed. Holds what a person needs, and no secret."""

    failure_class = FailureClass.PSA
    finding_number = 2

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        url: str = "",
        status: int | None = None,
        request_id: str = "",
        body: str = "",
        retry_after_s: float | None = None,
        finding_number: int | None = None,
        failure_class: FailureClass | None = None,
    ) -> None:
        super().__init__(message, finding_number=finding_number, failure_class=failure_class)
        self.method, self.url, self.status = method, url, status
        self.request_id, self.body, self.retry_after_s = request_id, body, retry_after_s


class NotSent(RequestError):
    """The request had not left."""


class Unreachable(NotSent):
    """No connection stood: refused, DNS, connect timeout, TLS."""

    failure_class = FailureClass.NETWORK


class BudgetExhausted(NotSent):
    """Our own request budget for this endpoint and hour is used up."""


class Refused(RequestError):
    """The server answered and did not apply the request."""


class BadRequest(Refused):
    """The server did not accept the request: 400, 404, 409, 422, or ``success=false``."""


class SignInRefused(Refused):
    """The server did not accept the credentials or the token (code 17)."""

    finding_number = 17


class Forbidden(Refused):
    """The signed-in user lacks a right."""


class RateLimited(Refused):
    """Too many requests; ``retry_after_s`` is what the server asked for, if it did."""


class OutcomeUnknown(RequestError):
    """The request had left; only reading back tells whether it was applied."""


class NoAnswer(OutcomeUnknown):
    """Read timeout, or the connection was lost after sending."""

    failure_class = FailureClass.NETWORK


class ServerFault(OutcomeUnknown):
    """The server answered 5xx."""


class UnreadableAnswer(OutcomeUnknown):
    """The answer is not what the API promises: HTML, truncated, another shape."""
