"""Datto RMM's lists as its hook reads them: who is counted, whole lists only, and a limit that is never tried out."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest

from billing_providers.errors import (
    BudgetExhausted,
    FailureClass,
    Forbidden,
    RateLimited,
    SettingsError,
    SignInRefused,
    UnreadableAnswer,
)
from billing_providers.hooks.datto_rmm import DattoRmmHook
from billing_providers.hooks.drmm.budget import ReadBudget
from billing_providers.hooks.drmm.devices import BILLING_TYPES
from billing_providers.hooks.sources import source_for
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.source import UsageRead
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
READ_ON = "Mon, 02 Nov 2026 23:30:00 GMT"
SECRET = "secret-of-the-key"


def site(uid: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"id": 1, "uid": uid, "name": name, "onDemand": False, **fields}


def device(uid: str, category: str = "Desktop", site_uid: str = "s1", **fields: Any) -> dict[str, Any]:
    row = {"id": 7, "uid": uid, "siteUid": site_uid, "siteName": "Daily Mail", "deviceClass": "device"}
    row |= {"deviceType": {"category": category, "type": "Main System Chassis"}, "deleted": False, "suspended": False}
    return row | fields


@dataclass
class Datto:
    """The answers of one account; ``refuse`` may answer a request instead."""

    sites: list[Any] = field(default_factory=lambda: [site("s1", "Daily Mail")])
    devices: list[Any] = field(default_factory=list)
    filters: list[Any] = field(default_factory=lambda: [{"id": 12, "name": "_NotBillable_", "type": "custom"}])
    members: list[Any] = field(default_factory=list)
    page_size: int = 250
    stated: dict[str, int] = field(default_factory=dict)
    rate: dict[str, Any] = field(default_factory=lambda: {"accountRateLimit": 600, "accountCount": 3})
    refuse: Callable[[str, int], Reply | None] = lambda path, number: None
    tokens: int = 0
    requests: list[str] = field(default_factory=list)
    forms: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, request: PreparedRequest) -> Reply:
        url = urlsplit(str(request.url))
        self.requests.append(f"{url.path}?{url.query}".removesuffix("?"))
        refused = self.refuse(url.path, len(self.requests))
        if refused is not None:
            return refused
        if url.path == "/auth/oauth/token":
            self.tokens += 1
            self.forms.append((request.headers["Authorization"], (request.body or b"").decode()))
            return reply({"access_token": f"token-{self.tokens}", "expires_in": 360_000})
        if request.headers["Authorization"] != f"Bearer token-{self.tokens}":
            return reply({"error": "Unauthorized"}, 401)
        if url.path == "/api/v2/system/request_rate":
            return reply({"slidingTimeWindowSizeSeconds": 60, "accountCutOffRatio": 0.95, **self.rate})
        if url.path == "/api/v2/system/pagination":
            return reply({"max": self.page_size})
        if url.path == "/api/v2/account":
            return reply({"id": 1, "name": "Harbour MSP", "devicesStatus": {"numberOfDevices": len(self.devices)}})
        return self._listed(url.path, {name: found[0] for name, found in parse_qs(url.query).items()})

    def _listed(self, path: str, params: dict[str, str]) -> Reply:
        name = path.rsplit("/", 1)[-1].removeprefix("custom-")
        rows = self.members if params.get("filterId") == "12" else getattr(self, name)
        page, size = int(params.get("page", 0)), int(params["max"])
        shown = rows[page * size : (page + 1) * size]
        details: dict[str, Any] = {"count": len(shown), "totalCount": self.stated.get(name, len(rows))}
        more = (page + 1) * size < len(rows)
        details["nextPageUrl"] = f"https://elsewhere.example{path}?max={size}&page={page + 1}" if more else None
        return reply({"pageDetails": details, name: shown}, Date=READ_ON)


HookMaker = Callable[..., DattoRmmHook]


@pytest.fixture
def hook_of(monkeypatch: pytest.MonkeyPatch) -> HookMaker:
    """Return a maker of hooks on a scripted account."""

    def make(datto: Datto, time: FrozenTime | None = None, host: str = "https://merlot.example", **options: Any) -> Any:
        conn_id = set_connection(monkeypatch, "drmm_unit", host=host, login="KEY-1", password=SECRET)
        hook = DattoRmmHook(conn_id, clocks=(time or FrozenTime()).clocks(), **options)
        hook.client.session.mount("https://", ScriptedServer(datto.answer))
        return hook

    return make


def counts(read: UsageRead) -> dict[tuple[str, str], int]:
    return {(record.customer_code, record.sku): int(record.quantity or 0) for record in read.records}


def test_a_site_is_a_customer_and_its_count_a_record(hook_of: HookMaker):
    """The SKU is module, hyphen, billing type, as services are named; the PSA's own id links the account."""
    datto = Datto(sites=[site("s1", " Daily Mail ", autotaskCompanyId="4711", autotaskCompanyName="Daily Mail")])
    datto.devices = [device("d1"), device("d2", "Laptop"), device("d3", "Server")]

    (record,) = hook_of(datto).read_usage(OCTOBER).records

    assert (record.customer_code, record.customer_name, record.billing_identifier) == ("s1", "Daily Mail", "4711")
    assert (record.sku, str(record.quantity), record.unit) == ("Datto RMM - AllDevicesMetric", "3", "devices")
    assert (record.item_id, record.record_id, record.period_start) == ("", "s1/AllDevicesMetric", None)


