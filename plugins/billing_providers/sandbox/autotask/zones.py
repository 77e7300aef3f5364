"""Where the tenant's API is. A zone is a path segment here, as it is a host name at the vendor's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from billing_providers.sandbox.core.sandbox import SandboxSettings

_PATH = re.compile(r"(?:/(?P<zone>webservices\d+))?/atservicesrest(?P<rest>/.*)", re.IGNORECASE)
_VERSION = re.compile(r"/v1\.0(?=/)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone (numbers and names: seen); ``number`` is part of its host name."""

    number: int
    name: str

    @property
    def segment(self) -> str:
        """First part of the path here."""
        return f"webservices{self.number}"


_FIRST, _MOVED = Zone(16, "UK2"), Zone(28, "UK3")
_DATABASE = 510263


@dataclass(frozen=True, slots=True)
class Place:
    """What a path means: ``inner`` is the part after the version; ``zone`` the segment, in lower case, or empty."""

    zone: str
    inner: str


def place_of(path: str) -> Place | None:
    """Return what a path means, without regard to case; None: it is none of this API."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    return Place((found["zone"] or "").lower(), _VERSION.sub("", found["rest"], count=1))


def zone_of(settings: SandboxSettings) -> Zone:
    """Return the zone in which the tenant is."""
    return _MOVED if settings.at_zone_moves else _FIRST


def zone_address(settings: SandboxSettings, base: str) -> str:
    """Return the address of the tenant's API; it ends with a slash (seen)."""
    return f"{base}/{zone_of(settings).segment}/ATServicesRest/"


def zone_information(settings: SandboxSettings, base: str) -> dict[str, Any]:
    """Return what the PSA tells about a user's zone."""
    zone = zone_of(settings)
    return {
        "zoneName": zone.name,
        "url": zone_address(settings, base),
        "webUrl": f"https://ww{zone.number}.autotask.net/",
        "ci": _DATABASE,
    }
