"""The benchmarks in ``conf/layer``: their sizes, and that they need no model."""

from __future__ import annotations

from math import prod

import pytest

from launcher import run
from launcher.config.compose import compose
from launcher.trial.steps import specify

# (E, D, L and Q, R and S), stride, dilation, images, multiply-accumulates
CONVOLUTIONS = {
    "I": ((128, 256, 56, 3), 1, 1, 1, 924_844_032),
    "II": ((512, 512, 28, 3), 1, 1, 1, 1_849_688_064),
    "III": ((3, 64, 112, 7), 2, 1, 1, 118_013_952),
    "IV": ((64, 64, 56, 3), 1, 1, 1, 115_605_504),
    "V": ((128, 128, 28, 3), 1, 1, 1, 115_605_504),
    "VI": ((256, 256, 14, 3), 1, 1, 1, 115_605_504),
    "VII": ((256, 512, 7, 3), 2, 1, 1, 57_802_752),
    "VIII": ((64, 256, 56, 1), 1, 1, 1, 51_380_224),
    "IX": ((3, 64, 112, 3), 2, 1, 1, 21_676_032),
    "X": ((72, 72, 28, 3), 2, 1, 1, 36_578_304),
    "XI": ((576, 576, 7, 5), 1, 1, 1, 406_425_600),
    "XII": ((24, 88, 28, 1), 1, 1, 1, 1_655_808),
    "XIII": ((16, 16, 224, 3), 3, 4, 1, 115_605_504),
    "XIV": ((128, 128, 112, 9), 4, 3, 1, 16_647_192_576),
    "XV": ((256, 256, 56, 3), 2, 3, 1, 1_849_688_064),
    "XVI": ((128, 256, 32, 4), 1, 1, 1, 536_870_912),
    "XVII": ((576, 576, 7, 5), 1, 1, 1, 406_425_600),
    "XVIII": ((256, 256, 14, 3), 1, 1, 64, 7_398_752_256),
    "XIX": ((72, 72, 28, 3), 2, 1, 128, 4_682_022_912),
    "XX": ((256, 256, 56, 5), 2, 3, 32, 164_416_716_800),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution_benchmark_has_its_sizes(name: str) -> None:
    (channels, kernels, side, kernel), stride, dilation, images, macs = CONVOLUTIONS[name]
    problem = specify(compose([f"layer={name}"])).problem
    expected = {"E": channels, "D": kernels, "R": kernel, "S": kernel, "N": images, "L": side, "Q": side}
    assert dict(problem.dimensions) == expected
    assert prod(problem.dimensions.values()) == macs
    reach = (side - 1) * stride + (kernel - 1) * dilation + 1
    assert problem.data_space("Inputs").size(problem.dimensions) == images * channels * reach**2
    assert problem.data_space("Weights").size(problem.dimensions) == channels * kernels * kernel**2
    assert problem.data_space("Outputs").size(problem.dimensions) == images * kernels * side**2


def test_the_square_benchmark_is_a_matrix_multiplication() -> None:
    layer = compose(["layer=Square"]).layer
    assert (layer.dimensions, layer.repeats) == ({"E": 1024, "D": 1024, "L": 1024}, 1)


def test_a_benchmark_runs_without_a_word_about_a_model() -> None:
    result = run(["layer=XII", "arch=gemmini"])
    assert result.ok and result.gap == 0
    assert not [key for key in result.parameters if key.startswith("model")]


def test_the_images_of_a_benchmark_are_its_own() -> None:
    """A model's batch changes the layers of that model, not a benchmark."""
    assert compose(["layer=XIX", "model=resnet18", "model.batch=2"]).layer.dimensions["N"] == 128
