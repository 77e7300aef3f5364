"""A DAG and its companions for every settings file: an integration without code (docs/settings-file.md).

The files are those of include/integrations, or of the folder that BILLING_INTEGRATIONS names; an empty or missing one
makes no DAG. One that cannot be used makes none either, and takes none of the others away: Airflow would call every DAG
of a file stale that has an import error, so it is raised by settings_faults.py, which has no DAGs to lose.
"""

from __future__ import annotations

import os
from pathlib import Path

from billing_providers.operators import billing_dag, changes_dag, undo_dag, watch_dag
from billing_providers.settings_file.folder import load_settings_folder

INCLUDE = Path(__file__).resolve().parents[1] / "include"

found = load_settings_folder(os.environ.get("BILLING_INTEGRATIONS") or INCLUDE / "integrations")
if not Path(__file__).with_name("settings_faults.py").exists():
    found.raise_faults()  # nobody else would tell them

for path, settings in found.settings.items():
    pair = f"{settings.source} → {settings.psa}, from {path.name}."
    inside = [changes_dag(settings)] if settings.moves_inside_a_period else []
    for dag in (billing_dag(settings, about=pair), watch_dag(settings), undo_dag(settings), *inside):
        globals()[f"dag {dag.dag_id}"] = dag  # no name of a file can be that of another global
