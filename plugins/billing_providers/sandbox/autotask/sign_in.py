"""Who calls: three headers on every call but that for the zone. There are no tokens."""

from __future__ import annotations

from collections.abc import Mapping

from billing_providers.sandbox.autotask.errors import AtRefusal, invalid, no_zone, unauthorized
from billing_providers.sandbox.credentials import AT_INTEGRATION_CODE, AT_USERS, AtUser


class AtSignIn:
    """Knows the API users. Their secrets hold until they are revoked."""

    def __init__(self) -> None:
        self.revoked = False

    def user(self, headers: Mapping[str, str]) -> AtUser:
        """Return who calls.

        :raises AtRefusal: 401 for a missing header or a wrong user or secret, 500 for a wrong integration code.
        """
        code = headers.get("apiintegrationcode", "")
        name, secret = headers.get("username", ""), headers.get("secret", "")
        found = _named(name)
        if not code or found is None or self.revoked or secret != found.secret:
            raise unauthorized()
        if code != AT_INTEGRATION_CODE:
            raise wrong_code()
        return found

    def knows(self, name: str) -> None:
        """Refuse to tell the zone of a user that does not exist.

        :raises AtRefusal: 500.
        """
        if _named(name) is None:
            raise no_zone()


def wrong_code() -> AtRefusal:
    """Refuse a wrong integration code (status and text: seen)."""
    return invalid("IntegrationCode is invalid.")


def _named(name: str) -> AtUser | None:
    return next((user for user in AT_USERS if user.name.casefold() == name.casefold()), None)
