"""Files are read from the inbox and written to the artifact folder, and to no other place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from billing_providers.errors import ArtifactError, BillingError, SettingsError
from billing_providers.hooks.http.addresses import without_credentials
from billing_providers.hooks.rcloud import RCloudUsageSource
from billing_providers.hooks.report_place import ReportPlace
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import IntegrationSettings
from billing_providers.steps.artifacts import write_artifact
from billing_providers.steps.billing_item_files import run_word
from tests.support.closing import shipped_settings

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1))
ESCAPES = [
    "../other",
    "..",
    ".",
    "/etc/cron.d",
    "a/b",
    "a\\b",
    "a\0b",
    "~root",
    ".hidden",
    "%2e%2e%2fother",
    "a b",
    "ä",
]


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Path]:
    """An inbox, and beside it a file that is nobody's report."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "worker.cfg").write_text("customer,quantity\ncanary-of-the-worker,1\n")
    yield tmp_path / "inbox"


def place(url: str) -> ReportPlace:
    return ReportPlace("usage report", url, ("year", "month"), whole_file_after_s=0)


def read(of: ReportPlace) -> list[object]:
    return list(of.read(of.address({"year": "2026", "month": "10"})).rows)


@pytest.mark.parametrize("name", ESCAPES)
def test_a_name_that_leads_out_of_the_artifact_folder_is_refused(name: str) -> None:
    """The name of an integration is a folder below the artifacts."""
    with pytest.raises(SettingsError, match="integration: is no name of a folder"):
        IntegrationSettings(integration=name, source="atria", psa="kaseya_bms")


@pytest.mark.parametrize(
    "run_id", ["../../etc/passwd", "manual__2026-11-02T06:00:00+00:00", "a\0b", "..", "%2e%2e%2f", "a/b\\c", "x" * 900]
)
def test_a_run_id_is_made_a_plain_word(run_id: str) -> None:
    """Whoever triggers a run chooses its id, and files are named after it."""
    word = run_word(f"some_dag/{run_id}")

    assert set(word) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
    assert not word.startswith(".")
    assert len(word) < 120


def test_everything_that_a_run_leaves_lies_below_its_own_folder(tmp_path: Path) -> None:
    """The address that is told is the file that was written."""
    settings = replace(shipped_settings(), artifacts=(tmp_path / "artifacts").as_uri())

    uri = write_artifact(settings, "changes.csv", b"x")

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written == [tmp_path / "artifacts" / settings.integration / "changes.csv"]
    assert uri == written[0].as_uri()


@pytest.mark.parametrize("base", ["file://{folder}", "{folder}"])
def test_nothing_is_written_through_a_link(base: str, tmp_path: Path) -> None:
    """A link with the name of tomorrow's list would make the worker overwrite whatever it points to."""
    settings = replace(shipped_settings(), artifacts=base.format(folder=tmp_path / "artifacts"))
    write_artifact(settings, "changes.csv", b"x")
    victim, link = tmp_path / "airflow.cfg", tmp_path / "artifacts" / settings.integration / "results.csv"
    victim.write_text("kept")
    link.symlink_to(victim)

    with pytest.raises(ArtifactError, match="is a link to another file"):
        write_artifact(settings, "results.csv", b"x")

    assert victim.read_text() == "kept"


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_link_out_of_the_inbox_is_not_read(scheme: str, inbox: Path) -> None:
    """Who may put files there, a vendor over SFTP, must not be able to have the worker's own files read out."""
    (inbox / "usage-2026-10.csv").symlink_to(inbox.parent / "worker.cfg")

    with pytest.raises(SettingsError, match="is a link out of its folder") as caught:
        read(place(f"{scheme}{inbox}/usage-{{year}}-{{month}}.csv"))

    assert "canary" not in str(caught.value)


def test_a_linked_folder_below_the_inbox_is_not_entered(inbox: Path) -> None:
    """Where the period chooses a folder, a link may not choose another."""
    (inbox.parent / "elsewhere").mkdir()
    (inbox.parent / "elsewhere" / "usage.csv").write_text("customer,quantity\ncanary,1\n")
    (inbox / "2026").symlink_to(inbox.parent / "elsewhere")

    with pytest.raises(SettingsError, match="is a link out of its folder"):
        read(place(f"file://{inbox}/{{year}}/usage.csv"))


