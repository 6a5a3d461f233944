"""kill -9 between sending and recording, and between reading the mailbox and marking it.

At most one mail of an event reaches the server, none is lost silently: what is not known stands as uncertain. Every mail
that came in is there once. Each with a planted bug that the same check finds.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from smmatic.kernel.database import fetch_all
from smmatic.notices import sweep
from smmatic.notices.steps import write_mail
from smmatic.support import intake_actions, mailbox
from smmatic.support.intake_actions import sort_due
from tests import databases
from tests.builders import new_key
from tests.databases import Addresses
from tests.mail.servers import SUPPORT, MailServers, mail_servers
from tests.mail.writing import letter
from tests.trials.conftest import pointed_at

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
MAILS = int(os.environ.get("TRIALS_MAILS", "40"))

SENDS = """
import django; django.setup()
from smmatic.notices import sweep
{bug}
while True:
    sweep.send_due(500)
    import time; time.sleep(0.02)
"""
SENDS_AND_ENDS = """
import django; django.setup()
from tests.trials.crashing import plant
plant("{point}", "{when}")
from smmatic.notices import sweep
sweep.send_due(500)
"""
TAKES_IN = """
import django; django.setup()
from tests.trials.crashing import plant
{bug}
plant("{point}", "{when}")
from smmatic.support.mailbox import poll
from smmatic.support.intake_actions import sort_due
poll(); sort_due()
"""
MARKS_FIRST = """
from smmatic.support import mailbox
real = mailbox._raw
def _raw(server, uid):
    found = real(server, uid)
    server.flag(uid, mailbox.MailMessageFlags.SEEN, True)
    return found
mailbox._raw = _raw
"""
SENDS_AGAIN = """
from smmatic.notices.models import Mail
real = sweep.send_due
def send_due(limit):
    Mail.objects.filter(state="sending").update(state="prepared")
    return real(limit)
