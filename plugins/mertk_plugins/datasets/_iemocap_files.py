"""The text files of an IEMOCAP release: names, labels with their raters, transcriptions."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mertk.errors import CorpusError

# The scenario without its suffix is what recurs over the sessions: impro05a and impro05b are takes.
_DIALOGUE: Final = re.compile(
    r"Ses0(?P<session>[1-5])(?P<wearer>[FM])_(?P<scenario>impro\d\d|script\d\d_\d)[a-z]?"
)
_UTTERANCE: Final = re.compile(rf"(?P<dialogue>{_DIALOGUE.pattern})_(?P<talker>[FM])\d\d\d")
_NUMBER: Final = r"\s*(-?[\d.]+|nan)\s*"
_LABEL: Final = re.compile(
    rf"\[{_NUMBER}-{_NUMBER}\]\t(\S+)\t(\S+)\t\[{_NUMBER},{_NUMBER},{_NUMBER}\]\s*"
)
_RATER: Final = re.compile(r"(?P<kind>[CA])-(?P<rater>[EFM]\d+):\s*(?P<says>[^\t(]*)")
_DIMENSION: Final = re.compile(r"(val|act|dom)\s+(\d(?:\.\d+)?)")
_TRANSCRIPT: Final = re.compile(r"(?P<id>Ses0\S+_[FM]\d\d\d)\s*\[[^\]]*\]:(?P<text>.*)")
_DIMENSIONS: Final = {"val": "valence", "act": "arousal", "dom": "dominance"}

CODES: Final[Mapping[str, str]] = {
    "ang": "angry",
    "hap": "happy",
    "neu": "neutral",
    "sad": "sad",
    "exc": "excited",
    "fru": "frustrated",
    "fea": "fearful",
    "sur": "surprised",
    "dis": "disgusted",
    "oth": "other",
    "xxx": "undecided",
}

# What raters' lines call the emotions that labels call by a code.
WORDS: Final[Mapping[str, str]] = {
    "anger": "angry",
    "happiness": "happy",
    "neutral state": "neutral",
    "sadness": "sad",
    "frustration": "frustrated",
    "fear": "fearful",
    "surprise": "surprised",
    "disgust": "disgusted",
}

RELEASE: Final = "IEMOCAP_full_release"
DIALOGUES: Final[Mapping[int, int]] = {1: 28, 2: 30, 3: 32, 4: 30, 5: 31}
HOW_TO_GET: Final = (
    "Ask the Signal Analysis and Interpretation Laboratory of the University of Southern "
    "California for the release (https://sail.usc.edu/iemocap, free for research)."
)


@dataclass(frozen=True)
class Utterance:
    """One labelled turn.

    Args:
        id: Its name.
        start: Where it begins in its dialogue, seconds.
        end: Where it ends.
        emotion: What most raters said.
        valence: Mean rating, 1 to 5.
        arousal: Mean rating, 1 to 5; the release calls it activation.
        dominance: Mean rating, 1 to 5.
        ratings: What single raters said, by `emotion:E2`, `valence:E3` and so on for listeners
            and `self:emotion:F1`, `self:valence:M1` and so on for the actors about themselves;
            several emotions of one rater are joined with `|`.
    """

    id: str
    start: float
    end: float
    emotion: str
    valence: float
    arousal: float
    dominance: float
    ratings: dict[str, str | float] = field(default_factory=dict)

    @property
    def means(self) -> dict[str, float]:
        """The mean ratings by dimension, without those that are no number: nobody gave one."""
        found = {"valence": self.valence, "arousal": self.arousal, "dominance": self.dominance}
        return {name: value for name, value in found.items() if not math.isnan(value)}

    @property
    def dialogue(self) -> str:
        """The dialogue it is of."""
        return self._part("dialogue")

    @property
    def session(self) -> int:
        """1 to 5."""
        return int(self._part("session"))

    @property
    def talker(self) -> str:
        """F or M: who talks, which the last field of the name tells."""
        return self._part("talker")

    @property
    def wearer(self) -> str:
        """F or M: who wears the motion-capture markers, and so sits on the left of the picture."""
        return self._part("wearer")

    @property
    def scenario(self) -> str:
        """What is played, the same in every session."""
        return self._part("scenario")

    def _part(self, name: str) -> str:
        match = _UTTERANCE.fullmatch(self.id)
        assert match is not None, self.id
        return match[name]


def find_release(root: Path) -> Path:
    """The folder that holds Session1 ... Session5: `root` itself, or the release in it.

    Raises:
        CorpusError: There is none, or a session is missing.
    """
    for folder in (root, root / RELEASE):
        here = [n for n in DIALOGUES if (folder / f"Session{n}/dialog/EmoEvaluation").is_dir()]
        if len(here) == len(DIALOGUES):
            return folder
        if here:
            gone = ", ".join(f"Session{n}" for n in DIALOGUES if n not in here)
            raise CorpusError(
                f"{folder}: {gone} is not there, or has no dialog/EmoEvaluation; unpack the whole "
                "release"
            )
    raise CorpusError(
        f"{root}: IEMOCAP is not there; looked for Session1 ... Session5 with dialog/EmoEvaluation "
        f"in it and in {root / RELEASE}. {HOW_TO_GET} Without it, the dataset 'iemocap_synthetic' "
        "runs anywhere, on generated clips."
    )


def dialogues(session: Path) -> list[Path]:
    """The label files of a session, one per dialogue.

    Sub-folders hold single raters' files; `._` files are left behind by another file system.

    Raises:
        CorpusError: A file is not called like a dialogue of this session.
    """
    found = sorted(
        path
        for path in (session / "dialog" / "EmoEvaluation").glob("*.txt")
        if path.is_file() and not path.name.startswith("._")
    )
    for path in found:
        match = _DIALOGUE.fullmatch(path.stem)
        if match is None or match["session"] != session.name[-1]:
            raise CorpusError(
                f"{path}: is not called like a dialogue of {session.name}, for example "
                f"Ses0{session.name[-1]}F_impro01.txt; move it away"
            )
    return found


def read_labels(path: Path) -> Iterator[Utterance]:
    """The labelled turns of one dialogue, in the order of the file.

    Raises:
        CorpusError: A line is not as the release has it, with file and line.
    """
    current: Utterance | None = None
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip() or line.startswith("%"):
            continue
        where = f"{path}:{number}"
        if line.startswith("["):
            if current is not None:
                yield current
            current = _utterance(line, path.stem, where)
        elif current is None or (match := _RATER.match(line)) is None:
            raise CorpusError(
                f"{where}: neither a label nor a rater's line ({line[:60]!r}); unpack it again"
            )
        else:
            current.ratings.update(_ratings(match))
    if current is not None:
        yield current


def read_transcription(path: Path) -> dict[str, str]:
    """What is said, by utterance; turns without a label (MXX0) and stray lines are left out.

    Raises:
        CorpusError: The file cannot be read.
    """
    matches = (_TRANSCRIPT.match(line) for line in _lines(path))
    return {m["id"]: text for m in matches if m is not None and (text := m["text"].strip())}


def _utterance(line: str, dialogue: str, where: str) -> Utterance:
    match = _LABEL.fullmatch(line)
    if match is None:
        raise CorpusError(
            f"{where}: not a label ({line[:60]!r}); expected "
            "[start - end]<tab>utterance<tab>emotion<tab>[V, A, D]"
        )
    name, emotion = match[3], match[4]
    named = _UTTERANCE.fullmatch(name)
    if named is None or named["dialogue"] != dialogue:
        raise CorpusError(
            f"{where}: {name!r} is no utterance of {dialogue}, such as {dialogue}_F000"
        )
    if emotion not in CODES:
        raise CorpusError(f"{where}: no emotion {emotion!r}; there are: {', '.join(CODES)}")
    try:
        start, end, valence, arousal, dominance = (float(match[i]) for i in (1, 2, 5, 6, 7))
    except ValueError as error:
        raise CorpusError(f"{where}: {error}") from None
    if not (0 <= start < end < math.inf):
        raise CorpusError(f"{where}: a turn must end after it begins ({start} - {end})")
    return Utterance(name, start, end, CODES[emotion], valence, arousal, dominance)


def _ratings(match: re.Match[str]) -> dict[str, str | float]:
    """One rater's line; of the dimensions, dominance is missing in some lines of the release."""
    rater, says = match["rater"], match["says"]
    whose = "" if rater.startswith("E") else "self:"
    if match["kind"] == "C":
        words = [word.strip().lower() for word in says.split(";") if word.strip()]
        names = dict.fromkeys(WORDS.get(word, word) for word in words)
        return {f"{whose}emotion:{rater}": "|".join(names)} if names else {}
    return {f"{whose}{_DIMENSIONS[d]}:{rater}": float(v) for d, v in _DIMENSION.findall(says)}


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}); unpack it again") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    # Not splitlines(): it also breaks at characters that occur inside a line.
    return [line.rstrip("\r") for line in text.split("\n")]
