"""Who calls: Basic ``{company}+{publicKey}:{privateKey}``, a ``clientId`` header, and the model version asked for."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from billing_providers.sandbox.connectwise.errors import (
    CwRefusal,
    bad_request,
    bare_not_found,
    no_client_id,
    unauthorized,
)
from billing_providers.sandbox.core.sandbox import SandboxSettings
from billing_providers.sandbox.credentials import CW_CLIENT_ID, CW_COMPANY_ID, CW_MEMBERS, CwMember

CURRENT_VERSION = "2026.4"
_OLDEST, _NEWEST = (2020, 1), (2026, 4)
_NUMBERS_IN_A_YEAR = 16  # 2025 had as many
_VENDOR_TYPE = re.compile(r"application/vnd\.connectwise\.com\+json\s*;\s*version\s*=\s*([^,;\s]+)", re.IGNORECASE)
_VERSION = re.compile(r"(\d{4})\.(\d{1,2})")


class CwSignIn:
    """Knows the API members' keys. They live until they are revoked; there are no tokens."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self.revoked = False

    def member(self, headers: Mapping[str, str]) -> CwMember:
        """Return who calls.

        :raises CwRefusal: 403 without a known ``clientId``; 401 (or a bare 404) for keys that are not valid.
        """
        if headers.get("clientid", "").strip().casefold() != CW_CLIENT_ID:
            raise no_client_id()
        given = _basic(headers.get("authorization", ""))
        for member in CW_MEMBERS:
            if not self.revoked and given == (CW_COMPANY_ID, member.public_key, member.private_key):
                return member
        raise self._wrong_keys()

    def _wrong_keys(self) -> CwRefusal:
        return bare_not_found() if self._settings.cw_wrong_keys_are_404 else unauthorized()


def _basic(header: str) -> tuple[str, str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, _, private_key = text.partition(":")
    company, _, public_key = user.partition("+")
    return company.casefold(), public_key, private_key


def version_asked(accept: str) -> str:
    """Return the model version that an ``Accept`` header asks for; without one it is the newest.

    :raises CwRefusal: 400 for a version that is not served.
    """
    named = _VENDOR_TYPE.search(accept)
    return checked_version(named[1].strip('"')) if named else CURRENT_VERSION


def checked_version(version: str) -> str:
    """Return a version that is served.

    :raises CwRefusal: 400 for any other.
    """
    parts = _VERSION.fullmatch(version)
    known = parts is not None and _OLDEST <= (int(parts[1]), int(parts[2])) <= _NEWEST
    if parts is None or not known or not 1 <= int(parts[2]) <= _NUMBERS_IN_A_YEAR:
        raise bad_request("ApiVersion", f"The requested version {version} is not supported.")
    return version
