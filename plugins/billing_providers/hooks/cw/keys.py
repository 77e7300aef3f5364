"""Signing requests: ``Authorization: Basic`` over ``{company}+{public key}:{private key}``, and the ``clientId``.

Every request is signed by itself; there is no session to open. The client id is a GUID that the developer portal
gives to one integration, wanted on every call since August 2019 (seen: the vendor's pages).
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The keys of one API member in one company, and the client id of the integration. Texts never show them."""

    company_id: str
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)
    client_id: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be seen in a log or an error, in every form in which it is sent."""
        return self.public_key, self.private_key, self.client_id, self._encoded

    @property
    def _encoded(self) -> str:
        return b64encode(f"{self.company_id}+{self.public_key}:{self.private_key}".encode()).decode("ascii")

    def headers(self) -> dict[str, str]:
        """Return the headers that sign a request."""
        return {"Authorization": f"Basic {self._encoded}", "clientId": self.client_id}

    def renewed(self, refused: dict[str, str]) -> dict[str, str] | None:
        """Return nothing: the same keys would be refused again."""
        return None