@pytest.mark.parametrize(
    ("row", "billing_types"),
    [
        (device("d", "Desktop"), {"DesktopsAndLaptops", "Desktops"}),
        (device("d", " laptop "), {"DesktopsAndLaptops", "Laptops"}),
        (device("d", "Server"), {"Servers"}),
        (device("d", "Printer"), {"Printers"}),
        (device("d", "ESXi Host"), {"ESXi Hosts"}),
        (device("d", "Unknown"), {"Unknown Devices"}),
        (device("d", "Network Device (IP Phone)"), {"Network Devices (IP Phone)"}),
        (device("d", "Network Device (Toaster)"), {"Network Devices (other)"}),
        (
            device("d", "Network Device", deviceType={"category": "Network Device", "type": "Router"}),
            {"Network Devices (Router)"},
        ),
        (device("d", "Datto Access Point"), {"Datto Access Points"}),
        (device("d", "Hologram"), {"Unknown Devices"}),
        (device("d", "Hologram", deviceClass="printer"), {"Printers"}),
        (device("d", "", deviceType=None, deviceClass="esxihost"), {"ESXi Hosts"}),
    ],
    ids=lambda value: value["deviceType"] and value["deviceType"]["category"] if isinstance(value, dict) else "",
)
def test_every_kind_counts_in_its_billing_types_and_in_the_total(
    row: dict[str, Any], billing_types: set[str], hook_of: HookMaker
):
    """Each device counts once in the total, and once in what its kind is billed as."""
    read = hook_of(Datto(devices=[row]), billing_types=BILLING_TYPES).read_usage(OCTOBER)

    counted = {record.sku.removeprefix("Datto RMM - ") for record in read.records if record.quantity}
    assert counted == {"AllDevicesMetric", *billing_types}


def test_what_is_not_billed_is_left_out_and_told(hook_of: HookMaker):
    """Deleted, mobile and _NotBillable_ devices, suspended ones if set: not in the count, but in the evidence."""
    datto = Datto(members=[device("d4"), device("gone")])
    datto.devices = [
        device("d1"),
        device("d2", deleted=True),
        device("d3", suspended=True),
        device("d4", "Server"),
        device("d5", "Smartphone"),
        device("d6", "Tablet"),
    ]

    (record,) = hook_of(datto, count_suspended=False).read_usage(OCTOBER).records
    (with_suspended,) = hook_of(datto).read_usage(OCTOBER).records
    (with_all,) = hook_of(datto, not_billable_filter="").read_usage(OCTOBER).records

    assert (str(record.quantity), str(with_suspended.quantity), str(with_all.quantity)) == ("1", "2", "3")
    left_out = json.loads(record.attributes)["left_out"]
    assert left_out == {"deleted": 1, "mobile": 2, "not_billable": 1, "suspended": 1}


