"""Videos of a person with exact control of pose and viewpoint.

The names below are the Python API; each is imported when it is first used, so that `import reimagine` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reimagine.workers import wait_asleep

if TYPE_CHECKING:
    from reimagine.errors import InputError as InputError
    from reimagine.pipeline import Result as Result
    from reimagine.pipeline import generate as generate
    from reimagine.pipeline import make_normals as make_normals
    from reimagine.pipeline import make_person as make_person
    from reimagine.pipeline import refine_run as refine_run
    from reimagine.progress import Progress as Progress
    from reimagine.request import Clip as Clip
    from reimagine.request import NormalsRequest as NormalsRequest
    from reimagine.request import PersonRequest as PersonRequest
    from reimagine.request import RefineRequest as RefineRequest
    from reimagine.request import Request as Request
    from reimagine.settings import ImageModel as ImageModel
    from reimagine.settings import Photos as Photos
    from reimagine.settings import Refinement as Refinement
    from reimagine.settings import Shape as Shape
    from reimagine.settings import View as View

# Here, as torch reads it when it is first imported.
wait_asleep()

__version__ = "0.1.0"

_PLACES = {
    **dict.fromkeys(
        ("Clip", "NormalsRequest", "PersonRequest", "RefineRequest", "Request"),
        "reimagine.request",
    ),
    **dict.fromkeys(("ImageModel", "Photos", "Refinement", "Shape", "View"), "reimagine.settings"),
    "InputError": "reimagine.errors",
    **dict.fromkeys(
        ("Result", "generate", "make_normals", "make_person", "refine_run"), "reimagine.pipeline"
    ),
    "Progress": "reimagine.progress",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _PLACES:
        raise AttributeError(f"module 'reimagine' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
