"""What each billed user stored in a month: ``PUT /api/Billing/Details``, one call per user.

- Seen (vendor's PowerShell module and help): the call takes ``UserID`` and a date and answers the bytes of the user and
  of each of his computers and destinations. There is no call for all users at once.
- Failing: an answer for another user, or one whose computers do not sum to the user's total, holds the customer. A
  call that fails holds the customer too, but not the others; when many fail, the system fails, and that is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from billing_providers.errors import BadRequest, OutcomeUnknown, RequestError
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.mbs.answers import Reply, Row
from billing_providers.hooks.mbs.billing import BilledUser
from billing_providers.hooks.mbs.trouble import Trouble
from billing_providers.hooks.usage_fields import RowFault

_FAILED_MAX = 10


@dataclass(frozen=True, slots=True)
class StoredPart:
    """What one computer has at one destination."""

    position: str
    computer: str
    bytes: int


@dataclass(frozen=True, slots=True)
class UserDetails:
    """What one user stored, in bytes; the parts sum to ``used_bytes``."""

    used_bytes: int
    parts: tuple[StoredPart, ...]

    @property
    def computers(self) -> list[str]:
        """The user's different computers, in the order of the answer."""
        return list(dict.fromkeys(part.computer for part in self.parts))


class DetailsReader:
    """Reads the details of many users, as many at once as the client allows."""

    def __init__(self, client: HttpClient, month: str) -> None:
        self._client = client
        self._month = month
        self._failures: list[RequestError] = []
        self._lock = Lock()

    def read(self, users: Sequence[BilledUser], trouble: Trouble) -> dict[str, UserDetails]:
        """Return details by user id; users of held customers are not asked for.

        :raises RequestError: when the calls for all users, or for more than a few, fail.
        """
        wanted = {user.user_id: user for user in users if not trouble.has_failed(user.placement)}
        answers = self._client.map(self._of_user, wanted.values())
        if self._failures and len(self._failures) == len(wanted):
            raise self._failures[0]
        found: dict[str, UserDetails] = {}
        for user, answer in zip(wanted.values(), answers, strict=True):
            if isinstance(answer, UserDetails):
                found[user.user_id] = answer
            else:
                trouble.fail(user.placement, f"the details of user {user.user_id}: {answer}")
        return found

    def _of_user(self, user: BilledUser) -> UserDetails | Exception:
        if len(self._failures) > _FAILED_MAX:
            raise self._failures[0]
        body = {"UserID": user.user_id, "Date": self._month}
        try:
            reply: Reply = self._client.call("PUT", "/api/Billing/Details", json=body, repeatable=True)
            return _details(reply, user)
        except RowFault as fault:
            return fault
        except (BadRequest, OutcomeUnknown) as error:
            with self._lock:
                self._failures.append(error)
                if len(self._failures) > _FAILED_MAX:
                    raise
            return error


def _details(reply: Reply, user: BilledUser) -> UserDetails:
    values, rows = Row(reply.body), reply.rows("UserDetailList")
    named = values.text("UserID")
    if named and named.casefold() != user.user_id.casefold():
        raise RowFault("UserID", f"the answer is about user {named}")
    parts = []
    for index, cells in enumerate(rows):
        row = Row(cells)
        parts.append(
            StoredPart(f"UserDetailList[{index}]", row.needed_text("Computer").strip(), row.size("SizeBackup"))
        )
    used, summed = values.size("TotalBackupBytes"), sum(part.bytes for part in parts)
    if used != summed:
        raise RowFault("TotalBackupBytes", f"is {used}, but the computers sum to {summed}")
    return UserDetails(used, tuple(parts))
