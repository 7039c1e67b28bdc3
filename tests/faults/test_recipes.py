"""A thousand malformed recipes: each with an error of the house's form."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from mertk.cli import main
from mertk.draft import parse, shipped
from tests.faults.messages import well_formed
from tests.faults.mutating import mutant, spoiled

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1200)]

REFUSED = 1000


def test_a_thousand_malformed_recipes_are_each_told_in_the_houses_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chance, counts = random.Random(0), Counter[str]()
    texts = {name: path.read_bytes() for name, path in sorted(shipped().items())}
    wholes = {name: parse(text.decode(), name) for name, text in texts.items()}
    path = tmp_path / "mutant.yaml"
    while counts["refused"] < REFUSED:
        name = chance.choice(list(texts))
        if structural := chance.random() < 0.7:
            path.write_text(json.dumps(mutant(wholes[name], chance)), encoding="utf-8")
        else:
            path.write_bytes(spoiled(texts[name], chance))
        verb = ["check"] if structural or chance.random() < 0.9 else ["run", "--dry-run"]
        status = main([*verb, str(path)])
        err = capsys.readouterr().err
        assert status in (0, 2), (path.read_text("utf-8", "replace"), err)
        if status:
            well_formed(err)
            counts["refused"] += 1
            counts["structure" if structural else "text"] += 1
        else:
            counts["taken"] += 1
    print(f"\nrecipes: {dict(counts)}")
