"""Threads that each do a piece of work alone, instead of several that share every small step of it.

Torch and OpenCV split each operation over all cores. On operations of a few milliseconds, handing out and waiting costs
more than it saves, and where others use the machine too, what waits burns processor time. Frames are better shared out
whole: then a library needs but one thread in each.
"""

import os
from collections.abc import Callable, Generator, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, Thread


def wait_asleep(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let the libraries' idle threads sleep rather than spin; what the user has set stays. Call it before torch is imported."""
    environment.setdefault("OMP_WAIT_POLICY", "passive")


_lock = Lock()
_open = 0
"""How many `workers()` there are at this moment."""
_allowed: tuple[int, int] = (1, 1)
"""Threads of torch and of OpenCV before the first of them."""


@contextmanager
def workers(count: int | None = None) -> Generator[ThreadPoolExecutor]:
    """Threads in which torch and OpenCV use no further ones; as many as torch has been allowed, unless told.

    Within the context no other operation of torch or OpenCV is split either. Results do not depend on it. Contexts may
    overlap, in several threads too: the last to end gives the libraries their threads back.
    """
    allowed = _limit()
    try:
        with ThreadPoolExecutor(count or allowed) as pool:
            yield pool
    finally:
        _lift()


def _limit() -> int:
    """Keep the libraries to one thread; gives how many torch had been allowed."""
    import cv2
    import torch

    global _open, _allowed  # noqa: PLW0603 - the settings are the process's, so their count must be too
    with _lock:
        if _open == 0:
            _allowed = torch.get_num_threads(), cv2.getNumThreads()
            cv2.setNumThreads(1)
        torch.set_num_threads(1)
        _open += 1
        return _allowed[0]


def _lift() -> None:
    import cv2
    import torch

    global _open  # noqa: PLW0603 - as above
    with _lock:
        _open -= 1
        torch.set_num_threads(_allowed[0])
        if _open == 0:
            cv2.setNumThreads(_allowed[1])
            return
        # Torch's number is each thread's own, and new threads begin with what was set last: others need one there still.
        others = Thread(target=torch.set_num_threads, args=(1,))
        others.start()
        others.join()


@contextmanager
def one_behind() -> Generator[Callable[[Callable[[], None]], None]]:
    """Does what it is given in another thread, in order, and lets one piece wait: writing need not hold up painting."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        pending: list[Future[None]] = []

        def later(task: Callable[[], None]) -> None:
            if pending:
                pending.pop().result()
            pending.append(worker.submit(task))

        yield later
        if pending:
            pending.pop().result()
