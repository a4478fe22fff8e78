"""Every method of the shelf on labelled series, beside the null and the five-line rule.

    python -m bench.detector_shelf [--data FOLDER] [--seed N] [METHOD …]

Without a folder (tables and a ``windows.json`` as in NAB) on a generated fleet. All methods go
through the same calibration and the same alerts; a method ships only above chance.
"""

import argparse
import time
from pathlib import Path

from aiops import plugins
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from bench import labelled

BESIDE = {
    "null": labelled.null,
    "random": labelled.random,
    "new extreme, five lines": labelled.new_extreme,
}


def run(series: list[labelled.Labelled], names: list[str]) -> None:
    """Prints one row for each method."""
    points = sum(len(one.values) for one in series)
    windows = sum(len(one.windows) for one in series)
    print(f"{len(series)} series, {points} points, {windows} windows")
    print("| method | recall at 0.1 / 0.5 / 1 | AUC-PR | µs a point |\n|---|---|---|---|")
    methods = dict(BESIDE)
    for name in names:
        methods[f"`{name}`"] = labelled.through(DetectStage.of(DetectSettings(detector=name)))
    for name, method in methods.items():
        method(series[0])  # what is compiled once is no cost of a point
        begin = time.process_time()
        found = [method(one) for one in series]
        cost = (time.process_time() - begin) / points * 1e6
        at = " / ".join(f"{r:.2f}" for r in labelled.recalls([alert for alert, _ in found], series))
        area = labelled.auc_pr([score for _, score in found], series)
        print(f"| {name} | {at} | {area:.3f} | {cost:.2f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--series", type=int, default=140)
    parser.add_argument("methods", nargs="*")
    asked = parser.parse_args()
    run(
        labelled.from_folder(asked.data)
        if asked.data
        else labelled.generated(asked.seed, asked.series),
        asked.methods or list(plugins.list_names("detectors")),
    )
