"""Plugins: names now, code late, and every quarrel told by name."""

import types

import pytest

from mertk.draft import shipped
from mertk.errors import PluginError
from mertk.hookspecs import KINDS, hookimpl
from mertk.registry import collect, discover


def plugin(name: str = "mine", target: str = "collections:OrderedDict"):
    module = types.ModuleType("plugin")

    @hookimpl
    def register_encoders(register) -> None:
        register(name, target, summary="for a test")

    module.register_encoders = register_encoders
    return module


def test_the_built_ins_enter_by_the_same_door() -> None:
    registry = discover()
    assert {"wavlm", "whisper", "clip", "timm", "opensmile", "logmel", "table"} <= set(
        registry.entries["encoders"]
    )
    assert not registry.skipped
    for kind in KINDS:
        for entry in registry.entries[kind].values():
            assert entry.summary
            assert entry.provider.startswith("mertk")


def test_a_component_is_imported_when_it_is_first_asked_for() -> None:
    registry = collect([("other 1.0", plugin(target="no_such_module:Thing"))])
    entry = registry.find("encoders", "mine")
    with pytest.raises(PluginError, match="'mine': needs the package 'no_such_module'"):
        entry.load()


def test_two_plugins_with_one_name_are_an_error_that_names_both() -> None:
    with pytest.raises(PluginError, match=r"encoder 'mine': a 1.0 .* and b 2.0"):
        collect([("a 1.0", plugin()), ("b 2.0", plugin())])


def test_a_target_that_is_no_target_is_refused() -> None:
    with pytest.raises(PluginError, match="expected 'package.module:Class'"):
        collect([("a 1.0", plugin(target="collections"))])


def test_a_plugin_with_a_hook_of_the_wrong_shape_is_skipped_and_named() -> None:
    module = types.ModuleType("plugin")

    @hookimpl
    def register_encoders(nonsense) -> None: ...

    module.register_encoders = register_encoders
    registry = collect([("bad 1.0", module), ("good 1.0", plugin())])
    assert [s.name for s in registry.skipped] == ["bad 1.0"]
    assert "mine" in registry.entries["encoders"]
    with pytest.raises(PluginError, match="plugin 'bad 1.0' was skipped"):
        registry.find("encoders", "something")


def test_a_plugin_that_raises_while_registering_is_skipped_and_named() -> None:
    module = types.ModuleType("plugin")

    @hookimpl
    def register_fusions(register) -> None:
        raise RuntimeError("oh no")

    module.register_fusions = register_fusions
    registry = collect([("bad 1.0", module), ("good 1.0", plugin())])
    assert [(s.name, s.reason) for s in registry.skipped] == [("bad 1.0", "RuntimeError: oh no")]
    assert "mine" in registry.entries["encoders"]


def test_a_name_of_another_kind_is_recognised() -> None:
    with pytest.raises(PluginError, match="that is the name of a fusion"):
        discover().find("tasks", "concat")


def test_a_file_and_a_module_can_be_used_directly(tmp_path) -> None:
    (tmp_path / "part.py").write_text("class Part: ...\nnumber = 3\n")
    registry = discover()
    assert registry.find("fusions", "./part.py:Part", tmp_path).load().__name__ == "Part"
    with pytest.raises(PluginError, match="has no 'Parts'; did you mean 'Part'"):
        registry.find("fusions", "./part.py:Parts", tmp_path).load()
    with pytest.raises(PluginError, match="is not a class but a int"):
        registry.find("fusions", "./part.py:number", tmp_path).load()
    assert registry.find("fusions", "collections:OrderedDict").provider == "module collections"
    assert not registry.find("fusions", "collections:OrderedDict").registered
    assert registry.find("fusions", "concat").registered


def test_a_file_that_does_not_run_is_named(tmp_path) -> None:
    (tmp_path / "part.py").write_text("1 / 0")
    with pytest.raises(PluginError, match="part.py does not load: ZeroDivisionError"):
        discover().find("fusions", "./part.py:Part", tmp_path).load()


def test_a_file_may_define_dataclasses(tmp_path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    (tmp_path / "part.py").write_text(text + "@dataclass\nclass Part:\n    x: int = 1\n")
    assert discover().find("fusions", "./part.py:Part", tmp_path).load()().x == 1


def test_shipped_recipes_are_found_however_mertk_is_installed() -> None:
    assert {"foalnet", "foalnet-iemocap", "foalnet-ravdess", "concat-ravdess"} <= set(shipped())


def test_without_third_parties_only_own_plugins_run_and_direct_parts_are_refused(
    monkeypatch, tmp_path, capsys
) -> None:
    from importlib.metadata import EntryPoint

    from mertk import registry as module
    from mertk.cli import main

    stranger = EntryPoint("stranger", "no_such_module_of_a_stranger", "mertk")
    own = list(module.entry_points(group="mertk"))
    monkeypatch.setattr(module, "entry_points", lambda group: [*own, stranger])
    monkeypatch.setenv("MERTK_NO_THIRD_PARTY", "")
    module._discovered.cache_clear()
    (tmp_path / "part.py").write_text("raise SystemExit('it ran')")
    recipe = tmp_path / "r.yaml"
    recipe.write_text("fusion: {use: './part.py:Mine'}")
    try:
        assert main(["--no-third-party", "list"]) == 0
        told = capsys.readouterr().out
        assert "skipped: stranger: --no-third-party" in told
        assert "cross_attention" in told
        assert main(["--no-third-party", "check", str(recipe)]) == 2
        said = capsys.readouterr().err
        assert "is code of someone else, which --no-third-party refuses" in said
        assert "it ran" not in said
    finally:
        module._discovered.cache_clear()