def test_a_link_within_the_inbox_is_read(inbox: Path) -> None:
    """Some exporters keep a latest file that way; and the inbox itself may be a link, which its owner laid."""
    (inbox / "kept.csv").write_text("customer,quantity\nAcme,12\n")
    (inbox / "usage-2026-10.csv").symlink_to(inbox / "kept.csv")
    (inbox.parent / "mounted").symlink_to(inbox)

    for folder in (inbox, inbox.parent / "mounted"):
        assert read(place(f"file://{folder}/usage-{{year}}-{{month}}.csv")) == [(2, ["Acme", "12"])]


def test_what_a_period_puts_into_an_address_is_digits_and_hyphens() -> None:
    """It is the only thing in an address that a run chooses."""
    source = RCloudUsageSource(url="file:///inbox/{year}-{month}.csv")

    address = source._place.address({"year": "2026", "month": "10"})

    assert address == "file:///inbox/2026-10.csv"
    with pytest.raises(SettingsError, match="unknown placeholder"):
        RCloudUsageSource(url="file:///inbox/{customer}.csv")


@pytest.mark.parametrize("url", ["file://{inbox}/a%00b.csv", "file://{inbox}/%2e%2e/worker.cfg.csv"])
def test_percent_signs_are_part_of_a_name(url: str, inbox: Path) -> None:
    """Nothing is decoded, so nothing hides a way up."""
    (inbox.parent / "worker.cfg.csv").write_text("customer,quantity\ncanary,1\n")

    with pytest.raises(BillingError) as caught:
        read(place(url.format(inbox=inbox)))

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://ann:pw@vendor.example/a.csv", "HTTP://vendor.example/a.csv", "ftp://v/a.csv"])
def test_usage_over_a_way_that_nobody_checks_is_refused(url: str) -> None:
    """Whoever sits between could write the numbers that are billed."""
    with pytest.raises(SettingsError, match="can be changed on its way") as caught:
        place(url)

    assert "pw" not in str(caught.value)


def test_a_nul_in_an_address_is_a_fault_of_the_address(inbox: Path) -> None:
    """It is refused by name, and not with an error that nobody expects."""
    with pytest.raises(SettingsError, match="no storage reads this address"):
        read(place(f"file://{inbox}/a\0b.csv"))


@pytest.mark.parametrize("scheme", ["https", "github", "zip", "data", "ssh"])
def test_other_schemes_read_nothing_of_this_machine(scheme: str, inbox: Path) -> None:
    """An address is read by a store that Airflow knows; any other is a fault, and no way to a local file."""
    (inbox / "usage.csv").write_text("customer,quantity\ncanary,1\n")

    with pytest.raises(BillingError) as caught:
        read(place(f"{scheme}://127.0.0.1:1{inbox}/usage.csv"))

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"artifacts": "s3://key:hush-hush@bucket/billing"}, "artifacts"),
        ({"source_options": {"url": "sftp://ann:hush-hush@host/a.csv"}}, "source_options.url"),
        ({"source_options": {"params": {"api_key": "hush-hush"}}}, "source_options.params.api_key"),
        ({"source_options": {"body": [{"X-Api-Key": "hush-hush"}]}}, "source_options.body.X-Api-Key"),
        ({"contract_link": "https://ann:hush-hush@psa.example/{contract_id}"}, "contract_link"),
    ],
)
def test_a_secret_in_settings_is_refused_and_not_shown(changes: dict[str, object], key: str) -> None:
    """Settings are kept in the ledger and shown: an address with a password would be read by everybody."""
    with pytest.raises(SettingsError, match="a secret has no place in settings") as caught:
        IntegrationSettings(integration="billing", source="rcloud", psa="connectwise", **changes)  # type: ignore[arg-type]

    assert f"billing: {key}: " in str(caught.value)
    assert "hush-hush" not in f"{caught.value} {caught.value.value}"


def test_the_name_of_a_connection_in_an_address_is_no_secret() -> None:
    """That is how an address of a store names its credentials, and what is shown leaves even that out."""
    url = "s3://billing@exports/{year}-{month}.csv"
    settings = IntegrationSettings(
        integration="billing", source="rcloud", psa="connectwise", source_options={"url": url}, artifacts=url
    )

    assert settings.source_options["url"] == url
    assert without_credentials(url) == "s3://exports/{year}-{month}.csv"
    assert os.sep == "/"
