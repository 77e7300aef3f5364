"""Whose usage a row is. Billing rows carry a company *name*, and a name is not an identity.

- Seen: ``/api/Companies`` gives id and name, ``/api/Users`` the id of a user and the name of his company; a billing row
  gives the user's id and a company name. Licences give the user's id.
- Inferred: a row of a past month may keep the name that the company had then, whereas users carry today's name.

So the user's id leads to today's company. A row whose user is gone is placed by its name: by the companies that have
it today and those to which the other rows of that name lead. What fits several companies holds all of them; what fits
none is reported under its name. Two companies are never merged. Names are compared trimmed and case-sensitively.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.mbs.answers import Reply


@dataclass(frozen=True, slots=True, order=True)
class Company:
    """A company of MSP360. Ids are kept as printed."""

    company_id: str
    name: str


NO_COMPANY = Company("(no company)", "(no company)")  # users directly under the provider


@dataclass(frozen=True, slots=True)
class User:
    """A backup user as ``/api/Users`` shows him today; ``company_name`` empty: directly under the provider."""

    user_id: str
    email: str
    company_name: str


@dataclass(frozen=True, slots=True)
class Placement:
    """One company, or the candidates and why none was taken. ``renamed_from`` is the name that a row still has."""

    candidates: tuple[Company, ...]
    why: str = ""
    renamed_from: str = ""
    user_gone: bool = False

    @property
    def company(self) -> Company | None:
        """The one company, None when the row could not be placed."""
        return None if self.why else self.candidates[0]


class Companies:
    """Places users and rows."""

    def __init__(self, companies: Iterable[Company], users: Iterable[User]) -> None:
        self._named: dict[str, set[Company]] = defaultdict(set)
        self._told: dict[str, set[Company]] = defaultdict(set)
        self._names_of_user: dict[str, set[str]] = defaultdict(set)
        for company in companies:
            self._named[company.name.strip()].add(company)
        for user in users:
            self._names_of_user[_key(user.user_id)].add(user.company_name.strip())

    @property
    def user_count(self) -> int:
        """How many users there are today."""
        return len(self._names_of_user)

    def knows_user(self, user_id: str) -> bool:
        """Whether the user is still there."""
        return _key(user_id) in self._names_of_user

    def learn_names(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take from rows (user id, company name) to which of today's companies a name leads, former names included."""
        for user_id, name in rows:
            self._told[name.strip()].update(self._today(user_id))

    def place(self, user_id: str, billed_name: str) -> Placement:
        """Return whose usage a billing row of this user under this company name is."""
        today = self._today(user_id)
        billed = self._fitting(billed_name) if billed_name.strip() else set()
        if not any(self._names_of_user.get(_key(user_id), ())):
            return self._by_name(user_id, billed_name, billed)
        if len(today) == 1 and billed <= today:
            (company,) = today
            renamed = billed_name if billed_name.strip() != company.name.strip() else ""
            return Placement((company,), renamed_from=renamed)
        return self._unplaced(user_id, billed_name, today | billed)

    def place_user(self, user_id: str) -> Placement:
        """Return whose the user is today."""
        return self.place(user_id, "")

    def _today(self, user_id: str) -> set[Company]:
        names = self._names_of_user.get(_key(user_id), ())
        return {company for name in names if name for company in self._named.get(name, ())}

    def _fitting(self, name: str) -> set[Company]:
        return self._named.get(name.strip(), set())

    def _by_name(self, user_id: str, billed_name: str, billed: set[Company]) -> Placement:
        gone = not self.knows_user(user_id)
        if not billed_name.strip():
            return Placement((NO_COMPANY,), user_gone=gone)
        found = billed | self._told.get(billed_name.strip(), set())
        if len(found) != 1:
            return self._unplaced(user_id, billed_name, found)
        return Placement(tuple(found), renamed_from="" if billed else billed_name, user_gone=gone)

    def _unplaced(self, user_id: str, billed_name: str, candidates: set[Company]) -> Placement:
        names = sorted({*self._names_of_user.get(_key(user_id), ()), billed_name.strip()} - {""})
        named = " and ".join(map(repr, names))
        if not candidates:
            why = f"no company of MSP360 is called {named}; if it was renamed or deleted, bill this month by hand"
            name = billed_name.strip() or names[0]
            return Placement((Company(name, name),), why)
        listed = ", ".join(f"{company.name!r} (id {company.company_id})" for company in sorted(candidates))
        why = f"user {user_id} is billed or listed under {named}, which leads to {listed}; none was chosen"
        return Placement(tuple(sorted(candidates)), why)


def read_companies(client: HttpClient) -> Companies:
    """Read all companies and all users: two calls, whatever their number."""
    replies: list[Reply] = client.map(lambda path: client.call("GET", path), ("/api/Companies", "/api/Users"))
    companies, users = (reply.objects() for reply in replies)
    return Companies(
        (Company(row.identity("Id"), row.text("Name")) for row in companies),
        (User(row.identity("ID"), row.text("Email"), row.text("Company")) for row in users),
    )


def _key(user_id: str) -> str:
    return user_id.strip().casefold()  # GUIDs: the same id may be printed in either case
