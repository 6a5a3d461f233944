"""The words of the refusals about mails and conversations."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "mail_not_resendable": Words(
        409,
        _("This mail can't be sent again: it is on its way, was never to be sent, or holds a link that gives access."),
        _("Wait until it has arrived or failed. Whoever needs such a link asks for a new one."),
    ),
}
