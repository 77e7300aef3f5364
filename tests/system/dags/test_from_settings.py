"""Settings files become DAGs like those that are shipped; a broken one is an import error and harms no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from billing_providers.operators import billing_dag
from tests.support.airflow_env import ROOT
from tests.support.closing import shipped_integrations, shipped_settings

FILES = ("from_settings.py", "settings_faults.py")
BROKEN = "integration: gamma\nsource: atria\npsa: kaseya_bms\npolicy:\n  plcaes: 2\n"


def put(folder: Path, name: str, text: str = "") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text or f"integration: {name}\nsource: atria\npsa: kaseya_bms\n")
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the settings files, as Airflow is told."""
    monkeypatch.setenv("BILLING_INTEGRATIONS", str(tmp_path))
    return tmp_path


def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(ROOT / "dags", bundle_path=ROOT / "dags", bundle_name="dags-folder")


def stored(dag: Any) -> Any:
    """Return what the scheduler works with, without the file that it came from and its words about itself."""
    from airflow.serialization.serialized_objects import DagSerialization

    kept = json.loads(json.dumps(DagSerialization.to_dict(dag), sort_keys=True))
    for own in ("fileloc", "relative_fileloc", "doc_md", "description"):
        kept["dag"].pop(own, None)
    return kept


@pytest.mark.parametrize("dag_id", shipped_integrations())
def test_the_function_wires_what_the_shipped_files_wire_by_hand(dag_id: str) -> None:
    """An integration from a file runs the same tasks, with the same retries, pool, params and calendar."""
    from airflow.dag_processing.dagbag import DagBag

    by_hand = DagBag(ROOT / "dags" / f"{dag_id}.py").dags[dag_id]
    made = billing_dag(shipped_settings(dag_id))

    assert stored(made) == stored(by_hand)
    assert made.description.endswith("at the close of each billing period.")


def test_every_file_of_the_folder_makes_a_dag_with_its_companions(folder: Path) -> None:
    """Beside those that are shipped; without files there are no others, and no error."""
    shipped = set(bag().dags)
    put(folder, "alpha"), put(folder, "settings")  # a name that the DAG file uses itself

    made = bag()

    assert made.import_errors == {}
    assert set(made.dags) - shipped == {
        f"{name}{companion}" for name in ("alpha", "settings") for companion in ("", "_watch", "_undo")
    }
    assert made.dags["alpha"].relative_fileloc == FILES[0]
    assert made.dags["alpha"].description == "atria → kaseya_bms, from alpha.yaml."


@pytest.mark.parametrize(
    ("moves", "made"), [("", True), ("moves: [at_once]\n", True), ("moves: [billing_date]\n", False)]
)
def test_what_moves_inside_the_period_gets_a_dag_of_its_own(folder: Path, moves: str, made: bool) -> None:
    """A movement table makes it, unless the file carries the billing date alone."""
    (folder / "movement.csv").write_text("sku,moves\n*,at_once\n")
    put(folder, "alpha", f"integration: alpha\nsource: atria\npsa: kaseya_bms\nmovement: movement.csv\n{moves}")

    found = bag()

    assert found.import_errors == {}
    assert ("alpha_changes" in found.dags) == made


def test_a_broken_file_is_an_import_error_that_names_it_and_takes_no_other_away(
    folder: Path, clean_airflow_db: Path
) -> None:
    """What Airflow's own bookkeeping makes of it: the others stay active, and a corrected file clears the error."""
    put(folder, "alpha"), put(folder, "beta")
    broken = put(folder, "gamma", BROKEN)

    told, active = after_parsing()

    ((file, text),) = told.items()
    assert file == FILES[1]
    assert f"{broken}, line 5: policy.plcaes: unknown key; did you mean 'places'?" in text
    assert {"alpha", "alpha_watch", "beta", "beta_watch", *shipped_integrations()} <= active
    assert "gamma" not in active

    put(folder, "gamma")
    told, active = after_parsing()
    assert told == {}
    assert {"alpha", "beta", "gamma", "gamma_watch"} <= active


def after_parsing() -> tuple[dict[str, str], set[str]]:
    """Parse all files and store the result; return the import errors by file, and the DAGs that may be scheduled."""
    from airflow.dag_processing.dagbag import sync_bag_to_db
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.errors import ParseImportError
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
    sync_bag_to_db(bag(), "dags-folder", None)
    with create_session() as session:
        errors = {error.filename: error.stacktrace for error in session.scalars(select(ParseImportError))}
        dags = session.scalars(select(DagModel)).all()
        return errors, {dag.dag_id for dag in dags if not dag.is_stale and not dag.has_import_errors}


def test_without_the_file_that_tells_faults_they_are_raised_all_the_same(folder: Path, tmp_path: Path) -> None:
    """Whoever copies one of the two files is not left without a word."""
    from airflow.dag_processing.dagbag import DagBag

    put(folder, "gamma", BROKEN)
    alone = tmp_path / "dags"
    alone.mkdir()
    (alone / FILES[0]).write_bytes((ROOT / "dags" / FILES[0]).read_bytes())

    (error,) = DagBag(alone).import_errors.values()
    assert "policy.plcaes" in error


def test_no_file_is_active_as_shipped() -> None:
    """Nothing bills that nobody asked for."""
    assert not list((ROOT / "include").glob("integrations/*"))
