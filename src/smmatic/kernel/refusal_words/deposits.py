"""The words of the refusals about deposits."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "deposit_state": Words(
        409, _("This deposit is already '%(state)s'."), _("Reload the list to see its present state.")
    ),
    "deposit_unlike": Words(
        409,
        _("The amount received is not the amount requested."),
        _("State what was received and why it is right, then confirm again."),
    ),
    "deposit_limit": Words(
        422, _("At most %(maximum)s open deposits at a time."), _("Finish or cancel an open one first.")
    ),
}
