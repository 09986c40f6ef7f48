import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import cv2
import pytest
import torch

from reimagine.workers import one_behind, wait_asleep, workers


def test_libraries_use_one_thread_within_and_as_many_as_before_afterwards():
    before = torch.get_num_threads(), cv2.getNumThreads()
    with workers(2) as pool:
        inside = list(pool.map(lambda _: (torch.get_num_threads(), cv2.getNumThreads()), range(8)))
    assert set(inside) == {(1, 1)}
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before


def test_contexts_that_overlap_in_two_threads_give_the_threads_back_when_both_have_ended():
    before = torch.get_num_threads(), cv2.getNumThreads()
    first_in, second_in, first_out = Event(), Event(), Event()

    def first():
        with workers(1):
            first_in.set()
            second_in.wait(10)
        first_out.set()
        return torch.get_num_threads()

    def second():
        first_in.wait(10)
        with workers(1) as pool:
            second_in.set()
            first_out.wait(10)
            return pool.submit(lambda: (torch.get_num_threads(), cv2.getNumThreads())).result()

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.submit(first), threads.submit(second)
        assert one.result() == before[0]
        assert other.result() == (1, 1)
    assert cv2.getNumThreads() == before[1]
    assert torch.get_num_threads() == before[0]
    with ThreadPoolExecutor(1) as fresh:
        assert fresh.submit(torch.get_num_threads).result() == before[0]


def test_libraries_get_their_threads_back_when_the_work_fails():
    before = torch.get_num_threads(), cv2.getNumThreads()
    with pytest.raises(RuntimeError, match="lost"), workers(1) as pool:
        pool.submit(_fail).result()
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before


def test_idle_threads_sleep_unless_the_user_wants_otherwise():
    theirs = {"OMP_WAIT_POLICY": "active"}
    wait_asleep(theirs)
    assert theirs == {"OMP_WAIT_POLICY": "active"}
    ours: dict[str, str] = {}
    wait_asleep(ours)
    assert ours == {"OMP_WAIT_POLICY": "passive"}


def test_importing_the_library_asks_for_sleep_before_torch_is_there():
    code = "import os, sys, reimagine; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    printed = subprocess.check_output([sys.executable, "-c", code], text=True, env=environment)
    assert printed.splitlines()[-1] == "passive False"


def _fail() -> None:
    raise RuntimeError("lost")


def test_what_is_done_behind_is_done_in_order_and_one_piece_waits_at_most():
    done: list[int] = []
    with one_behind() as later:
        for piece in range(5):
            later(partial(done.append, piece))
            assert len(done) >= piece - 1
    assert done == [0, 1, 2, 3, 4]


def test_what_fails_behind_is_raised():
    with pytest.raises(RuntimeError, match="lost"), one_behind() as later:
        later(_fail)
