"""`smmatic provider`: who delivers, and what is on sale that nobody delivers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from smmatic.fulfilment.models import Provider
from smmatic.fulfilment.queries import provider_by_code, unserved_services
from smmatic.ops.doctor import Level, _providers
from smmatic.ops.provider import main
from tests.builders import new_key
from tests.web.desk.builders import browser, words

pytestmark = pytest.mark.django_db
ADD = ("--url", "https://api.example.test/", "--key", "very-secret")


@pytest.fixture(autouse=True)
def alone(db: None) -> Iterator[None]:
    Provider.objects.update(active=False)
    yield
    Provider.objects.update(active=False)


def test_a_provider_is_added_listed_changed_and_switched_off(capsys: pytest.CaptureFixture[str]) -> None:
    code = f"p-{new_key()[:8]}"
    everything = unserved_services()
    assert "TT-ADS" in everything
    assert main(["add", code, *ADD, "--services", "tt-ads"]) == 0
    added = provider_by_code(code)
    assert added is not None
    assert (added.base_url, added.services, added.active) == ("https://api.example.test", ("TT-ADS",), True)
    assert unserved_services() == [service for service in everything if service != "TT-ADS"]
    assert main(["add", code, *ADD]) == 0
    assert unserved_services() == []
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert code in shown
    assert "very-secret" not in shown
    assert main(["off", code]) == 0
    assert f"{len(everything)} services on sale have no provider" in capsys.readouterr().out
    assert unserved_services() == everything


def test_wrong_usage_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = Provider.objects.count()
    assert main(["off", "never-heard-of"]) == 1
    assert main(["add", "p", *ADD, "--timeout", "30", "--settles-after", "10"]) == 1
    wrong = (
        ["add", "p", "--url", "ftp://x", "--key", "k"],
        ["add", "p", *ADD, "--services", "ANY-PHOTO"],
        ["add", "p", *ADD, "--services", "NO-SUCH"],
        [],
    )
    for argv in wrong:
        with pytest.raises(SystemExit) as caught:
            main(argv)
        assert caught.value.code == 2
    assert Provider.objects.count() == before
    assert "smmatic provider:" in capsys.readouterr().err


def test_doctor_and_desk_name_what_nobody_delivers() -> None:
    agent = browser()
    (warned,) = _providers()
    assert warned.level == Level.WARN
    assert "TT-ADS" in warned.says
    assert f"{len(unserved_services())} services on sale have no provider" in words(agent.get("/desk/"))
    assert main(["add", f"p-{new_key()[:8]}", *ADD]) == 0
    (fine,) = _providers()
    assert fine.level == Level.OK
    assert "have no provider" not in words(agent.get("/desk/"))
