"""The words of the refusals about the policy."""

from django.utils.translation import gettext_noop

from smmatic.kernel.refusal_words.words import Words

_ = gettext_noop

WORDS: dict[str, Words] = {
    "policy_unproven": Words(
        422, _("The policy file has %(count)s open problems and was not activated."), _("Correct them and check again.")
    ),
    "policy_version_taken": Words(
        409,
        _("Version %(version)s of the policy was activated before."),
        _("Give the file a new version and a date of its own, and check it again. The active policy is unchanged."),
    ),
}
