"""The words of the refusals about services and orders."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "service_unknown": Words(404, _("There is no such service."), _("Choose one from the service list.")),
    "service_unavailable": Words(
        409, _("This service can't be ordered at the moment."), _("Choose another service. Nothing was charged.")
    ),
    "terms_changed": Words(
        409,
        _("The price or terms of this service changed while you were ordering."),
        _("Look at the new terms and confirm again. Nothing was charged."),
    ),
    "policy_changed": Words(
        409,
        _("The refund policy changed while you were ordering."),
        _("Look at the new policy and confirm again. Nothing was charged."),
    ),
    "order_ended": Words(
        409, _("This order has already ended."), _("If something is wrong with it, ask for a refund on its page.")
    ),
    "order_accepted": Words(
        409,
        _("The order is already being processed, so it can't be cancelled any more."),
        _("If something goes wrong, ask for a refund on the order's page, or write to %(support)s."),
    ),
    "order_not_waiting": Words(
        409, _("This order isn't waiting for anything from you."), _("Reload the page to see its status.")
    ),
    "order_status": Words(
        409,
        _("This can't be done while the order is '%(status)s'."),
        _("Reload the page to see what can be done now."),
    ),
    "stop_not_offered": Words(
        409,
        _("This service can't be stopped once work has begun."),
        _("If something goes wrong, ask for a refund on the order's page."),
    ),
    "stop_asked_already": Words(
        409, _("We have already asked for this order to be stopped."), _("The answer will show on the order's page.")
    ),
    "units_out_of_range": Words(
        422, _("The units done must be between %(minimum)s and %(maximum)s."), _("Correct the number and send again.")
    ),
    "deliverable_missing": Words(
        422, _("There is nothing that the customer could look at."), _("Add a file or a note, then send again.")
    ),
}
