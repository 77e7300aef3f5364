"""Which account an organization of a module may be: exact agreement is prefilled, everything else only offered.

An organization that the grid has already is left alone. Of the others, one is put into its account's cell when its
module names exactly one active account by id, or one has exactly its name, and nothing speaks against it: the two agree
where both are known, no other organization of the module has the name, and the module names no id that no active
account has (a run that goes by the id would refuse it). What differs by case, blanks or legal form,
and what is merely similar, stands in a column that ends with ``?`` with score and reason, which the grid's loader never
reads. So nothing is billed by a suggestion until a person moves it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from billing_providers.engine.organization_grid import GridRow, Organization, OrganizationGrid, grid_text
from billing_providers.engine.suggestions import COMPARISONS_MAX, OFFERED_MAX, SCORE_MIN
from billing_providers.model.psa import Account

# Words that a name may be written with or without.
_LEGAL_FORM = re.compile(
    r"ab|ag|as|bv|co|corp(oration)?|gmbh|inc(orporated)?|kg|limited|ll[cp]|ltd|mbh|nv|oy|plc|pty|sa|sarl|srl"
)
_NOWHERE = GridRow(account_name="no account is near")


@dataclass(frozen=True, slots=True)
class Reported:
    """An organization as its module reports it. ``account_id``: the PSA's account that the module itself names."""

    organization: Organization
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An account that an organization may be. ``score`` is 0 to 100; 100 with ``exact`` was prefilled."""

    module: str
    organization: Organization
    account: Account
    score: int
    reason: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A grid with what agrees exactly prefilled, why, what else is offered, and what fits nothing."""

    grid: OrganizationGrid
    suggestions: tuple[Suggestion, ...]
    without: Mapping[str, tuple[Organization, ...]] = field(default_factory=dict)

    def text(self) -> str:
        """Return the grid as CSV: ``exact?`` tells what was prefilled, ``<module>?`` what is offered."""
        rows = [*self.grid.rows, *self._rows_to_look_at()]
        notes = {"exact?": [self._told(row, "", exact=True) for row in rows]}
        for module in self.grid.modules:
            notes[f"{module}?"] = [self._told(row, module, exact=False) for row in rows]
        return grid_text(replace(self.grid, rows=tuple(rows)), notes)

    def _rows_to_look_at(self) -> list[GridRow]:
        """Return a row for each account that is offered and has none yet, and one for what fits nothing."""
        known = {row.account_id for row in self.grid.rows}
        offered = {found.account.account_id: found.account for found in self.suggestions if not found.exact}
        rows = [
            _row_of(offered[account_id]) for account_id in sorted(offered, key=lambda key: (offered[key].name, key))
        ]
        rows = [row for row in rows if row.account_id not in known]
        return [*rows, _NOWHERE] if self.without else rows

    def _told(self, row: GridRow, module: str, *, exact: bool) -> str:
        if row is _NOWHERE:
            return "; ".join(found.text for found in self.without.get(module, ()))
        told = [
            f"{found.organization.text} ({found.module}: {found.reason})"
            if exact
            else f"{found.organization.text} ({found.score}: {found.reason})"
            for found in self.suggestions
            if row.account_id == found.account.account_id and found.exact is exact
            if exact or found.module == module
        ]
        return "; ".join(told)


def organization_suggestions(
    grid: OrganizationGrid, organizations: Mapping[str, Sequence[Reported]], accounts: Iterable[Account]
) -> Proposal:
    """Return a grid with what agrees exactly prefilled, and everything else that may fit, best first.

    :param organizations: by module.
    """
    search = _Search([account for account in accounts if account.active])
    rows = [_with_identity(row, search) for row in grid.rows]
    modules = (*grid.modules, *(module for module in organizations if module not in grid.modules))
    known = {(module, found.code) for row in rows for module, of_row in row.organizations.items() for found in of_row}
    suggestions: list[Suggestion] = []
    without: dict[str, list[Organization]] = defaultdict(list)
    for module, reported in organizations.items():
        names = Counter(found.organization.name for found in reported)
        for entry in reported:
            if (module, entry.organization.code) in known:
                continue
            found = search.of(module, entry, alone=names[entry.organization.name] == 1)
            suggestions += found
            if not found:
                without[module].append(entry.organization)
    exact = [found for found in suggestions if found.exact]
    filled = OrganizationGrid(grid.origin, modules, tuple(_prefilled(rows, exact)))
    return Proposal(filled, tuple(suggestions), {module: tuple(found) for module, found in without.items()})


