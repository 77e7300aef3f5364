"""The address under which people open a contract in the PSA."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from billing_providers.errors import SettingsError
from billing_providers.model.changes import LineChange

_NAMES = ("contract_id", "account_id", "line_id", "service_id")
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class RecordLink:
    """A template such as ``https://psa.example/contracts/{contract_id}``; empty: no links.

    Places are ``{contract_id}``, ``{account_id}``, ``{line_id}`` and ``{service_id}``. No PSA publishes such addresses,
    so they are a setting.

    :raises SettingsError: for another place, a stray brace, or what is no web address.
    """

    template: str

    def __post_init__(self) -> None:
        if not self.template:
            return
        bare = _PLACE.sub("", self.template)
        unknown = [name for name in _PLACE.findall(self.template) if name not in _NAMES]
        parts = urlsplit(bare)
        if unknown or "{" in bare or "}" in bare or parts.scheme not in {"http", "https"} or not parts.netloc:
            raise SettingsError(
                f"unknown place {{{unknown[0]}}}" if unknown else "is no web address",
                where="integration settings",
                key="contract_link",
                value=self.template,
                allowed=f"an address with https://, with the places {', '.join(f'{{{name}}}' for name in _NAMES)}",
            )

    def of(self, change: LineChange) -> str:
        """Return where to look at the line of a change; empty without a template."""
        return _PLACE.sub(lambda place: quote(str(getattr(change, place[1])), safe=""), self.template)
