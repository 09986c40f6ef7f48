"""The page of benchmarks is made of what is stored."""

from pathlib import Path

import pytest
from benchmarks.results import Result, read, store, write
from benchmarks.write_docs import comparable, plot, written

ROOT = Path(__file__).resolve().parents[1]


def result(commit: str, *cells: str) -> Result:
    """A table of one column beside the names."""
    rows = [[name, cell] for name, cell in zip("abcdef", cells, strict=False)]
    return Result(commit=commit, date="2026-12-01", machine="m", columns=["who", "psnr"], rows=rows)


def test_the_page_is_what_the_command_writes():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")

    assert written(page) == page, "run python -m benchmarks.write_docs"


def test_a_block_shows_the_newest_result_and_prose_stays(tmp_path: Path):
    write("t", [result("old", "1 dB"), result("new", "2 dB")], tmp_path)

    page = written("Before\n<!-- results: t -->\nstale\n<!-- end -->\nAfter", tmp_path)

    assert page.startswith(
        "Before\n<!-- results: t -->\n| who | psnr |\n| --- | --- |\n| a | 2 dB |\n"
    )
    assert "Commit new" in page
    assert "images/t.svg" in page
    assert "stale" not in page
    assert page.endswith("<!-- end -->\nAfter")


def test_means_are_taken_of_cells_with_one_unit_alone():
    assert result("c", "1 dB, 0.5", "3 dB, 0.7").means() == pytest.approx(
        {"psnr (1)": 2.0, "psnr (2)": 0.6}
    )
    assert result("c", "1,024", "**0**").means() == {"psnr": 512.0}
    assert result("c", "1 dB", "3 s").means() == {}


def test_results_of_other_rows_are_not_compared():
    one, more = result("old", "1"), result("new", "1", "2")

    assert comparable([one, more]) == [more]


def test_a_plot_names_each_commit_and_value():
    drawn = plot([result("c0ffee", "1"), result("decade", "3")])

    assert "c0ffee: 1" in drawn
    assert "decade: 3" in drawn


def test_measuring_a_commit_again_replaces_its_result(tmp_path: Path):
    store("t", ["who", "psnr"], [["a", "1"]], tmp_path)
    store("t", ["who", "psnr"], [["a", "2"]], tmp_path)

    (only,) = read("t", tmp_path)
    assert only.rows == [["a", "2"]]
