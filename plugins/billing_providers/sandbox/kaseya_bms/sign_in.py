"""Sign-in to the simulated BMS: tokens with a life, users with rights."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.credentials import (
    ACCOUNTS,
    BMS_TENANT,
    BMS_USERS,
    CONTRACTS,
    CONTRACTS_MODIFY,
    INVOICES,
    SERVICES,
    BmsUser,
)
from billing_providers.sandbox.kaseya_bms.errors import bad_request, security_error
from billing_providers.sandbox.kaseya_bms.shapes import dto, instant_text
from billing_providers.sandbox.world.usage import CURRENCY

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.kaseya_bms.call import Call

_LISTINGS = {ACCOUNTS: 101, CONTRACTS: 201, SERVICES: 301, INVOICES: 202}  # numbers are ours


@dataclass(frozen=True, slots=True)
class _Token:
    user: BmsUser
    expires: datetime
    partner: str = ""  # a refresh token belongs to one access token


class SignIn:
    """Issues, refreshes, checks and revokes tokens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self.reset(sandbox.world.seed)

    def reset(self, seed: int) -> None:
        """Forget all tokens; new ones follow from the seed."""
        self._rng = random.Random(f"tokens|{seed}")
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}

    def revoke(self, *, refresh_too: bool) -> None:
        """Make all access tokens invalid, and on demand all refresh tokens."""
        with self._lock:
            self._access.clear()
            if refresh_too:
                self._refresh.clear()

    def bearer(self, authorization: str) -> BmsUser:
        """Return the user of an ``Authorization`` header, or refuse with 401."""
        scheme, _, text = authorization.partition(" ")
        with self._lock:
            token = self._access.get(text.strip())
        if scheme.lower() != "bearer" or token is None:
            raise security_error("The access token is missing or not valid.")
        if token.expires <= self._sandbox.clock.now():
            raise security_error("The access token has expired.")
        return token.user

    def authenticate(self, call: Call) -> dict[str, Any]:
        """Sign in with user name and password."""
        form = call.body
        if form["GrantType"] != "password":
            raise bad_request(f"GrantType {form['GrantType']} is not supported")
        missing = [name for name in ("UserName", "Password", "Tenant") if not form.get(name)]
        if missing:
            raise bad_request(*(f"form field {name} is required" for name in missing))
        user = next((user for user in BMS_USERS if user.name == form["UserName"]), None)
        if user is None or form["Tenant"] != BMS_TENANT or form["Password"] != user.password:
            raise security_error("User name, password or tenant is wrong.")
        if user.locked:
            raise security_error("The user is locked.")
        if user.mfa_code and form.get("MFACode") != user.mfa_code:
            raise security_error("A valid MFA code is required.")
        return self._issue(user)

    def refresh(self, call: Call) -> dict[str, Any]:
        """Exchange a refresh token, once, for a new pair."""
        with self._lock:
            token = self._refresh.pop(call.body.get("RefreshToken", ""), None)
        if token is None or token.partner != call.body["AccessToken"]:
            raise security_error("The refresh token is not valid.")
        if token.expires <= self._sandbox.clock.now():
            raise security_error("The refresh token has expired.")
        return self._issue(token.user)

    def user_info(self, call: Call) -> dict[str, Any]:
        """Tell who is signed in, and the rights."""
        user = call.signed_in
        return dto(
            "UserInfoOutputDto",
            UserId=user.user_id,
            FullName=user.full_name,
            EmailAddress=f"{user.name}@{BMS_TENANT}.example",
            TimeStamp=instant_text(self._sandbox.clock.now()),
            TenantId=1,
            BusinessName=BMS_TENANT,
            TimeZoneName="UTC",
            OlsonTimeZoneName="Etc/UTC",
            CurrencyCode=CURRENCY,
            ProductName="BMS",
            SpecialFeatures=[],
            UserAccessRights=[
                dto(
                    "UserAccessRight",
                    CanView=True,
                    CanModify=right == CONTRACTS and CONTRACTS_MODIFY in user.rights,
                    ListingIDEnum=listing,
                )
                for right, listing in _LISTINGS.items()
                if right in user.rights
            ],
        )

    def sso_status(self, call: Call) -> dict[str, Any]:
        """Tell whether a user of the tenant must sign in elsewhere."""
        user = next((user for user in BMS_USERS if user.name == call.values.get("UserName")), None)
        forced = bool(user and user.sso and call.values["Tenant"] == BMS_TENANT)
        return dto("SsoStatus", Enabled=forced, LoginEndpointUrl="https://sso.example/login" if forced else None)

    def _issue(self, user: BmsUser) -> dict[str, Any]:
        settings, now = self._sandbox.settings, self._sandbox.clock.now()
        with self._lock:
            access, refresh = (f"{kind}-{self._rng.getrandbits(256):064x}" for kind in ("bms-access", "bms-refresh"))
            expires = now + timedelta(seconds=settings.bms_access_token_s)
            refresh_expires = now + timedelta(seconds=settings.bms_refresh_token_s)
            self._access[access] = _Token(user, expires)
            self._refresh[refresh] = _Token(user, refresh_expires, partner=access)
        return dto(
            "TokenOutputDto",
            AccessToken=access,
            RefreshToken=refresh,
            AccessTokenExpireOn=instant_text(expires),
            RefreshTokenExpireOn=instant_text(refresh_expires),
        )
