"""RAVDESS: 24 actors speak (and sing) two sentences in eight emotions."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Literal

from mertk.contracts import Card, Clip, Fold, MediaRef
from mertk.errors import CorpusError
from mertk.published import Count
from mertk_plugins._checks import some_modalities
from mertk_plugins.datasets._ravdess_files import NAMES, is_trial, locate

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
CLASSES = {
    4: ("neutral", "happy", "sad", "angry"),
    6: EMOTIONS[:6],
    8: EMOTIONS,
}
STATEMENTS = ("Kids are talking by the door", "Dogs are sitting by the door")
TEST_ACTORS = (
    (1, 11, 20, 21),
    (4, 10, 12, 14),
    (8, 9, 19, 23),
    (3, 5, 7, 24),
    (2, 15, 16, 18),
    (6, 13, 17, 22),
)
HOW_TO_GET = (
    "Download Audio_Speech_Actors_01-24.zip and the Video_Speech_Actor_NN.zip files from Zenodo, "
    "record 1188976 (doi 10.5281/zenodo.1188976), and unpack them under one folder."
)


@dataclass(frozen=True)
class Trial:
    """One recorded utterance: the last six fields of its files' names."""

    channel: int
    emotion: int
    intensity: int
    statement: int
    repetition: int
    actor: int

    @property
    def name(self) -> str:
        """The name of its emotion."""
        return EMOTIONS[self.emotion - 1]

    def __str__(self) -> str:
        return "-".join(f"{value:02}" for value in vars(self).values())


