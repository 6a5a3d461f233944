"""What staff hand over: units, files, links, a note, and the proof that it was done. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from smmatic.catalogue.addresses import clean, read_address
from smmatic.catalogue.kinds import UnreadableLink
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text

MAX_NOTE = 4000
MAX_LINKS = 20


@dataclass(frozen=True, slots=True)
class Handover:
    """What is handed over at once. `files` and `proof_files` are ids of files that the person has kept.

    The customer sees all of it, the proof included.
    """

    note: str = ""
    links: tuple[str, ...] = ()
    files: tuple[int, ...] = ()
    proof: str = ""
    proof_files: tuple[int, ...] = ()

    @property
    def something(self) -> bool:
        """Whether there is anything that the customer can look at."""
        return bool(self.note or self.links or self.files)

    @property
    def proven(self) -> bool:
        """Whether there is a proof."""
        return bool(self.proof or self.proof_files)


def checked_handover(
    note: object = "",
    links: object = "",
    files: Sequence[int] = (),
    proof: object = "",
    proof_files: Sequence[int] = (),
) -> Handover:
    """A handover from what was typed; `links` one a line.

    Raises:
        Refusal: `text_*`, `deliverable_link`, `deliverable_too_many`, with the field that has to change.
    """
    return Handover(
        clean_text(note, "note", MAX_NOTE),
        _links(links),
        tuple(sorted(set(files))),
        clean_text(proof, "proof", MAX_NOTE),
        tuple(sorted(set(proof_files))),
    )


def _links(typed: object) -> tuple[str, ...]:
    lines = [line.strip() for line in clean_text(typed, "links", 2000 * MAX_LINKS).split("\n")]
    found = list(dict.fromkeys(_link(line) for line in lines if line))
    if len(found) > MAX_LINKS:
        raise Refusal(RefusalCode.DELIVERABLE_TOO_MANY, "links", maximum=MAX_LINKS)
    return tuple(found)


def _link(line: str) -> str:
    """The address as typed, with its scheme; what could lead a customer elsewhere than it says is refused."""
    try:
        whole = clean(line)
        if " " in whole:
            raise UnreadableLink(RefusalCode.LINK_NOT_A_LINK)
        address = read_address(whole)
    except UnreadableLink as refused:
        raise Refusal(RefusalCode.DELIVERABLE_LINK, "links", link=line[:80]) from refused
    return whole if whole.lower().startswith(("http://", "https://")) else f"{address.scheme}://{whole.lstrip('/')}"
