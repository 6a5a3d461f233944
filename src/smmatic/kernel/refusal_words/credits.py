"""The words of the refusals about Credits."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "not_enough_credits": Words(
        402,
        _("This costs %(needed)s Credits and %(available)s are available."),
        _("Add Credits to your wallet or order less. Nothing was charged."),
    ),
    "account_frozen": Words(
        403, _("Your Credits are frozen for now."), _("Write to %(support)s and we'll tell you why.")
    ),
    "account_closed": Words(403, _("This account is closed."), _("Write to %(support)s.")),
    "account_in_debt": Words(
        403,
        _("A disputed deposit left %(debt)s Credits to settle first."),
        _("Add Credits to your wallet; the debt is settled first."),
    ),
    "credits_stay_inside": Words(
        403,
        _("Credits can't be paid out or moved to anyone else."),
        _("Spend them on any service; refunds come back as Credits in the same second."),
    ),
    "credits_limit": Words(
        422, _("An account holds at most %(maximum)s Credits."), _("Spend some first, or choose a smaller amount.")
    ),
    "refund_above_charge": Words(
        409,
        _("No more can go back than was charged: %(left)s Credits are left."),
        _("Reload the page to see what has already gone back."),
    ),
    "posted_already": Words(409, _("This has already been booked."), _("Reload the page to see the present state.")),
    "reason_missing": Words(422, _("A reason is needed."), _("Say in a sentence why, then send again.")),
    "second_person_needed": Words(
        403,
        _("Above %(limit)s Credits a second person must approve."),
        _("Ask a colleague who may approve and has not decided it; as a gift, give no more than that."),
    ),
}
