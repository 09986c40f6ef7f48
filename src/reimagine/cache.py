"""Where things are kept that can be made again."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Where this user's system keeps what can be made again; $REIMAGINE_CACHE overrides it."""
    if own := os.environ.get("REIMAGINE_CACHE"):
        return Path(own)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "reimagine"
