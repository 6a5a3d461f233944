"""The words of the refusals about requests: who asks, what was sent, and the machine."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "malformed": Words(400, _("The request could not be read."), _("Check the format and send it again.")),
    "number_out_of_range": Words(
        422, _("The number must be from %(minimum)s to %(maximum)s."), _("Choose a number in that range.")
    ),
    "field_twice": Words(
        400, _("The same field was sent twice."), _("Send it once, so that nobody has to guess which one counts.")
    ),
    "json_malformed": Words(
        400,
        _("The body is not valid JSON (line %(line)s, column %(column)s)."),
        _("Send one JSON object in UTF-8, without NaN or Infinity."),
    ),
    "body_too_large": Words(
        413, _("The request is larger than %(maximum_mb)s MB."), _("Send less at once. Nothing was charged.")
    ),
    "body_type": Words(
        415, _("The body is not of the type expected here."), _("Send it as %(expected)s with that Content-Type.")
    ),
    "method_not_allowed": Words(
        405, _("This address does not take %(method)s."), _("Use %(allowed)s here; the API page lists all addresses.")
    ),
    "file_too_large": Words(
        413, _("The file is larger than %(maximum_mb)s MB."), _("Send a smaller file or a link to it.")
    ),
    "not_signed_in": Words(401, _("Please sign in first."), _("Sign in and try again.")),
    "api_key_invalid": Words(
        401, _("The API key is not valid."), _("Send 'Authorization: Bearer KEY' with a key from your settings page.")
    ),
    "api_key_in_address": Words(
        400,
        _("An API key must never stand in an address: addresses are kept in logs everywhere."),
        _("Revoke this key on your settings page, make a new one, and send it in the Authorization header."),
    ),
    "customers_only": Words(
        403, _("This is for customers; staff work at the desk."), _("Use a key of a customer's account.")
    ),
    "scope_missing": Words(
        403, _("This API key may not do that."), _("Make a key with the scope '%(scope)s' on your settings page.")
    ),
    "role_missing": Words(
        403, _("Your role does not allow this."), _("Ask an operator to do it or to change your role.")
    ),
    "not_found": Words(404, _("There is nothing here."), _("Check the address or the number.")),
    "rate_limited": Words(
        429, _("That was too many requests in a short time."), _("Wait %(seconds)s seconds and try again.")
    ),
    "email_taken": Words(422, _("This address can't be used."), _("Use another one, or sign in.")),
    "idempotency_key_missing": Words(
        400,
        _("A request that spends Credits needs the header Idempotency-Key."),
        _("Send a new random key with each new order, and the same key when you repeat one."),
    ),
    "idempotency_key_malformed": Words(
        400, _("The Idempotency-Key is not valid."), _("Use 8 to 100 letters, digits, '-', '_', '.' or ':'.")
    ),
    "idempotency_key_reused": Words(
        409,
        _("This Idempotency-Key was already used for a different request."),
        _("Use a new key for a new request. Nothing was charged."),
    ),
    "busy": Words(503, _("Someone else is changing the same thing right now."), _("Try again in a few seconds.")),
    "unavailable": Words(
        503,
        _("The service can't be reached at the moment."),
        _("Repeat the request in a few seconds, with the same Idempotency-Key if it has one: it has one effect."),
    ),
    "internal": Words(
        500,
        _("Something failed on our side."),
        _("Repeat the request with the same Idempotency-Key: it has one effect. Write to %(support)s if it stays so."),
    ),
}
