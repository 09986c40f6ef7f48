"""A motion of any skeleton, as BVH, glTF and others have it: where its joints are and how they have turned."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """The joints of a file in every frame, in the file's own world and unit."""

    names: tuple[str, ...]
    """As the file spells them; parents before children."""
    parents: tuple[int, ...]
    """Each joint's parent; -1 where there is none."""
    rest: Float[np.ndarray, "joints 3"]
    """Where the joints are while nothing has turned: not always a pose that a person could take."""
    tips: Float[np.ndarray, "joints 3"]
    """Where the bone of a joint without children ends in that pose; NaN where the file does not say."""
    turns: tuple[Rotation, ...]
    """One a joint, each with all frames: the world rotation since the rest pose."""
    places: Float[np.ndarray, "frames joints 3"]
    fps: float

    def __len__(self) -> int:
        return len(self.places)

    def at(self, frames: Int[np.ndarray, " chosen"]) -> "Skeleton":
        """The same skeleton in some of its frames."""
        turns = tuple(Rotation.from_quat(turn.as_quat()[frames]) for turn in self.turns)
        return replace(self, turns=turns, places=self.places[frames])

    def resting(self) -> "Skeleton":
        """One frame in which nothing has turned."""
        still = Rotation.identity(1)
        return replace(self, turns=(still,) * len(self.names), places=self.rest[None])

    def tip(self, joint: int) -> Float[np.ndarray, "frames 3"]:
        """From a joint to where its bone ends; NaN where the file does not say."""
        return self.turns[joint].apply(self.tips[joint] - self.rest[joint])

    def between(self, start: int, end: int) -> Float[np.ndarray, "frames 3"]:
        """From one joint to another."""
        return self.places[:, end] - self.places[:, start]


def unit(vectors: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """Directions; what has no length stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 1e-9, length, np.inf)


def onto(ours: tuple[np.ndarray, np.ndarray], theirs: tuple[np.ndarray, np.ndarray]) -> Rotation:
    """The rotation that takes our first direction onto theirs, and our second as near to theirs as it can."""
    return Rotation.from_matrix(_frame(*theirs) @ _frame(*ours).T)


def _frame(
    first: Float[np.ndarray, "3"], second: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "3 3"]:
    first = unit(first)
    second = unit(second - (second @ first) * first)
    return np.stack([first, second, np.cross(first, second)], axis=1)
