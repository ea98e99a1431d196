"""Explicit networks of the ``tables`` estimator: free ones, and the converters around an analog array.

The analog array is as many crossbars of ``rows`` x ``cols`` cells side by side as a value has cells (word bits / cell
bits): each holds one slice of every value. A PE row gives one output value and a PE column takes one input value, so
that every input drives a line in each crossbar and every output gathers a line of each. Each crossbar has one DAC per
input line, one sample-and-hold per output line, and one ADC with its shift-and-add for every ``columns_per_adc``
output lines.
"""

from __future__ import annotations

from math import ceil

from launcher.estimation.analog import LARGEST_CONVERTER_BITS, PartFigures
from launcher.estimation.arithmetic import input_cycles
from launcher.estimation.attributes import Attributes
from launcher.estimation.base import ComponentEstimate
from launcher.estimation.library import ANALOG_FILE, Library
from launcher.estimation.storage import cells_per_value
from launcher.specification.architecture import Network
from launcher.specification.energy import ActionEnergy

_KINDS = ("dac", "adc", "free")
_COLUMNS_PER_ADC = 128
# The first cycle's sums need no read and no write of the buffer, and neither do the last one's: they stay in the
# shift-and-add unit or leave at once. 16 cycles make 14 reads and 14 writes.
_CYCLES_WITHOUT_BUFFER = 2


def network(read: Attributes, library: Library) -> ComponentEstimate:
    """A network of kind ``network_kind``: ``dac`` (values into the array), ``adc`` (values out of it) or ``free``."""
    kind = read.choice("network_kind", _KINDS)
    if kind == "free":
        return _one_price(read, 0.0, 0.0, (), default_data_space=None)
    _refuse_shared_action(read, kind)
    return _input_converters(read, library) if kind == "dac" else _output_converters(read, library)


def _input_converters(read: Attributes, library: Library) -> ComponentEstimate:
    """One value in: as many DACs as it has cells, each converting once per input cycle."""
    cells, cycles = cells_per_value(read), input_cycles(read)
    input_lines = read.integer("cols", "input values the array takes at once (its side along X)")
    dac_bits = _converter_bits(read, "dac_bits")
    dac = _found(read, library.analog.dac(read.technology_nm(), dac_bits), "dac", "convert")
    energy = cells * cycles * dac.energy_pj["convert"]
    return _one_price(read, energy, cells * input_lines * dac.area_um2, dac.notes, default_data_space="Inputs")


def _output_converters(read: Attributes, library: Library) -> ComponentEstimate:
    """One value out: per cell and input cycle a hold, an ADC conversion and a shift-and-add; then the buffer."""
    cells, cycles = cells_per_value(read), input_cycles(read)
    output_lines = read.integer("rows", "output values the array gives at once (its side along Y)")
    per_adc = read.integer("columns_per_adc", "output lines that share an ADC", default=_COLUMNS_PER_ADC)
    technology, table, word_bits = read.technology_nm(), library.analog, read.word_bits()
    hold = _found(read, table.sample_and_hold(technology), "sample_and_hold", "hold")
    adc = _found(read, table.adc(technology, _converter_bits(read, "adc_bits")), "adc", "convert")
    add = _found(read, table.shift_and_add(technology, word_bits), "shift_and_add", "add")
    buffer = _found(read, table.output_buffer(technology, word_bits, output_lines), "output_buffer_128_words", "access")
    conversion = hold.energy_pj["hold"] + adc.energy_pj["convert"] + add.energy_pj["add"]
    buffer_accesses = 2 * max(0, cycles - _CYCLES_WITHOUT_BUFFER)
    energy = cells * cycles * conversion + buffer_accesses * buffer.energy_pj["access"]
    adcs = cells * ceil(output_lines / per_adc)
    area = cells * output_lines * hold.area_um2 + adcs * (adc.area_um2 + add.area_um2) + buffer.area_um2
    notes = tuple(dict.fromkeys((*hold.notes, *adc.notes, *add.notes, *buffer.notes)))
    return _one_price(read, energy, area, notes, default_data_space="Outputs")


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


def _one_price(
    read: Attributes, energy_pj: float, area_um2: float, notes: tuple[str, ...], default_data_space: str | None
) -> ComponentEstimate:
    """The same energy for each required action, at every multicast factor."""
    component = read.component
    base = component.action_name if isinstance(component, Network) else "transfer"
    default = base if default_data_space is None else f"{base}_{default_data_space}"
    actions = component.required_actions or (default,)
    return ComponentEstimate({action: (ActionEnergy(energy_pj),) for action in actions}, area_um2, notes)