def test_a_filter_that_every_device_passes_is_no_filter(hook_of: HookMaker):
    """A server that ignores ``filterId`` answers all devices: nothing would be billed, and every line set to zero."""
    devices = [device("d1"), device("d2", "Server")]

    ignored = hook_of(Datto(devices=devices, members=devices)).read_usage(OCTOBER)
    kept = hook_of(Datto(devices=devices, members=devices[:1])).read_usage(OCTOBER)
    none = hook_of(Datto()).read_usage(OCTOBER)

    assert not ignored.complete
    assert "has 2 members, and there are 2 devices in all: Datto RMM seems to have ignored it" in ignored.incomplete_why
    assert (kept.complete, none.complete) == (True, True)


def test_a_site_without_devices_is_an_ordinary_zero(hook_of: HookMaker):
    """A reported 0 is a quantity: the line goes down without waiting for zeroing."""
    datto = Datto(sites=[site("s1", "Daily Mail"), site("s2", "Empty")], devices=[device("d1")])

    read = hook_of(datto, billing_types=("AllDevicesMetric", "Servers")).read_usage(OCTOBER)

    assert counts(read) == {
        ("s1", "Datto RMM - AllDevicesMetric"): 1,
        ("s1", "Datto RMM - Servers"): 0,
        ("s2", "Datto RMM - AllDevicesMetric"): 0,
        ("s2", "Datto RMM - Servers"): 0,
    }


def test_pages_are_followed_to_the_end_and_never_to_another_host(hook_of: HookMaker):
    """nextPageUrl is absolute; only its query is used, so no token leaves the platform."""
    datto = Datto(page_size=2, devices=[device(f"d{number}") for number in range(5)])

    read = hook_of(datto).read_usage(OCTOBER)

    assert counts(read) == {("s1", "Datto RMM - AllDevicesMetric"): 5}
    asked = [path for path in datto.requests if path.startswith("/api/v2/account/devices?max")]
    assert asked == [
        "/api/v2/account/devices?max=2",
        "/api/v2/account/devices?max=2&page=1",
        "/api/v2/account/devices?max=2&page=2",
    ]


def test_the_filter_stays_on_every_page(hook_of: HookMaker):
    """A next page without the filter would leave every device out."""
    datto = Datto(page_size=1, devices=[device("d1"), device("d2"), device("d3")], members=[device("d1"), device("d2")])

    read = hook_of(datto).read_usage(OCTOBER)

    assert counts(read) == {("s1", "Datto RMM - AllDevicesMetric"): 1}
    assert "/api/v2/account/devices?max=1&page=1&filterId=12" in datto.requests


def test_fewer_devices_than_counted_are_incomplete(hook_of: HookMaker):
    """Law 3: a list that is short twice is no smaller customer."""
    datto = Datto(devices=[device("d1")], stated={"devices": 3})

    read = hook_of(datto, not_billable_filter="").read_usage(OCTOBER)

    assert (read.complete, read.incomplete_why) == (False, "Datto RMM counts 3 devices, 1 came")
    assert datto.requests.count("/api/v2/account/devices?max=250") == 2


def test_a_device_that_shifts_the_pages_is_read_again(hook_of: HookMaker):
    """Somebody enrols a device while pages are read: the second reading is whole."""
    datto = Datto(devices=[device("d1")], stated={"devices": 2})

    def enrolled(path: str, number: int) -> Reply | None:
        if path == "/api/v2/account/devices" and datto.requests.count("/api/v2/account/devices?max=250") == 2:
            datto.stated.clear()
        return None

    datto.refuse = enrolled

    assert hook_of(datto).read_usage(OCTOBER).complete is True


