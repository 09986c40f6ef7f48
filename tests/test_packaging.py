"""The package as users install it: the wheel works outside the checkout, and bounds are plain."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest
from tools.floors import floors

import reimagine

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    pip = (sys.executable, "-m", "pip", "wheel", *options)
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_says_that_it_is_typed_and_holds_the_licences(wheel: Path):
    names = ZipFile(wheel).namelist()

    assert "reimagine/py.typed" in names
    assert {Path(name).name for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert not [name for name in names if not name.startswith("reimagine")]


@pytest.mark.slow
@pytest.mark.timeout(180)  # three processes, each of which imports torch
def test_the_wheel_makes_a_video_outside_the_checkout(
    wheel: Path, plain_person: Path, tmp_path: Path
):
    site = tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index")
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True)
    env = {**os.environ, "PYTHONPATH": str(site)}

    def run(*words: str) -> str:
        made = subprocess.run(words, cwd=tmp_path, env=env, check=True, capture_output=True)
        return made.stdout.decode()

    where = run(sys.executable, "-c", "import reimagine; print(reimagine.__file__)")
    command = str(site / "bin" / "reimagine")
    shown = run(command, "--help")
    asked = "--frames 4 --size 128x208 --out run"
    run(command, "generate", "--person", str(plain_person), *asked.split())

    assert Path(where.strip()).is_relative_to(site)
    assert "generate" in shown
    assert (tmp_path / "run" / "video.mp4").stat().st_size > 0
    assert len(list((tmp_path / "run" / "refined").glob("*.png"))) == 4


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert project["version"] == reimagine.__version__
    assert f"version: {reimagine.__version__}\n" in citation
    assert f"## [{reimagine.__version__}] - " in changes


def test_installed_versions_are_not_below_the_floors():
    bounds = floors((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    numbers = {name: floor for name, _, floor in (bound.partition("==") for bound in bounds)}

    assert {"torch", "numpy", "av", "rich"} <= set(numbers)
    for name, floor in numbers.items():
        assert _parts(version(name)) >= _parts(floor)


def test_a_dependency_without_a_floor_is_refused():
    with pytest.raises(ValueError, match="torch has no plain lower bound"):
        floors('[project]\ndependencies = ["torch"]')


def _parts(number: str) -> list[int]:
    return [int(part) for part in number.partition("+")[0].split(".")]
