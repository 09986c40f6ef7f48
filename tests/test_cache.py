import os
import subprocess
import sys
from pathlib import Path

CODE = "import reimagine.render.raster_kernels, warp; print(warp.config.kernel_cache_dir)"


def started(**places: str) -> subprocess.CompletedProcess[str]:
    """Warp started where the home folder can neither be written nor made."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"HOME": "/dev/null/nobody", **places}
    command = [sys.executable, "-c", CODE]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_kernels_go_beside_our_cache_where_the_home_folder_cannot_be_written(tmp_path: Path):
    ran = started(REIMAGINE_CACHE=str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert Path(ran.stdout.strip()).is_relative_to(tmp_path / "warp")
    assert started(REIMAGINE_CACHE=str(tmp_path)).returncode == 0


def test_where_nothing_can_be_written_the_line_names_the_variable():
    ran = started()
    assert ran.returncode == 1
    assert "InputError: " in ran.stderr
    assert "Set REIMAGINE_CACHE to one that can." in ran.stderr
