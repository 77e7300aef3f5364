"""What people do to Datto RMM: enrol and delete devices, change them, rename and link sites."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.rmm_clients import RmmClient


def _site(rmm: RmmClient, name: str) -> dict[str, Any]:
    return next(site for site in rmm.all("/v2/account/sites", "sites") if site["name"] == name)


def _laptops(rmm: RmmClient, uid: str) -> dict[str, bool]:
    devices = rmm.all(f"/v2/site/{uid}/devices", "devices")
    return {device["hostname"]: device["deleted"] for device in devices if device["deviceType"]["category"] == "Laptop"}


def test_devices_are_enrolled_and_deleted(rmm: RmmClient, box: SandboxServer) -> None:
    """New ones appear at once; deleted ones stay in the list, marked; the newest go first."""
    uid = _site(rmm, "Kendal Mint Works")["uid"]
    before = _laptops(rmm, uid)

    added = box.control.enrol_devices(uid, "Laptop", 2)
    assert _laptops(rmm, uid) == before | dict.fromkeys(added, False)

    assert box.control.enrol_devices(uid, "Laptop", -1) == [added[1]]
    assert _laptops(rmm, uid) == before | {added[0]: False, added[1]: True}


def test_a_device_is_changed(rmm: RmmClient, box: SandboxServer) -> None:
    """Suspended, in the group, another kind of machine, enrolled or deleted on another day."""
    box.control.edit_device("DEVX38-LT006", suspended=True, not_billable=True, category="Server")
    (device,) = rmm.get("/v2/account/devices", hostname="DEVX38-LT006")["devices"]
    group = {entry["hostname"] for entry in rmm.all("/v2/account/devices", "devices", filterId=10463)}

    assert (device["suspended"], device["deviceType"]["category"]) == (True, "Server")
    assert "DEVX38-LT006" in group
    box.control.edit_device("DEVX38-LT006", deleted_on="2026-07-31")
    assert "DEVX38-LT006" not in {
        entry["hostname"] for entry in rmm.all("/v2/account/devices", "devices", filterId=10463)
    }
    assert rmm.get("/v2/account/devices", hostname="DEVX38-LT006")["devices"][0]["deleted"] is True
    box.control.edit_device("DEVX38-LT006", created="2026-08-02")
    assert rmm.get("/v2/account/devices", hostname="DEVX38-LT006")["devices"] == []


def test_a_site_is_renamed_and_linked(rmm: RmmClient, box: SandboxServer) -> None:
    """Its devices carry the new name; a link names the company by id and name, and can be taken away."""
    uid = _site(rmm, "Kendal Mint Works")["uid"]

    box.control.edit_site(uid, name="Kendal Mints", company_id=29683510, company_name="Two Counties Radio")

    site = rmm.get(f"/v2/site/{uid}")
    assert (site["name"], site["autotaskCompanyId"], site["autotaskCompanyName"]) == (
        "Kendal Mints", "29683510", "Two Counties Radio",
    )  # fmt: skip
    assert {device["siteName"] for device in rmm.all(f"/v2/site/{uid}/devices", "devices")} == {"Kendal Mints"}
    box.control.edit_site(uid, company_id=0)
    assert rmm.get(f"/v2/site/{uid}")["autotaskCompanyId"] is None


def test_a_reset_takes_all_changes_back(rmm: RmmClient, box: SandboxServer) -> None:
    """Devices, sites, tokens and limits are as the world has them."""
    uid = _site(rmm, "Kendal Mint Works")["uid"]
    before = _laptops(rmm, uid)
    box.control.enrol_devices(uid, "Laptop", 3)
    box.control.edit_site(uid, name="Other")

    box.control.reset()
    box.control.move_clock("2026-08-01T06:00:00Z")

    assert rmm.call("/v2/account").status_code == 401
    rmm.sign_in()
    assert _laptops(rmm, _site(rmm, "Kendal Mint Works")["uid"]) == before


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("enrol_devices", {"site_uid": "nowhere", "category": "Laptop", "number": 1}, "no site 'nowhere'"),
        ("enrol_devices", {"site_uid": "00000000-deleted-devices", "category": "Robot", "number": 1}, "Laptop, Server"),
        (
            "enrol_devices",
            {"site_uid": "00000000-deleted-devices", "category": "Laptop", "number": -1},
            "has 0 devices",
        ),
        ("edit_device", {"hostname": "NOBODY", "suspended": True}, "no device 'NOBODY'"),
        ("edit_device", {"hostname": "DEVX38-LT002", "colour": "red"}, "has no colour"),
        ("edit_device", {"hostname": "DEVX38-LT002", "created": "July"}, "no date"),
        ("edit_device", {"hostname": "DEVX38-LT002", "suspended": "yes"}, "true or false"),
        ("edit_site", {"site_uid": "nowhere", "name": "x"}, "no site 'nowhere'"),
    ],
)
def test_wrong_changes_are_refused(box: SandboxServer, operation: str, arguments: dict[str, Any], words: str) -> None:
    """The reason says what there is."""
    with pytest.raises(ValueError, match=words):
        getattr(box.control, operation)(**arguments)
