"""What generating takes: the prompt, then one step after the other against a cache that grows."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum


@dataclass(frozen=True)
class CacheSteps:
    """Decoding steps that are mapped alike.

    Attributes:
        cache_length: tokens in the cache as it was mapped, the step's own included.
        steps: how many steps these are.
        energy_pj, cycles: of one step, all layers of all blocks together.
    """

    cache_length: int
    steps: int
    energy_pj: float
    cycles: int


@dataclass(frozen=True)
class Generation:
    """A prefill, which yields the first token, and the steps that yield the others.

    Attributes:
        prompt, new_tokens, batch, step_tokens: as asked for; ``new_tokens`` of each of ``batch`` sequences.
        cache_block: a step attends to a multiple of so many tokens, as where a cache is kept in pages.
        padded_share: so many more keys than there are were attended to, over all steps, as a share.
        first_energy_pj, first_cycles: of the prefill.
        steps: of every cache length that was mapped.
        unlisted_energy_pj, unlisted_cycles: what the result's layers do not show of the totals: layers whose sizes
            follow the cache's length are listed at its first and its last length.
    """

    prompt: int
    new_tokens: int
    batch: int
    step_tokens: int
    cache_block: int
    padded_share: float
    first_energy_pj: float
    first_cycles: int
    steps: tuple[CacheSteps, ...] = ()
    unlisted_energy_pj: float = 0.0
    unlisted_cycles: int = 0

    def figures(self, cycle_seconds: float) -> Mapping[str, float]:
        """Figures by name, each with its unit; those of time are NaN when the length of a cycle is not known.

        Energy per token and tokens per second count the prompt's energy and time, and all new tokens of all sequences.
        """
        step_cycles = sum(one.cycles * one.steps for one in self.steps)
        energy_pj = fsum([self.first_energy_pj, *(one.energy_pj * one.steps for one in self.steps)])
        tokens, later = self.new_tokens * self.batch, self.new_tokens - 1
        seconds = (self.first_cycles + step_cycles) * cycle_seconds
        found = {
            "time_to_first_token_s": self.first_cycles * cycle_seconds,
            "tokens_per_second": tokens / seconds,
            "energy_per_token_uj": energy_pj * 1e-6 / tokens,
            "prompt_energy_uj": self.first_energy_pj * 1e-6,
            "padded_share": self.padded_share,
        }
        return found | ({"time_per_later_token_s": step_cycles * cycle_seconds / later} if later else {})


def generation_csv(generation: Generation, cycle_seconds: float) -> str:
    """A row for each cache length: energy of a token of one sequence, and time until the next."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("cache_length", "steps", "energy_uj_per_token", "latency_s_per_token"))
    for one in generation.steps:
        energy = one.energy_pj * 1e-6 / (generation.step_tokens * generation.batch)
        latency = one.cycles * cycle_seconds / generation.step_tokens
        writer.writerow((one.cache_length, one.steps, repr(energy), repr(latency)))
    return text.getvalue()