def test_pages_that_do_not_end_are_an_error(hook_of: HookMaker):
    """A server that names the same page for ever does not keep a worker for ever."""
    datto = Datto()
    body = {"pageDetails": {"nextPageUrl": "https://x.example/api/v2/account/sites?page=1"}, "sites": []}
    datto.refuse = lambda path, number: reply(body) if path == "/api/v2/account/sites" else None

    with pytest.raises(UnreadableAnswer, match="the pages of sites do not end"):
        hook_of(datto).read_usage(OCTOBER)


def test_no_sites_at_all_are_no_zero(hook_of: HookMaker):
    """An account that shows no site is a key without access, not customers without devices."""
    read = hook_of(Datto(sites=[])).read_usage(OCTOBER)

    assert (read.complete, read.incomplete_why) == (False, "Datto RMM lists no sites at all")


def test_a_device_that_cannot_be_read_holds_its_site(hook_of: HookMaker):
    """One bad device makes one site short, not all; one of an unknown site holds that site."""
    datto = Datto(sites=[site("s1", "Daily Mail"), site("s2", "Aspen")])
    datto.devices = [device("d1"), device("d2", deleted="no"), device("d3", site_uid="s9", siteName="Lost")]

    read = hook_of(datto).read_usage(OCTOBER)

    (row,) = read.malformed
    assert (row.position, row.customer_code, "deleted is 'no'" in row.error) == ("devices[1]", "s1", True)
    assert read.failed_customers == {"s9": "device d3 is on site 'Lost', which Datto RMM does not list"}
    assert read.complete is True


def test_a_category_that_nobody_knows_is_counted_and_told(hook_of: HookMaker):
    """The vendor may add kinds of devices: they are billed in the total, and a person hears of it."""
    read = hook_of(Datto(devices=[device("d1", "Hologram"), device("d2", "Hologram")])).read_usage(OCTOBER)

    assert counts(read) == {("s1", "Datto RMM - AllDevicesMetric"): 2}
    assert "by device class: Hologram (2)" in read.notes[0]


def test_a_kind_of_network_device_that_nobody_knows_is_told_once(hook_of: HookMaker):
    """It is billed as another network device, whatever it is; a person hears of the word."""
    balancer = {"category": "Network Device", "type": " Load Balancer "}
    devices = [
        device("d1", "Network Device (Camera)"),
        device("d2", "Network Device (Camera)"),
        device("d3", deviceType=balancer),
        device("d4", "Network Device (Other)"),
        device("d5", deviceType={"category": "Network Device", "type": ""}),
        device("d6", "Hologram"),
    ]

    read = hook_of(Datto(devices=devices), billing_types=("Network Devices (other)",)).read_usage(OCTOBER)

    assert counts(read) == {("s1", "Datto RMM - Network Devices (other)"): 5}
    assert read.notes[:2] == [
        "kinds of network devices that nobody knows were counted in Network Devices (other) and AllDevicesMetric: "
        "Load Balancer (1), Network Device (Camera) (2)",
        "categories that nobody knows were counted in AllDevicesMetric and by device class: Hologram (1)",
    ]


def test_the_count_is_of_the_day_of_reading_and_says_so(hook_of: HookMaker):
    """Datto RMM keeps no earlier counts. The day is the server's, in the integration's time zone."""
    read = hook_of(Datto(devices=[device("d1")])).read_usage(OCTOBER)

    assert read.notes == [
        "devices were counted as they were on 2026-11-02, 2 days after the billing period's last day; "
        "Datto RMM keeps no earlier counts"
    ]


def test_a_missing_filter_is_told_or_refused(hook_of: HookMaker):
    """Without the filter everything is billed: a note, or an error where it must exist. Its near name is offered."""
    datto = Datto(filters=[{"id": 3, "name": "_notbillable_"}], devices=[device("d1")])

    read = hook_of(datto).read_usage(OCTOBER)

    assert read.notes[0].startswith("there is no custom filter '_NotBillable_'; did you mean '_notbillable_'?")
    with pytest.raises(SettingsError, match="no custom filter has this name; did you mean '_notbillable_'"):
        hook_of(datto, filter_must_exist=True).read_usage(OCTOBER)


