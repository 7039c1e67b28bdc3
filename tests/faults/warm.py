"""Imported by the process that others are forked from: imports what a run imports while it runs."""

from importlib import import_module

from mertk.draft import read
from mertk.registry import discover
from mertk.sources import Encoders
from mertk.variants import variants
from tests.faults.lives import TINY

for name in ("run", "cli.run", "cli.telling", "cli.report", "cli.compare", "cli.robustness"):
    import_module(f"mertk.{name}")
Encoders(variants(read(str(TINY)), [], discover()))
