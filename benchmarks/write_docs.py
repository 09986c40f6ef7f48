"""Write the stored results into docs/benchmarks.md, and draw how figures went from commit to commit.

Prose is written by hand; a table stands between `<!-- results: NAME -->` and `<!-- end -->`. Where a table was measured at
more than one commit, the mean of each of its columns is drawn over them in docs/images/NAME.svg.
"""

import re
from html import escape
from pathlib import Path

from benchmarks.results import RESULTS, Result, read

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"<!-- results: ([\w-]+) -->\n.*?<!-- end -->", re.DOTALL)
_WIDTH, _HEIGHT, _LEFT = 820, 60, 300


def table(result: Result) -> str:
    """The result in Markdown, with where it was measured."""
    lines = [result.columns, ["---"] * len(result.columns), *result.rows]
    caption = f"Commit {result.commit}, {result.date}, {result.machine}."
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", caption])


def plot(results: list[Result]) -> str:
    """An SVG with one line a column: its mean over the rows, by commit. Each line has its own scale."""
    shown = list(results[-1].means())
    step = (_WIDTH - _LEFT - 90) / max(len(results) - 1, 1)
    parts: list[str] = []
    for row, column in enumerate(shown):
        values = [result.means()[column] for result in results]
        low, reach = min(values), max(values) - min(values) or 1.0
        top = _HEIGHT * row + 15
        points = [
            (_LEFT + step * k, top + 30 * (1 - (v - low) / reach)) for k, v in enumerate(values)
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<text x="8" y="{top + 20}">{escape(column)}</text>')
        parts.append(f'<polyline points="{line}" fill="none" stroke="#2a6fb0" stroke-width="2"/>')
        for (x, y), value, result in zip(points, values, results, strict=True):
            label = escape(f"{result.commit}: {value:.4g}")
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{label}</title></circle>')
        parts.append(f'<text x="{points[-1][0] + 8:.1f}" y="{top + 20}">{values[-1]:.4g}</text>')
    down = _HEIGHT * len(shown) + 15
    for k, result in ((0, results[0]), (len(results) - 1, results[-1])):
        parts.append(f'<text x="{_LEFT + step * k - 25:.1f}" y="{down}">{result.commit}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {down + 10}"'
    return "\n".join([f'{head} font-family="sans-serif" font-size="12">', *parts, "</svg>", ""])


def comparable(results: list[Result]) -> list[Result]:
    """The results whose rows and figures are the newest one's, so that means tell of the same things; none without figures."""
    names = [row[0] for row in results[-1].rows]
    figures = list(results[-1].means())
    return [
        one
        for one in results
        if figures and list(one.means()) == figures and [row[0] for row in one.rows] == names
    ]


def written(page: str, folder: Path = RESULTS) -> str:
    """The page with each block's newest result in it."""

    def block(match: re.Match[str]) -> str:
        results = read(match[1], folder)
        lines = [f"<!-- results: {match[1]} -->", table(results[-1])]
        if len(comparable(results)) > 1:
            lines.append(f"\n![Means of the columns over commits](images/{match[1]}.svg)")
        return "\n".join([*lines, "<!-- end -->"])

    return _BLOCK.sub(block, page)


def main() -> None:
    """Write page and plots."""
    path = DOCS / "benchmarks.md"
    page = path.read_text(encoding="utf-8")
    path.write_text(written(page), encoding="utf-8")
    for name in _BLOCK.findall(page):
        results = comparable(read(name))
        if len(results) > 1:
            (DOCS / "images" / f"{name}.svg").write_text(plot(results), encoding="utf-8")


if __name__ == "__main__":
    main()
