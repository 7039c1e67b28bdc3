"""list, show, check, schema and help: quick, complete, and silent about torch."""

import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
import yaml

from mertk.cli import main
from mertk.cli.sections import sections
from mertk.draft import parse, shipped
from mertk.hookspecs import KINDS
from mertk.registry import discover
from mertk.schema import recipe_schema

LIGHT = """
import sys
from mertk.cli import main
try:
    main({argv!r})
except SystemExit:
    pass
heavy = {{"torch", "numpy", "rich", "pydantic", "transformers"}} & set(sys.modules)
print("HEAVY", sorted(heavy))
"""


@pytest.mark.parametrize(
    "argv", [["--help"], ["list"], ["list", "encoders"], ["run", "--help"], ["doctor", "--help"]]
)
def test_help_and_list_import_nothing_heavy(argv: list[str]) -> None:
    code = LIGHT.format(argv=argv)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "HEAVY []", told.stdout


def test_list_names_every_component_its_provider_and_what_it_is(capsys) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    for kind in KINDS:
        for entry in discover().entries[kind].values():
            assert entry.name in shown
            assert entry.provider in shown
            assert entry.summary in shown
    assert main(["list", "fusion"]) == 0
    assert "cross_attention" in capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"kind", "name", "provider", "summary"} <= set(told["components"][0])


def test_an_unknown_kind_or_name_names_the_nearest(capsys) -> None:
    assert main(["list", "encodrs"]) == 2
    assert "did you mean 'encoders'?" in capsys.readouterr().err
    assert main(["show", "avell"]) == 2
    assert "nothing is named 'avell'; did you mean 'avel'?" in capsys.readouterr().err


