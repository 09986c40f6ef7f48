"""Shared by all tests: shapes are checked at run time, and real inputs are used where they are."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real photos, motions and cameras; skips the test where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real inputs (../shared/data) are not here")
    return folder
