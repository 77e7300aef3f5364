"""One settings file that cannot be used takes none of the others away, and none is lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing_providers.errors import SettingsError
from billing_providers.settings_file import folder as folder_module
from billing_providers.settings_file.folder import load_settings_folder


def put(folder: Path, name: str, integration: str, more: str = "") -> Path:
    path = folder / name
    path.write_text(f"integration: {integration}\nsource: atria\npsa: kaseya_bms\n{more}")
    return path


def test_good_files_are_loaded_beside_broken_ones(tmp_path: Path) -> None:
    """Each fault stands under its own file."""
    good, short = put(tmp_path, "good.yaml", "good"), put(tmp_path, "short.yml", "short")
    broken = put(tmp_path, "broken.yaml", "broken", "polcy: {}\n")
    put(tmp_path, ".hidden.yaml", "hidden")
    put(tmp_path, "notes.txt", "notes")

    found = load_settings_folder(tmp_path)

    assert {path: settings.integration for path, settings in found.settings.items()} == {good: "good", short: "short"}
    assert list(found.faults) == [broken]
    with pytest.raises(SettingsError) as caught:
        found.raise_faults()
    assert str(caught.value).startswith(
        f"1 settings file cannot be used:\n{broken}, line 4: polcy: unknown key; did you mean 'policy'?"
    )


def test_two_files_of_one_name_are_both_faults(tmp_path: Path) -> None:
    """Which of them is meant is never guessed, so neither bills."""
    put(tmp_path, "a.yaml", "same"), put(tmp_path, "b.yaml", "same"), put(tmp_path, "c.yaml", "other")

    found = load_settings_folder(tmp_path)

    assert [settings.integration for settings in found.settings.values()] == ["other"]
    assert [fault.rpartition("/")[2] for fault in found.faults.values()] == [
        "a.yaml: integration: 'same' is the name of another file too: b.yaml",
        "b.yaml: integration: 'same' is the name of another file too: a.yaml",
    ]


def test_no_folder_and_an_empty_one_hold_nothing(tmp_path: Path) -> None:
    """An installation without settings files needs no folder."""
    for folder in (tmp_path, tmp_path / "missing"):
        found = load_settings_folder(folder)
        assert (found.settings, found.faults) == ({}, {})
        found.raise_faults()


def test_a_defect_of_ours_is_told_as_the_files_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with one file, it is that file's."""
    good, odd = put(tmp_path, "good.yaml", "good"), put(tmp_path, "odd.yaml", "odd")
    load = folder_module.load_settings_file
    monkeypatch.setattr(
        folder_module, "load_settings_file", lambda path: load(path) if path == good else {}["no such thing"]
    )

    found = load_settings_folder(tmp_path)

    assert list(found.settings) == [good]
    assert found.faults == {odd: f"{odd}: KeyError: 'no such thing'"}
