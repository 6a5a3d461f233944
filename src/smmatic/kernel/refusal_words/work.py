"""The words of the refusals about staff work, what is handed over, and rework."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "deliverable_link": Words(
        422,
        _("The link '%(link)s' can't be handed over."),
        _("Use a whole public web address, one a line, such as https://drive.google.com/file/d/1a2b3c"),
    ),
    "deliverable_too_many": Words(
        422,
        _("At most %(maximum)s of them can be handed over at once."),
        _("Hand over some now and the rest after it."),
    ),
    "work_of_another": Words(
        409,
        _("This is being worked on by %(name)s."),
        _("Take it over first; both of you then see it in the history."),
    ),
    "colleague_unknown": Words(
        422, _("Nobody of this name can work on orders."), _("Choose one of the colleagues in the list.")
    ),
    "rework_not_offered": Words(
        409,
        _("This service is not done again."),
        _("If something is wrong with what you got, ask for a refund on the order's page."),
    ),
    "rework_too_early": Words(
        409,
        _("Rework can be asked for once the order is complete."),
        _("Until then, write to us on the order's page: the work is still going on."),
    ),
    "rework_too_late": Words(
        409,
        _("Rework can no longer be asked for: its %(days)s days from completion are over."),
        _("If something is wrong with what you got, ask for a refund on the order's page."),
    ),
    "rework_open": Words(
        409, _("A rework of this order has been asked for already."), _("Its answer will show on the order's page.")
    ),
    "rework_ended": Words(409, _("This rework has already been answered."), _("Reload the page to see the answer.")),
}