sweep.send_due = send_due
"""


@pytest.fixture
def ground(worker_id: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[Addresses]:
    """A database of these tests' own: what they leave unsent is nobody else's."""
    with (
        databases.cloned(f"smmatic_killed_{worker_id}") as addresses,
        pointed_at(addresses),
        django_db_blocker.unblock(),
    ):
        yield addresses


@pytest.fixture
def servers(ground: Addresses, tmp_path: Path, settings: Any) -> Iterator[MailServers]:
    """Both servers, and this process pointed at them."""
    with mail_servers(tmp_path) as made:
        made.point(settings)
        yield made


def start(ground: Addresses, servers: MailServers, code: str, **more: str) -> subprocess.Popen[bytes]:
    """A process that does this."""
    environment = ground.environment() | servers.environment() | {"DJANGO_SETTINGS_MODULE": "smmatic.settings"} | more
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


def prepared(count: int) -> list[str]:
    """So many mails of events that wait to be sent, by their event."""
    keys = [f"order:k{new_key()}" for _ in range(count)]
    for key in keys:
        write_mail(to="somebody@example.test", subject=key, text="Text", event_key=key)
    return keys


def reached(servers: MailServers) -> Counter[str]:
    """How often the mail of each event reached the server."""
    return Counter(str(message_from_bytes(raw)["Subject"]) for raw in servers.taken)


def states(keys: list[str]) -> dict[str, str]:
    """What the mail log says of each event."""
    rows = fetch_all("SELECT event_key, state FROM notices_mail WHERE event_key = ANY (%s)", [keys])
    return {row["event_key"]: row["state"] for row in rows}


def problems(servers: MailServers, keys: list[str]) -> list[str]:
    """Events whose mail reached the server twice, or did not and nobody would know."""
    found, log = reached(servers), states(keys)
    return [f"{key} reached the server {found[key]} times" for key in keys if found[key] > 1] + [
        f"{key} is lost: {log.get(key)}"
        for key in keys
        if not found[key] and log.get(key) not in ("uncertain", "failed")
    ]


def storm(ground: Addresses, servers: MailServers, keys: list[str], bug: str = "") -> int:
    """Kills one sender after the other until nothing is prepared; how many kills hit one that had begun."""
    draw, kills = random.Random(20261128), 0
    for _round in range(60):
        before = len(servers.taken)
        one = start(ground, servers, SENDS.format(bug=bug))
        while len(servers.taken) == before and "prepared" in states(keys).values() and one.poll() is None:
            time.sleep(0.005)
        time.sleep(draw.random() * 0.05)
        one.send_signal(signal.SIGKILL)
        one.wait()
        kills += len(servers.taken) > before
        if "prepared" not in states(keys).values() and (not bug or kills > 3):
            break
        if kills > 12:
            while sweep.send_due(500):
                pass
            break
    return kills


def settle(settings: Any) -> None:
    """What a dead process left is looked at, as a worker does after SMMATIC_MAIL_STUCK_SECONDS."""
    settings.SMMATIC_MAIL_STUCK_SECONDS = 0.001
    while sweep.send_due(500):
        pass


@pytest.mark.parametrize(("when", "arrives"), [("before", 0), ("after", 1)])
def test_a_sender_that_dies_around_the_handing_over_leaves_an_uncertain_mail(
    ground: Addresses, servers: MailServers, settings: Any, when: str, arrives: int
) -> None:
    keys = prepared(1)
    one = start(ground, servers, SENDS_AND_ENDS.format(point="smmatic.notices.sweep:deliver", when=when))
    assert one.wait(60) == 9
    assert states(keys) == {keys[0]: "sending"}
    settle(settings)
    assert states(keys) == {keys[0]: "uncertain"}
    assert reached(servers)[keys[0]] == arrives
    assert problems(servers, keys) == []


def test_senders_killed_again_and_again_send_no_mail_twice_and_lose_none(
    ground: Addresses, servers: MailServers, settings: Any
) -> None:
    keys = prepared(MAILS)
    kills = storm(ground, servers, keys)
    settle(settings)
    assert kills >= 2
    assert problems(servers, keys) == []
    assert set(states(keys).values()) <= {"sent", "uncertain"}


def test_the_check_finds_a_sender_that_begins_again_with_what_was_handed_over(
    ground: Addresses, servers: MailServers, settings: Any
) -> None:
    keys = prepared(2)
    one = start(ground, servers, SENDS_AND_ENDS.format(point="smmatic.notices.sweep:deliver", when="after"))
    one.wait(60)
    again = start(ground, servers, SENDS.format(bug=SENDS_AGAIN))
    while len(servers.taken) < 3 and again.poll() is None:
        time.sleep(0.02)
    again.kill()
    again.wait()
    assert any("2 times" in one for one in problems(servers, keys))


@pytest.mark.parametrize(
    "point",
    [
        "smmatic.support.mailbox:receive",
        "smmatic.support.intake_actions:_write",
        "smmatic.support.intake_actions:_keep_row",
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_mail_is_there_once_wherever_the_intake_was_killed(
    ground: Addresses, servers: MailServers, monkeypatch: pytest.MonkeyPatch, point: str, when: str
) -> None:
    monkeypatch.setattr(intake_actions, "RETRY_AFTER", intake_actions.timedelta(0))
    mark = new_key()
    for number in range(3):
        servers.send(letter("somebody@example.test", f"{mark} {number}"), SUPPORT, "somebody@example.test")
    one = start(ground, servers, TAKES_IN.format(bug="", point=point, when=when))
    assert one.wait(60) == 9
    assert missing(mark, 3) == []


def missing(mark: str, count: int) -> list[str]:
    """Which of the mails of this mark are not there exactly once, after the work that a dead process left is done."""
    fetch_all("UPDATE support_mailbox SET lease_until = NULL RETURNING id")  # as after its two minutes
    while mailbox.poll():
        pass
    sort_due(1000)
    rows = fetch_all("SELECT body FROM support_message WHERE body LIKE %s", [f"{mark}%"])
    found = Counter(row["body"] for row in rows)
    wanted = [f"{mark} {number}" for number in range(count)]
    return [f"{body} is there {found[body]} times" for body in wanted if found[body] != 1] + [
        f"{body} was never sent" for body in found if body not in wanted
    ]


def test_marking_before_recording_loses_a_mail_and_the_same_check_notices(
    ground: Addresses, servers: MailServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: an intake that notes how far it has read before it keeps what it read, killed between."""
    monkeypatch.setattr(intake_actions, "RETRY_AFTER", intake_actions.timedelta(0))
    mark = new_key()
    for number in range(3):
        servers.send(letter("somebody@example.test", f"{mark} {number}"), SUPPORT, "somebody@example.test")
    one = start(
        ground, servers, TAKES_IN.format(bug=MARKS_FIRST, point="smmatic.support.mailbox:receive", when="before")
    )
    assert one.wait(60) == 9
    lost = missing(mark, 3)
    assert len(lost) == 1, lost
    assert lost[0].endswith(" is there 0 times")
