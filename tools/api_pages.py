"""A hook for mkdocs: one page of API reference for each folder of src/reimagine, made from its docstrings.

Pages follow the folders, so that nothing is to be kept in step when modules come and go.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

SOURCE = Path("src/reimagine")


def pages(source: Path) -> dict[str, list[str]]:
    """Dotted names of all modules by the page they stand on: the first folder's, or `reimagine` for those on top."""
    found: dict[str, list[str]] = {}
    for path in sorted(source.rglob("*.py")):
        inside = path.relative_to(source)
        if path.name in ("__init__.py", "__main__.py"):
            continue
        page = inside.parts[0] if len(inside.parts) > 1 else source.name
        found.setdefault(page, []).append(".".join((source.name, *inside.with_suffix("").parts)))
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of the reference beside those that are written by hand."""
    for page, modules in pages(SOURCE).items():
        title = page if page == SOURCE.name else f"{SOURCE.name}.{page}"
        text = "\n\n".join([f"# {title}", *(f"::: {module}" for module in modules)])
        files.append(File.generated(config, f"api/{page}.md", content=text))
    return files
