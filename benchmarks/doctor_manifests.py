"""Manifests of the real clips and label files beside the project, for `mertk doctor manifest`.

    python benchmarks/doctor_manifests.py DATA FOLDER

DATA holds ravdess/, crema_d/ and meld/. Writes crops.csv, films.csv, crema.csv and meld.csv.
"""

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

EMOTIONS = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def ravdess(data: Path, pattern: str, sound: Callable[[Path], Path]) -> list[dict[str, Any]]:
    return [
        {
            "id": path.stem[:20],
            "label": EMOTIONS[int(path.stem[6:8]) - 1],
            "speaker": path.stem[18:20],
            "fold": path.stem[16:17],  # the repetition: there is one actor only
            "video": path.relative_to(data),
            "audio": sound(path).relative_to(data),
        }
        for path in sorted((data / "ravdess").rglob(pattern))
    ]


def crema(data: Path) -> list[dict[str, Any]]:
    return [
        {
            "id": path.stem,
            "label": path.stem[9:12],
            "speaker": path.stem[:4],
            "fold": number % 2,
            "video": path.relative_to(data),
            "audio": path.relative_to(data),
        }
        for number, path in enumerate(sorted((data / "crema_d").rglob("*.flv")))
    ]


def meld(data: Path) -> list[dict[str, Any]]:
    rows = []
    for split in ("train", "dev", "test"):
        path = data / f"meld/{split}_sent_emo.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += [
                {
                    "id": f"{split}_dia{row['Dialogue_ID']}_utt{row['Utterance_ID']}",
                    "label": row["Emotion"],
                    "speaker": row["Speaker"],
                    "text": row["Utterance"],
                    "split": split,
                }
                for row in csv.DictReader(file)
            ]
    return rows


def main(data: Path, folder: Path) -> None:
    flac = {path.stem[3:]: path for path in (data / "ravdess/audio_speech").rglob("*.flac")}
    write(
        folder / "crops.csv",
        ravdess(data, "*_facecroppad.avi", lambda path: flac[path.stem[3:20]]),
    )
    write(folder / "films.csv", ravdess(data, "*.mp4", lambda path: path))
    write(folder / "crema.csv", crema(data))
    write(folder / "meld.csv", meld(data))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
