"""Has no DAG: its import error in Airflow's UI says what is wrong with settings files (see from_settings.py)."""

from __future__ import annotations

import os
from pathlib import Path

from billing_providers.settings_file.folder import load_settings_folder

INCLUDE = Path(__file__).resolve().parents[1] / "include"

load_settings_folder(os.environ.get("BILLING_INTEGRATIONS") or INCLUDE / "integrations").raise_faults()
