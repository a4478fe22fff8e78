from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from aiops import plugins
from aiops.testing.forecaster import check_forecaster


def tiny_model(path: Path, levels: int = 9, steps: int = 5) -> Path:
    """Writes a model of random weights: quantiles of each step from the mean of the context."""
    draws = np.random.default_rng(0).normal(size=(1, levels * steps)).astype(np.float32)
    shape = np.array([-1, steps, levels], dtype=np.int64)
    nodes = [
        helper.make_node("ReduceMean", ["context", "axis"], ["mean"], keepdims=1),
        helper.make_node("MatMul", ["mean", "weights"], ["told"]),
        helper.make_node("Add", ["told", "weights"], ["moved"]),
        helper.make_node("Reshape", ["moved", "shape"], ["quantiles"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("context", TensorProto.FLOAT, ["n", "cells"])],
        [helper.make_tensor_value_info("quantiles", TensorProto.FLOAT, ["n", steps, levels])],
        [
            numpy_helper.from_array(draws, "weights"),
            numpy_helper.from_array(shape, "shape"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, path)
    return path


NEEDED = {"pretrained": lambda folder: {"weights": str(tiny_model(folder / "tiny.onnx"))}}
"""Settings without which a forecaster cannot be."""


@pytest.mark.filterwarnings("ignore")  # the libraries behind some methods warn of their own ways
@pytest.mark.parametrize("name", plugins.list_names("forecasts"))
def test_every_registered_forecaster_keeps_its_contract(name, tmp_path):
    plugin = plugins.load("forecasts", name)
    needed = NEEDED[name](tmp_path) if name in NEEDED else {}
    check_forecaster(plugin.create(plugin.settings(**needed)))
