from pathlib import Path

import pytest

from reimagine.errors import InputError
from reimagine.inside import check_links, inside


def test_a_name_stays_within_its_folder(tmp_path: Path):
    assert inside(tmp_path, "frames/000000.png") == tmp_path / "frames" / "000000.png"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "frames").symlink_to("elsewhere")
    for name in ("frames", "frames/000000.png", "../other"):
        with pytest.raises(InputError, match=r"(frames|\.\.) is a symbolic link") as caught:
            inside(tmp_path, name)
        assert "\n" not in str(caught.value)


def test_a_link_at_any_depth_is_found_and_named(tmp_path: Path):
    (tmp_path / "run" / "conditions").mkdir(parents=True)
    check_links(tmp_path / "run")
    (tmp_path / "run" / "conditions" / "masks").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"conditions/masks is a symbolic link"):
        check_links(tmp_path / "run")


def test_the_folder_itself_may_be_a_link(tmp_path: Path):
    (tmp_path / "large_disk").mkdir()
    (tmp_path / "run").symlink_to("large_disk")
    check_links(tmp_path / "run")
    assert inside(tmp_path / "run", "log.txt") == tmp_path / "run" / "log.txt"
