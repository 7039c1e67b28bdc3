"""Every fault of a recipe at once, each with its place and the way out."""

import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.check import resolve, resolve_dataset
from mertk.draft import Draft, read, shipped
from mertk.errors import MertkError, RecipeError
from mertk.registry import discover
from mertk.variants import edits_of, variants


def faults(draft: Draft) -> list[str]:
    with pytest.raises(RecipeError) as error:
        resolve(draft, discover())
    return [str(fault) for fault in error.value.faults]


def test_every_fault_is_told_at_once_with_the_nearest_name(toy: Draft) -> None:
    bad = toy.set(
        [
            "encoders.audio={use: wavlmm}",
            "fusion.head=4",
            "tasks.avel.dim=many",
            "tasks={mem: {use: mem}, avel: {use: avel, positives: summ}}",
            "train.epoch=3",
            "train.select={on: tset, by: uaa}",
            "extra=1",
        ]
    )
    told = "\n".join(faults(bad))
    assert "encoders.audio: no encoder named 'wavlmm'; did you mean 'wavlm'?" in told
    assert "fusion.head: 'cross_attention' takes no such argument; did you mean 'heads'?" in told
    assert "tasks.mem: needs 'similarity', which no task before it provides" in told
    assert (
        "tasks.avel.positives: expected 'sum' or 'mean' (got 'summ'); did you mean 'sum'?" in told
    )
    assert "train.epoch: train has no such key; did you mean 'epochs'?" in told
    assert "train.select.on: expected" in told
    assert "train.select.by: no metric named 'uaa'" in told
    assert "extra: a recipe has no such key" in told
    assert "tasks.avel.modalities: say which two of words, again, audio it pairs" in told


def test_a_missing_section_is_named() -> None:
    told = faults(Draft("r", read("foalnet").base, {"name": "x"}))
    assert {"dataset: is missing", "encoders: is missing", "fusion: is missing"} <= set(told)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("encoders.words.use=./nothing.py:Spelled", "encoders.words: no file"),
        ("encoders.words.use=no_such_package.x:Y", "needs the package 'no_such_package'"),
        ("encoders.words.use=collections:OrderedDictt", "did you mean 'OrderedDict'?"),
        (
            "fusion.use=avel",
            "fusion: no fusion named 'avel'; that is the name of an auxiliary task",
        ),
        ("fusion.layers=two", "fusion.layers: expected a valid integer"),
        ("fusion.dims={a: 1}", "receives this from the core"),
        ("train.lr=-1", "train.lr: expected greater than 0 (got -1)"),
        ("train.seeds=[]", "train.seeds"),
        ("tasks.avel.modalities=[words, agian]", "no encoder named 'agian'; did you mean 'again'?"),
        (
            "name='a b'",
            "name: expected letters, digits, _, . and -, a letter or digit first (got 'a b')",
        ),
        ("encoders.Words=logmel", "encoders.Words: expected small letters, digits and _, a letter"),
        ("encoders=[logmel]", "encoders: expected a mapping, such as {key: value}"),
        ("encoders={}", "encoders: expected at least 1 (got {})"),
        ("train.seeds=0", "train.seeds: expected a list, such as [a, b] (got 0)"),
        ("train.select=test", "train.select: expected a mapping"),
        ("train.balanced=yes", "train.balanced: expected a valid boolean (got 'yes'); write true"),
        ("fusion.width=None", "fusion.width: expected a valid integer (got 'None'); YAML's word"),
        ("tasks.mem.weigth=1", "'mem' takes no such argument; did you mean 'weight'?"),
        ("encoders.words.standardise=true", "did you mean 'standardize'?"),
        ("fusion={use: 'pathlib:Path'}", "'pathlib:Path' is no fusion: it lacks __call__"),
        ("dataset={use: 'textwrap:TextWrapper'}", "is no dataset: it lacks clips, folds"),
        ("train.lr=true", "train.lr: expected a valid number (got True)"),
        ("train.lr=.inf", "train.lr: expected a finite number (got inf)"),
        ("train.seeds=[-1]", "train.seeds: expected different numbers from 0 up"),
        ("train.seeds=[1, 1]", "train.seeds: expected different numbers"),
        ("train.epochs=many", "train.epochs: expected a valid integer (got 'many')"),
        ("metrics=[ua, ua]", "metrics: expected different metrics"),
        ("encoders.words.scale=.nan", "encoders.words.scale: expected a finite number"),
        ("encoders.words.standardize=perhaps", "encoders.words.standardize"),
        ("encoders.words.store=float64", "encoders.words.store: expected 'float32' or 'float16'"),
        (
            "encoders.words={use: table, train: true, standardize: true}",
            "encoders.words.standardize: what a trained encoder gives moves as it learns",
        ),
    ],
)
def test_a_fault_names_its_place(toy: Draft, change: str, message: str) -> None:
    assert message in "\n".join(faults(toy.set([change])))


