"""Generating, as the terminal shows it."""

from __future__ import annotations

from rich.table import Table

from launcher.reporting.numbers import count, energy, percent, short_seconds, significant
from launcher.results.generation import Generation


def generation_table(generation: Generation, cycle_seconds: float) -> Table:
    """Figures of the whole, of the prompt, and of the first and the last step."""
    found = generation.figures(cycle_seconds)
    sequences = "" if generation.batch == 1 else f", {count(generation.batch)} sequences"
    title = f"{count(generation.new_tokens)} tokens after a prompt of {count(generation.prompt)}{sequences}"
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(style="bold", justify="right")
    table.add_row("time to first token", short_seconds(found["time_to_first_token_s"]))
    if "time_per_later_token_s" in found:
        table.add_row("time per further token", short_seconds(found["time_per_later_token_s"]))
    table.add_row("tokens per second, prompt included", significant(found["tokens_per_second"]))
    table.add_row("energy per token, prompt included", energy(found["energy_per_token_uj"] * 1e6))
    table.add_row("energy of the prompt", energy(found["prompt_energy_uj"] * 1e6))
    for one in dict.fromkeys((*generation.steps[:1], *generation.steps[-1:])):
        step = f"{energy(one.energy_pj)}, {short_seconds(one.cycles * cycle_seconds)}"
        table.add_row(f"a step at a cache of {count(one.cache_length)}", step)
    if generation.padded_share:
        block = f"keys padded to {count(generation.cache_block)}s (model.cache_block)"
        table.add_row(block, f"+{percent(generation.padded_share)}")
    return table
