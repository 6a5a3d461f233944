"""The extra fields of the sign-up form."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from smmatic.accounts.models import User


class SignupForm(forms.Form):
    """Asks for a name; the language is the one that the page is shown in."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth with the user that it has just made."""
        user.name = self.cleaned_data["name"]
        user.language = (get_language() or "en")[:2]
        user.save(update_fields=["name", "language"])
