"""The words of the refusals about what was typed or pasted: fields, links, quantities. Each is a 422."""

from django.utils.translation import gettext_noop

_ = gettext_noop

_AGAIN = _("Copy the link again from the browser's address bar. This order needs: %(expected)s, such as %(example)s")
_PUBLIC = _("Paste a public address. This order needs: %(expected)s, such as %(example)s")

INPUT_WORDS: dict[str, tuple[str, str]] = {
    "field_missing": (_("This field is needed."), _("Fill it in and send again.")),
    "field_unknown": (_("There is no field of this name here."), _("Leave it out; the API page lists the fields.")),
    "field_invalid": (_("This value does not fit here."), _("Correct it and send again.")),
    "text_too_long": (_("The text is longer than %(maximum)s characters."), _("Shorten it and send again.")),
    "text_forbidden_characters": (
        _("The text has invisible or control characters."),
        _("Type it instead of pasting it."),
    ),
    "amount_malformed": (_("This is not an amount of Credits."), _("Use digits and a point, such as 12.50.")),
    "amount_too_precise": (_("A Credit has %(digits)s decimals at most."), _("Shorten the decimals and send again.")),
    "amount_out_of_range": (
        _("The amount must be above zero and at most %(maximum)s Credits."),
        _("Choose another amount."),
    ),
    "count_malformed": (_("This is not a whole number."), _("Use the digits 0 to 9 only, such as 25.")),
    "cursor_invalid": (_("This page address is not valid."), _("Start again from the first page.")),
    "file_kind": (
        _("Files of this kind are not accepted."),
        _("Send an image, video, PDF, office document, text or ZIP file."),
    ),
    "file_too_many": (
        _("You have sent %(maximum)s files that no order has taken yet."),
        _("Order with the files that you have sent; those that no order takes are removed after a day."),
    ),
    "link_missing": (
        _("A link is needed here."),
        _("Paste the link. This order needs: %(expected)s, such as %(example)s"),
    ),
    "link_too_long": (_("The link is longer than %(maximum)s characters."), _AGAIN),
    "link_control_character": (_("The link has control characters in it."), _AGAIN),
    "link_hidden_character": (
        _("The link has invisible characters in it, so it may lead elsewhere than it looks."),
        _AGAIN,
    ),
    "link_wide_character": (
        _("The link has letters or digits of another width or script: '%(character)s'."),
        _("Type it with ordinary letters and the digits 0 to 9. This order needs: %(expected)s, such as %(example)s"),
    ),
    "link_unsafe_character": (_("The character %(character)s can't be part of a link."), _AGAIN),
    "link_lookalike": (
        _("'%(host)s' only looks like a known site."),
        _(
            "Open the page in its own app or site and copy the link there."
            " This order needs: %(expected)s, such as %(example)s"
        ),
    ),
    "link_several": (
        _("There are %(count)s links here."),
        _("Paste one link; order once for each. This order needs: %(expected)s, such as %(example)s"),
    ),
    "link_not_a_link": (_("This is not a link."), _AGAIN),
    "link_email": (_("This is a mail address, not a link."), _AGAIN),
    "link_scheme": (
        _("Links that begin with '%(scheme)s:' can't be used."),
        _("Use a link that begins with https://. This order needs: %(expected)s, such as %(example)s"),
    ),
    "link_backslash": (_("The link has a backslash in it."), _AGAIN),
    "link_credentials": (
        _("The link has a user name or password in it."),
        _("Never share a password in a link. This order needs: %(expected)s, such as %(example)s"),
    ),
    "link_port": (_("The link names the port %(port)s."), _PUBLIC),
    "link_malformed": (_("The link is broken; no browser could open it."), _AGAIN),
    "link_loopback": (_("The link leads to the computer that opens it, not to a site."), _PUBLIC),
    "link_private_address": (_("The link leads into a private network that only you can reach."), _PUBLIC),
    "link_metadata_address": (_("The link leads to the inside of a data centre, not to a site."), _PUBLIC),
    "link_ip_address": (_("The link names a number instead of a site."), _PUBLIC),
    "link_platform_page": (
        _("This is a page of %(platform)s, but nothing that an order could be about."),
        _("Open what the order is about and copy the link there. This order needs: %(expected)s, such as %(example)s"),
    ),
    "link_private_page": (
        _("This page can only be seen when you are signed in there."),
        _("Copy the link that your own customers see. This order needs: %(expected)s, such as %(example)s"),
    ),
    "link_ads_account_hidden": (
        _("The number of the %(platform)s account can't be read from this address."),
        _("Copy the account's number from the top of the advertising page and paste that, such as %(example)s"),
    ),
    "link_ads_account_number": (
        _("This is not the number of a %(platform)s ad account."),
        _("Copy the account's number from the top of the advertising page and paste that, such as %(example)s"),
    ),
    "link_number_alone": (_("This is only a number."), _AGAIN),
    "link_wrong_platform": (
        _("This is a link of another platform: %(found)s."),
        _("This order needs: %(expected)s, such as %(example)s"),
    ),
    "link_wrong_kind": (
        _("This link leads to something else than the order is about: %(found)s."),
        _("This order needs: %(expected)s, such as %(example)s"),
    ),
    "quantity_too_small": (
        _("At least %(minimum)s are needed; this is %(quantity)s."),
        _("Order %(minimum)s or more. Nothing was charged."),
    ),
    "quantity_too_large": (
        _("At most %(maximum)s at once; this is %(quantity)s."),
        _("Order %(maximum)s or fewer, and the rest in a second order. Nothing was charged."),
    ),
    "quantity_step": (
        _("The quantity goes in steps of %(step)s; %(quantity)s is between two."),
        _("Order %(below)s or %(above)s. Nothing was charged."),
    ),
    "quantity_fixed": (
        _("This is a package of exactly one."),
        _("Leave the quantity out, or order the package once more."),
    ),
    "quantity_unlike": (
        _("The quantity is %(quantity)s, but %(counted)s were given."),
        _("Leave the quantity out; it is counted for you."),
    ),
    "interval_out_of_range": (
        _("The time between two runs must be from %(minimum)s to %(maximum)s minutes."),
        _("Choose another time. Nothing was charged."),
    ),
    "span_too_long": (
        _("With this time between runs the last one would be in %(days)s days."),
        _("Choose fewer runs or less time between them, so that all end within %(maximum)s days."),
    ),
    "brief_or_file_needed": (
        _("There is nothing to work with yet: no link, file or description."),
        _("Upload files, paste a link, or describe what you need in a few words. Nothing was charged."),
    ),
    "price_too_large": (
        _("One order may cost %(maximum)s Credits at most."),
        _("Order less at once. Nothing was charged."),
    ),
    "catalogue_code_twice": (
        _("This code is already on line %(line)s."),
        _("Give every service its own code. Nothing was imported."),
    ),
    "catalogue_one_of": (
        _("'%(value)s' is not known here."),
        _("Use one of: %(allowed)s. Nothing was imported."),
    ),
    "catalogue_size": (
        _("The file must have from 1 to %(maximum)s lines below its header."),
        _("Split it. Nothing was imported."),
    ),
    "deposit_range": (
        _("A deposit is from %(minimum)s to %(maximum)s Credits."),
        _("Choose an amount in this range. Nothing was charged."),
    ),
    "money_malformed": (
        _("This is not an amount of dong."),
        _("Use digits only, such as 2500000. Nothing was credited."),
    ),
}
"""Sentence and next step by code; all of them answer with HTTP status 422."""