class RAVDESS:
    """Ryerson Audio-Visual Database of Emotional Speech and Song: 1440 spoken, 1012 sung trials.

    A clip is a trial: the 01- (sound and picture), 02- (picture) and 03- (sound) files whose names
    share the last six fields. Its id is these fields, `channel-emotion-intensity-statement-
    repetition-actor`, for example `01-05-02-01-01-12`; its speaker `actor12`; its groups channel,
    intensity, statement, repetition and gender. Sound is read from the 03- file, or else from the
    01- file; pictures from the 01- file, or else from the 02- file.

    The six folds `fold1` ... `fold6` test on four actors each. A fold whose four actors were all
    left out by `missing: drop` is left out too.

    Source: Livingstone and Russo, PLoS ONE 13(5), 2018, e0196391; folds: EmoBox (Ma et al.,
    Interspeech 2024).

    Differs: EmoBox scores speech only; with `channel: both` sung trials follow their actor.

    Args:
        root: The folder that holds the `Actor_NN` folders, at any depth.
        classes: 8 emotions; 6 without disgust and surprised, which were not sung; 4 are neutral,
            happy, sad and angry (without calm).
        channel: What is uttered: speech, song, or both.
        modalities: The media that clips carry and must have.
        missing: What to do with a trial that lacks one of `modalities`: report all of them, drop
            the clip, or keep it without (a clip that has none of them is dropped).
        audio: Subfolder of `root` to read sound from; default: all of `root`.
        video: Subfolder of `root` to read pictures from, where there are several versions; default:
            all of `root`, original files only. Files with a suffix after their name, such as face
            crops (`..._facecroppad.avi`), are read only from a subfolder that is given here. The
            frame rate such crops state may not be the one they were filmed at.
        features: File of precomputed features for the `table` encoder, relative to `root`.

    Raises:
        ValueError: `modalities` is empty and no `features` are given, or `classes` names an emotion
            that was not sung.
    """

    tolerant: ClassVar[Mapping[str, str]] = {"missing": "keep"}

    def __init__(
        self,
        root: Path,
        classes: Literal[4, 6, 8] = 8,
        channel: Literal["speech", "song", "both"] = "speech",
        modalities: Sequence[Literal["audio", "video"]] = ("audio",),
        missing: Literal["error", "drop", "keep"] = "error",
        audio: Path | None = None,
        video: Path | None = None,
        features: Path | None = None,
    ) -> None:
        if channel == "song" and classes == 8:
            raise ValueError(
                "classes: disgust and surprised were not sung (8); use 6 or 4, or channel 'both'"
            )
        self.root = Path(root)
        self.channel = channel
        alone = features is not None and not modalities
        self.modalities = () if alone else some_modalities(modalities, "audio, video, or both")
        self.missing = missing
        self.folders = {"audio": audio, "video": video}
        self.features = None if features is None else self.root / features
        self.card = Card(
            title="Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS)",
            classes=CLASSES[classes],
            licence="CC BY-NC-SA 4.0 (no commercial use)",
            citation="Livingstone and Russo, The Ryerson Audio-Visual Database of Emotional Speech "
            "and Song (RAVDESS), PLoS ONE 13(5), 2018, e0196391",
            how_to_get=HOW_TO_GET,
            corpus="RAVDESS",
        )

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """A subfolder for what clips do not carry."""
        return {
            name: f"`modalities` has no {name}; leave it out"
            for name in ("audio", "video")
            if arguments[name] is not None and name not in arguments["modalities"]
        }

    def clips(self) -> Sequence[Clip]:
        """Every trial of the chosen classes and channel, by actor.

        Raises:
            CorpusError: Files are not there, or two of them claim to be the same trial.
        """
        return self._clips

    def folds(self) -> Sequence[Fold]:
        """EmoBox's six folds: all clips of four actors test, all others train.

        Raises:
            CorpusError: As `clips`; or one fold's actors are all there is.
        """
        ids = [clip.id for clip in self._clips]
        folds = []
        for number, actors in enumerate(TEST_ACTORS, start=1):
            test = frozenset(i for i in ids if int(i[-2:]) in actors)
            if test:
                folds.append(Fold(f"fold{number}", frozenset(ids) - test, test))
        if len(folds) == 1:
            raise CorpusError(
                f"{self.root}: there are only actors of {folds[0].name}, and none to train on; "
                "add actors of another fold"
            )
        return folds

    def counts(self) -> Sequence[Count]:
        """Trials of the chosen classes and channel, all and by emotion, of those recorded.

        Raises:
            CorpusError: As `clips`.
        """
        there = {clip.id for clip in self._clips}
        trials = self._trials()
        emotions = {name: [t for t in trials if t.name == name] for name in self.card.classes}
        return [
            _count(what, recorded, there)
            for what, recorded in {f"{self.channel} trials": trials, **emotions}.items()
        ]

    def knows(self, path: Path) -> bool:
        """Whether a file is one of RAVDESS's: of another class, channel or modality than chosen."""
        return is_trial(path)

    def _trials(self) -> list[Trial]:
        return [t for t in _design(self.channel) if t.name in self.card.classes]

    @cached_property
    def _clips(self) -> tuple[Clip, ...]:
        if not self.root.is_dir():
            raise CorpusError(
                f"{self.root}: no such folder; looked for the Actor_NN folders of RAVDESS in it; "
                f"{_way_out()}"
            )
        if self.features is not None and not self.features.is_file():
            raise CorpusError(
                f"{self.features}: no such file; give `features` relative to {self.root}"
            )
        found = {m: locate(self.root, self.folders[m], m) for m in self.modalities}
        trials = self._trials()
        lacking = {m: [t for t in trials if str(t) not in found[m]] for m in self.modalities}
        clips = tuple(
            self._clip(trial, {m: found[m][str(trial)] for m in has})
            for trial in trials
            if self._keeps(has := [m for m in self.modalities if str(trial) in found[m]])
        )
        if self.missing == "error" or not clips:
            self._refuse(lacking, len(trials))
        return clips

    def _keeps(self, has: Sequence[str]) -> bool:
        if self.missing == "keep":
            return bool(has) or self.features is not None
        return len(has) == len(self.modalities)

    def _refuse(self, lacking: Mapping[str, Sequence[Trial]], total: int) -> None:
        faults = []
        for modality, trials in lacking.items():
            if not trials:
                continue
            folder = self.root / (self.folders[modality] or "")
            where = f"{NAMES[modality]} under {folder}"
            if len(trials) == total:
                faults.append(f"{modality}: no file of any of {total} trials; looked for {where}")
            else:
                first = ", ".join(map(str, trials[:3]))
                faults.append(
                    f"{modality}: {len(trials)} of {total} trials have no file ({first}"
                    f"{', ...' if len(trials) > 3 else ''}); looked for {where}"
                )
        if faults:
            some = any(len(trials) < total for trials in lacking.values())
            raise CorpusError("\n  ".join([f"{self.root}: RAVDESS", *faults, _way_out(some)]))

    def _clip(self, trial: Trial, paths: Mapping[str, Path]) -> Clip:
        media = {modality: MediaRef(path) for modality, path in paths.items()}
        if self.features is not None:
            media["features"] = MediaRef(self.features)
        return Clip(
            id=str(trial),
            labels={"emotion": trial.name},
            speaker=f"actor{trial.actor:02}",
            group={
                "channel": ("speech", "song")[trial.channel - 1],
                "intensity": ("normal", "strong")[trial.intensity - 1],
                "statement": ("kids", "dogs")[trial.statement - 1],
                "repetition": str(trial.repetition),
                "gender": "male" if trial.actor % 2 else "female",
            },
            media=media,
            text=STATEMENTS[trial.statement - 1],
        )


def _design(channel: str) -> Iterator[Trial]:
    """The trials that were recorded: neutral only at normal intensity; actor 18 did not sing."""
    channels = {"speech": (1,), "song": (2,), "both": (1, 2)}[channel]
    for actor, kind in product(range(1, 25), channels):
        if kind == 2 and actor == 18:
            continue
        emotions = range(1, 9 if kind == 1 else 7)
        for emotion, intensity, statement, take in product(emotions, (1, 2), (1, 2), (1, 2)):
            if emotion > 1 or intensity == 1:
                yield Trial(kind, emotion, intensity, statement, take, actor)


def _count(what: str, recorded: Sequence[Trial], there: Collection[str]) -> Count:
    absent = [str(trial) for trial in recorded if str(trial) not in there]
    return Count(what, len(recorded), len(recorded) - len(absent), absent)


def _way_out(some: bool = False) -> str:
    partial = (
        "set `missing: drop` to leave such trials out or `missing: keep` to keep them without; "
        if some
        else ""
    )
    return f"{partial}to get the corpus: {HOW_TO_GET}"
