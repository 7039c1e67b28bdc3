"""Writes label trees in the layout of the IEMOCAP release, from its description alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"
# Per session: angry, happy, excited, neutral, sad, and how many of them women say.
PUBLISHED = {
    1: ({"ang": 229, "hap": 135, "exc": 143, "neu": 384, "sad": 194}, 528),
    2: ({"ang": 137, "hap": 117, "exc": 210, "neu": 362, "sad": 197}, 481),
    3: ({"ang": 240, "hap": 135, "exc": 151, "neu": 320, "sad": 305}, 522),
    4: ({"ang": 327, "hap": 65, "exc": 238, "neu": 258, "sad": 143}, 528),
    5: ({"ang": 170, "hap": 143, "exc": 299, "neu": 384, "sad": 245}, 590),
}
LEFT, IMPROVISED = 2781, 2943
OTHERS = {"xxx": 2507, "fru": 1849, "sur": 107, "fea": 40, "oth": 3, "dis": 2}
WORDS = {
    "ang": "Anger",
    "hap": "Happiness",
    "exc": "Excited",
    "neu": "Neutral",
    "sad": "Sadness",
    "fru": "Frustration",
    "sur": "Surprise",
    "fea": "Fear",
    "dis": "Disgust",
    "oth": "Other",
    "xxx": "Other",
}


@dataclass(frozen=True)
class Turn:
    talker: str
    emotion: str
    start: float
    end: float
    text: str = "And so it goes."
    dimensions: tuple[float, float, float] = (2.5, 3.0, 3.5)  # valence, arousal, dominance
    raters: str | None = None


def write_dialogue(release: Path, name: str, turns: Iterable[Turn], newline: str = "\n") -> None:
    """Write labels and transcription of one dialogue."""
    labels, said = [HEADER, "\n"], []
    counts = {"F": 0, "M": 0}
    for turn in turns:
        utterance = f"{name}_{turn.talker}{counts[turn.talker]:03}"
        counts[turn.talker] += 1
        means = ", ".join(f"{value:.4f}" for value in turn.dimensions)
        labels.append(
            f"[{turn.start:.4f} - {turn.end:.4f}]\t{utterance}\t{turn.emotion}\t[{means}]\n"
        )
        labels += [turn.raters or raters(turn), "\n"]
        said.append(f"{utterance} [{turn.start:08.4f}-{turn.end:08.4f}]: {turn.text}\n")
    dialog = release / f"Session{name[4]}" / "dialog"
    for folder, lines in (("EmoEvaluation", labels), ("transcriptions", said)):
        (dialog / folder).mkdir(parents=True, exist_ok=True)
        content = "".join(lines).replace("\n", newline)
        (dialog / folder / f"{name}.txt").write_bytes(content.encode("cp1252"))


def raters(turn: Turn) -> str:
    word = WORDS[turn.emotion]
    return (
        f"C-E2:\t{word};\t()\nC-E3:\t{word}; Other;\t(sighs)\nC-E4:\tNeutral;\t()\n"
        f"C-{turn.talker}1:\t{word};\t()\n"
        "A-E3:\tval 3; act 2; dom  2;\t()\nA-E4:\tval 4; act 3; dom  ;\t()\n"
        f"A-{turn.talker}1:\tval 2; act 2; dom  1;\t()\n"
    )


def dialogue_names(session: int) -> list[str]:
    """The 28, 30, 32, 30 and 31 dialogues, with the suffixed ones of sessions 3 and 5."""
    names = []
    scripts = ["01_1", "01_2", "01_3", "02_1", "02_2", "03_1", "03_2"]
    for wearer in "FM":
        scenes = [f"impro0{i}" for i in range(1, 8 if session == 1 else 9)]
        scenes += [f"script{s}" for s in scripts]
        if (session, wearer) == (3, "M"):
            scenes = [s for s in scenes if s not in ("impro05", "impro08")]
            scenes += ["impro05a", "impro05b", "impro08a", "impro08b"]
        if (session, wearer) == (5, "M"):
            scenes.append("script01_1b")
        names += [f"Ses0{session}{wearer}_{scene}" for scene in sorted(scenes)]
    return names


def write_full_release(release: Path) -> None:
    """All 10039 labelled turns, composed as published; who says what where is drawn by lot."""
    rng = np.random.default_rng(0)
    counted = sum(sum(classes.values()) for classes, _ in PUBLISHED.values())
    left = _shuffled([True] * LEFT + [False] * (counted - LEFT), rng)
    style = _shuffled(["impro"] * IMPROVISED + ["script"] * (counted - IMPROVISED), rng)
    plan: list[tuple[int, str, str, str, str]] = []  # session, wearer, style, talker, emotion
    for session, (classes, women) in PUBLISHED.items():
        emotions = [e for e, count in classes.items() for _ in range(count)]
        talkers = _shuffled(["F"] * women + ["M"] * (len(emotions) - women), rng)
        for emotion, talker in zip(_shuffled(emotions, rng), talkers, strict=True):
            wearer = talker if left.pop() else _other(talker)
            plan.append((session, wearer, style.pop(), talker, emotion))
    for emotion, count in OTHERS.items():
        for _ in range(count):
            drawn = [
                str(rng.choice(pair)) for pair in (["F", "M"], ["impro", "script"], ["F", "M"])
            ]
            plan.append((int(rng.integers(1, 6)), drawn[0], drawn[1], drawn[2], emotion))
    _write(release, plan)


def _write(release: Path, plan: Sequence[tuple[int, str, str, str, str]]) -> None:
    said: dict[str, list[Turn]] = {name: [] for s in PUBLISHED for name in dialogue_names(s)}
    for index, (session, wearer, style, talker, emotion) in enumerate(plan):
        fitting = [name for name in said if name.startswith(f"Ses0{session}{wearer}_{style}")]
        turns = said[fitting[index % len(fitting)]]
        start = turns[-1].end + 0.25 if turns else 6.2901
        rated = (1 + index % 5, 1 + index % 9 / 2, 5 - index * 2 % 9 / 2)
        turns.append(Turn(talker, emotion, start, start + 1 + index % 7, dimensions=rated))
    for name, turns in said.items():
        write_dialogue(release, name, turns)


def _other(letter: str) -> str:
    return {"F": "M", "M": "F"}[letter]


def _shuffled(values: list, rng: np.random.Generator) -> list:
    return [values[i] for i in rng.permutation(len(values))]
