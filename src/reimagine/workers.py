"""Threads that each do a piece of work alone, instead of several that share every small step of it.

Torch and OpenCV split each operation over all cores. On operations of a few milliseconds, handing out and waiting costs
more than it saves, and where others use the machine too, what waits burns processor time. Frames are better shared out
whole: then a library needs but one thread in each.
"""

import os
from collections.abc import Callable, Generator, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager


def wait_asleep(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let the libraries' idle threads sleep rather than spin; what the user has set stays. Call it before torch is imported."""
    environment.setdefault("OMP_WAIT_POLICY", "passive")


@contextmanager
def workers(count: int | None = None) -> Generator[ThreadPoolExecutor]:
    """Threads in which torch and OpenCV use no further ones; as many as torch has been allowed, unless told.

    Within the context no other operation of torch or OpenCV is split either. Results do not depend on it.
    """
    import cv2
    import torch

    torch_threads, cv_threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        with ThreadPoolExecutor(count or torch_threads) as pool:
            yield pool
    finally:
        torch.set_num_threads(torch_threads)
        cv2.setNumThreads(cv_threads)


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
