"""The metrics file of Kaseya's modules: which rows count, whose trouble a bad one is, and both sources together."""

from __future__ import annotations

import inspect
import os
import re
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from requests import PreparedRequest

from billing_providers.errors import FailureClass, RequestError, SettingsError
from billing_providers.hooks.kaseya_modules import KaseyaModulesSource
from billing_providers.hooks.metrics.file import HEADINGS as HEADINGS_KNOWN
from billing_providers.hooks.module_metrics import ModuleMetricsSource
from billing_providers.hooks.sources import source_for
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.source import UsageRead, UsageSource
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
HEADINGS = "Module,Organization,Billing Type,Count\n"
SAAS = {"SaaS Protection": "2026-09-01"}
WHOLE = HEADINGS + "SaaS Protection,Daily Mail,Users,12\nSaaS Protection,Aspen Ltd,Users,0\n"


def written(path: Path, content: str, *, age_s: int = 3600) -> Path:
    path.write_text(content, encoding="utf-8")
    changed = time.time() - age_s
    os.utime(path, (changed, changed))
    return path


def source(tmp_path: Path, content: str, *, age_s: int = 3600, **options: Any) -> ModuleMetricsSource:
    path = written(tmp_path / "metrics.csv", content, age_s=age_s)
    return ModuleMetricsSource(str(path), **{"modules": SAAS, **options})


def read(tmp_path: Path, content: str, **options: Any) -> UsageRead:
    return source(tmp_path, content, **options).read_usage(OCTOBER)


def counts(found: UsageRead) -> list[tuple[str, str, str]]:
    return [(record.customer_code, record.sku, str(record.quantity)) for record in found.records]


def test_a_row_is_a_record_of_its_module(tmp_path: Path):
    """The SKU is module, hyphen, billing type; the customer is the module's organization."""
    found = read(tmp_path, HEADINGS.strip() + ",Unit,Remark\nSaaS Protection, Daily Mail ,Users,12,Count,new\n")

    (record,) = found.records
    assert (record.customer_code, record.customer_name) == ("SaaS Protection: Daily Mail", "Daily Mail")
    assert (record.sku, str(record.quantity), record.unit) == ("SaaS Protection - Users", "12", "Count")
    assert (record.position, record.period_start, record.attributes) == ("row 2", None, '{"Remark": "new"}')
    assert (found.complete, found.notes) == (True, [])


def test_an_id_is_the_identity_where_the_file_has_one(tmp_path: Path):
    """Names change, ids do not; a row without its id is not taken for another one's."""
    table = HEADINGS.strip() + ",Organization ID\nSaaS Protection,Daily Mail,Users,12,4711\n"

    found = read(tmp_path, table + "SaaS Protection,Aspen,Users,3,\n")

    assert counts(found) == [("SaaS Protection: 4711", "SaaS Protection - Users", "12")]
    (row,) = found.malformed
    assert (row.field, row.error, row.customer_code, row.customer_name) == ("Organization ID", "is empty", "", "Aspen")


@pytest.mark.parametrize(
    ("cell", "quantity"),
    [("True", "1"), ("enabled", "1"), ("FALSE", "0"), ("Disabled", "0"), ("7", "7"), ("7.00", "7.00")],
)
def test_switches_count_as_one_or_none(cell: str, quantity: str, tmp_path: Path):
    """The vendor's units are Count, True/False and Enabled."""
    found = read(tmp_path, f"{HEADINGS}SaaS Protection,Daily Mail,Is Enabled,{cell}\n")

    assert counts(found) == [("SaaS Protection: Daily Mail", "SaaS Protection - Is Enabled", quantity)]


