"""Which host may be spoken to: the API's own, not the one of the pages.

Hosts are seen in two public clients: the cloud's pages are at ``na.``, ``eu.``, ``au.``, ``aus.`` and
``za.myconnectwise.net``, its API at the same names with ``api-`` before them; without it the cloud answers "SSL is
required" (seen in one). A self-hosted server has one name for both.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from billing_providers.errors import SettingsError

_PAGES = frozenset(
    {
        "na.myconnectwise.net",
        "eu.myconnectwise.net",
        "au.myconnectwise.net",
        "aus.myconnectwise.net",
        "za.myconnectwise.net",
        "staging.connectwisedev.com",
    }
)
_API_PATH = re.compile(r"/apis(/|$)", re.IGNORECASE)


def api_base_url(url: str, *, where: str) -> str:
    """Return a checked base URL as it is.

    :param where: the connection, for messages.
    :raises SettingsError: for the host of the pages, naming the API's; for a URL that already holds the API's path.
    """
    parts = urlsplit(url)
    if parts.hostname in _PAGES:
        raise SettingsError(
            "is the host of the pages, not of the API",
            where=where,
            key="host",
            value=url,
            allowed=f"https://api-{parts.hostname}",
        )
    if _API_PATH.search(parts.path):
        raise SettingsError(
            "holds the path of the API, which is added to it",
            where=where,
            key="host",
            value=url,
            allowed=f"{parts.scheme}://{parts.netloc}",
        )
    return url
