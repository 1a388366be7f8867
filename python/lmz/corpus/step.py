"""What the loop over a corpus hands to Ray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .manifest import Record
from .plan import Job, Settings


@dataclass(eq=False)
class Step:
    """A task: `call(settings, *arguments)`, for `jobs`.

    Of what it returns, `then` makes the records of files that are done, and further steps. With
    `results` above 1 it is given the first result, and references to the others.
    """

    jobs: list[Job]
    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    then: Callable[[Any], list[Record | Step]]
    cpus: int = 1
    results: int = 1
    #: Whether it comes before others that wait.
    urgent: bool = False
    #: Steps of one try at a file: when one of them has failed, there is no use in the others.
    attempt: object = None


def whole(
    jobs: list[Job],
    width: int,
    do_all: Callable[[Settings, list[Job], int], list[Record]],
) -> Step:
    """Files that one task does, from beginning to end."""
    return Step(jobs, do_all, (jobs, width), list, width)
