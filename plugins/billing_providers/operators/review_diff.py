"""Asks a person before a diff is written, when the settings say so. The answer is bound to the diff's digest."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import BaseOperatorLink, Param
from airflow.sdk.definitions.param import ParamsDict

from billing_providers.errors import PushRefused
from billing_providers.model.changes import ContractDiff
from billing_providers.model.record_link import RecordLink
from billing_providers.model.runs import Approval
from billing_providers.model.settings import IntegrationSettings, ReviewMode
from billing_providers.operators.faults import faults_reported
from billing_providers.operators.page_links import ReviewLink, store_links
from billing_providers.page_addresses import PageAddresses
from billing_providers.steps.step import BillingStep, run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context

ASKED_DIGEST = "asked_digest"
#: Field of the form that says which diff it was made for.
DIFF_FIELD = "diff"
_DIGEST_MIN = 12  # as much of a digest as people are told
RETRY_DELAY = timedelta(seconds=10)


class ReviewDiffOperator(BillingStep, ApprovalOperator):
    """The standard approval operator, which asks only when there is something to decide.

    A dry run skips it, and with it the push. There is no default answer: without one in
    ``settings.review_timeout`` the task fails and nothing is written.

    Airflow 3.3 keeps the text of the first question when a task that was cleared asks again. So the form has a field
    with the digest of the diff that it shows, and an approval counts only where that is the diff to be written.

    :param settings: the integration; ``review`` says when a person is asked.
    :param run: output of the task that resolved the period.
    :param diff: output of the map-and-diff task.
    """

    stage = "review_diff"
    template_fields: Collection[str] = ("run", "diff")
    operator_extra_links: Collection[BaseOperatorLink] = (ReviewLink(),)

    def __init__(
        self,
        *,
        settings: IntegrationSettings,
        run: Any,
        diff: Any,
        ledger_conn_id: str = "billing_ledger",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("response_timeout", settings.review_timeout)
        # Airflow 3.3 takes an answer within seconds of the question for a crash: the person should be asked again soon.
        kwargs.setdefault("retry_delay", RETRY_DELAY)
        if settings.reviewers:
            kwargs.setdefault("assigned_users", [{"id": user, "name": user} for user in settings.reviewers])
        super().__init__(subject=f"Review the contract diff of {settings.integration}", body="", **kwargs)
        self.settings = settings
        self.run = run
        self.diff = diff
        self.ledger_conn_id = ledger_conn_id

    def execute(self, context: Context) -> Any:
        """Record that no review is needed, or ask."""
        from airflow.sdk.exceptions import AirflowSkipException

        store_links(self, context, run_key_of(context))
        if self.scope.dry_run:
            raise AirflowSkipException("dry run: nothing is reviewed and nothing is pushed")
        with faults_reported(self.ledger_conn_id, run_key_of(context), self.stage, self.voice):
            ledger = self.ledger()
            diff = ledger.diffs.load(self.diff["digest"])
            if not self._asks(diff):
                return self._decide(diff.digest, "not_needed", "", f"review is '{self.settings.review.value}'")
        from billing_providers.steps.review_text import review_text

        undoes = f", undo of run {self.scope.undoes}" if self.scope.undoes else ""
        self.subject = f"{self.settings.integration}: {len(diff.changes)} changes, {len(diff.held)} held{undoes}"
        link = RecordLink(self.settings.contract_link)
        page = PageAddresses.in_airflow().review(run_key_of(context))
        self.body = review_text(diff, self.diff.get("change_list_uri", ""), self.diff.get("split_rows"), link, page)
        self.params = _form_of(diff)
        context["ti"].xcom_push(key=ASKED_DIGEST, value=diff.digest)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Record the answer for the digest that was shown; a rejection skips the push."""
        from airflow.sdk.exceptions import AirflowFailException

        with faults_reported(self.ledger_conn_id, run_key_of(context), self.stage, self.voice):
            asked = context["ti"].xcom_pull(task_ids=self.task_id, key=ASKED_DIGEST)
            if not asked:
                raise PushRefused("the diff that was shown for review is not known any more; clear the review task")
            if "error" in event:
                self._told_refused(asked, "not answered")  # no decision of anybody: clearing the task asks again
                raise AirflowFailException("nobody answered the review in time; nothing is written")
            approved = event["chosen_options"] == [self.APPROVE]
            form = event.get("params_input") or {}  # a program that answers without the form knows what it does
            if approved and DIFF_FIELD in form:
                _require_shown(asked, str(form[DIFF_FIELD] or "").strip())
            self._decide(asked, "approved" if approved else "rejected", _who(event), "")
        return super().execute_complete(context, event)

    def _asks(self, diff: ContractDiff) -> bool:
        if not diff.changes or not diff.applicable or self.settings.review is ReviewMode.OFF:
            return False
        return self.settings.review is ReviewMode.ALWAYS or bool(diff.held)

    def _decide(self, digest: str, decision: str, who: str, note: str) -> dict[str, str]:
        decisions, now = self.ledger().diffs, datetime.now(UTC)
        if (earlier := decisions.approval(digest)) is not None:  # the last decision counts, whatever a clock says
            now = max(now, earlier.decided_at + timedelta(microseconds=1))
        decisions.approve(Approval(digest, self.scope.run_key, decision, who, now, note))
        if decision == "rejected":
            self._told_refused(digest, decision)
        else:
            self.keep_findings(self.ledger(), self.scope.run_key, [])
        return {"digest": digest, "decision": decision, "decided_by": who}

    def _told_refused(self, digest: str, decision: str) -> None:
        told = self.voice.finding(139, digest=digest[:12], decision=decision)
        self.keep_findings(self.ledger(), self.scope.run_key, [told])


def _form_of(diff: ContractDiff) -> ParamsDict:
    told = (
        "Which diff this text shows. Leave it as it is. If tasks were cleared since the question was asked first, the "
        "text may be of an older diff: the page Review shows the newest one and its digest, which then belongs here."
    )
    digest = Param(diff.digest, type="string", title="Digest of the diff", description=told, source="task")
    return ParamsDict({DIFF_FIELD: digest})


def _require_shown(asked: str, shown: str) -> None:
    """Refuse what was approved on the text of another diff, or of none.

    :raises PushRefused: naming both, and the way on.
    """
    if len(shown) >= _DIGEST_MIN and asked.startswith(shown):
        return
    raise PushRefused(
        f"diff {shown[:_DIGEST_MIN] or '(none)'} was approved, but this run has planned diff {asked[:_DIGEST_MIN]} "
        "since; Airflow still showed the question as it was asked first. Read the new diff on the page Review or in "
        f"the list of changes, clear this task, and put {asked[:_DIGEST_MIN]} into the field {DIFF_FIELD!r} of the "
        "form before approving. Triggering the period anew asks with the right text, too"
    )


def _who(event: dict[str, Any]) -> str:
    user = event.get("responded_by_user") or {}
    return str(user.get("name") or user.get("id") or "unknown") if isinstance(user, dict) else str(user)
