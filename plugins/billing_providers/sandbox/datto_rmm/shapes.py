"""How the simulated Datto RMM prints what it knows: field names of the vendor's description, all fields always there.

Instants are numbers of milliseconds, though the description says text; what is not known is null (both seen in a live
account by one client). The setting ``datto_instants_as_text`` prints them as described.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from billing_providers.sandbox.datto_rmm.state import ShownDevice
from billing_providers.sandbox.world.modules.rmm_records import RmmFilter, RmmSite

PORTAL = "https://merlot.centrastage.net"
_FILTERS_SINCE = date(2024, 3, 4)


class Shapes:
    """Prints records as they are at one moment."""

    def __init__(self, now: datetime, *, as_text: bool) -> None:
        self._now = now
        self._as_text = as_text

    def site(self, site: RmmSite, devices: list[ShownDevice], account_uid: str) -> dict[str, Any]:
        """Print a site; its number of devices is of all kinds, without deleted ones."""
        return {
            "id": site.site_id,
            "uid": site.uid,
            "accountUid": account_uid,
            "name": site.name,
            "description": None,
            "notes": None,
            "onDemand": site.on_demand,
            "splashtopAutoInstall": True,
            "proxySettings": None,
            "devicesStatus": _status([entry for entry in devices if not entry.deleted]),
            "autotaskCompanyName": site.company_name or None,
            "autotaskCompanyId": None if site.company_id is None else str(site.company_id),
            "portalUrl": f"{PORTAL}/csm/site/{site.site_id}",
        }

    def device(self, shown: ShownDevice) -> dict[str, Any]:
        """Print a device."""
        device = shown.device
        seen = self._seen(shown)
        agent = device.device_class == "device"
        return {
            "id": device.device_id,
            "uid": device.uid,
            "siteId": shown.site.site_id,
            "siteUid": shown.site.uid,
            "siteName": shown.site.name,
            "deviceType": {"category": device.category, "type": device.kind},
            "hostname": device.hostname,
            "intIpAddress": f"10.{device.site_id % 200}.{device.device_id % 250}.{device.device_id % 13 + 2}",
            "operatingSystem": device.system or None,
            "lastLoggedInUser": None,
            "domain": None,
            "cagVersion": "4.4.2310" if agent else None,
            "displayVersion": "4.4.2310.2310" if agent else None,
            "extIpAddress": "203.0.113.9",
            "description": device.hostname,
            "a64Bit": True if agent else None,
            "rebootRequired": False if agent else None,
            "online": _online(shown),
            "suspended": device.suspended,
            "deleted": shown.deleted,
            "lastSeen": self._instant(seen),
            "lastReboot": None,
            "lastAuditDate": self._instant(seen) if agent else None,
            "creationDate": self._instant(_morning(device.created)),
            "snmpEnabled": not agent,
            "deviceClass": device.device_class,
            "portalUrl": f"{PORTAL}/csm/device/{device.device_id}",
            "warrantyDate": None,
            "antivirus": None,
            "patchManagement": None,
            "softwareStatus": None,
            "webRemoteUrl": f"{PORTAL}/csm/remote/{device.device_id}",
            "networkProbe": False,
            "onboardedViaNetworkMonitor": not agent,
        }

    def filter(self, entry: RmmFilter) -> dict[str, Any]:
        """Print a filter."""
        since = self._instant(_morning(_FILTERS_SINCE))
        return {
            "id": entry.filter_id,
            "name": entry.name,
            "description": entry.description or None,
            "type": entry.kind,
            "dateCreate": since,
            "lastUpdated": since,
        }

    def _seen(self, shown: ShownDevice) -> datetime:
        deleted_on = shown.device.deleted_on
        if shown.deleted and deleted_on:
            return _morning(deleted_on)
        return self._now - timedelta(minutes=1 if _online(shown) else 60 * 30)

    def _instant(self, instant: datetime) -> Any:
        if self._as_text:
            return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return int(instant.timestamp() * 1000)


def account(devices: list[ShownDevice], account_id: int, uid: str, name: str) -> dict[str, Any]:
    """Print the account."""
    kept = [entry for entry in devices if not entry.deleted]
    on_demand = sum(entry.site.on_demand for entry in kept)
    return {
        "id": account_id,
        "name": name,
        "descriptor": {"bilingEmail": "billing@harbourmsp.example", "deviceLimit": 5000, "timeZone": "Europe/London"},
        "uid": uid,
        "currency": "GBP",
        "devicesStatus": {
            **_status(kept),
            "numberOfOnDemandDevices": on_demand,
            "numberOfManagedDevices": len(kept) - on_demand,
        },
    }


def _status(devices: list[ShownDevice]) -> dict[str, int]:
    online = sum(map(_online, devices))
    return {
        "numberOfDevices": len(devices),
        "numberOfOnlineDevices": online,
        "numberOfOfflineDevices": len(devices) - online,
    }


def _online(shown: ShownDevice) -> bool:
    return not shown.deleted and shown.device.device_id % 5 != 0


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(8, 30), UTC)
