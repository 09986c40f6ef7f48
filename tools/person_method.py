"""Which files decide a person, and what they said when `METHOD` was last looked at.

Usage: python -m tools.person_method

Run it after a change to these files, once you have raised METHOD in src/reimagine/appearance/method.py, or have seen that the same
photos still make the same person (python -m benchmarks.same_pixels). A test compares the note with the files.
"""

import ast
import hashlib
import json
from pathlib import Path

from reimagine.appearance.method import METHOD

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src/reimagine"
NOTE = ROOT / "tests/appearance/method.json"
_STARTS = ("appearance.build", "appearance.store")
_DECIDE_NOTHING = {"errors", "foreign", "inside", "plugins", "progress", "settings", "workers"}
"""Modules that say what is refused and told, not how a person looks."""


def digests() -> dict[str, str]:
    """Digest of the code of every module that making a person imports; comments and docstrings do not count."""
    found: dict[str, str] = {}
    todo = [*_STARTS]
    while todo:
        module = todo.pop()
        path = _path(module)
        if path is None or module in found or module in _DECIDE_NOTHING:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reimagine"):
                origin = (node.module or "").removeprefix("reimagine").removeprefix(".")
                todo += [origin, *(f"{origin}.{name.name}".strip(".") for name in node.names)]
        found[module] = hashlib.sha256(ast.dump(_without_words(tree)).encode()).hexdigest()[:16]
    return dict(sorted(found.items()))


def changed(note: Path = NOTE) -> list[str]:
    """Modules that differ from the note, where METHOD is the noted one."""
    held = json.loads(note.read_text(encoding="utf-8"))
    now = digests()
    if held["method"] != METHOD:
        return ["METHOD"]
    names = {*held["modules"], *now}
    return sorted(name for name in names if held["modules"].get(name) != now.get(name))


def _path(module: str) -> Path | None:
    place = SOURCES / module.replace(".", "/")
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if module and path.is_file():
            return path
    return None


def _without_words(tree: ast.Module) -> ast.Module:
    """The code without bare strings, which is what docstrings are."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_words(one)]  # pyright: ignore[reportAttributeAccessIssue]
    return tree


def _is_words(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


if __name__ == "__main__":
    NOTE.write_text(json.dumps({"method": METHOD, "modules": digests()}, indent=1) + "\n")
    print(f"METHOD {METHOD} stands for {len(digests())} modules; noted in {NOTE.relative_to(ROOT)}")
