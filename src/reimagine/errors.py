"""The one error that tells users what is wrong with their input, how each door names what they gave, and what stops work."""

import re
from collections.abc import Callable

_FIELD = re.compile(r"`([a-z_][a-z0-9_.]*)`")
"""A field of a request within an error's text: `size`, or with its group, `refinement.steps`."""
_NO_MEMORY = re.compile(
    r"can't allocate memory|cannot allocate memory|not enough memory|insufficient memory|bad_alloc"
    r"|failed to map segment|CUDA out of memory",
    re.IGNORECASE,
)
"""How torch, OpenCV, safetensors and the system's loader say that there is none left; none has an error of its own for it."""


class InputError(ValueError):
    """The user's input cannot be used. Its text is one line: what was got, what was expected, how to mend it.

    Fields of the request stand in backticks in it: "`size` is 5x5; expected ... Give `size` 512x832." As a string it
    comes without the backticks; each door names the fields in its own way with `worded`.
    """

    def __str__(self) -> str:
        return self.worded(lambda field: field)

    def worded(self, word: Callable[[str], str]) -> str:
        """The text with each field as `word` has it, such as --size for size; on one line, whatever names are in it."""
        return one_line(" ".join(worded(super().__str__(), word).split()))


def worded(text: str, word: Callable[[str], str] = lambda field: field) -> str:
    """A text for users, such as a note, with each `field` of the request as `word` has it."""
    return _FIELD.sub(lambda field: word(field[1]), text)


def one_line(text: str) -> str:
    """The text with escapes for whatever a terminal or a log must not get: line breaks, control signs, broken UTF-8."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")
        for sign in text
    )


class Terminated(BaseException):
    """The system asked the program to end (SIGTERM): nothing's fault, and nothing that may be caught and gone on from."""


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether this is some library's way to say that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, Exception) and _NO_MEMORY.search(str(error)) is not None
