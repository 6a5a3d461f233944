"""The sandbox's table of behaviours."""

from __future__ import annotations

import pytest

from smmatic.fulfilment.sandbox.scripts import BY_DIGITS, BY_NAME, SCRIPTS, Script, pick, progress, reported


def test_digits_and_names_are_unique() -> None:
    assert len(BY_DIGITS) == len(BY_NAME) == len(SCRIPTS)
    assert all(len(script.digits) == 2 for script in SCRIPTS)


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("123-456-7830", "error_after_40"),
        ("act_1234567801", "refuse_account"),
        ("https://www.tiktok.com/@shop/video/7301234567890123433", "partial_then_stop"),
        ("https://www.tiktok.com/@shop/video/7301234567890123433/", "partial_then_stop"),
        ("123-456-783-0", "error_after_40"),
        ("https://example.com/shop", "deliver_all"),
        ("https://example.com/page1a", "deliver_all"),
        ("12345699", "deliver_all"),
        ("", "deliver_all"),
        ("https://example.com/sandbox-script-stall-half", "stall_half"),
        ("https://example.com/?q=sandbox-script=stall_half&x=01", "stall_half"),
        ("https://www.facebook.com/sandbox_script_refuse_account", "refuse_account"),
        ("https://example.com/sandbox-script-nonsense/01", "refuse_account"),
    ],
)
def test_pick(link: str, name: str) -> None:
    assert pick(link).name == name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.name))
def test_the_truth_never_falls_and_never_passes_the_order(script: Script) -> None:
    quantity = 137
    seen = [progress(script, quantity, step / 40) for step in range(60)]
    counts = [one.delivered for one in seen]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == quantity * script.permille // 1000
    assert seen[-1].ended == (script.ends.value != "never")
    for step, one in enumerate(seen):
        assert "status" in reported(script, quantity, one, step / 40)
