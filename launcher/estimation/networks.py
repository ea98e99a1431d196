"""Explicit networks: free ones, and the converters around an analog array.

The analog array is as many crossbars of ``rows`` x ``cols`` cells side by side as a value has cells (word bits / cell
bits): each holds one slice of every value. A PE row gives one output value and a PE column takes one input value, so
that every input drives a line in each crossbar and every output gathers a line of each. Each crossbar has one DAC per
input line, one sample-and-hold per output line, and one ADC with its shift-and-add for every ``columns_per_adc``
output lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from launcher.estimation.analog import LARGEST_CONVERTER_BITS, PartFigures
from launcher.estimation.arithmetic import input_cycles
from launcher.estimation.attributes import Attributes
from launcher.estimation.library import ANALOG_FILE, Library
from launcher.estimation.parts import Composition, Part
from launcher.estimation.storage import cells_per_value
from launcher.specification.architecture import Network

_KINDS = ("dac", "adc", "free")
_COLUMNS_PER_ADC = 128
# The first cycle's sums need no read and no write of the buffer, and neither do the last one's: they stay in the
# shift-and-add unit or leave at once. 16 cycles make 14 reads and 14 writes.
_CYCLES_WITHOUT_BUFFER = 2


def network(read: Attributes, library: Library) -> Composition:
    """A network of kind ``network_kind``: ``dac`` (values into the array), ``adc`` (values out of it) or ``free``."""
    kind = read.choice("network_kind", _KINDS)
    if kind == "free":
        return Composition(_actions(read, default_data_space=None))
    _refuse_shared_action(read, kind)
    return _input_converters(read, library) if kind == "dac" else _output_converters(read, library)


def _input_converters(read: Attributes, library: Library) -> Composition:
    """One value in: as many DACs as it has cells, each converting once per input cycle."""
    cells, cycles = cells_per_value(read), input_cycles(read)
    input_lines = read.integer("cols", "input values the array takes at once (its side along X)")
    bits = _converter_bits(read, "dac_bits")
    dac = _found(read, library.analog.dac(read.technology_nm(), bits), "dac", "convert")
    actions = _actions(read, default_data_space="Inputs")
    return Composition(
        actions,
        (_part(read, "dac", {"resolution": bits}, dac, actions, "convert", cells * cycles, cells * input_lines),),
    )


def _output_converters(read: Attributes, library: Library) -> Composition:
    """One value out: per cell and input cycle a hold, an ADC conversion and a shift-and-add; then the buffer."""
    cells, cycles = cells_per_value(read), input_cycles(read)
    output_lines = read.integer("rows", "output values the array gives at once (its side along Y)")
    per_adc = read.integer("columns_per_adc", "output lines that share an ADC", default=_COLUMNS_PER_ADC)
    technology, table = read.technology_nm(), library.analog
    word_bits = read.integer("output_bits", "bits of one output", default=read.word_bits())
    adc_bits = _converter_bits(read, "adc_bits")
    hold = _found(read, table.sample_and_hold(technology), "sample_and_hold", "hold")
    adc = _found(read, table.adc(technology, adc_bits), "adc", "convert")
    add = _found(read, table.shift_and_add(technology, word_bits), "shift_and_add", "add")
    buffer = _found(read, table.output_buffer(technology, word_bits, output_lines), "output_buffer_128_words", "access")
    accesses = 2 * max(0, cycles - _CYCLES_WITHOUT_BUFFER)
    conversions, adcs = cells * cycles, cells * ceil(output_lines / per_adc)
    shape = {"width": word_bits, "depth": output_lines}
    adc_attributes = {"resolution": adc_bits}
    if read.has("global_cycle_seconds"):  # the tables need no speed, other estimators do: one conversion per cycle
        adc_attributes["throughput"] = round(1e9 / read.cycle_ns())
    actions = _actions(read, default_data_space="Outputs")
    return Composition(
        actions,
        (
            _part(read, "sample_and_hold", {}, hold, actions, "hold", conversions, cells * output_lines),
            _part(read, "adc", adc_attributes, adc, actions, "convert", conversions, adcs),
            _part(read, "shift_and_add", {"width": word_bits}, add, actions, "add", conversions, adcs),
            _part(read, "output_buffer", shape, buffer, actions, "access", accesses, 1),
        ),
    )


def _part(
    read: Attributes,
    name: str,
    size: Mapping[str, int],
    figures: PartFigures,
    actions: tuple[str, ...],
    own_action: str,
    times: int,
    count: int,
) -> Part:
    """A part that every action of the network uses ``times`` times: the same price at every multicast factor."""
    return Part(
        name,
        name,
        {**read.technology_attribute(), **size},
        figures.energy_pj,
        figures.area_um2,
        {action: {own_action: times} for action in actions},
        count,
        figures.notes,
    )


def _found(read: Attributes, figures: PartFigures | None, part: str, action: str) -> PartFigures:
    if figures is None or action not in figures.energy_pj:
        read.fail(f"no table has action {action!r} of part {part!r}", f"such a row in {ANALOG_FILE}")
    return figures


def _converter_bits(read: Attributes, name: str) -> int:
    bits = read.integer(name, "bits of the converter")
    if bits > LARGEST_CONVERTER_BITS:
        read.fail(f"attribute {name!r} is {bits}", f"{name}: 1 to {LARGEST_CONVERTER_BITS} bits")
    return bits


def _refuse_shared_action(read: Attributes, kind: str) -> None:
    """Timeloop charges a network for every data space and in both directions unless actions are told apart."""
    component = read.component
    if isinstance(component, Network) and not component.per_data_space_actions:
        read.fail(
            f"a {kind} network with one action for all data spaces would charge each of them",
            "per_datatype_ERT: true, and actions like transfer_Inputs",
        )


def _actions(read: Attributes, default_data_space: str | None) -> tuple[str, ...]:
    component = read.component
    base = component.action_name if isinstance(component, Network) else "transfer"
    default = base if default_data_space is None else f"{base}_{default_data_space}"
    return component.required_actions or (default,)
