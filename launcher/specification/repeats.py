"""How often a layer's nest runs when it shares outer loops with other layers, and what stays in place meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Repeats:
    """A nest inside loops that it shares with the other layers of a group.

    One iteration of the shared loops runs every layer's own nest, one after the other. So each of them finds its tiles
    gone, but for those that stay: a *persistent* tile is fetched again only when a shared loop moves it.

    Attributes:
        times: iterations of all shared loops together.
        fetches: level -> data space -> iterations in which its persistent tile there is brought in; what is not named
            is brought in every time.
        firsts: data space -> iterations in which it is other words than before, which nobody has written yet (matters
            to what is accumulated into); what is not named changes every time.
    """

    times: int = 1
    fetches: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    firsts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_once(self) -> bool:
        """Whether nothing is shared: the nest of a layer by itself."""
        return self.times == 1

    def fetched(self, level: str, data_space: str) -> int:
        """Iterations in which the data space's tile at a level is brought in."""
        return self.fetches.get(level, {}).get(data_space, self.times)

    def first(self, data_space: str) -> int:
        """Iterations in which the data space's words are new ones."""
        return self.firsts.get(data_space, self.times)


ONCE = Repeats()
