"""The names that Timeloop-Experiments gives hardware in its ``hw_configs.json``, read as they are.

Its files are recognized by names that this project has not. Every one of them has to be there, as there; what its
units are, and what they become, is said here alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from launcher.errors import ConfigurationError
from launcher.sweeping.points.interface import Value

_BITS_OF_A_SUM = 32
_LARGEST = 2**40


@dataclass(frozen=True)
class HwConfigs:
    """The names of one kind of hardware.

    Attributes:
        arch: this project's architecture that it is.
        names: all of them, in the order of the original's files.
        telling: those that this project's own files never have.
        parameters: what the values of a configuration, which were checked, are called and measured in here.
        dataflows: what its ``dataflow`` may be.
    """

    arch: str
    names: tuple[str, ...]
    telling: frozenset[str]
    parameters: Callable[[Mapping[str, Value]], dict[str, Value]]
    dataflows: tuple[str, ...]

    def read(self, values: Mapping[str, Value], known: Iterable[str], where: str) -> dict[str, Value]:
        """What the values of one configuration are to this project.

        Args:
            values: of all :attr:`names`, as the file has them.
            known: parameters of the architecture that is swept.
            where: file and entry, for messages.

        Returns:
            A parameter of the architecture -> its value.

        Raises:
            ConfigurationError: a value makes no sense or is not supported, or the architecture is another kind.
        """
        for name, value in values.items():
            self._check(name, value, where)
        parameters = self.parameters(values)
        missing = sorted(set(parameters) - set(known))
        if missing:
            raise ConfigurationError(
                f"{self.names[0]} and the other names of this hw_configs.json describe {self.arch}, and the "
                f"architecture has no {', '.join(missing)}",
                where=where,
                hint=f"arch={self.arch}",
            )
        return parameters

    def _check(self, name: str, value: Value, where: str) -> None:
        expected = ""
        if name == "dataflow":
            expected = "" if value in self.dataflows else f"one of {', '.join(self.dataflows)}"
        elif name == "use_IMC_as_buffer":
            if value is True:
                raise ConfigurationError(
                    "use_IMC_as_buffer=true is not supported: softmax and layernorm use the shared buffer alone",
                    where=where,
                    hint="use_IMC_as_buffer: false, which is all that hw_configs.json ever ran with",
                )
            expected = "" if value is False else "false"
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LARGEST:
            expected = f"a number from 1 to {_LARGEST}"
        if expected:
            raise ConfigurationError(f"{name}={value!r} is no value of hw_configs.json", where=where, expected=expected)


def _gemmini(values: Mapping[str, Value]) -> dict[str, Value]:
    """Gemmini's; the places named are those of ``transformer_gemmini/hwdse_run.py``.

    * ``scratchpad_size``: "number-of-values-stored (hence, bytes since here data is in 8bits)".
    * ``accumulator_size``: the same of "the SRAM buffers at the end of each row", for one row: its entries are
      multiplied by ``pe_rows`` for norm operations, and there is one buffer in each of the ``pe_rows`` rows for
      matrix multiplications. Its architecture file has values of 32 bits there.
    * ``scratchpad_bandwidth``, ``accumulator_bandwidth``: words per cycle, set for reading and for writing; the
      accumulator's is multiplied by ``pe_rows`` where the size is, so it is one row's.
    * ``rf_size``: "size of a column vector processed during NOs", the depth of both column registers.
    """
    row_bits = _number(values["accumulator_size"]) * _BITS_OF_A_SUM
    return {
        "rows": values["pe_rows"],
        "cols": values["pe_cols"],
        "dataflow": str(values["dataflow"]).lower(),
        "scratchpad_kib": _kib(_number(values["scratchpad_size"]) * 8),
        "scratchpad_bandwidth": values["scratchpad_bandwidth"],
        "accumulator_kib": _kib(row_bits * _number(values["pe_rows"])),
        "accumulator_bandwidth": values["accumulator_bandwidth"],
        "norm_registers": values["rf_size"],
    }


def _pim(values: Mapping[str, Value]) -> dict[str, Value]:
    """The analog array's; the places named are those of ``transformer_pim/hwdse_run.py``.

    * ``shared_glb_size``: "number-of-values-stored (hence, bytes since here data is in 8bits)".
    * ``shared_glb_bandwidth``: words per cycle, set for reading and for writing.
    * ``rf_size``: as for gemmini.
    * ``use_IMC_as_buffer``: "not currently supported"; ``IMC_buffer_bandwidth`` is that buffer's, and means nothing
      without it.
    """
    return {
        "rows": values["pe_rows"],
        "cols": values["pe_cols"],
        "dataflow": str(values["dataflow"]).lower(),
        "glb_kib": _kib(_number(values["shared_glb_size"]) * 8),
        "glb_bandwidth": values["shared_glb_bandwidth"],
        "norm_registers": values["rf_size"],
    }


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value


def _kib(number_of_bits: float) -> Value:
    kib = number_of_bits / 8192
    return int(kib) if kib.is_integer() else kib


_KINDS = (
    HwConfigs(
        "gemmini",
        (
            *("scratchpad_size", "accumulator_size", "scratchpad_bandwidth", "accumulator_bandwidth"),
            *("pe_rows", "pe_cols", "dataflow", "rf_size"),
        ),
        frozenset(("scratchpad_size", "accumulator_size")),
        _gemmini,
        ("WS", "IS", "OS"),
    ),
    HwConfigs(
        "pim",
        (
            *("shared_glb_size", "shared_glb_bandwidth", "pe_rows", "pe_cols", "dataflow"),
            *("use_IMC_as_buffer", "IMC_buffer_bandwidth", "rf_size"),
        ),
        frozenset(("shared_glb_size", "shared_glb_bandwidth", "use_IMC_as_buffer", "IMC_buffer_bandwidth")),
        _pim,
        ("WS", "IS"),
    ),
)
_EITHER = "rf_size"


def hw_configs_kind(names: Iterable[str], where: str) -> HwConfigs | None:
    """Whose names these are.

    Args:
        names: of all configurations of a file.
        where: the file, for messages.

    Returns:
        None where they are this project's own.

    Raises:
        ConfigurationError: they are those of ``hw_configs.json`` and others, or some of them are missing.
    """
    given = list(dict.fromkeys(names))
    telling = [name for name in given if name == _EITHER or any(name in kind.telling for kind in _KINDS)]
    if not telling:
        return None
    kind = max(_KINDS, key=lambda one: len(one.telling.intersection(given)))
    other = [name for name in given if name not in kind.names]
    if other:
        raise ConfigurationError(
            f"{telling[0]} is a name of hw_configs.json, and {', '.join(other)} "
            f"{'is' if len(other) == 1 else 'are'} not among its names for {kind.arch}",
            where=where,
            expected=f"{', '.join(kind.names)}; or names of this project alone",
        )
    missing = [name for name in kind.names if name not in given]
    if missing:
        raise ConfigurationError(
            f"{telling[0]} is a name of hw_configs.json, whose entries have all its names, and there is no "
            f"{', '.join(missing)}",
            where=where,
            expected=", ".join(kind.names),
        )
    return kind
