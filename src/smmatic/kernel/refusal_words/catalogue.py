"""The words of the refusals about sheets, mass orders, overlapping orders and the list's views."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "catalogue_code_taken": Words(
        409, _("Another service has this code."), _("Choose another code, or edit that service. Nothing was saved.")
    ),
    "customer_unknown": Words(
        422, _("There is no customer with this number or mail address."), _("Look the customer up in People.")
    ),
    "catalogue_version": Words(
        409,
        _("Somebody else changed this service while you were editing it."),
        _("Look at what it says now and make your change again. Nothing was saved."),
    ),
    "sheet_too_large": Words(
        422,
        _("The table is too large: at most %(maximum)s lines and %(maximum_mb)s MB."),
        _("Split it and send the parts. Nothing was charged."),
    ),
    "sheet_unreadable": Words(
        422,
        _("The table can't be read."),
        _("Send a CSV file in UTF-8 or an Excel workbook (.xlsx), or paste the lines. Nothing was charged."),
    ),
    "sheet_empty": Words(
        422, _("There are no lines here."), _("Paste your lines or choose a file. Nothing was charged.")
    ),
    "order_overlaps": Words(
        409,
        _("You have an open order of this service for this link: #%(number)s."),
        _("Wait until it has ended, or cancel it, and order again. Nothing was charged."),
    ),
    "line_twice": Words(
        409,
        _("Line %(line)s orders the same service for the same link."),
        _("Leave one of the two out, or add their quantities. Nothing was charged."),
    ),
    "batch_state": Words(
        409, _("This mass order was confirmed before."), _("Its page shows what became of each line.")
    ),
    "batch_wrong": Words(
        409,
        _("%(wrong)s lines can't be ordered, and you asked for all or none."),
        _("Correct them and send the lines again, or order only the good ones. Nothing was charged."),
    ),
    "view_too_many": Words(
        409, _("You have saved %(maximum)s views."), _("Delete one that you no longer need, then save again.")
    ),
}
