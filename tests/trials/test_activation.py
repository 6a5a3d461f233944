"""A running service sees a new version of the policy whole or not at all, however long its activation takes."""

import secrets

from smmatic.policy.document import SHIPPED_FILE
from tests.databases import Addresses
from tests.trials.crowd import Crowd, Job

READERS = ["a", "b", "c"]
MODULE = "tests.trials.policy_readers"


def raced(crowd: Crowd, ground: Addresses, folder, *, half: bool) -> tuple[str, list[dict[str, list[str]]]]:
    """Activates a version while services read; its name, and what each service saw."""
    version = f"r-{secrets.token_hex(4)}"
    text = SHIPPED_FILE.read_text(encoding="utf-8").replace('version = "1.0"', f'version = "{version}"', 1)
    jobs = [Job(f"{MODULE}:read", {"folder": str(folder), "name": name, "version": version}) for name in READERS]
    jobs.append(
        Job(
            f"{MODULE}:activate",
            {"folder": str(folder), "readers": READERS, "text": text, "owner": ground.owner if half else ""},
        )
    )
    done = crowd.run(jobs, ground.app)
    assert [one.trouble for one in done] == [""] * len(jobs)
    assert done[-1].result is True, "all of them read while the version was half written"
    return version, [one.result for one in done[:-1]]


def test_services_see_the_old_version_or_the_new_one_and_nothing_between(crowd: Crowd, ground: Addresses, tmp_path):
    version, seen = raced(crowd, ground, tmp_path, half=False)
    assert [one["trouble"] for one in seen] == [[]] * len(READERS)
    assert [one["seen"] for one in seen] == [sorted(["1.0", version])] * len(READERS)


def test_control_a_version_committed_before_its_table_is_seen_half(crowd: Crowd, ground: Addresses, tmp_path):
    _version, seen = raced(crowd, ground, tmp_path, half=True)
    assert all(one["trouble"] for one in seen), "the trial would not notice a half-activated version"
    assert "The stored table has format None" in seen[0]["trouble"][0]
