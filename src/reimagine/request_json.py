"""Requests as JSON: `--request file.json`, and request.json of a run folder. Imports neither torch nor numpy."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from reimagine.errors import InputError
from reimagine.foreign import MOST_TEXT_BYTES, reading
from reimagine.old_requests import converted
from reimagine.trust import TRUST

T = TypeVar("T")
_HOW_IT_IS_COMPUTED = ("weights", "vram", "quantize", "batch", "compile", "attention", "plan")
"""Entries of an image model's settings that may change while a run is continued."""


def read_request_file(kind: type[T], path: str | Path) -> T:
    """The request in a JSON file; what it leaves out has its default.

    Raises:
        InputError: for a file that is absent, no JSON, or holds a name or value that the request has not.
    """
    with reading(path, "a request", most_bytes=MOST_TEXT_BYTES):
        content = _content(path)
        if isinstance(content, dict):
            content = converted(cast("dict[str, Any]", content))
            content.pop("command", None)
        return from_json(kind, content, str(path))


def _content(path: str | Path) -> Any:  # noqa: ANN401
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no request file {path}; check --request.") from None
    except IsADirectoryError:
        raise InputError(
            f"--request {path} is a folder; expected a JSON file. A run's is {path}/request.json."
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"--request {path} is no JSON from line {error.lineno}, column {error.colno} on ({error.msg}); "
            "expected an object. Repair it there."
        ) from None
    except ValueError:
        raise InputError(f"--request {path} is no text; expected a JSON file.") from None
    except OSError as error:
        raise InputError(
            f"--request {path} cannot be read ({error.strerror}); expected a JSON file. Check its rights."
        ) from None


def to_json(request: Any) -> dict[str, Any]:  # noqa: ANN401
    """The request without the folder that it goes to and how it is computed: what decides the result."""
    content = asdict(request)
    content.pop("out", None)
    content.pop(TRUST, None)
    if "image_model" in content:
        # A run that found no memory is continued with another --vram.
        content["image_model"] = {
            name: value
            for name, value in content["image_model"].items()
            if name not in _HOW_IT_IS_COMPUTED
        }
    return content


def from_json(kind: type[T], content: Any, where: str) -> T:  # noqa: ANN401
    """A request, or a part of one, from JSON's objects.

    Raises:
        InputError: naming the file and the entry that does not fit.
    """
    if not isinstance(content, Mapping):
        raise InputError(
            f"{where} holds {_named(content)}; expected an object with names and values."
        )
    hints = get_type_hints(kind)
    known = [field.name for field in fields(cast("Any", kind)) if field.name != TRUST]
    values: dict[str, Any] = {}
    for name, value in cast("Mapping[str, Any]", content).items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It may have {', '.join(known)}."
            raise InputError(f"{where} has an entry {name!r} that means nothing here. {hint}")
        values[name] = _checked(value, hints[name], f"{where}: {name}")
    missing = [f.name for f in fields(cast("Any", kind)) if _is_needed(f) and f.name not in values]
    if missing:
        raise InputError(f"{where} lacks {missing[0]!r}; expected it among {', '.join(known)}.")
    return kind(**values)


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _checked(value: Any, hint: Any, where: str) -> Any:  # noqa: ANN401
    if get_origin(hint) is tuple:
        kind = get_args(hint)[0]
        if not isinstance(value, list):
            raise InputError(f"{where} is {_named(value)}; expected a list.")
        items = cast("list[Any]", value)
        return tuple(_checked(one, kind, f"{where}, number {k + 1}") for k, one in enumerate(items))
    if is_dataclass(hint):
        return from_json(cast("type[Any]", hint), value, where)
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if float in kinds and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if any(type(value) is kind for kind in kinds):
        return value
    wanted = " or ".join("nothing" if kind is type(None) else _WORDS[kind] for kind in kinds)
    raise InputError(f"{where} is {_named(value)}; expected {wanted}.")


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _named(value: Any) -> str:  # noqa: ANN401
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
