"""The extra fields of the sign-up form."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from smmatic.accounts.models import User
from smmatic.kernel.refusals import Refusal
from smmatic.kernel.texts import clean_line


class SignupForm(forms.Form):
    """Asks for a name; the language is the one that the page is shown in."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1"]

    def clean_name(self) -> str:
        """The name, by the same rule as everywhere.

        Raises:
            ValidationError: with the sentence of the refusal.
        """
        try:
            return clean_line(self.cleaned_data["name"], "name", 120)
        except Refusal as refusal:
            raise forms.ValidationError(f"{refusal.sentence} {refusal.next_step}") from refusal

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth with the user that it has just made."""
        user.name = self.cleaned_data["name"]
        user.language = (get_language() or "en")[:2]
        user.save(update_fields=["name", "language"])
