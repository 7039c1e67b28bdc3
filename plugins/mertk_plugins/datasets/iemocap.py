"""IEMOCAP: ten actors in five sessions of dialogues, improvised and from scripts."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from mertk.contracts import Card, Clip, Fold, MediaRef
from mertk.errors import CorpusError
from mertk.published import Count
from mertk_plugins._checks import some_modalities
from mertk_plugins.datasets._iemocap_counts import TURNS, counts
from mertk_plugins.datasets._iemocap_files import (
    DIALOGUES,
    HOW_TO_GET,
    Utterance,
    dialogues,
    find_release,
    read_labels,
    read_transcription,
)
from mertk_plugins.datasets._iemocap_folds import (
    PLAYED,
    SCENARIO_GROUPS,
    across_scenarios,
    leave_one_out,
)
from mertk_plugins.datasets._iemocap_target import choose

STYLES = {"impro": "improvised", "script": "scripted"}
GENDERS = {"F": "female", "M": "male"}
LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


class IEMOCAP:
    """Interactive Emotional Dyadic Motion Capture database: 10039 labelled turns of 10 actors.

    A clip is a labelled turn; its id is the release's name of it, `Ses01F_impro01_F000`. Its
    speaker is session and talker, `Ses01F`, the talker being the letter of the last field; the
    letter after `Ses01` tells who wears motion-capture markers and so sits in the left half of the
    picture. Groups: session, dialogue, scenario (the same in every session, without the suffix of a
    repeated take), gender, style. Labels: `emotion`; `original`, the release's label before any
    merging; `valence`, `arousal`, `dominance`, 1 to 5; and what each listener said (`emotion:E2`,
    merged as the label is, several emotions joined with `|`; `valence:E3` ...) and each actor about
    themself (`self:emotion:F1`, `self:valence:F1` ...).

    Predicted are classes or the three dimensions, rated on all 10039 turns.

    With 4 classes and excited merged into happy these are the 5531 clips of the literature: angry
    1103, happy 1636, neutral 1708, sad 1084. With 6 classes nothing is merged: 7380 clips, angry
    1103, happy 595, neutral 1708, sad 1084, excited 1041, frustrated 1849. Papers on conversations
    mostly say 7433, of which 648 are happy: they count a processed set of features that was handed
    on, not the release's labels, so their numbers are of other clips.

    Scenarios recur in every session: 71.4 % UA can be had from the scenario alone, so that what
    a model learned from words may be the script. With `folds: scenario` it cannot be.

    Source: Busso et al., Language Resources and Evaluation 42(4), 2008.

    Args:
        root: The folder of the release: the one with Session1 ... Session5, or the one that holds
            `IEMOCAP_full_release`.
        target: What is predicted: classes of emotion, or the dimensions valence, arousal and
            dominance, each the mean over listeners as the release tells it, from 1 (negative, calm,
            weak) to 5 (positive, excited, strong).
        classes: 4 (angry, happy, neutral, sad), 6 (and excited, frustrated), or a list of names in
            the order of the class indices; there are besides: fearful, surprised, disgusted, other.
            Turns of other emotions are left out. Default: 4; where dimensions are predicted, every
            labelled turn whatever its emotion, those that listeners disagreed on among them.
        merge_excited: Count excited turns as happy. Default: where happy is a class and excited is
            not.
        folds: `session` tests on one session (two speakers) in five folds, `session1` ...;
            `speaker` on one speaker in ten, `Ses01F` ...: there the partner, who is heard in the
            same dialogues, stays among the training speakers. `scenario` tests on one session's
            clips of one group of scenarios, `session1-scenarios1` ..., and trains on the other
            sessions' clips of the other groups: neither a speaker nor a scenario nor a script of
            the test clips is known from training.
        scenario_groups: For `folds: scenario`: G groups make 5 G folds, in which every clip is
            tested once and (G - 1) / G of the four other sessions train. With 3 (the default) that
            is 15 folds with 2950 of the 5531 clips to train on, on average; with 2, 10 folds with
            2212; with 5, 25 folds with 3540. There are 8 improvised scenarios and 3 scripts, whose
            parts stay together.
        style: Which dialogues: all, improvised or scripted ones.
        modalities: What clips carry.
        sound: Where sound is read: `sentences` are the release's single files of one channel, cut
            by its authors; `dialogues` cuts the turn out of the dialogue's recording.
        partial: Accept a copy that lacks some of the release's 151 dialogues or 10039 turns.

    Raises:
        ValueError: `classes` names no emotion or one twice, or contradicts `merge_excited`;
            `scenario_groups` is out of range, or given for other folds.
    """

    tolerant: ClassVar[Mapping[str, bool]] = {"partial": True}

    def __init__(
        self,
        root: Path,
        target: Literal["classes", "dimensions"] = "classes",
        classes: Literal[4, 6] | list[str] | None = None,
        merge_excited: bool | None = None,
        folds: Literal["session", "speaker", "scenario"] = "session",
        scenario_groups: int | None = None,
        style: Literal["all", "improvised", "scripted"] = "all",
        modalities: Sequence[Literal["audio", "video", "text"]] = ("audio", "video", "text"),
        sound: Literal["sentences", "dialogues"] = "sentences",
        partial: bool = False,
    ) -> None:
        self.chosen = choose(target, classes, merge_excited)
        _check_groups(scenario_groups, folds, style)
        self.root = Path(root)
        self.grouped_by = folds
        self.scenario_groups = SCENARIO_GROUPS if scenario_groups is None else scenario_groups
        self.style = style
        self.modalities = some_modalities(modalities, "audio, video or text")
        self.sound = sound
        self.partial = partial
        self.card = Card(
            title="Interactive Emotional Dyadic Motion Capture database (IEMOCAP)",
            classes=self.chosen.outputs,
            target=target,
            licence="IEMOCAP release agreement of USC SAIL (research only, not to be passed on)",
            citation="Busso et al., IEMOCAP: interactive emotional dyadic motion capture database, "
            "Language Resources and Evaluation 42(4), 2008, 335-359",
            how_to_get=HOW_TO_GET,
            corpus="IEMOCAP",
        )

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """`sound`, where clips carry none."""
        silent = "audio" not in arguments["modalities"]
        return {"sound": "`modalities` has no audio; leave it out"} if silent else {}

    def clips(self) -> Sequence[Clip]:
        """Every turn of the chosen classes and style, sorted by id.

        Raises:
            CorpusError: The release is not there, incomplete, or a line of it is malformed.
        """
        return self._clips

    def folds(self) -> Sequence[Fold]:
        """Leave one session or speaker out, or one session and some scenarios.

        Raises:
            CorpusError: As `clips`; there are fewer scenarios than groups of them.
        """
        if self.grouped_by == "session":
            return leave_one_out(self._clips, lambda clip: clip.group["session"])
        if self.grouped_by == "speaker":
            return leave_one_out(self._clips, lambda clip: clip.speaker)
        emotions = [str(clip.labels["emotion"]) for clip in self._clips]
        return across_scenarios(self._clips, emotions, self.scenario_groups)

    def counts(self) -> Sequence[Count]:
        """Dialogues and labelled turns, all and of each class, as the release and papers have them.

        Raises:
            CorpusError: As `clips`.
        """
        dialogues = {n: len(paths) for n, paths in self._files.items()}
        turns = [turn for turn in self._turns if self.style in ("all", _style(turn))]
        return counts(dialogues, turns, self.chosen, self.style)

    def knows(self, path: Path) -> bool:
        """Whether a file is of a dialogue or labelled turn of the release, of whatever class."""
        return path.stem in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for turn in self._turns for name in (turn.id, turn.dialogue))

    @cached_property
    def _files(self) -> Mapping[int, Sequence[Path]]:
        folder = find_release(self.root)
        return {number: dialogues(folder / f"Session{number}") for number in DIALOGUES}

    @cached_property
    def _turns(self) -> Sequence[Utterance]:
        paths = (path for found in self._files.values() for path in found)
        return [turn for path in paths for turn in read_labels(path)]

    @cached_property
    def _clips(self) -> tuple[Clip, ...]:
        folder = find_release(self.root)
        self._refuse_twice(self._turns)
        if not self.partial:
            self._refuse_partial({n: len(p) for n, p in self._files.items()}, len(self._turns))
        chosen = [
            turn
            for turn in self._turns
            if self.chosen.has(turn.emotion) and self.style in ("all", _style(turn))
        ]
        texts = dict(self._texts(folder, {(t.session, t.dialogue) for t in chosen}))
        made = (self._clip(folder, turn, texts.get(turn.id)) for turn in chosen)
        return tuple(sorted(made, key=lambda clip: clip.id))

    def _refuse_twice(self, turns: Sequence[Utterance]) -> None:
        seen: set[str] = set()
        for turn in turns:
            if turn.id in seen:
                raise CorpusError(f"{self.root}: {turn.id} is labelled twice; unpack it again")
            seen.add(turn.id)

    def _refuse_partial(self, found: Mapping[int, int], turns: int) -> None:
        faults = [
            f"Session{n} has {found[n]} of {count} dialogues"
            for n, count in DIALOGUES.items()
            if found[n] != count
        ]
        if turns != TURNS:
            faults.append(f"{turns} of {TURNS} turns are labelled")
        if faults:
            raise CorpusError(
                f"{self.root}: not the whole release: {'; '.join(faults)}; unpack it again, or "
                "set `partial: true`: scores are then not those of the literature's clips"
            )

    def _texts(self, folder: Path, wanted: set[tuple[int, str]]) -> Iterator[tuple[str, str]]:
        if "text" not in self.modalities:
            return
        for session, dialogue in sorted(wanted):
            path = folder / f"Session{session}/dialog/transcriptions/{dialogue}.txt"
            if not path.is_file():
                raise CorpusError(
                    f"{path}: no such transcription; unpack it, or leave text out of `modalities`"
                )
            yield from read_transcription(path).items()

    def _clip(self, folder: Path, turn: Utterance, text: str | None) -> Clip:
        media = {
            "audio": self._audio(folder / f"Session{turn.session}", turn),
            "video": MediaRef(
                folder / f"Session{turn.session}/dialog/avi/DivX/{turn.dialogue}.avi",
                turn.start,
                turn.end,
                LEFT if turn.talker == turn.wearer else RIGHT,
            ),
        }
        return Clip(
            id=turn.id,
            labels={
                "emotion": self.chosen.emotion(turn.emotion),
                "original": turn.emotion,
                **turn.means,
                **{what: self._merged(said) for what, said in turn.ratings.items()},
            },
            speaker=f"Ses0{turn.session}{turn.talker}",
            group={
                "session": f"session{turn.session}",
                "dialogue": turn.dialogue,
                "scenario": turn.scenario,
                "gender": GENDERS[turn.talker],
                "style": _style(turn),
            },
            media={name: ref for name, ref in media.items() if name in self.modalities},
            text=text,
        )

    def _merged(self, said: str | float) -> str | float:
        if not isinstance(said, str):
            return said
        return "|".join(dict.fromkeys(map(self.chosen.emotion, said.split("|"))))

    def _audio(self, session: Path, turn: Utterance) -> MediaRef:
        if self.sound == "sentences":
            return MediaRef(session / f"sentences/wav/{turn.dialogue}/{turn.id}.wav")
        return MediaRef(session / f"dialog/wav/{turn.dialogue}.wav", turn.start, turn.end)


def _style(turn: Utterance) -> str:
    return next(style for word, style in STYLES.items() if turn.scenario.startswith(word))


def _check_groups(groups: int | None, folds: str, style: str) -> None:
    if groups is None:
        return
    if folds != "scenario":
        raise ValueError(f"scenario_groups: is only for `folds: scenario` ({groups})")
    if not 2 <= groups <= PLAYED[style]:
        raise ValueError(f"scenario_groups: must be 2 to {PLAYED[style]} ({groups})")
