"""Which server holds the tenant's database: asked for by the user's name, without signature.

``GET /atservicesrest/v1.0/zoneInformation?user=…`` answers ``{zoneName, url, webUrl, ci}``, the url with a trailing
slash (seen in two clients). Zones move (one did on 2026-03-11), so a zone that was asked for is asked for again when it
refuses or cannot be reached; one that a person wrote into the connection is taken as it is. Keys follow the answer, so
only a server in the domain of the one that was asked is believed.
"""

from __future__ import annotations

import logging
from ipaddress import ip_address
from threading import Lock
from urllib.parse import urlsplit

from billing_providers.errors import BillingError, SettingsError
from billing_providers.hooks.at.answers import AtAnswer
from billing_providers.hooks.http.addresses import base_url
from billing_providers.hooks.http.client import HttpClient

log = logging.getLogger(__name__)

_REST = "/ATServicesRest"
_ASK = "/atservicesrest/v1.0/zoneInformation"
_ASK_AGAIN_AFTER_S = 60.0


class Zone:
    """The zone of one API user, asked for when it is needed. Safe to use from several threads.

    :param configured: what the connection says; empty: asked from the server.
    :param where: the connection, for messages.
    :raises SettingsError: for a configured text that is no base URL.
    """

    def __init__(self, client: HttpClient, user: str, configured: str, *, where: str, allow_http: bool) -> None:
        self._client = client
        self._user = user
        self._where = where
        self._allow_http = allow_http
        self._lock = Lock()
        self._asked_at: float | None = None
        self.configured = bool(configured)
        self.name = ""  # as the server tells it
        self._url = zone_url(configured, where=where, allow_http=allow_http) if configured else ""

    def current(self) -> str:
        """Return the base URL of the zone, without trailing slash.

        :raises SignInRefused: when the server knows no such user.
        """
        with self._lock:
            if not self._url:
                self._url = self._asked()
            return self._url

    def moved_since(self, used: str) -> bool:
        """Whether another zone holds by now than the one that just refused or could not be reached.

        Asks the server at most once a minute, whatever the number of threads; trouble with that counts as no move.
        """
        with self._lock:
            if self._url == used and not self.configured and self._may_ask_again():
                try:
                    self._url = self._asked()
                except BillingError as error:
                    log.warning("the zone could not be asked for again: %s", error)
            if self._url != used:
                log.warning("the zone is %s by now, it was %s", self._url, used)
            return self._url != used

    def _may_ask_again(self) -> bool:
        return self._asked_at is None or self._client.clocks.clock() - self._asked_at >= _ASK_AGAIN_AFTER_S

    def _asked(self) -> str:
        self._asked_at = self._client.clocks.clock()
        told: AtAnswer = self._client.call(
            "GET", _ASK, params={"user": self._user}, signed=False, place="ZoneInformation"
        )
        answered = told.whole().text("url")
        if not answered:
            raise told.whole().unreadable("url", "the base URL of the user's zone")
        url = zone_url(answered, where=self._where, allow_http=self._allow_http)
        if _domain(url) != _domain(self._client.base_url):
            raise SettingsError(
                f"{self._client.base_url} names the zone {url}, which lies in another domain; keys are not sent there",
                where=self._where,
                key="zone_url",
                allowed="the zone's own base URL, if it is right",
            )
        self.name = told.whole().text("zoneName")
        return url


def zone_url(text: str, *, where: str, allow_http: bool) -> str:
    """Return the base URL of a zone: host in lower case, the path of the REST services added where it is missing.

    :raises SettingsError: for what is no base URL.
    """
    parts = urlsplit(base_url(text, where=where, key="zone_url", allow_http=allow_http))
    path = parts.path if parts.path.casefold().endswith(_REST.casefold()) else ""
    if not path and parts.path:
        raise SettingsError(
            "is no base URL of Autotask's REST services",
            where=where,
            key="zone_url",
            value=text,
            allowed=f"e.g. https://webservices5.autotask.net{_REST}",
        )
    return f"{parts.scheme}://{parts.netloc.casefold()}{path or _REST}"


def _domain(url: str) -> str:
    """Return what two servers of one operator have in common: the last two parts of the name, or the whole address."""
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return ".".join(host.split(".")[-2:])
    return host
