"""How long it takes until something happens: `mertk --help`, `mertk list`, and a first step.

    python benchmarks/start.py [--quick]

Wall seconds of whole processes, the fastest of several, since whatever else runs only adds to them.
For `mertk run` the clock runs from the start of the process to the moment at which the loop would
take its first training step; `foalnet` on a small generated corpus whose features are stored. The
reference is a process that does nothing but import what the components of that recipe stand on
(torch, transformers, accelerate): no run can start before. The ratio is reference / ours. The last
line is one JSON object.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

BARE = "import torch, accelerate; from transformers import WavLMModel, CLIPVisionModel"
RUN = (
    *("run", "foalnet", "--folds", "session1", "--device", "cpu"),
    *("--set", "dataset.clips_per_emotion=8", "--set", "train.epochs=1"),
)
PYTHON = (sys.executable,)
CHILD = (*PYTHON, __file__, "--until-first-step")
PACKAGES = 12


def until_first_step() -> None:
    """In a process of its own: run, note when each stage begins, and stop at the first step."""
    marks = {"python": time.time()}

    import mertk.cli

    marks["command line"] = time.time()

    import mertk.executors.bench
    import mertk.run
    from mertk.train.fit import Loop

    marks["engine"] = time.time()

    def marking(name: str, module: object, attribute: str) -> None:
        original = getattr(module, attribute)

        def marked(*given: object, **named: object) -> object:
            marks[name] = time.time()
            return original(*given, **named)

        setattr(module, attribute, marked)

    def stop(*_: object) -> None:
        marks["until the first step"] = time.time()
        print(json.dumps(marks), flush=True)
        os._exit(0)

    marking("recipe checked", mertk.run, "run_all")
    marking("corpus opened", mertk.run, "rehearse")
    marking("rehearsed", mertk.run, "gather")
    marking("features there", mertk.executors.bench, "conduct")
    Loop.step = stop  # type: ignore[method-assign,assignment]
    status = mertk.cli.main(sys.argv[2:])
    sys.exit(f"no training step was reached: status {status}")


def seconds(command: tuple[str, ...], repeats: int) -> float:
    """Of the fastest of several runs."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - began)
    return min(found)


def first_step(folder: Path, repeats: int) -> dict[str, float]:
    """Seconds of each stage of the fastest of several runs; those of the first do not count."""
    runs = []
    for number in range(repeats + 1):
        where = ("--results", str(folder / f"results{number}"))
        began = time.time()
        environment = os.environ | {"MERTK_HOME": str(folder / "home")}
        done = subprocess.run(
            [*CHILD, *RUN, *where], check=True, capture_output=True, text=True, env=environment
        )
        marks = json.loads(done.stdout.splitlines()[-1])
        spans = pairwise([began, *marks.values()])
        runs.append({name: b - a for name, (a, b) in zip(marks, spans, strict=True)})
    return min(runs[1:], key=lambda stages: sum(stages.values()))


def packages(folder: Path) -> dict[str, float]:
    """Seconds that the modules of each package take to import themselves, the largest first."""
    environment = os.environ | {"MERTK_HOME": str(folder / "home")}
    traced = (*PYTHON, "-X", "importtime", *CHILD[1:], *RUN, "--results", str(folder / "traced"))
    done = subprocess.run(traced, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = {}
    for line in done.stderr.splitlines():
        head, _, rest = line.partition("import time:")
        cells = rest.split("|")
        if head or len(cells) != 3 or not cells[0].strip().isdigit():
            continue
        package = cells[2].strip().partition(".")[0]
        found[package] = found.get(package, 0.0) + int(cells[0]) / 1e6
    return dict(sorted(found.items(), key=lambda item: -item[1])[:PACKAGES])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, under a minute")
    repeats = 2 if parser.parse_args().quick else 7
    mertk = (*PYTHON, "-m", "mertk")
    with tempfile.TemporaryDirectory() as name:
        stages = first_step(Path(name), repeats)
        largest = packages(Path(name))
    reference, ours = seconds((*PYTHON, "-c", BARE), repeats), sum(stages.values())
    for title, terms in (("stages", stages), ("imports", largest)):
        told = ", ".join(f"{what} {took:.2f}" for what, took in terms.items())
        print(f"{title}: {told}", file=sys.stderr)
    summary = {
        "name": "start",
        "device": platform.machine(),
        "ratio": round(reference / ours, 3),
        "reference": round(reference, 3),
        "ours": round(ours, 3),
        "unit": "s",
        "help": round(seconds((*mertk, "--help"), repeats), 3),
        "list": round(seconds((*mertk, "list"), repeats), 3),
        "stages": {what: round(took, 3) for what, took in stages.items()},
        "imports": {what: round(took, 3) for what, took in largest.items()},
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--until-first-step"]:
        until_first_step()
    else:
        main()
