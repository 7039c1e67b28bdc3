import subprocess
import sys

import pytest

from mertk.memory import keep_freed

PROGRAM = """
import resource
import torch
from mertk.memory import keep_freed

assert not {kept} or keep_freed()
for _ in range(10):  # each time the heap may grow a little, until one fits where another was
    torch.empty(1 << 24).fill_(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    torch.empty(1 << 24).fill_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*, kept):
    """Pages that the kernel had to give while 64 MiB were filled five times."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(kept=kept)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ran.stdout)


@pytest.mark.skipif(not keep_freed(), reason="there is no glibc to ask")
def test_memory_that_was_freed_is_found_again():
    assert faults(kept=True) < faults(kept=False) / 10


def test_elsewhere_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed()