ALL = [(kind, name) for kind in KINDS for name in discover().entries[kind]]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_show_tells_every_argument_and_what_it_means(kind: str, name: str, capsys) -> None:
    assert main(["show", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["components"][0]
    assert told["kind"] == kind
    assert told["doc"], "a component says what it is"
    for argument in (*told["arguments"], *told["receives"]):
        assert argument["meaning"], f"{name}.{argument['name']}: nothing is said of it"
    assert main(["show", name]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for argument in (*told["arguments"], *told["receives"]):
        assert argument["name"] in shown
        assert " ".join(argument["meaning"].split()) in shown


@pytest.mark.parametrize("name", sections())
def test_show_tells_the_keys_of_every_section_of_a_recipe(name: str, capsys) -> None:
    assert main(["show", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["components"][0]
    assert told["kind"] == "section of a recipe"
    assert {a["name"] for a in told["arguments"]} == set(sections()[name].model_fields)
    for argument in told["arguments"]:
        assert argument["meaning"], f"{name}.{argument['name']}: nothing is said of it"


def test_show_train_tells_defaults_bounds_and_where_to_read_on(capsys) -> None:
    assert main(["show", "train"]) == 0
    shown = capsys.readouterr().out
    assert "  warmup: 0.0  (float, at least 0, below 1)\n      Share of steps that warm up" in shown
    assert "  select: {}  (see `mertk show select`)\n" in shown
    assert "  micro_batch: null  (int | None, above 0)\n" in shown
    assert "  loss: null  ('ccc' | 'mse' | 'mae' | None)\n" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert main(["show", "encoders"]) == 0
    shown = capsys.readouterr().out
    assert "every further key is an argument of the component" in shown
    assert "  train: false  (bool)\n" in shown
    assert main(["show", "trian"]) == 2
    assert "nothing is named 'trian'; did you mean 'train'?" in capsys.readouterr().err


UNCLEAR = """
from torch import nn

class Layer(nn.Module):
    def __init__(self, width: int = 3) -> None:
        super().__init__()

class Both:
    higher_is_better = True
    def load(self, clip): ...
    def __call__(self, labels, scores): ...
"""


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        *((entry.target, kind) for kind in KINDS for entry in discover().entries[kind].values()),
        ("tests.toy_parts:Corpus", "datasets"),
        ("tests.toy_parts:Spelled", "encoders"),
        ("tests.toy_parts:Trained", "encoders"),
        ("tests.toy_parts:Explodes", "tasks"),
        ("mertk.testing.toys:ToyFusion", "fusions"),
        ("./unclear.py:Layer", "component"),
        ("./unclear.py:Both", "component"),
    ],
)
def test_show_tells_the_kind_of_a_class_that_nobody_registered(
    use: str, kind: str, capsys, write, tmp_path, monkeypatch
) -> None:
    write("unclear.py", UNCLEAR)
    monkeypatch.chdir(tmp_path)
    assert main(["show", use, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["components"][0]
    assert (told["name"], told["kind"]) == (use, kind)


def test_check_tells_a_good_recipe_and_every_fault_of_a_bad_one(capsys, write) -> None:
    assert main(["check", "foalnet"]) == 0
    assert "foalnet: no faults; fingerprint" in capsys.readouterr().out
    assert main(["check", "foalnet", "--set", "fusion.head=4", "--set", "train.epoch=3"]) == 2
    shown = capsys.readouterr()
    assert "foalnet: 2 faults" in shown.err
    assert shown.out == ""
    assert main(["check", "foalnet", "--json", "--set", "fusion.head=4"]) == 2
    assert "fusion.head" in json.loads(capsys.readouterr().out)["error"]


def test_check_reads_the_ablations_too(capsys) -> None:
    bad = "ablations={odd: {without: [nothing]}}"
    assert main(["check", "foalnet", "--set", bad]) == 2
    assert "nothing" in capsys.readouterr().err


def test_the_schema_accepts_shipped_recipes_and_refuses_misspelt_ones(capsys) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in shipped().values():
        content = yaml.safe_load(path.read_text().replace("{on:", "{'on':"))
        assert not list(validator.iter_errors(content)), path
        content["train"]["epoch"] = 3
        assert list(validator.iter_errors(content))


FOALNET: dict[str, Any] = parse(shipped()["foalnet"].read_text(), "foalnet")


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(recipe_schema(discover()))


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        ({"fusion": {"use": "cross_attention", "head": 4}}, "fusion", "'head' was unexpected"),
        ({"fusion": {"use": "cross_attention", "heads": "4"}}, "fusion.heads", "'4' is not of typ"),
        ({"fusion": {"heads": 4}}, "fusion", "'use' is a required property"),
        ({"fusion": {"use": "crossattention"}}, "fusion.use", "is not valid"),
        ({"fusion": "crossattention"}, "fusion", "is not valid"),
        ({"fusion": 3}, "fusion", "3 is not of type 'string', 'object'"),
        ({"dataset": {"use": "iemocap"}}, "dataset", "'root' is a required property"),
        (
            {"dataset": {"use": "ravdess", "root": "x", "broken": "no"}},
            "dataset.broken",
            "'no' is ",
        ),
        ({"encoders": {"a": {"use": "wavlm", "train": 1}}}, "encoders.a.train", "1 is not of type"),
        (
            {"tasks": {"avel": {"use": "avel", "weight": -1}}},
            "tasks.avel.weight",
            "-1 is less than",
        ),
        ({"metrics": ["ua", "w"]}, "metrics.1", "'w' is not valid"),
    ],
)
def test_the_schema_names_the_argument_that_is_wrong_and_nothing_else(
    validator: jsonschema.Draft202012Validator, change: dict[str, Any], place: str, said: str
) -> None:
    (error,) = validator.iter_errors({**FOALNET, **change})
    assert ".".join(map(str, error.path)) == place
    assert said in error.message


@pytest.mark.parametrize(
    "change",
    [
        {"fusion": "concat"},
        {"fusion": {"use": "concat", "width": None}},
        {"fusion": "./mine.py:Gated"},
        {"fusion": {"use": "package.module:Gated", "anything": [1, 2]}},
        {"encoders": {"a": {"use": "wavlm", "train": True, "standardize": True, "seed": 3}}},
        {"metrics": ["ua", {"use": "wa"}]},
        {"tasks": {"avel": {"use": "avel", "weight": 0}, "own": "./t.py:T"}},
    ],
)
def test_the_schema_accepts_every_way_to_name_a_component(
    validator: jsonschema.Draft202012Validator, change: dict[str, Any]
) -> None:
    assert not list(validator.iter_errors({**FOALNET, **change}))


def test_a_pipe_that_closes_early_is_no_error() -> None:
    command = f"{sys.executable} -m mertk schema | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("{")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["list", "list --json", "schema"])
def test_an_output_that_cannot_be_written_is_exit_2(verb: str) -> None:
    command = f"{sys.executable} -m mertk {verb} > /dev/full"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("mertk: the output: cannot be written (No space left on device)")
    assert "Traceback" not in done.stderr


def test_closed_ends_are_no_error() -> None:
    command = f"{sys.executable} -m mertk list >&- 2>&-"
    assert subprocess.run(command, shell=True, check=False).returncode == 0


def test_a_wrong_command_line_is_exit_2_without_a_traceback(capsys) -> None:
    assert main(["fly"]) == 2
    told = capsys.readouterr().err
    assert "invalid choice: 'fly'" in told
    assert "Traceback" not in told
