"""One call below ``/V1.0`` of the zone that holds at the moment, counted against the tenant's threshold.

A 401, a 404 of a path, and a zone that cannot be reached may mean that the tenant moved; so the zone is asked for
again, and the call follows only where it changed: in all three it was not applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing_providers.errors import BadRequest, NotSent, OutcomeUnknown, RequestError, SignInRefused, Unreachable
from billing_providers.hooks.at.answers import AtAnswer
from billing_providers.hooks.at.threshold import Threshold
from billing_providers.hooks.at.zone import Zone
from billing_providers.hooks.http.client import HttpClient

_BELOW = "/V1.0"
_THRESHOLD = "ThresholdInformation"


class AtApi:
    """The API of one tenant. Safe to use from several threads."""

    def __init__(self, client: HttpClient, zone: Zone) -> None:
        self.client = client
        self.zone = zone
        self.threshold = Threshold(client, lambda: self._sent("GET", f"{_BELOW}/{_THRESHOLD}", _THRESHOLD))

    def call(
        self,
        method: str,
        path: str,
        *,
        entity: str,
        values: Mapping[str, str] | None = None,
        params: Mapping[str, object] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
        below: str = _BELOW,
    ) -> AtAnswer:
        """Send one call and return its answer; the parameters are those of the HTTP client.

        :param path: template below ``below``, which is ``/V1.0`` for all but one.
        :param entity: whose limit of three threads it counts for.
        :raises BudgetExhausted: when the tenant's threshold is nearly reached.
        :raises RequestError: its class tells whether the request had left.
        """
        self.threshold.check()
        request = {"values": values, "params": params, "json": json, "repeatable": repeatable}
        return self._sent(method, f"{below}{path}", entity, **request)

    def by_id(self, entity: str, record_id: str) -> AtAnswer:
        """Read one record.

        :raises BadRequest: with status 404 when there is none.
        """
        return self.call("GET", f"/{entity}/{{record_id}}", entity=entity, values={"record_id": record_id})

    def _sent(self, method: str, path: str, entity: str, **request: Any) -> AtAnswer:
        used = self._used()
        try:
            return self._at(used, method, path, entity, request)
        except (SignInRefused, BadRequest, Unreachable) as trouble:
            unexpected = not isinstance(trouble, BadRequest) or (trouble.status == 404 and "{record_id}" not in path)
            if not unexpected or not self.zone.moved_since(used):
                raise self._explained(trouble) from None
        return self._at(self.zone.current(), method, path, entity, request)

    def _at(self, zone: str, method: str, path: str, entity: str, request: dict[str, Any]) -> AtAnswer:
        answer: AtAnswer = self.client.call(method, path, base_url=zone, place=entity, **request)
        return answer

    def _used(self) -> str:
        try:
            return self.zone.current()
        except SignInRefused as refusal:
            raise self._explained(refusal) from None
        except OutcomeUnknown as fault:  # of the question for it; the call itself has not left
            raise self.client.voice.error(NotSent, f"the zone could not be asked for ({fault})") from None

    def _explained(self, trouble: RequestError) -> RequestError:
        if not isinstance(trouble, SignInRefused):
            return trouble
        zone = " or zone_url" if self.zone.configured else ""
        problem = (
            f"{self.client.voice.system} refused the keys: user, secret, integration code{zone} is wrong, "
            f"or the API user is inactive or locked ({trouble})"
        )
        return SignInRefused(
            self.client.voice.masker.clean(problem),
            method=trouble.method,
            url=trouble.url,
            status=trouble.status,
            request_id=trouble.request_id,
            body=trouble.body,
        )
