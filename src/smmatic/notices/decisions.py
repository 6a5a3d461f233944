"""A case's decision in the policy's own words, the same as on its page."""

from django.utils.translation import gettext as _

from smmatic.refunds.explaining import explain_case
from smmatic.refunds.queries import CaseRow


def decision_paragraphs(case: CaseRow, language: str) -> list[str]:
    """Why the case is decided as it is, what follows, and how the amount came about, in 'en' or 'vi'."""
    said = explain_case(case, language)
    clause = _("Clause %(clause)s, %(title)s; version %(version)s of the policy.")
    paragraphs = [said.sentence, clause % {"clause": said.clause, "title": said.title, "version": said.version}]
    return [*paragraphs, f"{said.arithmetic}."] if said.arithmetic else paragraphs
