"""The words of the refusals about mails, conversations and personal data."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "mail_not_resendable": Words(
        409,
        _("This mail can't be sent again: it is on its way, was never to be sent, or holds a link that gives access."),
        _("Wait until it has arrived or failed. Whoever needs such a link asks for a new one."),
    ),
    "mail_address_missing": Words(
        409,
        _("This mail named no sender, so there is nobody to answer."),
        _("Write a note for your colleagues, or link it to an order: then its customer gets the answer."),
    ),
    "conversation_moved": Words(
        409,
        _("Somebody wrote here while you were writing; your answer was not sent."),
        _("Read what is new above. Your words are kept: send them as they are, or change them."),
    ),
    "conversation_linked": Words(
        409,
        _("This conversation belongs to another customer or another order already."),
        _("Check the order's number. What belongs to another order is answered on that order's page."),
    ),
    "conversation_without_order": Words(
        409,
        _("A file becomes evidence of an order, and this conversation is linked to none."),
        _("Link the conversation to the order first."),
    ),
    "reply_variable_unknown": Words(
        422,
        _("The text names something in braces that is not known, or has a brace too many."),
        _("Use only these: %(known)s. A brace that is meant as one is written twice."),
    ),
    "erasure_standing": Words(
        409,
        _(
            "Something is still open: %(orders)s orders, %(requests)s requests, %(deposits)s deposits or disputes,"
            " %(reworks)s reworks. Erasing now would leave nobody to answer to."
        ),
        _("Wait until they have ended, or cancel what can be cancelled. Then ask again."),
    ),
    "erasure_credits": Words(
        409,
        _("%(left)s Credits are left on the account. After the erasure they belong to nobody."),
        _("Spend them first, or type exactly this amount to give them up. Credits are never paid out."),
    ),
    "erasure_asked": Words(
        409,
        _("The erasure was asked for already."),
        _("You see on this page when it happens, and can take it back until then."),
    ),
    "reply_title_taken": Words(
        409,
        _("There is a saved reply with this title already."),
        _("Choose another title, or change the one that is there."),
    ),
}