def test_an_argument_that_no_recipe_could_give_is_refused(toy: Draft, write) -> None:
    path = write("clash.py", "class Clash:\n    def __init__(self, exclude: int = 0): ...\n")
    told = faults(toy.set([f"dataset.use={path}:Clash"]))
    assert "which is the recipe's own; its author must rename it" in "\n".join(told)


def test_defaults_are_written_into_the_resolved_recipe(toy: Draft) -> None:
    recipe = resolve(toy, discover()).recipe
    assert recipe.tasks["avel"].arguments["positives"] == "sum"
    assert recipe.fusion.arguments["heads"] == 2
    (ece,) = resolve(toy.set(["metrics=[ece]"]), discover()).recipe.metrics
    assert (ece.use, ece.arguments) == ("ece", {"bins": 15})


def test_the_fingerprint_changes_with_causes_only(toy: Draft, tmp_path) -> None:
    def fingerprint(*changes: str) -> str:
        return resolve(toy.set(changes), discover()).fingerprint

    same = fingerprint()
    assert fingerprint("name=other", "notes=hello", "train.seeds=[5]", "metrics=[wa]") == same
    assert fingerprint("train.keep_weights=false") == same
    assert fingerprint(f"encoders.words.log={tmp_path}/log") == same, "a place is no cause"
    assert fingerprint("fusion.dropout=0.1") == same, "a default said aloud changes nothing"
    changes = ["fusion.dropout=0.2", "tasks.mem.weight=0.2", "train.lr=2e-2", "train.balanced=true"]
    found = {fingerprint(change) for change in changes}
    assert len(found) == len(changes)
    assert same not in found


def test_the_order_of_tasks_is_a_cause(toy: Draft) -> None:
    extra = toy.set(["tasks.second={use: avel, dim: 8}"])
    turned = copy.deepcopy(extra.content)
    turned["tasks"] = {k: turned["tasks"][k] for k in ("second", "avel", "mem")}
    one = resolve(extra, discover()).fingerprint
    other = resolve(Draft("r", toy.base, turned), discover()).fingerprint
    assert one != other


def test_the_text_of_a_local_file_is_a_cause(toy: Draft, write) -> None:
    text = "from tests.toy_parts import Spelled as S\nclass Mine(S):\n    x = {}\n"
    path = write("mine.py", text.format(1))
    changed = toy.set([f"encoders.words.use={path}:Mine"])
    before = resolve(changed, discover()).fingerprint
    write("mine.py", text.format(2))
    assert resolve(changed, discover()).fingerprint != before


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_recipe_and_its_ablations_are_without_fault(name: str) -> None:
    draft = read(name)
    resolved = resolve(draft, discover())
    assert resolved.recipe.name == name
    variants(draft, edits_of(resolved.recipe.ablations), discover())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["name", "dataset", "encoders", "fusion", "tasks", "metrics", "train", "x"]
        ),
        JSON,
    )
)
def test_no_recipe_whatever_it_says_ends_in_a_traceback(content) -> None:
    base = {
        "name": "r",
        "dataset": "iemocap_synthetic",
        "encoders": {"a": "table"},
        "fusion": "concat",
    }
    try:
        resolve(Draft("r.yaml", read("foalnet").base, {**base, **content}), discover())
    except MertkError as error:
        assert str(error).startswith("r.yaml: ")


def test_a_dataset_can_be_resolved_without_a_recipe() -> None:
    alone = Draft("manifest", Path(), {"dataset": {"use": "manifest", "path": "clips.csv"}})
    found = resolve_dataset(alone, discover())
    assert found.spec.use == "manifest"
    assert found.spec.arguments["k"] == 5
    assert found.spec.broken == "stop"


def test_a_dataset_alone_tells_all_its_faults_and_none_of_the_rest() -> None:
    dataset = {"use": "manifest", "pth": "clips.csv", "broken": "maybe"}
    bad = Draft("bad.yaml", Path(), {"dataset": dataset, "fusion": {"use": "nothing"}})
    with pytest.raises(RecipeError) as caught:
        resolve_dataset(bad, discover())
    assert [f.where for f in caught.value.faults] == ["dataset.broken", "dataset.pth"]
    with pytest.raises(RecipeError, match="dataset: "):
        resolve_dataset(Draft("none.yaml", Path(), {}), discover())
