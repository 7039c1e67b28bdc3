"""Who plays what, how, and in which words: the script of the generated corpus."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

SESSIONS: Final = range(1, 6)
EMOTIONS: Final = ("ang", "hap", "neu", "sad")

# Arousal is heard and valence is seen; each side leaves two pairs of emotions nearly alike.
_AROUSAL: Final = {"ang": 1.0, "hap": 0.6, "exc": 0.7, "neu": -0.4, "sad": -1.1, "xxx": 0.0}
_VALENCE: Final = {"ang": -0.95, "hap": 0.85, "exc": 0.95, "neu": 0.55, "sad": -0.8, "xxx": 0.0}
_NOISE: Final = 0.2

_WORDS: Final = {
    "ang": "Anger",
    "hap": "Happiness",
    "exc": "Excited",
    "neu": "Neutral",
    "sad": "Sadness",
    "xxx": "Other",
}
_SAID: Final = {
    "ang": ("How dare you say that to me?", "I told you to leave it alone.", "This is not fair."),
    "hap": ("That is the best news all year!", "I laughed the whole way home.", "We did it."),
    "neu": ("The train leaves at nine.", "Please fill in this form.", "It is next to the bank."),
    "sad": ("I still set the table for two.", "He is not coming back.", "I cannot do this alone."),
    "any": (
        "You know what I mean.",
        "I was there yesterday.",
        "Tell me again.",
        "So that is it, then.",
        "I have been waiting for this.",
        "What are we going to do now?",
    ),
}


@dataclass(frozen=True)
class Turn:
    """One turn of a dialogue.

    Args:
        id: Its name in the release.
        talker: F or M.
        emotion: The release's code.
        start: Seconds, on the grid of the film's frames.
        end: Seconds.
        text: What is said.
        voice: Arousal and valence of the voice.
        face: Arousal and valence of the face.
    """

    id: str
    talker: str
    emotion: str
    start: float
    end: float
    text: str
    voice: tuple[float, float]
    face: tuple[float, float]


def dialogue_names(session: int, count: int) -> list[str]:
    """Names of a session's dialogues: every fourth from a script, the wearer changing."""
    names = []
    for i in range(count):
        wearer = "FM"[(i + i // 4) % 2]
        scenario = f"script01_{i // 4 + 1}" if i % 4 == 3 else f"impro{i + 1 - i // 4:02}"
        names.append(f"Ses0{session}{wearer}_{scenario}")
    return names


def cast_session(
    session: int, clips_per_emotion: int, count: int, fps: int, rng: np.random.Generator
) -> dict[str, list[Turn]]:
    """The turns of each dialogue; both actors play every emotion equally often."""
    parts = [
        ("exc" if emotion == "hap" and i % 4 >= 2 else emotion, "FM"[i % 2])
        for emotion in EMOTIONS
        for i in range(clips_per_emotion)
    ]
    shuffled = [parts[i] for i in rng.permutation(len(parts))]
    # One turn of each dialogue is what raters did not agree on; readers leave it out.
    return {
        name: list(_turns(name, [*shuffled[i::count], ("xxx", "FM"[i % 2])], fps, rng))
        for i, name in enumerate(dialogue_names(session, count))
    }


def _turns(
    dialogue: str, parts: Sequence[tuple[str, str]], fps: int, rng: np.random.Generator
) -> Iterator[Turn]:
    numbers = {"F": 0, "M": 0}
    frame = int(rng.integers(5, 10))
    for emotion, talker in parts:
        length = int(rng.integers(round(1.2 * fps), round(2.4 * fps) + 1))
        arousal, valence = _AROUSAL[emotion], _VALENCE[emotion]
        noise = _NOISE * rng.normal(size=4)
        yield Turn(
            id=f"{dialogue}_{talker}{numbers[talker]:03}",
            talker=talker,
            emotion=emotion,
            start=frame / fps,
            end=(frame + length) / fps,
            text=_words(emotion, rng),
            voice=(arousal + noise[0], 0.5 * valence + noise[1]),
            face=(0.2 * arousal + noise[2], valence + noise[3]),
        )
        numbers[talker] += 1
        frame += length + int(rng.integers(1, 4))


def _words(emotion: str, rng: np.random.Generator) -> str:
    own = {"exc": "hap", "xxx": "any"}.get(emotion, emotion)
    drawn = [own if rng.random() < 0.22 else "any" for _ in range(2)]
    phrases = [_SAID[pool][rng.integers(len(_SAID[pool]))] for pool in drawn]
    return " ".join(dict.fromkeys(phrases))


def label_lines(turn: Turn, rng: np.random.Generator) -> str:
    """The turn in EmoEvaluation, with three listeners' lines and the talker's own."""
    arousal, valence = _AROUSAL[turn.emotion], _VALENCE[turn.emotion]
    centre = np.array([3 + 1.6 * valence, 3 + 1.6 * arousal, 3 + 0.8 * arousal])
    raters = ["E1", "E2", "E3", f"{turn.talker}1"]
    rated = np.clip(np.rint(centre + 0.5 * rng.normal(size=(4, 3))), 1, 5).astype(int)
    means = ", ".join(f"{value:.4f}" for value in rated[:3].mean(0))
    lines = [f"[{turn.start:.4f} - {turn.end:.4f}]\t{turn.id}\t{turn.emotion}\t[{means}]"]
    heard = [_heard(turn.emotion, i, rng) for i in range(4)]
    lines += [f"C-{rater}:\t{words}\t()" for rater, words in zip(raters, heard, strict=True)]
    for rater, (val, act, dom) in zip(raters, rated, strict=True):
        lines.append(f"A-{rater}:\tval {val}; act {act}; dom  {dom};\t()")
    return "\n".join([*lines, "", ""])


def _heard(emotion: str, rater: int, rng: np.random.Generator) -> str:
    """What one rater said; most agree with the label, except where there is none."""
    others = [word for code, word in _WORDS.items() if code != emotion]
    other = str(rng.choice(others))
    if emotion == "xxx":
        return f"{list(_WORDS.values())[rater]};"
    if rater == 2 and rng.random() < 0.3:
        return f"{other};" if rng.random() < 0.5 else f"{_WORDS[emotion]}; {other};"
    return f"{_WORDS[emotion]};"
