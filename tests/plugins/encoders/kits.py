"""The conformance kit of encoders on small files, and what tests of single encoders share."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
import torch

from mertk.contracts import Clip, Stream
from mertk.encode import pad
from mertk.testing import EncoderTests
from tests.plugins.encoders.files import sound_clips, video_clips


class HearingTests(EncoderTests):
    """An encoder of sound, built with the arguments that are `given`."""

    given: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return dict(self.given)

    @pytest.fixture
    def clips(self, tmp_path: Path) -> list[Clip]:
        return sound_clips(tmp_path)


class SeeingTests(HearingTests):
    """An encoder of pictures."""

    @pytest.fixture
    def clips(self, tmp_path: Path) -> list[Clip]:
        return video_clips(tmp_path)


def encode(encoder: Any, *clips: Clip) -> Stream:
    """Load clips and encode them as one batch, in evaluation mode."""
    with torch.inference_mode():
        encoded: Stream = encoder.eval()(pad([encoder.load(clip) for clip in clips]))
    return encoded
