"""The address that a person can open, made from where the web server listens."""

import pytest

from smmatic.ops.probe import address


@pytest.mark.parametrize(
    ("bind", "shown"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:80", "http://127.0.0.1:80"),
        ("unix:/run/smmatic/web.sock", "unix:/run/smmatic/web.sock"),
    ],
)
def test_a_socket_is_no_address_for_a_browser(bind, shown):
    assert address(bind) == shown
