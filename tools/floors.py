"""Print pip constraints that hold every dependency at the lowest version that pyproject.toml allows.

`make floors` installs with them, so that a lower bound which no longer works is noticed.
"""

import re
import tomllib
from pathlib import Path


def floors(pyproject: str) -> list[str]:
    """One `name==version` for each dependency; ValueError where one has no lower bound."""
    lines: list[str] = []
    for requirement in tomllib.loads(pyproject)["project"]["dependencies"]:
        match = re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement)
        if match is None:
            raise ValueError(f"{requirement} has no plain lower bound; write it as name>=version")
        lines.append(f"{match[1]}=={match[2]}")
    return lines


if __name__ == "__main__":
    print("\n".join(floors(Path("pyproject.toml").read_text(encoding="utf-8"))))
