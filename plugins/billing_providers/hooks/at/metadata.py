"""What the tenant says about its own entities: fields, picklists, and what the user may do with them.

``GET /{entity}/entityInformation/fields`` names the fields and the values of picklists, which are texts even where the
field holds numbers; ``GET /{entity}/entityInformation`` what may be done (both seen: the API description of 2026).
Picklists are the tenant's own, so nothing is taken for known but ``contractType`` 7, which the vendor's help fixes.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from billing_providers.errors import SettingsError
from billing_providers.hooks.at.query import Query
from billing_providers.hooks.http.fields import Fields

if TYPE_CHECKING:
    from billing_providers.hooks.at.api import AtApi

RECURRING_SERVICE = 7

_NO_ACCESS = frozenset({"none", "restricted"})  # the third value is All (seen in three clients)
_GRANTED = frozenset({"all", "restricted"})
_WRITES = (("add", "Create"), ("change", "Update"), ("delete", "Delete"))


@dataclass(frozen=True, slots=True)
class Access:
    """What the user's security level allows with one entity, as far as the server tells.

    :param grants: of add, change and delete what is told to be allowed, in part or for all; silence grants nothing.
    """

    queries: bool
    creates: bool
    updates: bool
    grants: frozenset[str] = frozenset()


class Metadata:
    """Fields, picklists and rights by entity, each asked for once. Safe to use from several threads."""

    def __init__(self, api: AtApi) -> None:
        self._api = api
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}
        self._fields: dict[str, dict[str, Fields]] = {}

    def check(self, query: Query) -> None:
        """Make sure that the entity has every field of a query; any other would be ignored, or answer nothing.

        :raises SettingsError: for a field that this tenant's API does not have.
        """
        known = self._fields_of(query.entity)
        missing = [name for name in query.names() if name.casefold() not in known]
        if missing:
            raise SettingsError(
                f"has no field {', '.join(missing)} in this tenant's API, and a query with it would be ignored",
                where=f"Autotask {query.entity}",
                allowed="a zone and a version of the API that have it; ask for a new version of this provider",
            )

    def has(self, entity: str, field: str) -> bool:
        """Whether an entity has a field; some came with later versions of the API."""
        return field.casefold() in self._fields_of(entity)

    def labels(self, entity: str, field: str) -> dict[str, str]:
        """Return the values of a picklist with their labels, inactive ones included; empty for any other field."""
        described = self._fields_of(entity).get(field.casefold())
        values = described.get("picklistValues") if described is not None else None
        if not isinstance(values, list):
            return {}
        return {
            str(entry.get("value", entry.get("Value"))): str(entry.get("label", entry.get("Label")) or "").strip()
            for entry in values
            if isinstance(entry, dict)
        }

    def access(self, entity: str) -> Access:
        """Ask what the user may do with an entity."""
        told = self._api.call("GET", f"/{entity}/entityInformation", entity=entity)
        info = told.whole().inner("info")

        def allowed(able: str, access: str) -> bool:
            return info.flag(able, default=True) and level(access) not in _NO_ACCESS

        def level(access: str) -> str:
            return str(info.get(access) or "").strip().casefold()

        return Access(
            queries=allowed("canQuery", "userAccessForQuery"),
            creates=allowed("canCreate", "userAccessForCreate"),
            updates=allowed("canUpdate", "userAccessForUpdate"),
            grants=frozenset(
                word
                for word, name in _WRITES
                if info.flag(f"can{name}", default=False) and level(f"userAccessFor{name}") in _GRANTED
            ),
        )

    def _fields_of(self, entity: str) -> dict[str, Fields]:
        with self._lock:
            lock = self._locks.setdefault(entity, Lock())
        with lock:
            if entity not in self._fields:
                told = self._api.call("GET", f"/{entity}/entityInformation/fields", entity=entity)
                self._fields[entity] = {row.text("name").casefold(): row for row in told.rows("fields")}
            return self._fields[entity]
