import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reimagine.errors import InputError
from reimagine.runs import RunFolder, differences, frame_name, open_run, read_request

ASKED: dict[str, Any] = {
    "command": "generate",
    "clip": {"frames": 48, "view": {"turns": 1.0}},
    "seed": 0,
}


def refusal(path: Path, request: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught, open_run(path, request):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_folder_says_what_was_asked(tmp_path: Path):
    with open_run(tmp_path / "a" / "b", ASKED):
        pass
    assert read_request(tmp_path / "a" / "b") == ASKED


def test_the_same_request_continues(tmp_path: Path):
    with open_run(tmp_path, ASKED) as run:
        run.write("frames/000000.png", b"picture")
    with open_run(tmp_path, ASKED) as run:
        assert run.has(frame_name("frames", 0))
        assert not run.has(frame_name("frames", 1))


def test_another_request_is_refused_with_the_differences(tmp_path: Path):
    with open_run(tmp_path, ASKED):
        pass
    other = {**ASKED, "clip": {"frames": 24, "view": {"turns": 1.0, "radius_m": 3.0}}}
    text = refusal(tmp_path, other)
    assert "frames was 48, now 24" in text
    assert "radius_m was not given, now 3.0" in text
    assert "--turns" not in text


def test_equal_requests_do_not_differ():
    assert differences(ASKED, {**ASKED, "overlay": None}) == []


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "holiday.jpg").write_bytes(b"precious")
    assert "holiday.jpg" in refusal(tmp_path, ASKED)
    assert (tmp_path / "holiday.jpg").read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_damaged_request_is_refused(tmp_path: Path):
    (tmp_path / "request.json").write_text("{")
    assert "no run folder" in refusal(tmp_path, ASKED)


def test_a_second_process_is_refused(tmp_path: Path):
    code = (
        "import sys; from reimagine.runs import open_run\n"
        "with open_run(sys.argv[1], {}): print('in', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "in\n"
        assert "worked in by another process" in refusal(tmp_path, {})
        first.kill()
    with open_run(tmp_path, {}):
        pass  # a killed process holds nothing


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path):
    with open_run(tmp_path, ASKED) as run:
        with run.file("video.mp4") as unfinished:
            unfinished.write_bytes(b"half")
            assert not run.has("video.mp4")
        assert (tmp_path / "video.mp4").read_bytes() == b"half"


def test_a_file_whose_making_fails_leaves_the_old_one_and_no_rest(tmp_path: Path):
    with open_run(tmp_path, ASKED) as run:
        run.write("sheet.png", b"old")

        def fail() -> None:
            with run.file("sheet.png") as unfinished:
                unfinished.write_bytes(b"new")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
    assert (tmp_path / "sheet.png").read_bytes() == b"old"
    assert not list(tmp_path.rglob("*unfinished*"))


def test_what_a_killed_process_left_unfinished_is_swept_up(tmp_path: Path):
    with open_run(tmp_path, ASKED):
        pass
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "000003.png.unfinished").write_bytes(b"ha")
    with open_run(tmp_path, ASKED) as run:
        assert not list((run.path / "frames").iterdir())


def test_a_folder_that_a_killed_process_left_unfinished_is_swept_up_too(tmp_path: Path):
    with open_run(tmp_path, ASKED):
        pass
    left = tmp_path / "controlnet.unfinished"
    left.mkdir()
    (left / "model.bin.unfinished").write_bytes(b"ha")
    with open_run(tmp_path, ASKED):
        assert not list(tmp_path.rglob("*unfinished*"))


