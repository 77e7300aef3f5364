"""A ledger as large as a large MSP's: 36 closed periods, made by the database itself in bulk.

A tenth of the lines changes in every period, every change was pushed and read back, and every customer has a finding
that comes again each month. Usage, charge lines and the lines that a plan saw are made for the newest period alone:
pages read them by the key of one period, whatever the others hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from billing_providers.ledger.ledger import Ledger

DAG = "atria_to_kaseya_bms"
TENANT = "kaseya_bms:bench@psa.example"
STATES = ("intended", "sent", "confirmed", "verified")


@dataclass(frozen=True, slots=True)
class Size:
    """How many customers, contract lines and periods."""

    customers: int
    lines: int
    periods: int = 36


SIZES = {"S": Size(50, 1_500), "M": Size(500, 15_000), "L": Size(5_000, 150_000)}

_EVERY_PERIOD = (
    """INSERT INTO billing_runs
    SELECT '{dag}/' || kind, '{dag}', '{tenant}', '{start}', '{end}', '{end}T0' || hour || ':00:00.000000+00:00',
        '{end}T0' || hour || ':30:00.000000+00:00', 'Succeeded with warnings', '', dry, '{digest}', '[["set",15000]]',
        '15000 changes planned', 'scheduled', '', '[]', 0, '', 1
    FROM (SELECT 'dry {start}' AS kind, 1 AS dry, 1 AS hour UNION ALL SELECT 'close {start}', 0, 2) AS both_runs""",
    """INSERT INTO billing_diffs VALUES (
        '{digest}', '{dag}', 'kaseya_bms', '{tenant}', '{start}', '{end}', 'UTC', 1, 1, 135000,
        '{{"snapshot":"s","rules":"r","mappings":"m","policy":"p","live_lines":"l","tool_version":"1"}}', 'line_api',
        '{snapshot}', '{charge_set}', '[["set",15000]]', '[["price_delta","12.5"]]'
    )""",
    """INSERT INTO billing_diff_runs VALUES ('{digest}', '{dag}/dry {start}'), ('{digest}', '{dag}/close {start}')""",
    """INSERT INTO billing_approvals VALUES (
        '{digest}', '{dag}/close {start}', 'approved', 'ann', '{end}T02:10:00.000000+00:00', '')""",
    """INSERT INTO billing_diff_matched
    SELECT '{digest}', n, 'line-' || n, 'contract-' || c, 'account-' || c, 'service-' || (n % 30), 'C' || c,
        'SKU-' || (n % 30), CAST(n % 97 AS TEXT), 'monthly', NULL, NULL, NULL, CAST(n AS TEXT)
    FROM bench_lines""",
    """INSERT INTO billing_diff_changes
    SELECT '{digest}', n, 'change-' || n, 'set_quantity', '["C' || c || '"]', '["Customer ' || c || ' Ltd"]',
        'account-' || c, 'Customer ' || c || ' Ltd', 'contract-' || c, 'Managed services', 'service-' || (n % 30),
        'Service number ' || (n % 30), 'line-' || n, '["SKU-' || (n % 30) || '"]', CAST(n % 89 AS TEXT),
        CAST(n % 97 AS TEXT), '4.5', '7.25', '{end}', 'v1', 'used by C' || c, '[' || n || ']', '[]', '[]', 0
    FROM bench_lines WHERE (n + {number}) % 10 = 0""",
    """INSERT INTO billing_journal
    SELECT '{tenant}', {number} * 4 * {lines} + n * 4 + step, '{dag}', '{start}', '{dag}/close {start}', '{digest}',
        'change-' || n, 'line-' || n, 'contract-' || c, '["C' || c || '"]', '["SKU-' || (n % 30) || '"]', state,
        '{end}T02:2' || step || ':00.000000+00:00', CAST(n % 89 AS TEXT), CAST(n % 97 AS TEXT),
        CASE WHEN step > 1 THEN CAST(n % 97 AS TEXT) END, 'req', '', '', ''
    FROM bench_lines CROSS JOIN bench_steps WHERE (n + {number}) % 10 = 0""",
    """INSERT INTO billing_run_customers
    SELECT '{dag}/close {start}', n, 'C' || n, 'Customer ' || n || ' Ltd',
        CASE WHEN n % 50 = 0 THEN 'failed' WHEN n % 7 = 0 THEN 'open' ELSE 'done' END, n % 5, n % 3, '["KS131"]'
    FROM bench_lines WHERE n <= {customers}""",
    """INSERT INTO billing_finding_stages VALUES ('{dag}/close {start}', 'map_and_diff', 1)""",
    """INSERT INTO billing_findings
    SELECT '{dag}/close {start}', 'map_and_diff', n, 'KS' || (100 + n % 40), 100 + n % 40,
        CASE WHEN n % 10 = 0 THEN 'error' WHEN n % 3 = 0 THEN 'warning' ELSE 'info' END, 'customer',
        '[["customer","C' || n || '"],["customer_name","Customer ' || n || ' Ltd"],["count","3"]]',
        'Customer ' || n || ' Ltd: 3 active accounts have the code C' || n || '. None was chosen.',
        'Give each account its own code, or name the account in the customer mapping table.', 'C' || n, 'cause-' || n
    FROM bench_lines WHERE n <= {customers}""",
    """INSERT INTO billing_gate_heads VALUES (
        '{dag}', '{start}', '{end}', '{tenant}', '{dag}/close {start}', '{digest}', '', 4000, 900, 100, 15000, 20,
        '1234.5', '100', '{end}T02:30:00.000000+00:00')""",
    """INSERT INTO billing_gate_customers
    SELECT '{dag}', '{start}', n, 'C' || n, 'Customer ' || n || ' Ltd',
        CASE WHEN n % 50 = 0 THEN 'failed' WHEN n % 7 = 0 THEN 'held' ELSE 'ready' END,
        CASE WHEN n % 7 = 0 THEN '[{{"code":"KS131","words":"Several accounts have the code."}}]' ELSE '[]' END,
        0, '', NULL
    FROM bench_lines WHERE n <= {customers}""",
    """INSERT INTO billing_run_totals
    SELECT '{dag}/close {start}', grouped_by, prefix || n, name || n, 30, 3, 1, '450', CAST(n % 89 * 30 AS TEXT),
        CAST((n + {number}) % 97 * 30 AS TEXT), 0
    FROM bench_lines CROSS JOIN (
        SELECT 'customer' AS grouped_by, 'account-' AS prefix, 'Customer ' AS name, {customers} AS most
        UNION ALL SELECT 'service', 'service-', 'Service number ', 30
        UNION ALL SELECT 'module', 'module-', 'Module ', 3
        UNION ALL SELECT 'all', '', '', 1
    ) AS groups WHERE n <= most""",
    """UPDATE billing_run_totals SET group_key = '', label = ''
    WHERE run_key = '{dag}/close {start}' AND grouped_by = 'all'""",
)
#: What the pages show of the newest run alone.
_OF_PAGES = (
    """INSERT INTO billing_mapping_states
    SELECT '{dag}', 'customer', 'C' || n, 'Customer ' || n || ' Ltd', 'atria',
        CASE WHEN n % 10 = 0 THEN 'unmapped' WHEN n % 97 = 0 THEN 'conflict' ELSE 'mapped' END,
        CASE WHEN n % 10 = 0 THEN '' ELSE 'account-' || n END, CASE WHEN n % 10 = 0 THEN '' ELSE 'Account ' || n END,
        '', '', CASE WHEN n % 10 = 0 THEN '[{{"target":"account-' || n || '","shown":"Account ' || n ||
        '","score":91,"reason":"the names are alike"}}]' ELSE '[]' END, 30, '{dag}/close {start}'
    FROM bench_lines WHERE n <= {customers}""",
    """INSERT INTO billing_mapping_states
    SELECT '{dag}', 'service', 'SKU-' || n, 'Service number ' || n, 'atria', 'mapped', 'service-' || n,
        'Service number ' || n, '', '', '[]', {customers}, '{dag}/close {start}'
    FROM bench_lines WHERE n <= 30""",
    """INSERT INTO billing_mapping_decisions
    SELECT '{dag}', 'customer', 'C' || n, 1, 'map', 'account-' || n, 'Account ' || n, '', NULL, 'ann',
        '{end}T03:00:00.000000+00:00'
    FROM bench_lines WHERE n <= {customers}""",
)
_NEWEST_PERIOD = (
    """INSERT INTO billing_snapshots VALUES (
        '{snapshot}', '{dag}', 'atria', '{start}', '{end}', '{end}T01:00:00.000000+00:00', 1, '', {lines}, 0, '[]',
        NULL, '{snapshot}', 'bench')""",
    """INSERT INTO billing_usage_records
    SELECT '{snapshot}', n, 'atria', 'row ' || n, 'record-' || n, 'C' || c, 'Customer ' || c || ' Ltd', 'ACC' || c,
        'SKU-' || (n % 30), 'Service number ' || (n % 30), 'Services', 'monthly', 'monthly', '', 'recurring',
        CAST(n % 97 AS TEXT), NULL, NULL, NULL, 'seats', '4.5', '7.25', 'EUR', 1, NULL, NULL, '', '', '{{}}', NULL,
        NULL, NULL, NULL
    FROM bench_lines""",
    """INSERT INTO billing_charge_sets VALUES (
        '{charge_set}', '{snapshot}', 'r', 'rules.yaml', {lines}, {lines}, 0, {lines}, '[]', '[]')""",
    """INSERT INTO billing_charge_lines
    SELECT '{charge_set}', n, 'C' || c, 'Customer ' || c || ' Ltd', 'ACC' || c, 'SKU-' || (n % 30), 'monthly',
        'monthly', '', 'Service number ' || (n % 30), 'Services', 'seats', CAST(n % 97 AS TEXT), '4.5', '7.25', 'EUR',
        1, '{{}}', NULL, NULL, ''
    FROM bench_lines""",
    """INSERT INTO billing_row_outcomes
    SELECT '{charge_set}', n, 'row ' || n, n, CAST(n % 97 AS TEXT), '', '', NULL FROM bench_lines""",
    """INSERT INTO billing_diff_lines
    SELECT '{digest}', n, 'line-' || n, 'contract-' || c, 'Managed services', 'account-' || c,
        'Customer ' || c || ' Ltd', 'service-' || (n % 30), 'Service number ' || (n % 30), CAST(n % 89 AS TEXT),
        '4.5', '7.25', NULL, NULL, 1
    FROM bench_lines""",
)


def fill(url: str, size: Size) -> None:
    """Make the ledger at a URL and fill it, unless that was done before."""
    with Ledger.at(url) as ledger:
        ledger.migrate()
        if ledger.runs.integrations():
            return
        engine = ledger._store.engine
        with engine.connect() as connection, connection.begin():
            _run(connection, size)
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        else:
            with engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")


def period(number: int) -> tuple[date, date]:
    """Return the first day of a period and of the one after it; 0 is the oldest."""
    return date(2023 + number // 12, number % 12 + 1, 1), date(2023 + (number + 1) // 12, (number + 1) % 12 + 1, 1)


def digest(number: int) -> str:
    """Return the digest of a period's diff."""
    return f"{number + 1:064x}"


