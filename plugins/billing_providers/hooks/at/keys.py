"""Signing requests: three headers on every call, the user, its secret and the tracking identifier.

There is no session and no token (seen: the API description). A tracking identifier, also called integration code, has
27 characters and belongs to one integration; the user has the security level *API User (API-only)*.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AtKeys:
    """The keys of one API user. Texts never show them."""

    user: str
    secret: str = field(repr=False)
    integration_code: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        """Return the headers that sign a request."""
        return {"UserName": self.user, "Secret": self.secret, "ApiIntegrationCode": self.integration_code}

    def renewed(self, refused: dict[str, str]) -> dict[str, str] | None:
        """Return nothing: the same keys would be refused again."""
        return None
