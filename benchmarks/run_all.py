"""All benchmarks, one after the other: python -m benchmarks.run_all."""

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run every benchmark of this folder as a program."""
    here = Path(__file__).resolve().parent
    for path in sorted(here.glob("*.py")):
        if path.stem in ("__init__", "run_all", "same_pixels"):
            continue
        print(f"== {path.stem}", flush=True)
        sys.argv = [str(path)]
        runpy.run_path(str(path), run_name="__main__")


if __name__ == "__main__":
    main()