@pytest.mark.parametrize(
    ("row", "field", "error", "customer"),
    [
        ("SaaS Protection,Daily Mail,Users,-3", "Count", "'-3' is negative", "SaaS Protection: Daily Mail"),
        ("SaaS Protection,Daily Mail,Users,2.5", "Count", "'2.5' is not a whole number", "SaaS Protection: Daily Mail"),
        ("SaaS Protection,Daily Mail,Users,", "Count", "is empty", "SaaS Protection: Daily Mail"),
        ("SaaS Protection,Daily Mail,Users,many", "Count", "'many' is not a number", "SaaS Protection: Daily Mail"),
        ("SaaS Protection,Daily Mail,,3", "Billing Type", "is empty", "SaaS Protection: Daily Mail"),
        ("SaaS Protection,,Users,3", "Organization", "is empty", ""),
        (",Daily Mail,Users,3", "Module", "is empty", ""),
        ("SaaS Protection,Daily Mail,Users,3,4", "row", "has 5 cells", "SaaS Protection: Daily Mail"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_read(row: str, field: str, error: str, customer: str, tmp_path: Path):
    """Where, which field, why, whose; without an organization it could be anybody's."""
    found = read(tmp_path, f"{WHOLE}{row}\n")

    (bad,) = found.malformed
    assert (bad.position, bad.field, error in bad.error, bad.customer_code) == ("row 4", field, True, customer)
    assert len(found.records) == 2


def test_a_repeated_row_counts_once_and_a_contradicting_one_holds(tmp_path: Path):
    """Neither the first nor the sum is known to be right: that organization waits, the others go on."""
    rows = "SaaS Protection,Daily Mail,Users,12\nSaaS Protection,Aspen Ltd,Users,4\n"

    found = read(tmp_path, WHOLE + rows)

    assert found.notes == ["1 rows repeat an earlier row and are counted once: row 4 (as row 2)"]
    assert found.failed_customers == {
        "SaaS Protection: Aspen Ltd": "row 3 and row 5 give SaaS Protection - Users as 0 and 4"
    }
    assert len(found.records) == 3


def test_a_module_that_nobody_enabled_is_held_and_the_rest_goes_on(tmp_path: Path):
    """It is named with its rows, under its own name: the other modules of its organizations are billed."""
    rows = "Saas Protection,Birch,Users,3\nGraphus,Daily Mail,Protected Users,-9\n"

    found = read(tmp_path, WHOLE + rows)

    assert found.failed_customers == {
        "Saas Protection": "module 'Saas Protection' is not in the option modules, so its rows are held; "
        "did you mean 'SaaS Protection'?: Birch 3",
        "Graphus": "module 'Graphus' is not in the option modules, so its rows are held: Daily Mail -9",
    }
    assert (len(found.records), found.malformed, found.complete) == (2, [], True)


def test_a_module_counts_from_the_first_whole_period(tmp_path: Path):
    """One that starts inside the period waits for the next; its rows are told."""
    rows = "Graphus,Daily Mail,Protected Users,9\n"

    found = read(tmp_path, WHOLE + rows, modules={**SAAS, "Graphus": "2026-10-02"})
    on_time = read(tmp_path, WHOLE + rows, modules={**SAAS, "Graphus": date(2026, 10, 1)})

    assert found.notes == ["Graphus counts from 2026-10-02, so 1 rows were left out: Daily Mail 9"]
    assert (len(found.records), found.failed_customers, found.complete) == (2, {}, True)
    assert (len(on_time.records), on_time.notes) == (3, [])


def test_a_module_without_any_row_makes_the_file_short(tmp_path: Path):
    """Law 3: an export that forgot a module is not a module that nobody uses."""
    found = read(tmp_path, WHOLE, modules={**SAAS, "Graphus": "2026-01-01"})

    assert (found.complete, found.incomplete_why) == (False, "the file has no row of Graphus, which should count")


@pytest.mark.parametrize("cell", ["2026-10", "2026-10-31", "2026-10-01"])
def test_a_row_may_name_its_month_or_a_day_of_it(cell: str, tmp_path: Path):
    """A day inside the period is the period's."""
    found = read(tmp_path, f"{HEADINGS.strip()},Date\nSaaS Protection,Daily Mail,Users,12,{cell}\n")

    (record,) = found.records
    assert (record.period_start, record.period_end, found.complete) == (date(2026, 10, 1), date(2026, 11, 1), True)


def test_last_months_file_is_waited_for(tmp_path: Path):
    """A file of another period is not this period's usage; one row of another period is that organization's trouble."""
    table = f"{HEADINGS.strip()},Period\nSaaS Protection,Daily Mail,Users,12,2026-09\n"
    why = "no row is of the billing period"

    assert why in read(tmp_path, table).incomplete_why
    assert why in source(tmp_path, table).not_ready_why(OCTOBER)
    mixed = read(tmp_path, table + "SaaS Protection,Aspen Ltd,Users,3,2026-10\n")
    assert (mixed.complete, mixed.records[0].period_start) == (True, date(2026, 9, 1))


@pytest.mark.parametrize(
    ("content", "age_s", "says"),
    [
        ("", 3600, "is empty"),
        (HEADINGS, 3600, "the file has no rows so far"),
        (WHOLE, 5, "may still be being written"),
        (WHOLE + "SaaS Protection,Daily", 3600, "the last row (4) is cut off"),
        (WHOLE + "SaaS Protection,Birch,Users,1", 3600, "its Count may be cut off"),
    ],
)
def test_an_unfinished_file_is_waited_for_and_never_billed(content: str, age_s: int, says: str, tmp_path: Path):
    """Law 3: half a file is not a month with less usage."""
    made = source(tmp_path, content, age_s=age_s)

    found = made.read_usage(OCTOBER)

    assert says in made.not_ready_why(OCTOBER)
    assert (found.complete, bool(found.incomplete_why)) == (False, True)


def test_a_file_that_is_not_there_is_code_03(tmp_path: Path):
    """It is waited for; read all the same, it is the source's trouble."""
    made = ModuleMetricsSource(str(tmp_path / "metrics-{year}-{month}.csv"), modules=SAAS)

    assert "there is no file yet at" in made.not_ready_why(OCTOBER)
    assert "metrics-2026-10.csv" in made.not_ready_why(OCTOBER)
    with pytest.raises(RequestError) as caught:
        made.read_usage(OCTOBER)
    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)


def test_numbers_that_can_be_read_in_two_ways_refuse_the_file(tmp_path: Path):
    """1,234 is 1234 or 1.234: a setting decides, nobody guesses."""
    table = HEADINGS + 'SaaS Protection,Daily Mail,Users,"1,234"\n'

    with pytest.raises(SettingsError, match="can be read in two ways"):
        read(tmp_path, table)
    assert counts(read(tmp_path, table, number_format="point"))[0][2] == "1234"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"modules": {}}, "modules: no module would count; got {}"),
        ({"modules": {"Graphus": "soon"}}, "modules, Graphus: is no date; got 'soon'; allowed: YYYY-MM-DD"),
        ({"modules": {"Graphus": "2026-01-01", "Graphus ": "2026-01-01"}}, "modules: comes twice; got 'Graphus '"),
        ({"field_map": {"counts": "X"}}, "counts: unknown field; did you mean count?"),
        ({"field_map": {"count": ""}}, "count: cannot be left out"),
        ({"number_format": "dot"}, "number_format: unknown number format; got 'dot'"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_read(options: dict[str, Any], says: str, tmp_path: Path):
    """Place, key, value and what is allowed."""
    with pytest.raises(SettingsError) as error:
        source(tmp_path, WHOLE, **options)

    assert says in str(error.value)


def test_a_missing_column_refuses_the_file_with_the_near_ones(tmp_path: Path):
    """No row could be read, and no waiting helps; the field map names other headings."""
    table = "Product,Organization,Billing Type,Count\nSaaS Protection,Daily Mail,Users,12\n"

    with pytest.raises(SettingsError, match="module: no column has this heading"):
        read(tmp_path, table)
    assert len(read(tmp_path, table, field_map={"module": "Product"}).records) == 1


# -- both sources together


def _datto(request: PreparedRequest) -> Reply:
    path = str(request.url).partition("?")[0].removeprefix("https://merlot.example")
    if path == "/auth/oauth/token":
        return reply({"access_token": "token-1", "expires_in": 360_000})
    device = {"uid": "d1", "siteUid": "s1", "deviceType": {"category": "Server"}}
    bodies: dict[str, Any] = {
        "/api/v2/system/request_rate": {"accountRateLimit": 600, "accountCount": 0},
        "/api/v2/system/pagination": {"max": 250},
        "/api/v2/account": {"name": "Harbour MSP"},
        "/api/v2/account/sites": {"pageDetails": {}, "sites": [{"uid": "s1", "name": "Daily Mail"}]},
        "/api/v2/account/devices": {"pageDetails": {"totalCount": 1}, "devices": [device]},
        "/api/v2/filter/custom-filters": {"pageDetails": {}, "filters": []},
    }
    return reply(bodies[path], Date="Sun, 01 Nov 2026 06:00:00 GMT")


@pytest.fixture
def combined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a maker of the combined source on a file and a scripted Datto RMM."""

    def make(content: str, modules: dict[str, Any], **options: Any) -> KaseyaModulesSource:
        path = written(tmp_path / "metrics.csv", content)
        conn_id = set_connection(
            monkeypatch, "drmm_unit", host="https://merlot.example", login="KEY", password="s3cret"
        )
        given = {"datto_rmm_conn_id": conn_id, "metrics_url": str(path), "clocks": FrozenTime().clocks(), **options}
        made = KaseyaModulesSource(modules=modules, **given)
        if given["datto_rmm_conn_id"]:
            made.client.session.mount("https://", ScriptedServer(_datto))
        return made

    return make


def test_datto_rmm_and_the_file_are_one_reading(combined: Any):
    """One organization is one customer in each module; all records are of the one source."""
    made = combined(WHOLE, {**SAAS, "Datto RMM": "2026-10-01"})

    found = made.read_usage(OCTOBER)

    assert isinstance(made, UsageSource)
    assert counts(found) == [
        ("Datto RMM: s1", "Datto RMM - AllDevicesMetric", "1"),
        ("SaaS Protection: Daily Mail", "SaaS Protection - Users", "12"),
        ("SaaS Protection: Aspen Ltd", "SaaS Protection - Users", "0"),
    ]
    assert {record.source for record in found.records} == {"kaseya_modules"}
    assert (found.complete, made.not_ready_why(OCTOBER)) == (True, "")
    assert made.test_connection()[0] is True


def test_either_part_being_short_makes_the_whole_short(combined: Any):
    """Law 3: what one part lost is not made up for by the other."""
    found = combined(HEADINGS, {**SAAS, "Datto RMM": "2026-10-01"}).read_usage(OCTOBER)

    assert (found.complete, found.incomplete_why) == (False, "the file has no rows so far")
    assert len(found.records) == 1


def test_datto_rmm_is_not_read_before_it_counts(combined: Any):
    """The switch is its date, as for every module; without it nothing is asked of Datto RMM."""
    later = combined(WHOLE, {**SAAS, "Datto RMM": "2026-11-01"})
    never = combined(WHOLE, SAAS)

    assert later.read_usage(OCTOBER).notes == ["Datto RMM counts from 2026-11-01, so it was not read"]
    assert len(never.read_usage(OCTOBER).records) == 2
    assert (later.client.calls.total(), never.client.calls.total()) == (0, 0)


def test_rows_of_datto_rmm_in_the_file_are_never_billed_twice(combined: Any):
    """The API and a forgotten column of an export would count every device twice."""
    rows = "Datto RMM,Daily Mail,AllDevicesMetric,40\n"

    found = combined(WHOLE + rows, {**SAAS, "Datto RMM": "2026-10-01"}).read_usage(OCTOBER)

    assert found.failed_customers == {
        "Datto RMM": "module 'Datto RMM' is read from its own API, so its rows in the file are held: Daily Mail 40"
    }
    assert counts(found)[0] == ("Datto RMM: s1", "Datto RMM - AllDevicesMetric", "1")


def test_without_a_connection_datto_rmm_comes_from_the_file(combined: Any):
    """Who has no API key exports it like any other module."""
    rows = "Datto RMM,Daily Mail,AllDevicesMetric,40\n"

    found = combined(WHOLE + rows, {**SAAS, "Datto RMM": "2026-10-01"}, datto_rmm_conn_id="").read_usage(OCTOBER)

    assert counts(found)[-1] == ("Datto RMM: Daily Mail", "Datto RMM - AllDevicesMetric", "40")


def test_a_module_that_nothing_reads_is_a_settings_error():
    """An enabled module without a file would silently never be billed."""
    with pytest.raises(SettingsError, match="SaaS Protection can only be read from a file"):
        KaseyaModulesSource(modules={**SAAS, "Datto RMM": "2026-10-01"})


def test_settings_build_the_sources(tmp_path: Path):
    """What stands in the DAG file reaches the source, and a mistyped option is named."""
    options = {"metrics_url": "file:///x.csv", "modules": SAAS}
    settings = IntegrationSettings("modules", "kaseya_modules", "kaseya_bms", source_options=options)

    assert isinstance(source_for(settings), KaseyaModulesSource)
    wrong = IntegrationSettings("m", "kaseya_modules", "kaseya_bms", source_options={**options, "metric_url": ""})
    with pytest.raises(SettingsError, match=r"unknown option; did you mean metrics_url\?"):
        source_for(wrong)


def test_the_page_names_every_option_and_heading_and_its_file_is_read(tmp_path: Path):
    """An option or a heading that nobody can find cannot be set; what is pasted works."""
    page = (Path(__file__).parents[3] / "docs" / "module-metrics.md").read_text(encoding="utf-8")
    file = next(text for text in re.findall(r"```csv\n(.*?)```", page, re.DOTALL) if text.startswith("Module,"))

    found = read(tmp_path, file, modules={**SAAS, "BullPhish ID": "2026-10-01"})

    assert (len(found.records), found.malformed, found.complete) == (2, [], True)
    offered = {*inspect.signature(ModuleMetricsSource).parameters, *inspect.signature(KaseyaModulesSource).parameters}
    assert [name for name in sorted(offered - {"limits", "clocks"}) if f"`{name}`" not in page] == []
    assert [name for name in HEADINGS_KNOWN if f"| `{name}` |" not in page] == []
    assert [heading for headings in HEADINGS_KNOWN.values() for heading in headings if heading not in page] == []
