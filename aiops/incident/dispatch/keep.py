"""A dispatcher as one file: a zip of arrays and JSON. Nothing in it can run."""

import io
import json
import zipfile
from typing import Any, Final

import numpy as np

from aiops.contracts.errors import InputError
from aiops.incident.dispatch.columns import ColumnKind
from aiops.incident.dispatch.confidence import Calibration
from aiops.incident.dispatch.features import View, Vocabulary
from aiops.incident.dispatch.model import LinearDispatcher

FORMAT: Final = "aiops dispatcher 1"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest time a zip can hold: equal models are equal files."""


def to_bytes(model: LinearDispatcher) -> bytes:
    """Returns the file's content."""
    head = {
        "format": FORMAT,
        "kinds": {name: kind.value for name, kind in model.view.kinds.items()},
        "cuts": {name: list(cuts) for name, cuts in model.view.cuts.items()},
        "blocks": {name: list(block.terms) for name, block in model.view.blocks.items()},
        "labels": list(model.labels),
        "usual": model.usual,
    }
    arrays: dict[str, Any] = {
        "weights": model.weights,
        "intercepts": model.intercepts,
        "margin": model.calibration.margin,
        "right": model.calibration.right,
        "knots": model.calibration.knots,
        "chance": model.calibration.chance,
        "era": model.calibration.era,
    }
    for name, block in model.view.blocks.items():
        arrays[f"block_{name}"] = block.weights
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(head, ensure_ascii=False)
        archive.writestr(_entry("model.json"), text.encode("utf-8", "surrogatepass"))
        for name, array in arrays.items():
            part = io.BytesIO()
            np.save(part, array, allow_pickle=False)
            archive.writestr(_entry(f"{name}.npy"), part.getvalue())
    return out.getvalue()


def from_bytes(data: bytes, name: str) -> LinearDispatcher:
    """Returns the model of a file.

    Args:
        name: The file's name, for the error.

    Raises:
        InputError: It is no dispatcher, or damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            head = json.loads(archive.read("model.json").decode("utf-8", "surrogatepass"))
            _check_format(head["format"])
            arrays = {
                entry[:-4]: np.load(io.BytesIO(archive.read(entry)), allow_pickle=False)
                for entry in archive.namelist()
                if entry.endswith(".npy")
            }
        blocks = {
            block: Vocabulary(tuple(terms), arrays[f"block_{block}"])
            for block, terms in head["blocks"].items()
        }
        view = View(
            {column: ColumnKind(kind) for column, kind in head["kinds"].items()},
            {column: tuple(cuts) for column, cuts in head["cuts"].items()},
            blocks,
        )
        calibration = Calibration(
            arrays["margin"],
            arrays["right"],
            arrays["knots"],
            arrays["chance"],
            arrays["era"],
        )
        return LinearDispatcher(
            view,
            tuple(head["labels"]),
            arrays["weights"],
            arrays["intercepts"],
            calibration,
            float(head["usual"]),
        )
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as error:
        why = " ".join(str(error).split())
        raise InputError(
            [f"{name}: is no dispatcher ({why}); write one with aiops try dispatch fit"]
        ) from error


def _check_format(found: object) -> None:
    if found != FORMAT:
        msg = f"its format is {found!r}, not {FORMAT!r}"
        raise ValueError(msg)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
