"""Rules over all modules, so that a new one is covered unedited. There is no waiver list: split the module instead."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "plugins" / "billing_providers"
MODULES = sorted(PACKAGE.rglob("*.py"))
LINES_MAX = 300
FUNCTION_LINES_MAX = 70

every_module = pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())


def tracked_files() -> list[Path]:
    """The files that are committed; in an unpacked archive without git, all that the package and its pages hold."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        folders = ("plugins", "tests", "docs", "scripts", "dags", "include", "benchmarks")
        return [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def is_public_class(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and not node.name.startswith("_")


@every_module
def test_a_module_fits_in_a_readers_head(module):
    """At most 300 lines a module and 70 a function."""
    text = module.read_text(encoding="utf-8")
    long_functions = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert text.count("\n") <= LINES_MAX
    assert long_functions == []


@every_module
def test_imports_are_absolute(module):
    """Airflow runs plugin files under their bare names, where a relative import breaks."""
    tree = ast.parse(module.read_text(encoding="utf-8"))

    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level] == []


@every_module
def test_what_others_call_says_what_it_means(module):
    """Every public module, class and function of the package has a docstring."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    silent = [
        node.name
        for scope in [tree, *(node for node in tree.body if is_public_class(node))]
        for node in scope.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not any("overload" in ast.dump(decorator) for decorator in node.decorator_list)
        and not ast.get_docstring(node)
    ]

    assert ast.get_docstring(tree) or module.name == "__init__.py"
    assert silent == []


def test_dependencies_point_one_way():
    """The import contracts hold: operators → push → hooks, ledger, engine → model → errors."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_entry_points_lead_somewhere():
    """What pyproject.toml promises to Airflow can be imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    targets = [target for group in project["entry-points"].values() for target in group.values()]

    assert len(targets) == 2
    for target in targets:
        module, _, name = target.partition(":")
        assert callable(getattr(import_module(module), name))


def test_generated_tables_agree_with_the_code():
    """Findings, connections and settings are described as they are; ``make docs`` writes them again."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.docs_tables", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_links_between_pages_lead_somewhere():
    """A page that is linked exists."""
    pages = [path for path in tracked_files() if path.suffix == ".md"]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert dead == []


def test_nothing_depends_on_one_machine():
    """No committed file names a folder of the machine on which it was written."""
    forbidden = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/|\bshared/(?:reference|specs|seeds|hooks|design)")
    this_file = Path(__file__).resolve()
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked_files()
        if path.resolve() != this_file and path.suffix not in {".xlsx", ".png"}
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if forbidden.search(line)
    ]

    assert found == []


def test_pinned_versions_carry_no_address():
    """Constraints files hold names and versions only, whatever index they are installed from."""
    for name in ("constraints.txt", "constraints-floor.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        wrong = [
            line for line in lines if not line.startswith("#") and not re.fullmatch(r"[\w.-]+==[\w.+!-]+", line.strip())
        ]

        assert wrong == []
        assert len(lines) > 5


def test_the_floor_that_ci_tests_is_the_one_that_is_promised():
    """Each lower bound of pyproject.toml stands in constraints-floor.txt with exactly that version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = dict(
        line.split("==")
        for line in (ROOT / "constraints-floor.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    for requirement in project["dependencies"]:
        name, bound = re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement).groups()

        assert pinned[name] == bound or pinned[name] == f"{bound}.0", requirement


def test_plugins_are_not_run_under_their_bare_names():
    """Without the ignore file Airflow would run every module of the package, and could replace stdlib modules."""
    assert "billing_providers/" in (ROOT / "plugins" / ".airflowignore").read_text(encoding="utf-8").splitlines()


def test_the_compose_file_pins_what_it_runs():
    """Every service names its image with a version, and Airflow's is the one that is pinned for development."""
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))["services"]
    images = {service["image"] for service in services.values()}
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")

    assert all(re.fullmatch(r"[\w/]+:\d+(\.\d+)+", image) for image in images), images
    (airflow,) = (image for image in images if image.startswith("apache/airflow:"))
    assert f"apache-airflow=={airflow.partition(':')[2]}\n" in constraints
    assert services["sandbox"]["profiles"] == ["sandbox"]
