"""A corpus of one's own from a table of clips, without writing code."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mertk.contracts import Card, Clip, Fold
from mertk.errors import CorpusError, did_you_mean
from mertk_plugins.datasets._cells import COLUMNS, MEDIA, CellReader, Record, sources
from mertk_plugins.datasets._folds import deal, one_each, published, tested_on
from mertk_plugins.datasets._manifest_target import check_outputs
from mertk_plugins.datasets._row_faults import lines
from mertk_plugins.datasets._rows import Rows, hub, read

SHOWN = 20


class Manifest:
    """Clips listed in a CSV, TSV, JSON Lines or Parquet file or a Hugging Face dataset.

    One row is one clip. Columns:

    - `id` and `label`: necessary, never empty. An id is unique and can be part of a file name.
      Where dimensions or labels are predicted, each has a column of its own instead of `label`:
      numbers, or 1 and 0; an empty cell means that nobody rated it, and one at least is not empty.
    - `audio`, `video`: media files; `text`: what is said; `features`: a file of precomputed
      features for the `table` encoder. At least one of these columns is necessary. An empty cell
      means that the clip lacks this modality.
    - `start`, `end`: the part of `audio` and `video` that belongs to the clip, seconds; empty cells
      mean the beginning and the end of the file.
    - `speaker`: necessary for folds by speaker. Without it nobody can tell whether a speaker stands
      on both sides of a fold, and the recipe has to say `dataset.shared_speakers: allow`.
    - `group` (session, dialogue ...), `fold`, `split`: see `folds`.
    - Every further column of text or numbers becomes a label beside the emotion.

    Sound and video that a Parquet file or a Hugging Face dataset holds as bytes are written once
    into the folder for what can be made again ($MERTK_HOME, or mertk in the user's cache folder).

    Folds by speaker or group are dealt out greedily, largest group first, such that each class is
    spread evenly; they depend only on ids, labels and groups, not on the order of rows.

    Args:
        path: The file, or a folder that `datasets.save_to_disk` wrote.
        dataset: Instead of `path`: what `datasets.load_dataset` is to load, a hub id for example.
            The name of each of its splits stands in for a `split` column.
        config: Configuration of `dataset`, where it has several.
        revision: Version of `dataset` on the hub: a commit, so that it cannot change.
        media_root: Folder that media paths are relative to; default: the manifest's own, or the
            current one for `dataset`.
        features: One file of precomputed features for all clips, relative to `media_root`.
        columns: Where columns are called otherwise: the name above -> the name in the table, or a
            template over names in the table, such as `video: clips/{dialogue}_{turn}.mp4`.
        target: What is predicted: classes; dimensions, such as valence or sentiment; or labels, of
            which a clip may have several.
        classes: The classes in the order of their indices; default: all labels, sorted. The names
            of the dimensions or labels, where these are predicted: there is no default.
        unlisted: What to do with rows whose label is none of `classes`: report or drop them.
        folds: `speaker`: k folds without a common speaker; `group`: k folds without a common group;
            `column`: each value of the `fold` column is tested on once; `split`: one fold from the
            `split` column (train, test and, where it is published, valid).
        k: How many folds to make; null: one for each speaker or group, which gives it its name.
        allow_outside: Let media paths lead out of `media_root`. Links below it may lead anywhere.

    Raises:
        ValueError: Arguments that are wrong or do not go together.
    """

    def __init__(
        self,
        path: Path | None = None,
        dataset: str | None = None,
        config: str | None = None,
        revision: str | None = None,
        media_root: Path | None = None,
        features: Path | None = None,
        columns: dict[str, str] | None = None,
        target: Literal["classes", "dimensions", "labels"] = "classes",
        classes: list[str] | None = None,
        unlisted: Literal["error", "drop"] = "error",
        folds: Literal["speaker", "group", "column", "split"] = "speaker",
        k: int | None = 5,
        allow_outside: bool = False,
    ) -> None:
        if (path is None) == (dataset is None):
            raise ValueError(
                "path: a manifest is either a file or a hub dataset; give `path` or `dataset`"
            )
        if dataset is None and (config or revision):
            raise ValueError("dataset: `config` and `revision` belong to a hub dataset; name it")
        check_outputs(target, classes, unlisted)
        self.target, self.numbers = target, () if target == "classes" else tuple(classes or ())
        for name in columns or {}:
            known = (*COLUMNS, *self.numbers)
            if name not in known:
                raise ValueError(f"columns: not a column ({name!r}){did_you_mean(name, known)}")
        if k is not None and k < 2:
            raise ValueError(f"k: folds to train and test need at least 2 ({k})")
        self.path, self.dataset, self.config, self.revision = path, dataset, config, revision
        self.name = str(path or dataset)
        self.root = Path(media_root or (path.parent if path else "."))
        self.features = None if features is None else self.root / features
        self.columns = dict(columns or {})
        self.classes, self.unlisted = classes, unlisted
        self.by, self.k = folds, k
        self.allow_outside = allow_outside
        self._dropped: frozenset[str] = frozenset()

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """`k`, where folds are not dealt out."""
        by = arguments["folds"]
        dealt = by in ("speaker", "group")
        return {} if dealt else {"k": f"`folds: {by}` says itself how many; leave it out"}

    @property
    def card(self) -> Card:
        """What the manifest says of itself: its name and its classes."""
        return Card(
            title=self.path.stem if self.path else self.name,
            classes=tuple(self.classes or sorted({str(c.labels["emotion"]) for c in self.clips()})),
            target=self.target,
            licence="not stated: a corpus of the user's own",
            citation="not stated: a corpus of the user's own",
            how_to_get=f"Ask whoever made {self.path.name if self.path else self.name}.",
        )

    def clips(self) -> Sequence[Clip]:
        """The clips in the order of the table.

        Raises:
            CorpusError: The table cannot be read, with everything that is wrong in it.
        """
        return [record.clip for record in self._records]

    def folds(self) -> Sequence[Fold]:
        """The folds that `folds` asks for.

        Raises:
            CorpusError: As `clips`; or there are not enough speakers, groups or parts for it.
        """
        ids = [record.clip.id for record in self._records]
        if self.by == "split":
            return [published(ids, [record.split for record in self._records], self.name)]
        if self.by == "column":
            return one_each(ids, [record.fold for record in self._records], "fold", self.name)
        groups = [self._group(record) for record in self._records]
        if self.k is None:
            return one_each(ids, groups, self.by, self.name)
        there = len(set(groups))
        if there < self.k:
            raise CorpusError(
                f"{self.name}: {there} {self.by}s do not make k={self.k} folds; set k to "
                f"{there} or fewer, or to null for one fold per {self.by}"
            )
        classes = [self._dealt_as(record.clip) for record in self._records]
        return [
            tested_on(f"fold{number}", ids, [group in part for group in groups])
            for number, part in enumerate(deal(groups, classes, self.k), start=1)
        ]

    def _dealt_as(self, clip: Clip) -> str:
        """What folds are to hold about the same share of; dimensions are not looked at."""
        has = "|".join(name for name in self.numbers if clip.labels.get(name) == 1)
        return {"classes": str(clip.labels.get("emotion")), "labels": has}.get(self.target, "")

    def knows(self, path: Path) -> bool:
        """Whether a row that was dropped (`unlisted: drop`) names a file."""
        _ = self._records  # reads the rows
        return os.path.realpath(path) in self._dropped

    def _group(self, record: Record) -> str:
        return record.clip.speaker if self.by == "speaker" else record.clip.group["group"]

    @cached_property
    def _records(self) -> list[Record]:
        if self.dataset is not None:
            rows = hub(self.dataset, self.config, self.revision)
        else:
            rows = read(Path(self.name))
        needed = {"speaker": "speaker", "group": "group", "column": "fold", "split": "split"}
        label = () if self.numbers else ("label",)
        required = ("id", *label, needed[self.by])
        self._refuse(self._column_faults(rows, required))
        if self.features is not None and not self.features.is_file():
            raise CorpusError(
                f"{self.features}: no such file; give `features` relative to {self.root}"
            )
        reader = CellReader(
            columns=self._there(rows),
            required=required,
            classes=None if self.numbers else self.classes,
            numbers=self.numbers,
            binary=self.target == "labels",
            drop_unlisted=self.unlisted == "drop",
            root=self.root,
            allow_outside=self.allow_outside,
            features=self.features,
        )
        records = reader.read(rows.each)
        self._dropped = frozenset(os.path.realpath(path) for path in reader.dropped)
        faults = [*rows.faults, *reader.faults]
        self._refuse(lines(faults), len(faults))
        self._refuse(self._class_faults(records) or self._media_faults(records))
        return records

    def _there(self, rows: Rows) -> dict[str, str]:
        """The table's name of each known column it has."""
        names = {name: self.columns.get(name, name) for name in (*COLUMNS, *self.numbers)}
        return {n: theirs for n, theirs in names.items() if set(sources(theirs)) <= {*rows.columns}}

    def _column_faults(self, rows: Rows, required: Sequence[str]) -> list[str]:
        if not rows.columns:
            return ["there are no rows in it"]
        there = self._there(rows)
        faults = [
            f"columns.{name}: the table has no {source!r}{did_you_mean(source, rows.columns)}"
            for name, theirs in self.columns.items()
            for source in sources(theirs)
            if source not in rows.columns
        ]
        for name in (*required, *self.numbers):
            if name not in there and name not in self.columns:
                own = ("id", "label", *self.numbers)
                use = f" (folds={self.by} needs it)" if name not in own else ""
                near = did_you_mean(name, rows.columns)
                faults.append(
                    f"no column {name!r}{use}{near}; name yours with columns={{{name}: ...}}"
                )
        if self.features is None and not {*MEDIA, "text"} & set(there):
            faults.append("no medium: needs a column audio, video, text or features")
        if not self.numbers and "emotion" in rows.columns and "emotion" not in there.values():
            faults.append(
                "the column 'emotion' would take the label's place; rename it, or say "
                "columns={label: emotion} where it is the label"
            )
        return faults

    def _class_faults(self, records: Sequence[Record]) -> list[str]:
        if not records:
            return ["there are no rows in it" + (" of these classes" if self.classes else "")]
        if self.numbers:
            return []  # what folds cannot learn of them is told where folds are known
        found = {str(record.clip.labels["emotion"]) for record in records}
        if self.classes is None and len(found) < 2:
            return [f"label: every row says {found.pop()!r}; there is nothing to tell apart"]
        return [
            f"classes: no row is labelled {name!r}{did_you_mean(name, found)}"
            for name in self.classes or ()
            if name not in found
        ]

    def _media_faults(self, records: Sequence[Record]) -> list[str]:
        """Nothing where any file is there: single ones are the business of `dataset.broken`."""
        paths = [ref.path for record in records for ref in record.clip.media.values()]
        there = os.path.isfile  # which takes a name that no file can have for one that is not there
        if not paths or any(map(there, paths)):
            return []
        return [
            f"none of the {len(paths)} media files is there, for example {paths[0]}; set "
            f"`media_root` to the folder that the paths are relative to (now {self.root})"
        ]

    def _refuse(self, told: Sequence[str], faults: int = 0) -> None:
        """Raise where something is wrong.

        Args:
            told: A line for each fault, or for several together.
            faults: How many they are; as many as the lines where 0.
        """
        if not told:
            return
        count = faults or len(told)
        shown = list(told[:SHOWN])
        if len(told) > SHOWN:
            shown.append(f"... and {len(told) - SHOWN} lines more")
        head = f"{self.name}: {count} fault{'s' if count > 1 else ''}"
        raise CorpusError("\n  ".join([head, *shown]))
