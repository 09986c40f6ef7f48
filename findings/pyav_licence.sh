#!/usr/bin/env bash
# PyAV's wheel reports its FFmpeg as "LGPL version 3 or later", and its metadata says BSD-3-Clause.
# Expected: FFmpeg built with the GPL libraries x264 and x265 reports the GPL (FFmpeg's LICENSE.md; configure asks for --enable-gpl).
# Seen: the wheel bundles libx264 and libx265 and FFmpeg is linked to them, without --enable-gpl.
# So a tool that reads licences from metadata misses the GPL part of a bundle.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0
"$scratch/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import metadata
from pathlib import Path

import av
from av._core import library_meta

codec = library_meta["libavcodec"]
options = codec["configuration"].split()
bundled = sorted(p.name for p in Path(av.__file__).parents[1].glob("av.libs/libx26*"))
print("av", av.__version__, "| package licence:", metadata("av")["License-Expression"])
print("libavcodec", codec["version"], "| reported licence:", codec["license"])
print("configured with:", [o for o in options if "gpl" in o or "x26" in o])
print("bundled:", bundled)
same = (
    codec["license"].startswith("LGPL")
    and "--enable-gpl" not in options
    and {"--enable-libx264", "--enable-libx265"} <= set(options)
    and len(bundled) == 2
)
print("as described" if same else "changed")
sys.exit(not same)
PYTHON
