"""What published checkpoints were trained on, as far as their authors say.

Source: Whisper: Radford et al., ICML 2023, section 2.1, and the model card of large-v3. WavLM: Chen
et al., IEEE JSTSP 2022, section IV, and the table of models in microsoft/unilm. CLIP: Radford et
al., ICML 2021, section 2.2. timm: the tags of its weights, timm.fast.ai; DINOv2: Oquab et al., TMLR
2024; SigLIP: Zhai et al., ICCV 2023; DFN: Fang et al., ICLR 2024. The emotion checkpoint of the
Odyssey 2024 challenge: its model card.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from mertk.contracts import Pretraining
from mertk_plugins.encoders._hub import NONE

RANDOM: Final = Pretraining(complete=True, note="random weights", weights=NONE)
NO_WEIGHTS: Final = Pretraining(complete=True, note="it has no weights")

_94K: Final = ("Libri-Light", "GigaSpeech", "VoxPopuli")
_WEB: Final = Pretraining(note="680,000 hours of audio from the web, not listed")
_WEB_3: Final = Pretraining(note="5 million hours of audio, not listed")
_WIT: Final = Pretraining(note="400 million pictures from the web, not listed")

CHECKPOINTS: Final[Mapping[str, Pretraining]] = MappingProxyType(
    {
        "wavlm-base": Pretraining(("LibriSpeech",), complete=True),
        "wavlm-base-sv": Pretraining(("LibriSpeech", "VoxCeleb1"), complete=True),
        "wavlm-base-sd": Pretraining(("LibriSpeech", "LibriMix"), complete=True),
        "wavlm-base-plus": Pretraining(_94K, complete=True),
        "wavlm-base-plus-sv": Pretraining((*_94K, "VoxCeleb1"), complete=True),
        "wavlm-base-plus-sd": Pretraining((*_94K, "LibriMix"), complete=True),
        "wavlm-large": Pretraining(_94K, complete=True),
    }
)
"""Exact names, without their owner."""

FAMILIES: Final[Mapping[str, Pretraining]] = MappingProxyType(
    {
        r"whisper-large-v3.*": _WEB_3,
        r"whisper-(tiny|base|small|medium|large)(\.en|-v2)?": _WEB,
        r"clip-(vit|rn).*(laion2b|laion-2b).*": Pretraining(("LAION-2B",), complete=True),
        r"clip-vit.*datacomp.*": Pretraining(("DataComp-1B",), complete=True),
        r"clip-vit-(base|large)-patch\d+(-336)?": _WIT,
        r"ser-odyssey-baseline-wavlm.*": Pretraining((*_94K, "MSP-Podcast"), complete=True),
    }
)
"""Patterns of names in small letters, the first that fits counts."""

EMOTION: Final = (
    *("IEMOCAP", "RAVDESS", "CREMA-D", "MELD", "MSP-Podcast", "MSP-IMPROV", "CMU-MOSEI"),
    *("CMU-MOSI", "EmoDB", "SAVEE", "TESS", "MER2023", "AffectNet", "FER2013", "RAF-DB", "AFEW"),
)
"""Corpora of emotions, one of which the name of a checkpoint tuned on it often holds."""

TAGS: Final[Mapping[str, Pretraining]] = MappingProxyType(
    {
        "in1k": Pretraining(("ImageNet-1k",), complete=True),
        "in12k": Pretraining(("ImageNet-12k",), complete=True),
        "in21k": Pretraining(("ImageNet-21k",), complete=True),
        "in22k": Pretraining(("ImageNet-22k",), complete=True),
        "inat21": Pretraining(("iNaturalist 2021",), complete=True),
        "yfcc15m": Pretraining(("YFCC-15M",), complete=True),
        "yfcc100m": Pretraining(("YFCC-100M",), complete=True),
        "cc12m": Pretraining(("CC12M",), complete=True),
        "laion400m": Pretraining(("LAION-400M",), complete=True),
        "laion2b": Pretraining(("LAION-2B",), complete=True),
        "merged2b": Pretraining(("LAION-2B", "COYO-700M"), complete=True),
        "datacompxl": Pretraining(("DataComp-1B",), complete=True),
        "openai": _WIT,
        "lvd142m": Pretraining(note="142 million pictures from the web, not listed"),
        "lvd1689m": Pretraining(note="1.7 billion pictures from the web, not listed"),
        "webli": Pretraining(note="WebLI, pictures from the web, not listed"),
        "dfn2b": Pretraining(note="2 billion pictures chosen from the web, not listed"),
        "dfn5b": Pretraining(note="5 billion pictures chosen from the web, not listed"),
        "ig1b": Pretraining(note="a billion pictures of Instagram, not listed"),
        "jft300m": Pretraining(note="JFT-300M of Google, not published"),
    }
)
"""Words of the tags of timm's weights."""


def of_checkpoint(checkpoint: str) -> Pretraining:
    """What a checkpoint was trained on, by its name; a folder counts by the name it bears."""
    if checkpoint == NONE:
        return RANDOM
    name = checkpoint.rstrip("/").rpartition("/")[2].partition("@")[0].casefold()
    known = CHECKPOINTS.get(name) or next(
        (found for pattern, found in FAMILIES.items() if re.fullmatch(pattern, name)), None
    )
    if known is None:
        tuned = _named(name)
        note = (
            "by its name, and nothing else is known of it"
            if tuned
            else "nothing is known of these weights"
        )
        return Pretraining(tuned, note=note, weights=checkpoint)
    return Pretraining(known.corpora, known.complete, known.note, checkpoint)


def of_tag(model: str, tag: str) -> Pretraining:
    """What weights of timm were trained on, by their tag, such as `augreg_in21k_ft_in1k`."""
    found = [TAGS[word] for word in tag.split("_") if word in TAGS]
    weights = f"{model.partition('.')[0]}.{tag}" if tag else model
    if not found:
        return Pretraining(note="its tag does not say", weights=weights)
    corpora = dict.fromkeys(corpus for one in found for corpus in one.corpora)
    return Pretraining(
        tuple(corpora),
        all(one.complete for one in found),
        "; ".join(one.note for one in found if one.note),
        weights,
    )


def by_checkpoint(arguments: Mapping[str, Any]) -> Pretraining:
    """The same of an encoder's arguments."""
    return of_checkpoint(str(arguments["checkpoint"]))


def _named(name: str) -> tuple[str, ...]:
    plain = re.sub(r"[\W_]", "", name)
    return tuple(c for c in EMOTION if re.sub(r"\W", "", c).casefold() in plain)