class _Search:
    """The active accounts, to be compared with. Bounded, so that thousands of names cannot stall it."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.by_id = {account.account_id: account for account in accounts}
        self.by_code: dict[str, list[Account]] = defaultdict(list)
        self._by_name: dict[str, list[Account]] = defaultdict(list)
        self._by_word: dict[str, list[Account]] = defaultdict(list)
        self._comparisons_left = COMPARISONS_MAX
        for account in accounts:
            self.by_code[account.code.strip()].append(account)
            self._by_name[account.name.strip()].append(account)
            self._by_word[_bare(account.name)].append(account)

    def of(self, module: str, entry: Reported, *, alone: bool) -> list[Suggestion]:
        """Return the accounts that an organization may be; one exact one, or several that are only offered.

        :param alone: whether no other organization of the module has the name.
        """
        name = entry.organization.name
        linked, named = self.by_id.get(entry.account_id), self._by_name.get(name, [])
        exact = {account.account_id: account for account in [*named, *([linked] if linked else [])]}
        lost = entry.account_id and linked is None
        doubt = f", but the module names account id {entry.account_id}, which no active account has" if lost else ""
        if not exact:
            return [
                Suggestion(module, entry.organization, account, score, f"{reason}{doubt}")
                for account, score, reason in self._near(name)
            ]
        certain = not lost and len(exact) == 1 and (alone or linked is not None)
        if not certain and not lost:
            doubt = ", and something else speaks against it"
        return [
            Suggestion(
                module,
                entry.organization,
                account,
                100,
                f"{'the id that the module names' if account is linked else 'same name'}{doubt}",
                exact=certain,
            )
            for account in exact.values()
        ]

    def _near(self, name: str) -> list[tuple[Account, int, str]]:
        word = _bare(name)
        if not word:
            return []
        if word in self._by_word:
            return [(account, 99, "differs by case, blanks or legal form") for account in self._by_word[word]]
        if self._comparisons_left < len(self._by_word):
            return []
        from rapidfuzz import fuzz, process

        self._comparisons_left -= len(self._by_word)
        found = process.extract(
            word, list(self._by_word), scorer=fuzz.token_sort_ratio, score_cutoff=SCORE_MIN, limit=OFFERED_MAX
        )
        return [(account, int(score), "similar name") for near, score, _ in found for account in self._by_word[near]]


def _bare(name: str) -> str:
    """Return what is left of a name without case, marks and legal form; all of it where nothing else would be left."""
    words = re.findall(r"\w+", name.casefold())
    return " ".join(word for word in words if not _LEGAL_FORM.fullmatch(word)) or " ".join(words)


def _with_identity(row: GridRow, search: _Search) -> GridRow:
    """Return a row with the id and name of its account, where the PSA tells exactly one."""
    if row.account_id:  # the id counts, also one that no active account has
        found = [search.by_id[row.account_id]] if row.account_id in search.by_id else []
    else:
        found = search.by_code.get(row.account_code, []) if row.account_code else []
    if row.ignore or len(found) != 1:
        return row
    account = found[0]
    return replace(row, account_id=account.account_id, account_name=row.account_name or account.name)


def _row_of(account: Account) -> GridRow:
    return GridRow(account.code.strip(), account.account_id, account.name)


def _prefilled(rows: Sequence[GridRow], exact: Sequence[Suggestion]) -> list[GridRow]:
    """Return the rows with exact agreements added to the first row of their account, or to a new one.

    Where the rows of an account name several contracts, none of them is chosen: the new row names none.
    """
    filled = list(rows)
    contracts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        contracts[row.account_id].add(row.contract)
    at = {
        row.account_id: number
        for number, row in reversed(list(enumerate(rows)))
        if row.account_id and (len(contracts[row.account_id]) == 1 or not row.contract)
    }
    for found in sorted(exact, key=lambda found: (found.account.name, found.account.account_id)):
        number = at.setdefault(found.account.account_id, len(filled))
        if number == len(filled):
            filled.append(_row_of(found.account))
        row = filled[number]
        cell = (*row.organizations.get(found.module, ()), found.organization)
        filled[number] = replace(row, organizations={**row.organizations, found.module: cell})
    return filled
