"""What the fault tests share: one run that nobody disturbs."""

from pathlib import Path

import pytest

from tests.faults.undisturbed import Undisturbed


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    place: Path = tmp_path_factory.mktemp("undisturbed") / "place"
    place.mkdir()
    found = Undisturbed(place)
    ended = found.conduct()
    assert ended.status == 0, ended.err
    return found
