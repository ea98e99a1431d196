"""Problem shapes that a file may name: those that Timeloop brings along, from their definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Shape = Mapping[str, object]

ASSUMED_SHAPE = "cnn_layer"
"""What Timeloop takes a problem without a shape for."""


def _space(name: str, *ranks: Sequence[Sequence[str]], read_write: bool = False) -> dict[str, object]:
    return {"name": name, "projection": [[list(term) for term in rank] for rank in ranks], "read_write": read_write}


def _plain(name: str, dimensions: str, *, read_write: bool = False) -> dict[str, object]:
    return _space(name, *([[dimension]] for dimension in dimensions), read_write=read_write)


SHAPES: Mapping[str, Shape] = {
    "cnn_layer": {
        "name": "CNN_Layer",
        "dimensions": [*"RSPQCKN"],
        "coefficients": [{"name": name, "default": 1} for name in ("Wstride", "Hstride", "Wdilation", "Hdilation")],
        "data_spaces": [
            _plain("Weights", "CKRS"),
            _space(
                "Inputs",
                [["N"]],
                [["C"]],
                [["R", "Wdilation"], ["P", "Wstride"]],
                [["S", "Hdilation"], ["Q", "Hstride"]],
            ),
            _plain("Outputs", "NKQP", read_write=True),
        ],
    },
    "gemm_ABZ": {
        "name": "gemm_ABZ",
        "dimensions": [*"MNK"],
        "data_spaces": [_plain("A", "MK"), _plain("B", "NK"), _plain("Z", "MN", read_write=True)],
    },
    "gemm": {
        "name": "gemm",
        "dimensions": [*"MNK"],
        "data_spaces": [_plain("A", "MK"), _plain("B", "NK"), _plain("C", "MN"), _plain("D", "MN", read_write=True)],
    },
}


def named_shape(name: str) -> Shape | None:
    """The shape of a name; older files have a hyphen where newer ones have an underscore."""
    return SHAPES.get(name.replace("-", "_"))


def is_assumed(instance: Mapping[str, object]) -> bool:
    """Whether a problem without a shape has all that the shape needs that Timeloop takes it for."""
    return {*"RSPQCKN"} <= instance.keys()
