"""Calls to providers side by side, in threads that never touch the database, with what each took and how it went.

The caller's thread takes the right to call for a block at a time (`claim`), and gets the answers that have come in a
block at a time too (`finish`), so that both are one transaction for many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Generic, TypeVar

from smmatic.fulfilment.protocol import NotReached, Unknown, UnknownWhy
from smmatic.kernel.clock import elapsed

T = TypeVar("T")
Call = Callable[[], Any]
GATHER = 0.05
"""Seconds for which answers are gathered before they are recorded, where more calls are out."""


@dataclass(frozen=True, slots=True)
class Made:
    """One call that was made: whether it failed, and how many milliseconds it took."""

    failed: bool
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """What was asked for, what came back, and how."""

    about: T
    answer: Any
    made: Made


@dataclass
class Calls:
    """Up to `concurrency` calls at once; starts none after `stop` or that might outlive `ends` (see `elapsed`)."""

    concurrency: int
    stop: Event
    ends: float = 0.0
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="call")

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def run(
        self,
        work: Sequence[T],
        *,
        longest: float,
        claim: Callable[[Sequence[T]], Sequence[tuple[T, Call]]],
        finish: Callable[[Sequence[Answered[T]]], None],
    ) -> None:
        """Makes a call for each piece of work that `claim` gives one for, and hands the answers to `finish`.

        `longest`: seconds that one call may take. What is not begun is left to the caller.
        """
        waiting = list(work)
        going: dict[Future[Any], T] = {}
        while waiting or going:
            free = self.concurrency - len(going)
            if self.stop.is_set() or self.ends - elapsed() < longest * 1.1:
                waiting = []
            elif waiting and (not going or free * 2 >= self.concurrency):
                block, waiting = waiting[:free], waiting[free:]
                for one, call in claim(block):
                    going[self._pool.submit(_timed, call)] = one
            if going:
                finish([_answered(going.pop(future), future) for future in _some(going, bool(waiting))])


def _some(going: Mapping[Future[Any], Any], more: bool) -> Iterator[Future[Any]]:
    """The calls that have ended, once one has: a few more are waited for, so that they are recorded together."""
    until = elapsed() + GATHER
    done, out = wait(going, return_when=FIRST_COMPLETED)
    while out and elapsed() < until and not (more and len(done) * 2 >= len(going)):
        newly, out = wait(out, timeout=max(0.0, until - elapsed()), return_when=FIRST_COMPLETED)
        done |= newly
    yield from done


def _timed(call: Call) -> tuple[Any, int]:
    start = elapsed()
    answer = call()
    return answer, int((elapsed() - start) * 1000)


def _answered(one: T, future: Future[Any]) -> Answered[T]:
    error = future.exception()
    if error is not None:
        # An adapter lets nothing out; one that does is broken, and its call may have had an effect.
        answer: Any = Unknown(UnknownWhy.UNEXPECTED, f"{type(error).__name__}: {error}"[:500])
        return Answered(one, answer, Made(True, 0))
    answer, milliseconds = future.result()
    return Answered(one, answer, Made(failed(answer), milliseconds))


def failed(answer: Any) -> bool:
    """Whether an answer speaks against the health of whoever gave it. What it does not offer is no failure."""
    if isinstance(answer, Mapping):
        return bool(answer) and all(failed(one) for one in answer.values())
    if isinstance(answer, Unknown):
        return answer.why != UnknownWhy.NOT_OFFERED
    return isinstance(answer, NotReached)
