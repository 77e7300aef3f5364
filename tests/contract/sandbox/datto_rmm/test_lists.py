"""Sites, devices and filters of the simulated Datto RMM: pages, choices, shapes, and what time does to them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import jsonschema
import pytest

from billing_providers.sandbox.datto_rmm.choices import CHOICES
from billing_providers.sandbox.datto_rmm.spec import description
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from tests.support.rmm_clients import RmmClient

DEVX = "Devexe Engineering"
SITE_OF_DEVX = {"siteName": DEVX}


def _site(rmm: RmmClient, name: str) -> dict[str, Any]:
    return next(site for site in rmm.all("/v2/account/sites", "sites") if site["name"] == name)


def _of(rmm: RmmClient, site_name: str, **query: Any) -> list[dict[str, Any]]:
    devices = rmm.all("/v2/account/devices", "devices", **query)
    return [device for device in devices if device["siteName"] == site_name]


def _wire(schema: Any) -> Any:
    """Return a JSON Schema as the wire keeps it: all fields there, null allowed, instants as numbers."""
    if "$ref" in schema:
        return _wire(description().schemas[schema["$ref"].rpartition("/")[2].replace("%20", " ")])
    kind = "object" if "properties" in schema else schema["type"]
    wire: dict[str, Any] = {"type": [kind, "null"]}
    if schema.get("format") == "date-time":
        wire["type"] = ["integer", "null"]
    if "enum" in schema:
        wire["enum"] = [*schema["enum"], None]
    if "properties" in schema:
        wire["properties"] = {name: _wire(part) for name, part in schema["properties"].items()}
        wire["required"] = sorted(schema["properties"])
        wire["additionalProperties"] = False
    if "items" in schema:
        wire["items"] = _wire(schema["items"])
    return wire


def _described(template: str) -> Any:
    return _wire(description().answer(template))


@pytest.mark.parametrize("template", [path for _, path in description().operations() if "status" not in path])
def test_answers_have_the_described_fields(rmm: RmmClient, template: str) -> None:
    """Each answer has exactly the fields of the vendor's description; instants are numbers, as live accounts print."""
    answer = rmm.get(template.replace("{siteUid}", _site(rmm, DEVX)["uid"]))

    faults = jsonschema.Draft202012Validator(_described(template)).iter_errors(answer)

    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


def test_instants_can_be_as_described(box: SandboxServer, rmm: RmmClient) -> None:
    """A setting prints text, as the description says."""
    as_number = rmm.get("/v2/account/devices", max=1)["devices"][0]["creationDate"]
    box.control.change_settings(datto_instants_as_text=True)

    as_text = rmm.get("/v2/account/devices", max=1)["devices"][0]["creationDate"]

    assert datetime.fromtimestamp(as_number / 1000, UTC) == datetime.fromisoformat(as_text)


def test_pages_lead_to_each_other(rmm: RmmClient, world: World) -> None:
    """Pages start at 0; the last has no next; details count the page and the whole list."""
    first = rmm.get("/v2/account/sites", max=25)
    rows = rmm.all("/v2/account/sites", "sites", max=25)
    last = rmm.get("/v2/account/sites", max=25, page=2)

    assert first["pageDetails"]["count"] == 25
    assert first["pageDetails"]["prevPageUrl"] is None
    assert "max=25&page=1" in first["pageDetails"]["nextPageUrl"]
    assert [row["uid"] for row in rows] == [site.uid for site in world.modules.rmm.sites]
    assert first["pageDetails"]["totalCount"] == len(rows) == 59
    assert (last["pageDetails"]["count"], last["pageDetails"]["nextPageUrl"]) == (9, None)
    assert rmm.get("/v2/account/sites", max=25, page=3)["sites"] == []
    assert rmm.get("/v2/account/sites", max=59)["pageDetails"]["nextPageUrl"] is None


def test_the_next_page_is_of_the_same_choice(rmm: RmmClient) -> None:
    """Its address carries every parameter of the first request."""
    chosen = {"siteName": "devexe", "deviceType": "laptop"}
    in_pages = [device["uid"] for device in rmm.all("/v2/account/devices", "devices", **chosen, max=2)]

    assert len(in_pages) == 11
    assert in_pages == [device["uid"] for device in rmm.get("/v2/account/devices", **chosen)["devices"]]


