"""What the code may not do, read from the code itself: build SQL, make objects from files, start commands."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.airflow_env import ROOT

PACKAGE = ROOT / "plugins" / "billing_providers"
MODULES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "dags").rglob("*.py")])
RUNS_SQL = {"execute", "executemany", "executescript", "exec_driver_sql", "run_script_statement", "copy", "text"}
YAML_READS = {"load", "load_all", "compose", "compose_all", "parse", "scan"}

#: One line for each rule that must hold in the product; the linter has to name all of them.
BAD = """import marshal, os, pickle, ssl, subprocess, tempfile, xml.etree.ElementTree as tree
import requests, yaml
def bad(name, session, connection):
    eval(name)
    pickle.loads(name)
    marshal.loads(name)
    yaml.load(name, Loader=yaml.Loader)
    tree.fromstring(name)
    subprocess.run(name, shell=True)
    os.system(name)
    requests.get("https://example.com", verify=False, timeout=1)
    ssl._create_unverified_context()
    tempfile.mktemp()
    connection.execute(f"SELECT * FROM line WHERE name = '{name}'")
    connection.execute("DELETE FROM line WHERE name = '%s'" % name)
    exec(name)
"""
BAD_CODES = {
    "S307", "S301", "S302", "S506", "S314", "S602", "S605", "S501", "S323", "S306", "S608", "S102",
}  # fmt: skip


@pytest.mark.parametrize(
    "where",
    ["billing_providers/ledger/store.py", "billing_providers/hooks/report_files.py", "billing_providers/sandbox/x.py"],
)
def test_the_linter_refuses_what_runs_or_trusts_a_text(where: str) -> None:
    """The security rules are on for every part of the product, the sandbox included."""
    ruff = Path(sys.executable).parent / "ruff"
    command = [ruff, "check", "--no-cache", "--output-format=concise", f"--stdin-filename=plugins/{where}", "-"]
    done = subprocess.run(command, cwd=ROOT, input=BAD, capture_output=True, text=True, check=False)

    found = set(re.findall(r": (S\d+) ", done.stdout))
    assert BAD_CODES - found == set(), done.stdout + done.stderr


def test_no_line_is_excused_from_a_security_rule_without_a_reason() -> None:
    """An excuse names its rule and says why; a blanket one excuses nothing."""
    excuses = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in MODULES
        for line in path.read_text(encoding="utf-8").splitlines()
        if "# noqa" in line and not re.search(r"# noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \w{1,}", line)
    ]

    assert excuses == []


def sql_sites(tree: ast.AST) -> Iterator[tuple[int, ast.expr, ast.AST]]:
    """Yield line and first argument of every call that may run SQL, with the function around it."""
    around: dict[ast.AST, ast.AST] = {}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            around.update(dict.fromkeys(ast.walk(function), function))  # the innermost one stays
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in RUNS_SQL:
            yield node.lineno, node.args[0], around[node]


def built(value: ast.expr, function: ast.AST, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a text is put together at run time, here or where its name got its value."""
    if isinstance(value, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in value.values)
    if isinstance(value, ast.BinOp):
        return True
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        of = value.func.value
        composed = isinstance(of, ast.Call) and isinstance(of.func, ast.Attribute) and of.func.attr == "SQL"
        if composed:  # psycopg's own: names are quoted by the driver, and its text must be a literal
            assert isinstance(of, ast.Call)
            return built(of.args[0], function, seen)
        return value.func.attr in {"format", "format_map", "join", "replace", "substitute", "safe_substitute"}
    if isinstance(value, ast.Name) and value.id not in seen:
        given = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
            and node.value is not None
            and value.id in {target.id for target in targets(node) if isinstance(target, ast.Name)}
        ]
        return any(built(other, function, seen | {value.id}) for other in given)
    return False


def targets(node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def faults_of(code: str) -> list[int]:
    return [line for line, argument, function in sql_sites(ast.parse(code)) if built(argument, function)]


def test_no_statement_is_built_from_texts() -> None:
    """SQL stands in files and values are bound: a customer's name can never become a part of a statement."""
    found = {
        str(path.relative_to(ROOT)): lines for path in MODULES if (lines := faults_of(path.read_text(encoding="utf-8")))
    }
    places = sum(1 for path in (PACKAGE / "ledger").glob("*.py") for _ in sql_sites(ast.parse(path.read_text("utf-8"))))

    assert found == {}
    assert places > 8


@pytest.mark.parametrize(
    "call",
    [
        "c.execute(f'SELECT {name}')",
        "c.execute('SELECT ' + name)",
        "c.execute('SELECT %s' % name)",
        "c.execute('SELECT {}'.format(name))",
        "c.exec_driver_sql(' '.join(names))",
        "c.execute(text(f'SELECT {name}'))",
        "query = f'SELECT {name}'\n    c.execute(query)",
        "query = 'SELECT '\n    query += f'{name}'\n    c.execute(query)",
        "c.copy(sql.SQL(f'COPY {name}').format(1))",
    ],
)
def test_a_statement_that_is_built_would_be_found(call: str) -> None:
    """The search sees every way in which a text is put together."""
    assert faults_of(f"def f(c, name, names, sql):\n    {call}\n") != []


def test_statements_in_files_take_values_by_name_alone() -> None:
    """No file has a place for a text that is put in before the driver sees it; COPY takes rows by position."""
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "include" / "sql" / "queries").rglob("*.sql")}
    statements = {path.name: re.sub(r"--.*", "", text) for path, text in texts.items()}

    assert len(statements) > 10
    assert {name for name, text in statements.items() if re.search(r"[{}]|%\(|%s|\$\d", text)} == set()


def test_yaml_makes_no_objects() -> None:
    """Rules and settings are read by a loader that knows plain values only."""
    found, reads = [], 0
    for path in [*MODULES, *(ROOT / "scripts").rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        safe = {"SafeLoader", "CSafeLoader"} | {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "yaml.SafeLoader" for base in node.bases)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("yaml."):
                continue
            name = ast.unparse(node.func).removeprefix("yaml.")
            loaders = [ast.unparse(key.value).removeprefix("yaml.") for key in node.keywords if key.arg == "Loader"]
            if name in YAML_READS:
                reads += 1
                found += [] if loaders and loaders[0] in safe else [f"{path.name}:{node.lineno}"]
            elif name in {"unsafe_load", "full_load", "unsafe_load_all", "full_load_all"}:
                found.append(f"{path.name}:{node.lineno}")

    assert found == []
    assert reads >= 2
    assert issubclass(yaml.SafeLoader, yaml.constructor.SafeConstructor)
