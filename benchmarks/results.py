"""Measured tables as JSON, one file a table, so that figures can be followed from commit to commit."""

import json
import os
import platform
import re
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A table as it was measured once."""

    commit: str
    """Short hash of what was measured."""
    date: str
    """Year-month-day."""
    machine: str
    columns: list[str]
    rows: list[list[str]]

    def means(self) -> dict[str, float]:
        """The mean over the rows of each number in a column's cells; only of columns whose cells differ in numbers alone."""
        found: dict[str, float] = {}
        for index, column in enumerate(self.columns[1:], 1):
            cells = [row[index].replace("*", "") for row in self.rows]
            if len({_NUMBER.sub("#", cell) for cell in cells}) > 1:
                continue
            numbers = [[float(n.replace(",", "")) for n in _NUMBER.findall(cell)] for cell in cells]
            for place, values in enumerate(zip(*numbers, strict=True), 1):
                name = column if len(numbers[0]) == 1 else f"{column} ({place})"
                found[name] = sum(values) / len(values)
        return found


def read(name: str, folder: Path = RESULTS) -> list[Result]:
    """All that was stored of a table, oldest first; FileNotFoundError where there is none."""
    stored = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return [Result(**entry) for entry in stored]


def write(name: str, results: list[Result], folder: Path = RESULTS) -> None:
    """Store all results of a table."""
    text = json.dumps([asdict(result) for result in results], indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def store(name: str, columns: list[str], rows: list[list[str]], folder: Path = RESULTS) -> None:
    """Add what was just measured; measuring one commit again replaces its result."""
    git = ("git", "-C", str(RESULTS), "rev-parse", "--short", "HEAD")
    result = Result(
        commit=subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip(),
        date=datetime.now(UTC).date().isoformat(),
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        columns=columns,
        rows=rows,
    )
    before = read(name, folder) if (folder / f"{name}.json").exists() else []
    write(name, [*(one for one in before if one.commit != result.commit), result], folder)
