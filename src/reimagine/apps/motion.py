"""`reimagine motion`: what a motion file holds, and the same motion in another format."""

from difflib import get_close_matches

from reimagine.errors import InputError, one_line

_HELP = """usage: reimagine motion inspect FILE [--bone-map MAP.json]
       reimagine motion convert FILE OUT [--bone-map MAP.json]

inspect   prints what was understood: format, frames, rate, hands, shape, what had to be guessed, and which bone of
          the file each joint follows
convert   writes OUT: .npz (ours), stageii.npz (AMASS, any name that ends so), or .bvh

FILE is AMASS SMPL-H or SMPL-X .npz, SMPL-X parameters .npz (MVHumanNet++), MVHumanNet or EasyMocap JSON,
GVHMR .pt, an LHM JSON folder, BVH, our own .npz, or a built-in motion:
walk, run, wave, turn, squat, dance, apose.

--bone-map MAP.json   {"left_hip": "LeftUpLeg"}: which bone of a skeleton a joint follows, where its name does not say;
                      null takes a joint out"""


def main(arguments: list[str]) -> int:
    """Run `reimagine motion`; gives the exit code."""
    arguments, bone_map = _bone_map(arguments)
    match arguments:
        case [] | ["--help" | "-h", *_] | ["inspect" | "convert", "--help" | "-h", *_]:
            print(_HELP)
        case ["inspect", path]:
            _inspect(path, bone_map)
        case ["convert", path, out]:
            _convert(path, out, bone_map)
        case ["inspect" | "convert" as command, *rest]:
            files = "FILE" if command == "inspect" else "FILE OUT"
            raise InputError(
                f"motion {command} got {len(rest)} names; expected reimagine motion {command} {files}."
            )
        case _:
            near = get_close_matches(arguments[0], ("inspect", "convert"), n=1)
            hint = f"Did you mean {near[0]}?" if near else "See reimagine motion --help."
            raise InputError(
                f"motion {arguments[0]!r} is unknown; expected motion inspect or motion convert. {hint}"
            )
    return 0


def _bone_map(arguments: list[str]) -> tuple[list[str], str | None]:
    """The other arguments, and the file that --bone-map names."""
    if "--bone-map" not in arguments:
        return arguments, None
    at = arguments.index("--bone-map")
    if at + 1 == len(arguments):
        raise InputError("--bone-map came without a file; expected --bone-map MAP.json.")
    return arguments[:at] + arguments[at + 2 :], arguments[at + 1]


def _inspect(path: str, bone_map: str | None) -> None:
    from reimagine.body.motion import describe
    from reimagine.scene import find_whole_motion

    for line in describe(find_whole_motion(path, bone_map)).splitlines():
        print(one_line(line))


def _convert(path: str, out: str, bone_map: str | None) -> None:
    from reimagine.body.write import write_motion
    from reimagine.scene import find_whole_motion

    motion = find_whole_motion(path, bone_map)
    write_motion(motion, out)
    print(one_line(f"{len(motion.poses)} frames at {motion.fps:g} per second are in {out}"))