def test_a_page_holds_no_more_than_the_server_says(box: SandboxServer, rmm: RmmClient) -> None:
    """A larger ``max`` is capped without a word, and without one the largest is taken."""
    box.control.change_settings(datto_page_max=10)

    assert rmm.get("/v2/system/pagination") == {"max": 10}
    assert len(rmm.get("/v2/account/devices", max=500)["devices"]) == 10
    assert len(rmm.get("/v2/account/devices")["devices"]) == 10


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/account/devices?page=-1", 400),
        ("/v2/account/devices?max=many", 400),
        ("/v2/account/devices?max=0", 400),
        ("/v2/account/devices?colour=red", 400),
        ("/v2/account/devices?page=0&page=1", 400),
        ("/v2/account/devices?filterId=77", 404),
        ("/v2/site/nowhere", 404),
        ("/v2/site/nowhere/devices", 404),
        ("/v2/site/nowhere/filters", 404),
        ("/v2/device/1", 404),
        ("/v3/account/devices", 404),
    ],
)
def test_wrong_reads_are_refused(rmm: RmmClient, path: str, status: int) -> None:
    """Unknown names, values and paths; the body names the path."""
    answer = rmm.call(path)

    assert answer.status_code == status
    assert answer.json()["path"] == path.partition("?")[0]


def test_a_read_takes_no_body(rmm: RmmClient) -> None:
    """What would be ignored is refused."""
    answer = rmm.session.get(f"{rmm.base_url}/api/v2/account", json={"max": 1}, timeout=20)

    assert answer.status_code == 400


def test_nothing_can_be_written(rmm: RmmClient) -> None:
    """Other methods are refused, and say what is allowed."""
    answer = rmm.session.post(f"{rmm.base_url}/api/v2/account/sites", timeout=20)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_lists_are_narrowed_by_parts_of_texts(rmm: RmmClient) -> None:
    """Parts of names in any case; several conditions hold together."""
    assert [site["name"] for site in rmm.get("/v2/account/sites", siteName="castle mews -")["sites"]] == [
        "Castle Mews - Leeds", "Castle Mews - York", "Castle Mews - Ripon",
    ]  # fmt: skip
    devices = rmm.all("/v2/account/devices", "devices", siteName="devexe", deviceType="server")
    assert {device["deviceType"]["category"] for device in devices} == {"Server"}
    assert len(devices) == 3
    assert len(rmm.all("/v2/account/devices", "devices", siteName="devexe", operatingSystem="esxi")) == 1
    assert rmm.all("/v2/account/devices", "devices", hostname="no such host") == []


def test_devices_of_all_sites_are_the_devices_of_the_account(rmm: RmmClient) -> None:
    """Each device is in one list of one site, deleted ones included."""
    by_site = [
        device["uid"]
        for site in rmm.all("/v2/account/sites", "sites")
        for device in rmm.all(f"/v2/site/{site['uid']}/devices", "devices")
    ]
    devices = rmm.all("/v2/account/devices", "devices")

    assert sorted(by_site) == sorted(device["uid"] for device in devices)
    assert len(set(by_site)) == len(by_site) > 1600


def test_what_is_counted_follows_from_the_lists(rmm: RmmClient, world: World) -> None:
    """Not deleted, not in the group, no phone and no tablet: that is what the world counts at the end of July."""
    group = next(entry for entry in rmm.get("/v2/filter/custom-filters")["filters"] if entry["name"] == "_NotBillable_")
    left_out = {device["uid"] for device in rmm.all("/v2/account/devices", "devices", filterId=group["id"])}
    names = {site["uid"]: site["name"] for site in rmm.all("/v2/account/sites", "sites")}
    counted: dict[str, int] = {}
    for device in rmm.all("/v2/account/devices", "devices"):
        category = device["deviceType"]["category"]
        if not device["deleted"] and device["uid"] not in left_out and category not in {"Smartphone", "Tablet"}:
            counted[names[device["siteUid"]]] = counted.get(names[device["siteUid"]], 0) + 1

    for customer in world.modules.customers:
        amount = world.modules.book.amount(customer.code, "Datto RMM", "AllDevicesMetric", date(2026, 8, 1))
        if amount is not None:
            assert (customer.code, sum(counted.get(name, 0) for name in customer.sites)) == (customer.code, int(amount))


def test_the_awkward_devices_of_one_site(rmm: RmmClient, box: SandboxServer) -> None:
    """One is deleted, two are suspended, three in the group, three are phones or tablets: 20 of 27 are counted."""
    devices = _of(rmm, DEVX)
    box.control.move_clock("2026-05-20T09:00:00Z")
    rmm.sign_in()
    in_may = _of(rmm, DEVX)

    assert len(devices) == 26  # the deleted one has moved to Deleted Devices
    assert len(in_may) == 27
    assert [device["hostname"] for device in in_may if device["deleted"]] == ["DEVX38-LT001"]
    assert sum(device["suspended"] for device in devices) == 2
    group = {device["uid"] for device in _of(rmm, DEVX, filterId=10463)}
    assert len(group) == 3
    phones = [device for device in devices if device["deviceType"]["category"] in {"Smartphone", "Tablet"}]
    assert len(devices) - len(group) - len(phones) == 20


