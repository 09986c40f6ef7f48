"""The command `reimagine`: flags in, exit code out. Torch is imported only when there is work to do."""

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Any

from reimagine.apps.wording import words_for
from reimagine.errors import InputError, Terminated, one_line, ran_out_of_memory
from reimagine.request import NormalsRequest, PersonRequest, RefineRequest, Request

DONE, OUR_FAULT, BAD_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143

_HELP = """usage: reimagine COMMAND [--help] ...

Videos of a person with exact control of pose and viewpoint, from two photos.

  reimagine generate --front front.jpg --back back.jpg --motion walk --camera orbit --out runs/first

commands:
  generate   a video of a person: photos, motion and camera in, video out
  normals    normal maps, masks, depth and cameras of a motion; no person needed
  person     a person made from photos once, to be used by generate --person
  refine     flicker removed from a run, a video or a folder of pictures
  score      steadiness, sharpness and control of a run: scores.json and report.html
  study      a page on which people compare two runs blind, and the tally of their answers
  motion     inspect or convert a motion file
  dataset    made people with every label known, for training and measuring
  train      a LoRA for the paper's image model, from pictures of your own
  backends   what is installed, what is missing and how to get it

Each command has its own --help. No photos at hand? Try --person alex.
The same command continues a run that was stopped. Exit codes: 0 done, 2 input that cannot be used,
130 stopped by Ctrl-C, 143 by SIGTERM, 1 our own fault (see log.txt in the run folder)."""

_WORK = {
    "generate": ("reimagine.apps.commands:generate", Request),
    "normals": ("reimagine.apps.commands:normals", NormalsRequest),
    "person": ("reimagine.apps.commands:person", PersonRequest),
    "refine": ("reimagine.apps.commands:refine", RefineRequest),
}
"""Commands that are one request: the function that does it, and the request's type."""
_OTHERS = {
    "score": "reimagine.apps.score:main",
    "study": "reimagine.apps.study:main",
    "motion": "reimagine.apps.motion:main",
    "train": "reimagine.apps.train:main",
    "dataset": "reimagine.apps.dataset:main",
    "backends": "reimagine.apps.backends:main",
}
"""Commands that read their own arguments."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Names of files need not be text in the terminal's encoding.
            stream.reconfigure(errors="backslashreplace")
    try:
        with _ended_by_sigterm():
            return _run(arguments)
    except InputError as error:
        kind = _WORK[arguments[0]][1] if arguments and arguments[0] in _WORK else None
        text = error.worded(words_for(kind, arguments))
        print(f"reimagine: {text}", file=sys.stderr)
        return BAD_INPUT
    except PermissionError as error:
        # Every file is the user's or lies where the user put it; readers need not each say so.
        print(
            f"reimagine: {one_line(str(error.filename))} may not be read or written ({error.strerror}); expected the right to do so. "
            "Check its permissions, and those of its folder.",
            file=sys.stderr,
        )
        return BAD_INPUT
    except (KeyboardInterrupt, Terminated) as stop:
        print("\nreimagine: stopped. Run the same command again to continue.", file=sys.stderr)
        return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
    except BrokenPipeError:
        return DONE
    except Exception as error:  # noqa: BLE001 - the last stop: say whose fault it is
        if ran_out_of_memory(error):
            print(
                "reimagine: memory ran out. Close other programs, or ask for less: smaller pictures, fewer frames.",
                file=sys.stderr,
            )
            return BAD_INPUT
        traceback.print_exc()
        print("reimagine: this is our own fault; please report the lines above.", file=sys.stderr)
        return OUR_FAULT


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        print(_HELP)
        return DONE
    if arguments[0] == "--version":
        print(f"reimagine {import_module('reimagine').__version__}")
        return DONE
    command, rest = arguments[0], arguments[1:]
    if command in _OTHERS:
        return _function(_OTHERS[command])(rest)
    if command in _WORK:
        place, kind = _WORK[command]
        request = import_module("reimagine.apps.flags").read_flags(kind, command, rest)
        return _function(place)(request)
    near = get_close_matches(command, [*_WORK, *_OTHERS], n=1)
    hint = f"Did you mean {near[0]}?" if near else "See reimagine --help."
    raise InputError(f"there is no command {command!r}. {hint}")


@contextmanager
def _ended_by_sigterm() -> Generator[None]:
    """SIGTERM raises `Terminated` meanwhile, so that runs log it and temporary files go."""
    # Only a process's main thread may set what a signal does.
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _function(place: str) -> Callable[[Any], int]:
    module, name = place.split(":")
    return getattr(import_module(module), name)