def test_a_full_disk_is_one_line_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with open_run(tmp_path, ASKED) as run:
        run.write("frames/000000.png", b"first")
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="the disk is full") as caught:
            run.write("frames/000001.png", b"second")
    assert "\n" not in str(caught.value)
    assert [p.name for p in (tmp_path / "frames").iterdir()] == ["000000.png"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in refusal(tmp_path / "file" / "run", ASKED)


@pytest.mark.parametrize("fault", [InputError("no such photo"), RuntimeError("our bug")])
def test_what_stopped_the_work_is_in_the_log(tmp_path: Path, fault: Exception):
    with pytest.raises(type(fault)), open_run(tmp_path, ASKED):
        raise fault
    log = (tmp_path / "log.txt").read_text()
    assert str(fault) in log
    assert ("Traceback" in log) == (type(fault) is RuntimeError)


def test_an_interruption_is_in_the_log(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), open_run(tmp_path, ASKED):
        raise KeyboardInterrupt
    assert "stopped by Ctrl-C" in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        RuntimeError("std::bad_alloc"),
        ImportError("libx.so: failed to map segment from shared object"),
    ],
    ids=str,
)
def test_memory_that_ran_out_is_one_line_in_the_log_too(tmp_path: Path, error: Exception):
    with pytest.raises(InputError, match=r"memory ran out.*smaller size"), open_run(tmp_path, {}):
        raise error
    assert len((tmp_path / "log.txt").read_text().splitlines()) == 1


def test_an_unwritable_log_is_one_line(tmp_path: Path):
    (tmp_path / "log.txt").mkdir()
    with pytest.raises(InputError, match=r"log\.txt cannot be written"):
        RunFolder(path=tmp_path).log("hello")


def test_a_request_that_nothing_came_of_binds_nobody(tmp_path: Path):
    with pytest.raises(InputError), open_run(tmp_path, {"command": "generate", "front": "a"}):
        raise InputError("There is no picture a.")
    other = {"command": "generate", "front": "b"}
    with open_run(tmp_path, other):
        assert read_request(tmp_path) == other


def test_a_run_of_another_command_is_named_and_many_differences_are_not(tmp_path: Path):
    first = {"command": "generate", **{f"flag{k}": k for k in range(9)}}
    with open_run(tmp_path, first) as run:
        run.write("frames/000000.png", b"made")
    with pytest.raises(InputError, match="a run of generate, not of normals"):
        open_run(tmp_path, {"command": "normals"}).__enter__()
    changed = {"command": "generate", **{f"flag{k}": -1 for k in range(9)}}
    with pytest.raises(InputError, match=r"flag0 was 0, now -1; .* and 5 more\. Give another"):
        open_run(tmp_path, changed).__enter__()


@pytest.mark.parametrize(
    "name", ["log.txt", "lock", "request.json", "report.html", "frames", "frames.unfinished"]
)
def test_nothing_is_written_through_a_link_in_the_folder(tmp_path: Path, name: str):
    precious = tmp_path / "precious"
    (precious / "frames").mkdir(parents=True)
    (precious / "file").write_text("kept")
    with open_run(tmp_path / "run", ASKED):
        pass
    link = tmp_path / "run" / name
    link.unlink(missing_ok=True)
    link.symlink_to(precious / ("frames" if name == "frames" else "file"))
    assert f"{name} is a symbolic link" in refusal(tmp_path / "run", ASKED)
    with pytest.raises(InputError, match="is a symbolic link"):
        read_request(tmp_path / "run")
    run = RunFolder(path=tmp_path / "run")
    with pytest.raises(InputError, match="is a symbolic link"):
        run.log("hello") if name == "log.txt" else run.write(
            name.removesuffix(".unfinished"), "new"
        )
    assert (precious / "file").read_text() == "kept"
    assert not list((precious / "frames").iterdir())


def test_names_cannot_imitate_lines_of_the_log(tmp_path: Path):
    forged = "2026-01-01 00:00:00 done"
    run = RunFolder(path=tmp_path)
    run.log(f"photo a\n{forged}\x1b[2J\udcff")
    run.log_fault(RuntimeError(f"b\n{forged}"))
    text = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert f"photo a\\n{forged}\\x1b[2J\\udcff\n" in text
    assert not any(line.startswith(forged) for line in text.splitlines())
    assert len(text.splitlines()) > 2
    assert "RuntimeError" in text


def test_texts_with_names_that_are_no_utf8_are_written(tmp_path: Path):
    RunFolder(path=tmp_path).write("scores.md", "run \udcff")
    assert (tmp_path / "scores.md").read_text() == "run \\udcff"
