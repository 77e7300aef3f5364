"""Converts an Atria billing job on the command line: ``python -m billing_providers.atria_job FILE``.

Prints the settings block of a DAG file, the connection to create, and notes. Values of secrets are never printed.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from billing_providers.engine.atria_job import AtriaJob, convert_atria_job
from billing_providers.errors import SettingsError
from billing_providers.registry import system


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert one job; return 0, or 1 after a fault of the job, which is told on the error stream."""
    options = _parser().parse_args(arguments)
    try:
        job = convert_atria_job(
            _text_of(options.configuration),
            secrets=_text_of(options.secrets) if options.secrets else "",
            label=options.label,
            cron=options.cron,
            task=options.task,
        )
    except SettingsError as error:
        code = f"{system('kaseya_bms', 'psa').prefix}{error.finding_number or 13:02d}"
        sys.stderr.write(f"{code}: {error}\n")
        return 1
    sys.stdout.write("\n".join([*settings_block(job), "", *connection_block(job), "", *notes_block(job), ""]))
    return 0


def settings_block(job: AtriaJob) -> list[str]:
    """Return the lines of a DAG file that do what the job did."""
    policy = ", ".join(f"{key}={json.dumps(value)}" for key, value in job.settings["policy"].items())
    lines = [f"# {job.label}"] if job.label else []
    lines.append("SETTINGS = IntegrationSettings(")
    lines += [f"    {key}={json.dumps(value)}," for key, value in job.settings.items() if key != "policy"]
    if job.cron:
        delay = f"hours={job.cron.hour}" + (f", minutes={job.cron.minute}" if job.cron.minute else "")
        lines.append(
            f'    calendar=BillingCalendar(anchor_day={job.cron.day}, timezone="UTC"),  # check both: see the notes'
        )
        lines.append(f"    settle_delay=timedelta({delay}),")
    else:
        lines.append('    calendar=BillingCalendar(anchor_day=1, timezone="UTC"),  # check both: the job does not say')
    period = json.dumps(job.params["billing_period"])
    customers = json.dumps(job.params["customers"], ensure_ascii=False)
    lines += [
        f"    policy=Policy({policy}),",
        ")",
        "",
        "# in the DAG",
        f"params=run_params(billing_period={period}, customers={customers}),",
    ]
    return lines


def connection_block(job: AtriaJob) -> list[str]:
    """Return the command that creates the PSA's connection, with placeholders for secrets."""
    psa = system("kaseya_bms", "psa")
    extra = json.dumps({"tenant": "<Tenant>"})
    return [
        "# the connection; put your own values in place of <…>",
        f"airflow connections add {psa.default_conn_id} --conn-type {psa.conn_type} \\",
        f"    --conn-host {shlex.quote(job.connection['host'])} \\",
        f"    --conn-login '<UserName>' --conn-password '<Password>' --conn-extra {shlex.quote(extra)}",
    ]


def notes_block(job: AtriaJob) -> list[str]:
    """Return the notes, one a line."""
    return ["# notes", *(f"- {note}" for note in job.notes or ("nothing to note",))]


def _text_of(name: str) -> str:
    """Return a file's text, or what is typed when the name is ``-``."""
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", where=name, finding_number=13) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"is not UTF-8 at byte {error.start}", where=name, finding_number=13) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m billing_providers.atria_job",
        description="Convert a Kaseya BMS billing job of Atria into settings of this package.",
    )
    parser.add_argument(
        "configuration", metavar="FILE", help="the job's Configuration, as pasted; - reads what is typed"
    )
    parser.add_argument(
        "--secrets", metavar="FILE", default="", help="the job's Secrets, as pasted: checked, never printed"
    )
    parser.add_argument("--label", default="", help="the job's Label")
    parser.add_argument("--cron", default="", help="the job's CRON expression, e.g. '0 22 26 * *'")
    parser.add_argument("--task", default="", help="the job's Task")
    return parser


if __name__ == "__main__":
    sys.exit(main())
