"""The words of the refusals about refund cases."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "case_open": Words(
        409, _("This order already has an open refund request."), _("Add what you know to that request.")
    ),
    "case_closed": Words(409, _("This request has already been decided."), _("Open the request to read the decision.")),
    "case_undecided": Words(
        409,
        _("With these facts the policy still asks for a review."),
        _("Mark every claim as verified or refuted, with its evidence."),
    ),
    "case_stale": Words(
        409, _("The case changed while you were looking at it."), _("Reload it, look again, then decide.")
    ),
    "appeal_closed": Words(
        409,
        _("This decision can't be contested, or not any more."),
        _("A denial can be contested once, within the days that the policy names. Write to %(support)s."),
    ),
    "nothing_to_refund": Words(
        409, _("All Credits of this order have already gone back."), _("Your wallet shows them.")
    ),
    "outcome_unknown": Words(
        409,
        _("We're still finding out whether this order was delivered."),
        _("You'll hear from us by the time shown on the order. Nothing is lost meanwhile."),
    ),
    "evidence_missing": Words(
        422, _("This needs evidence."), _("Say what you saw and where, so that the customer can check it.")
    ),
    "reason_unknown": Words(422, _("There is no such reason in the policy."), _("Choose one of the reasons listed.")),
}
