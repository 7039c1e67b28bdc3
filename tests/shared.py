"""Real clips and weights that may lie beside the project; tests that need them say so."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

needs_shared = pytest.mark.skipif(
    not (SHARED / "data").is_dir(), reason="no real clips beside the project (../shared/data)"
)
