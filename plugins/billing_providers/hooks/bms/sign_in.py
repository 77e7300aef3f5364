"""Signing in to BMS: form-urlencoded ``POST /v2/security/authenticate`` and ``…/refreshtoken``.

Tokens tell when they expire (``accessTokenExpireOn``); without it a quarter of an hour is assumed, the shortest
renewal seen in a public client. The texts of refusals are not published, so the cause is told as far as the words go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing_providers.errors import RateLimited, Refused, RequestError, SignInRefused, UnreadableAnswer
from billing_providers.hooks.bms.envelope import Envelope
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.sign_in import Token

_LIFETIME_S = 15 * 60.0
_LIFETIME_S_MIN = 60.0  # whatever the clocks say: a token just given is good for a moment

_MISTYPED = "user, password or tenant is wrong"
_CAUSES = (  # the first that fits: a text about the password often names the tenant as well
    (("mfa", "two factor", "two-factor", "2fa", "verification code"), "the user needs an MFA code, or it is wrong"),
    (("lock",), "the user is locked"),
    (("api access", "not allowed to use the api"), "the user's role lacks the feature Has API Access"),
    (("inactive", "disabled", "deactivated"), "the user is inactive"),
    (("sso", "single sign"), "the tenant demands single sign-on"),
    (("password", "credential"), _MISTYPED),
    (("tenant", "company"), "the tenant is wrong"),
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an API user signs in with."""

    user: str
    password: str
    tenant: str
    mfa_code: str = ""


class BmsSignIn:
    """Obtains tokens; the refresh call is tried first and falls back to a full sign-in."""

    def __init__(self, client: HttpClient, credentials: Credentials) -> None:
        self._client = client
        self._credentials = credentials

    def obtain(self, last: Token | None) -> Token:
        """Return the next token.

        :raises SignInRefused: with the cause, as far as the answer tells.
        """
        if last is not None and last.refresh:
            try:
                form = {"AccessToken": last.value, "RefreshToken": last.refresh}
                return self._token(self._post("/v2/security/refreshtoken", form))
            except Refused as refusal:
                if isinstance(refusal, RateLimited):
                    raise
        try:
            return self._token(self._post("/v2/security/authenticate", self._form()))
        except Refused as refusal:
            if isinstance(refusal, RateLimited):
                raise
            raise self._explained(refusal) from None

    def _form(self) -> dict[str, str]:
        held = self._credentials
        form = {
            "GrantType": "password",
            "UserName": held.user,
            "Password": held.password,
            "Tenant": held.tenant,
        }
        return {**form, "MFACode": held.mfa_code} if held.mfa_code else form

    def _post(self, path: str, form: dict[str, str]) -> Any:
        return self._client.call("POST", path, form=form, repeatable=True, signed=False)

    def _token(self, envelope: Envelope) -> Token:
        fields = envelope.row()
        value, refresh = fields.text("accessToken"), fields.text("refreshToken")
        self._client.voice.masker.add(value, refresh)
        if not value:
            raise envelope.answer.error(UnreadableAnswer, "the sign-in gave no accessToken")
        lifetime_s = _lifetime_s(fields.text("accessTokenExpireOn"), envelope.answer.server_time)
        return Token(value=value, refresh=refresh, lifetime_s=lifetime_s)

    def _explained(self, refusal: RequestError) -> SignInRefused:
        held = self._credentials
        # What people chose as a name says nothing about the cause.
        words = refusal.body.casefold().replace(held.user.casefold(), "").replace(held.tenant.casefold(), "")
        cause = next((cause for signs, cause in _CAUSES if any(sign in words for sign in signs)), _MISTYPED)
        if refusal.status in {404, 405, 415}:
            cause = "the host does not offer the sign-in call of the V2 API"
        if cause == _MISTYPED and held.password != held.password.strip():
            cause += "; the stored password begins or ends with a blank"
        return SignInRefused(
            self._client.voice.masker.clean(f"Kaseya BMS refused the sign-in of {held.user}: {cause} ({refusal})"),
            method=refusal.method,
            url=refusal.url,
            status=refusal.status,
            request_id=refusal.request_id,
            body=refusal.body,
        )


def _lifetime_s(expires_on: str, server_time: datetime | None) -> float:
    """Return how long a token lives, by the server's clock where it tells. Instants without zone are UTC (assumed)."""
    try:
        expires = datetime.fromisoformat(_microseconds_at_most(expires_on))
    except ValueError:
        return _LIFETIME_S
    expires = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
    return max(_LIFETIME_S_MIN, (expires - (server_time or datetime.now(UTC))).total_seconds())


def _microseconds_at_most(instant: str) -> str:
    """Cut .NET's seven digits of a second to the six that Python reads."""
    head, point, fraction = instant.partition(".")
    digits = fraction[: len(fraction) - len(fraction.lstrip("0123456789"))]
    return f"{head}{point}{digits[:6]}{fraction[len(digits) :]}"
