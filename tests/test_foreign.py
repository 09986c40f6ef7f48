import json
import os
from pathlib import Path

import pytest

from reimagine.errors import InputError
from reimagine.foreign import reading, reads


@pytest.mark.parametrize(
    "fault",
    [
        KeyError("poses"),
        OverflowError("int too large"),
        RecursionError("too deep"),
        MemoryError(),
        TypeError("two\nlines"),
        EOFError(),
        json.JSONDecodeError("no JSON", "{", 1),
    ],
)
def test_what_goes_wrong_while_reading_is_one_line_that_names_the_file(fault: Exception):
    with pytest.raises(InputError, match=r"^a/walk\.npz .*; expected a motion\. ") as caught:  # noqa: SIM117
        with reading("a/walk.npz", "a motion"):
            raise fault
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is fault


@pytest.mark.parametrize(
    "fault",
    [
        InputError("said well"),
        AssertionError("ours"),
        NameError("ours"),
        PermissionError(13, "theirs", __file__),
    ],
)
def test_what_is_said_well_or_is_our_own_fault_passes(fault: Exception):
    with pytest.raises(type(fault)) as caught, reading("walk.npz", "a motion"):
        raise fault
    assert caught.value is fault


def test_a_reader_behind_the_gate_is_the_same_function_otherwise(tmp_path: Path):
    @reads("a number", most_bytes=8)
    def read(path: Path, base: int = 10) -> int:
        """A number."""
        return int(path.read_text(), base)

    path = tmp_path / "number"
    path.write_text("ff")
    assert read(path, base=16) == 255
    assert read.__doc__ == "A number."
    with pytest.raises(InputError, match="number cannot be read"):
        read(path)
    os.truncate(path, 1 << 20)
    with pytest.raises(InputError, match="is over 0 MB; expected a number of less"):
        read(path, base=16)
