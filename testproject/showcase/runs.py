"""
What became of the streams that were started, for the page to ask.

Kept in this process: a server of several processes may not know of a run.
"""

import threading
import uuid
from collections import OrderedDict
from types import TracebackType
from typing import Literal, TypeAlias

State: TypeAlias = Literal["waiting", "open", "finished", "closed"]

LIMIT = 100
"""Runs that are remembered; the oldest one is forgotten first."""


class Run:
    """
    One source, entered when it starts and left when it ends.

    It ends ``finished`` when it had nothing more to yield, and ``closed`` when
    it was ended where it stood.
    """

    def __init__(self) -> None:
        self.key = uuid.uuid4()
        self.state: State = "waiting"
        remember(self)

    @property
    def headers(self) -> dict[str, str]:
        """
        The key, for the page that reads the stream.
        """
        return {"X-Run": str(self.key)}

    def __enter__(self) -> None:
        """
        Note that the source has started.
        """
        self.state = "open"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """
        Note how the source ended; what it raised goes on.
        """
        self.state = "closed" if kind else "finished"


RUNS: OrderedDict[uuid.UUID, Run] = OrderedDict()

_lock = threading.Lock()


def remember(run: Run) -> None:
    """
    Keep ``run`` among the newest.
    """
    with _lock:
        RUNS[run.key] = run
        while len(RUNS) > LIMIT:
            RUNS.popitem(last=False)
