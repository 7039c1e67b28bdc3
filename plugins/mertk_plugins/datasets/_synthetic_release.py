"""Writes the generated corpus in the layout of the IEMOCAP release."""

import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mertk_plugins.datasets._iemocap_files import RELEASE
from mertk_plugins.datasets._synthetic_acting import SESSIONS, Turn, cast_session, label_lines
from mertk_plugins.datasets._synthetic_face import SIDE, Face, Look
from mertk_plugins.datasets._synthetic_film import FPS, Film, planes, write_film
from mertk_plugins.datasets._synthetic_voice import RATE, Throat, draw_throat, speak

_SILENCE: Final = 0.5  # seconds after the last turn


def write_release(folder: Path, clips_per_emotion: int, dialogues: int, seed: int) -> None:
    """Write all five sessions under `folder`."""
    for session in SESSIONS:
        rng = np.random.default_rng([seed, session])
        throats = {letter: draw_throat(letter, rng) for letter in "FM"}
        faces = {letter: Face(rng) for letter in "FM"}
        plan = cast_session(session, clips_per_emotion, dialogues, FPS, rng)
        for name, turns in plan.items():
            root = folder / RELEASE / f"Session{session}"
            _write_text(root / "dialog", name, turns, rng)
            _write_sound(root, name, turns, throats, rng)
            film = _new_file(root / f"dialog/avi/DivX/{name}.avi")
            write_film(film, _frames(name, turns, faces, rng))


def _write_text(dialog: Path, name: str, turns: Sequence[Turn], rng: np.random.Generator) -> None:
    header = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    labels = header + "".join(label_lines(turn, rng) for turn in turns)
    said = [f"{t.id} [{t.start:08.4f}-{t.end:08.4f}]: {t.text}\n" for t in turns]
    said.insert(1, f"{name}_MXX0 [{turns[0].end:08.4f}-{turns[1].start:08.4f}]: Mhm.\n")
    for kind, content in (("EmoEvaluation", labels), ("transcriptions", "".join(said))):
        path = _new_file(dialog / kind / f"{name}.txt")
        path.write_text(content, encoding="utf-8", newline="\n")


def _write_sound(
    root: Path,
    name: str,
    turns: Sequence[Turn],
    throats: dict[str, Throat],
    rng: np.random.Generator,
) -> None:
    whole = 0.002 * rng.normal(size=round((turns[-1].end + _SILENCE) * RATE))
    for turn in turns:
        part = slice(round(turn.start * RATE), round(turn.end * RATE))
        whole[part] += speak(throats[turn.talker], turn.end - turn.start, *turn.voice, rng)
        _write_wav(root / f"sentences/wav/{name}/{turn.id}.wav", whole[part])
    _write_wav(root / f"dialog/wav/{name}.wav", whole)


def _write_wav(path: Path, samples: NDArray[np.float64]) -> None:
    with wave.open(str(_new_file(path)), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def _frames(
    name: str, turns: Sequence[Turn], faces: dict[str, Face], rng: np.random.Generator
) -> Iterator[Film]:
    """The dialogue's pictures: the wearer of the markers on the left, the talker animated."""
    left = name[len("Ses01")]
    seats = ((left, 0, True), ("M" if left == "F" else "F", SIDE, False))
    idle = {letter: planes(faces[letter].draw(Look(), markers)) for letter, _, markers in seats}
    film = Film()
    turn: Turn | None = None
    moves: Iterator[Look] = iter(())
    upcoming = iter([*turns, None])
    following = next(upcoming)
    for index in range(round((turns[-1].end + _SILENCE) * FPS)):
        time = index / FPS
        if turn is not None and time >= turn.end:
            turn = None
        if following is not None and time >= following.start:
            turn, following = following, next(upcoming)
            moves = _play(turn, rng)
        for letter, x, markers in seats:
            talks = turn is not None and turn.talker == letter
            film.seat(
                x, planes(faces[letter].draw(next(moves), markers)) if talks else idle[letter]
            )
        yield film


def _play(turn: Turn, rng: np.random.Generator) -> Iterator[Look]:
    """What the talker's face does, frame by frame."""
    arousal, valence = turn.face
    place = np.zeros(2)
    while True:
        place = 0.7 * place + (1.1 + 0.8 * arousal) * rng.normal(size=2)
        yield Look(
            smile=float(np.clip(0.8 * valence + 0.15 * rng.normal(), -1, 1)),
            open=float(np.clip(0.4 + 0.25 * arousal + 0.3 * rng.normal(), 0, 1)),
            brow=float(np.clip(0.5 * valence + 0.3 * rng.normal(), -1, 1)),
            blink=bool(rng.random() < 0.08),
            right=round(place[0]),
            down=round(place[1] - 4 * valence),
        )


def _new_file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
