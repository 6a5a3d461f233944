"""A browser session for a person, and what one reads on a page."""

import re

import pytest
from django.contrib.auth import get_user_model

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def sign_in(client):
    """Signs a person in; gives the client."""

    def signed_in(who):
        client.force_login(get_user_model().objects.get(id=who.id), backend=BACKEND)
        return client

    return signed_in


@pytest.fixture
def words():
    """The words of the main part of an answer, as a person reads them."""

    def read(response):
        body = response.content.decode()
        main = body.split("<main", 1)[1].split("</main>", 1)[0] if "<main" in body else body
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).replace("&#x27;", "'")

    return read
