"""A half precision is taken only where the device is made for it."""

import pytest
import torch

from mertk.errors import MertkError
from mertk.precision import fast_halves, refuse_slow

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("capability", "halves"), [((9, 0), ["bf16", "fp16"]), ((7, 5), ["fp16"]), ((6, 1), [])]
)
def test_cuda_has_what_its_generation_has(monkeypatch, capability, halves) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert fast_halves(CUDA) == halves


@pytest.mark.parametrize("has", [True, False])
def test_a_processor_has_what_torch_says_of_it(monkeypatch, has) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has)
    assert fast_halves(CPU) == (["bf16"] if has else [])


def test_what_is_slow_is_refused_with_a_way_out(monkeypatch) -> None:
    monkeypatch.setattr("mertk.precision.fast_halves", lambda _: ["bf16"])
    refuse_slow("fp32", CPU, "here", "go there")
    refuse_slow("bf16", CPU, "here", "go there")
    with pytest.raises(MertkError, match="here: fp16 is many times slower than fp32 on this cpu; "):
        refuse_slow("fp16", CPU, "here", "go there")