def test_two_filters_of_one_name_are_never_guessed(hook_of: HookMaker):
    """Law 4: whose devices would be free of charge is not decided by the order of a list."""
    datto = Datto(filters=[{"id": 3, "name": "_NotBillable_"}, {"id": 12, "name": "_NotBillable_ "}])

    with pytest.raises(SettingsError, match=r"2 custom filters have this name.*the ids 12, 3"):
        hook_of(datto).read_usage(OCTOBER)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"billing_types": ["Server"]}, "unknown; did you mean Servers?; got 'Server'"),
        ({"billing_types": ["Servers", "Servers"]}, "is named twice; got 'Servers'"),
        ({"billing_types": []}, "nothing would be counted"),
        ({"billing_types": "Servers"}, "is no list; got 'Servers'"),
    ],
)
def test_a_wrong_billing_type_is_refused_before_anything_is_read(options: dict[str, Any], says: str):
    """A mistyped name is no count of nothing."""
    with pytest.raises(SettingsError) as error:
        DattoRmmHook(**options)

    assert says in str(error.value)


# -- sign-in and limits


def test_the_key_signs_in_by_the_password_grant(hook_of: HookMaker):
    """The client's own name is public; key and secret go into the form, and into no text."""
    datto = Datto()
    hook_of(datto, host="https://merlot.example/api").read_usage(OCTOBER)

    assert datto.forms == [
        ("Basic cHVibGljLWNsaWVudDpwdWJsaWM=", f"grant_type=password&username=KEY-1&password={SECRET}")
    ]


def test_a_token_that_ends_early_is_renewed_once(hook_of: HookMaker):
    """A 401 means that the read was not answered: it follows once more with a new token."""
    datto = Datto(devices=[device("d1")])
    hook = hook_of(datto)
    hook.read_usage(OCTOBER)
    datto.refuse = lambda path, number: (
        reply({"error": "Unauthorized"}, 401) if path.endswith("sites") and datto.tokens == 1 else None
    )

    assert hook.read_usage(OCTOBER).complete is True
    assert datto.tokens == 2


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_key_is_told_and_never_tried_again(status: int, hook_of: HookMaker):
    """What a person made only a person can replace."""
    datto = Datto(refuse=lambda path, number: reply({"error": "invalid_grant"}, status))
    hook = hook_of(datto)

    for _ in range(2):
        with pytest.raises(SignInRefused, match=rf"API key KEY-1 was refused: .*\(HTTP {status}\)") as caught:
            hook.read_usage(OCTOBER)

    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)
    assert SECRET not in f"{caught.value} {caught.value.body}"
    assert len(datto.requests) == 1


def test_a_403_of_one_call_is_a_missing_right(hook_of: HookMaker):
    """Asked once whether everything is refused: it is not, so the key lacks access."""
    datto = Datto(refuse=lambda path, number: reply({"error": "Forbidden"}, 403) if path.endswith("sites") else None)

    with pytest.raises(Forbidden, match=r"the API key may not read /v2/account/sites"):
        hook_of(datto).read_usage(OCTOBER)

    assert datto.requests[-2:] == ["/api/v2/account/sites?max=250", "/api/v2/system/request_rate"]


def test_a_403_of_everything_is_a_block_that_is_waited_out(hook_of: HookMaker):
    """For five minutes not one request leaves, whoever asks; then reading works again."""
    time, datto = FrozenTime(), Datto(devices=[device("d1")])
    hook = hook_of(datto, time)
    hook.read_usage(OCTOBER)
    datto.refuse = lambda path, number: reply({"error": "Forbidden"}, 403)

    with pytest.raises(RateLimited, match="five minutes") as blocked:
        hook.read_usage(OCTOBER)
    sent = len(datto.requests)
    with pytest.raises(BudgetExhausted, match="blocks this address for another 300 s"):
        hook.read_usage(OCTOBER)

    assert (blocked.value.retry_after_s, len(datto.requests)) == (300.0, sent)
    datto.refuse = lambda path, number: None
    time.now += 300
    assert hook.read_usage(OCTOBER).complete is True