def _run(connection: Any, size: Size) -> None:
    connection.exec_driver_sql("CREATE TEMPORARY TABLE bench_lines (n INTEGER, c INTEGER)")
    counted = (
        "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {lines}) "
        "SELECT n, n % {customers} + 1 FROM counted"
    )
    _do(connection, f"INSERT INTO bench_lines {counted.format(lines=size.lines, customers=size.customers)}")
    connection.exec_driver_sql("CREATE TEMPORARY TABLE bench_steps (step INTEGER, state TEXT)")
    steps = ", ".join(f"({step}, '{state}')" for step, state in enumerate(STATES))
    connection.exec_driver_sql(f"INSERT INTO bench_steps VALUES {steps}")
    for number in range(size.periods):
        start, end = period(number)
        words = {
            "dag": DAG, "tenant": TENANT, "start": start, "end": end, "number": number, "lines": size.lines,
            "customers": size.customers, "digest": digest(number), "snapshot": f"snapshot-{number}",
            "charge_set": f"charges-{number}",
        }  # fmt: skip
        statements = [*_EVERY_PERIOD, *((*_NEWEST_PERIOD, *_OF_PAGES) if number == size.periods - 1 else ())]
        for statement in statements:
            _do(connection, statement.format(**words))


def _do(connection: Any, statement: str) -> None:
    """Run a statement; psycopg takes a percent sign for the begin of a parameter."""
    connection.exec_driver_sql(statement if connection.dialect.name == "sqlite" else statement.replace("%", "%%"))