def test_a_deleted_device_moves_and_is_forgotten(rmm: RmmClient, box: SandboxServer) -> None:
    """30 days in its site, then in Deleted Devices, gone after 90; it is marked as deleted all the while."""
    found = {}
    for day in ("2026-05-19", "2026-05-20", "2026-06-18", "2026-06-19", "2026-08-17", "2026-08-18"):
        box.control.move_clock(f"{day}T09:00:00Z")
        rmm.sign_in()
        rows = rmm.all("/v2/account/devices", "devices", hostname="DEVX38-LT001")
        found[day] = [(row["siteName"], row["deleted"]) for row in rows]

    assert found == {
        "2026-05-19": [(DEVX, False)],
        "2026-05-20": [(DEVX, True)],
        "2026-06-18": [(DEVX, True)],
        "2026-06-19": [("Deleted Devices", True)],
        "2026-08-17": [("Deleted Devices", True)],
        "2026-08-18": [],
    }


def test_a_filter_alone_decides(rmm: RmmClient) -> None:
    """With a filter, no other parameter counts in the account's list."""
    servers = rmm.all("/v2/account/devices", "devices", filterId=1, siteName="devexe", deviceType="Laptop")

    assert {device["deviceType"]["category"] for device in servers} == {"Server"}
    assert len({device["siteName"] for device in servers}) > 40
    site = _site(rmm, DEVX)
    assert len(rmm.all(f"/v2/site/{site['uid']}/devices", "devices", filterId=1)) == 3


def test_the_group_s_filter_may_be_missing(rmm: RmmClient, box: SandboxServer) -> None:
    """A tenant that never made the group has no such filter."""
    box.control.change_settings(datto_no_group=True)

    assert [entry["name"] for entry in rmm.get("/v2/filter/custom-filters")["filters"]] == ["Printers that are watched"]
    assert rmm.call("/v2/account/devices", filterId=10463).status_code == 404


def test_sites_of_nobody_are_listed_too(rmm: RmmClient) -> None:
    """The bin, whose uid is no GUID, the site of on-demand devices, and the MSP's own."""
    deleted, on_demand, internal = rmm.get("/v2/account/sites", max=3)["sites"]

    assert [deleted["name"], on_demand["name"], internal["name"]] == [
        "Deleted Devices", "OnDemand", "Harbour MSP (internal)",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="badly formed"):
        uuid.UUID(deleted["uid"])
    assert (on_demand["onDemand"], internal["onDemand"]) == (True, False)


def test_a_site_may_name_another_company_than_its_own(rmm: RmmClient, world: World) -> None:
    """One site is linked to a company whose name it does not have; a third of all has no link."""
    companies = {company.name: str(company.company_id) for company in world.modules.tenant.companies}
    site = _site(rmm, "Wrenfield Nurseries")
    own = _site(rmm, "Wrexham Glazing")

    assert (site["autotaskCompanyName"], site["autotaskCompanyId"]) == ("Wrexham Glazing", companies["Wrexham Glazing"])
    assert own["autotaskCompanyId"] == companies["Wrexham Glazing"]
    unlinked = [entry for entry in rmm.all("/v2/account/sites", "sites") if entry["autotaskCompanyId"] is None]
    assert 15 <= len(unlinked) <= 25


def test_numbers_of_devices_are_not_what_is_billed(rmm: RmmClient) -> None:
    """A site counts phones and the group, but no deleted devices; the account is the sum."""
    sites = rmm.all("/v2/account/sites", "sites")
    account = rmm.get("/v2/account")["devicesStatus"]

    assert _site(rmm, DEVX)["devicesStatus"]["numberOfDevices"] == 26
    assert account["numberOfDevices"] == sum(site["devicesStatus"]["numberOfDevices"] for site in sites)
    assert account["numberOfDevices"] == account["numberOfOnlineDevices"] + account["numberOfOfflineDevices"]
    assert account["numberOfManagedDevices"] < account["numberOfDevices"]


def test_faults_reach_lists(rmm: RmmClient, box: SandboxServer) -> None:
    """A total may be too high, a page short, and a device said to be deleted that is not."""
    right = rmm.get("/v2/account/devices", max=5)
    for kind in ("wrong_total", "short_page", "readback_lie"):
        box.control.add_fault(kind, system="datto_rmm", endpoint="GET /api/v2/account/devices")
        wrong = rmm.get("/v2/account/devices", max=5)
        told = (
            wrong["pageDetails"]["totalCount"] - right["pageDetails"]["totalCount"],
            len(wrong["devices"]) - len(right["devices"]),
            wrong["devices"][0]["deleted"] != right["devices"][0]["deleted"],
        )
        assert told == {"wrong_total": (5, 0, False), "short_page": (0, -1, False), "readback_lie": (0, 0, True)}[kind]
        after = rmm.get("/v2/account/devices", max=5)["devices"]
        assert [device["uid"] for device in after] == [device["uid"] for device in right["devices"]]


def test_every_choice_is_marked_as_seen_or_assumed() -> None:
    """No answer is invented silently."""
    assert CHOICES
    assert [row for row in CHOICES if not row[2].startswith(("seen", "assumed"))] == []