def test_a_403_that_says_why_is_not_asked_about(hook_of: HookMaker):
    """Every further request would prolong the block."""
    told = reply({"error": "Too many requests, address blocked"}, 403)
    datto = Datto(refuse=lambda path, number: told if path.endswith("sites") else None)

    with pytest.raises(RateLimited):
        hook_of(datto).read_usage(OCTOBER)

    assert datto.requests[-1] == "/api/v2/account/sites?max=250"


def test_a_blocked_sign_in_is_no_wrong_key(hook_of: HookMaker):
    """A person would replace a good key in vain."""
    datto = Datto(refuse=lambda path, number: reply(b"<html>Forbidden</html>", 403))
    hook = hook_of(datto)

    with pytest.raises(RateLimited, match="this address is blocked"):
        hook.read_usage(OCTOBER)
    with pytest.raises(BudgetExhausted):
        hook.read_usage(OCTOBER)

    assert len(datto.requests) == 1


def test_a_429_is_waited_for_within_reason(hook_of: HookMaker):
    """The server's wait is obeyed; who is still refused leaves it alone for a window."""
    time = FrozenTime()
    busy = reply({"error": "Too Many Requests"}, 429, Retry_After="20")
    datto = Datto(refuse=lambda path, number: busy if path.endswith("sites") and number < 6 else None)

    assert hook_of(datto, time).read_usage(OCTOBER).complete is True
    assert [seconds for seconds in time.slept if seconds >= 20][:2] == [20.0, 20.0]

    datto.refuse = lambda path, number: busy
    hook = hook_of(datto, time)
    with pytest.raises(RateLimited):
        hook.read_usage(OCTOBER)
    with pytest.raises(BudgetExhausted, match="another 60 s"):
        hook.read_usage(OCTOBER)


def test_reads_leave_room_for_others(hook_of: HookMaker):
    """What the account has used counts, by whomever: nine tenths of the limit are not passed."""
    time = FrozenTime()
    datto = Datto(page_size=1, devices=[device(f"d{number}") for number in range(30)])
    datto.rate = {"accountRateLimit": 600, "accountCount": 530}

    hook_of(datto, time).read_usage(OCTOBER)

    assert len(time.slept) == 1
    assert time.slept[0] == pytest.approx(60, abs=1)


def test_a_window_is_never_overfilled():
    """600 reads within any 60 seconds: ours stay at 540, however fast they come."""
    time, sent = FrozenTime(), []
    budget = ReadBudget(clock=lambda: time.now, sleep=time.sleep)

    for _ in range(2000):
        budget.take()
        sent.append(time.now)

    assert max(sum(start <= at < start + 60 for at in sent) for start in set(sent)) == 540


def test_testing_tells_account_rights_and_filter(hook_of: HookMaker):
    """Before the first run a person knows what is missing."""
    works, told = hook_of(Datto(devices=[device("d1")], filters=[])).test_connection()

    assert works is True
    assert "as KEY-1, account 'Harbour MSP'; 1 sites, 1 devices can be read." in told
    assert "there is no custom filter '_NotBillable_'" in told

    refused = Datto(refuse=lambda path, number: reply({"error": "Forbidden"}, 403) if path.endswith("sites") else None)
    works, told = hook_of(refused).test_connection()
    assert (works, "may not read /v2/account/sites" in told) == (False, True)


def test_the_page_names_what_can_be_picked_and_its_example_is_accepted():
    """Whoever pastes it gets a source; a billing type or option that nobody can find cannot be used."""
    page = (Path(__file__).parents[3] / "docs" / "datto-rmm.md").read_text(encoding="utf-8")
    (pasted,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)

    assert isinstance(
        source_for(IntegrationSettings(integration="x", psa="kaseya_bms", **json.loads(pasted))), DattoRmmHook
    )
    options = set(inspect.signature(DattoRmmHook).parameters) - {"datto_rmm_conn_id", "limits", "clocks"}
    assert [name for name in (*options, *BILLING_TYPES) if f"`{name}`" not in page] == []
