"""Types and ranges of everything in ``conf/``; Hydra checks the types while it composes, we check the ranges."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from launcher.config.arch_schema import ARCHITECTURES
from launcher.config.checked import Checked
from launcher.config.engine_schema import EngineChoice, Mapper, Mapspace
from launcher.config.environment import register_environment
from launcher.config.layer_schema import SHAPES
from launcher.config.limits import Limits
from launcher.config.model_schema import ImportedModel, Model, ModelFile, Transformer
from launcher.config.sweep_schema import SweepSettings
from launcher.verbosity import Verbosity


@dataclass
class EstimatorChoice(Checked):
    """Who says what an access costs. Everything below ``tables`` is for Accelergy."""

    group: ClassVar[str] = "estimator"

    name: str = MISSING
    tables: list[str] = field(default_factory=list)
    prefer: str = "tables"
    program: str = "accelergy"
    components: list[str] = field(default_factory=list)
    timeout_s: float = field(default=600.0, metadata={"least": 1.0, "most": 1e6})


@dataclass
class Tracking:
    """Where runs are recorded."""

    kind: str = MISSING
    experiment: str = MISSING
    uri: str | None = None


class FusionMode(StrEnum):
    """Whether layers are fused: not at all, matmuls with the norm operations behind them, or whatever is best."""

    none = "none"
    best = "best"
    optimal = "optimal"


class Writeback(StrEnum):
    """Who writes the final output to the memories outside the level where columns wait."""

    norm = "norm"
    matmul = "matmul"


@dataclass
class Fusion:
    """How matmuls are fused with the norm operations that consume their columns.

    ``level`` fuses at that storage level; ``mode=best`` tries every level, and not fusing. ``mode=optimal`` searches
    all partitions of the network into groups that share outer loops, and all ways to fuse each group; ``groups`` says
    which groups there are.
    """

    mode: FusionMode = MISSING
    level: str | None = None
    free_reduction: bool = False
    hold_columns: bool = False
    writeback: Writeback = Writeback.norm
    groups: list[Any] | None = None

    @property
    def is_asked_for(self) -> bool:
        return self.mode is FusionMode.best or self.level is not None

    @property
    def searches_groups(self) -> bool:
        """Whether layers are fused in groups."""
        return self.mode is FusionMode.optimal or self.groups is not None


class NetworkObjective(StrEnum):
    """What is minimised of a network: each layer by itself, or the sums over all layers."""

    layers = "layers"
    total = "total"


@dataclass
class NetworkChoice:
    """How the layers of a network are mapped."""

    objective: NetworkObjective = NetworkObjective.layers


@dataclass
class Experiment:
    """One trial. ``arch``, ``model`` and ``layer`` have types of several kinds, or none where users bring their own."""

    arch: Any = MISSING
    model: Any = MISSING
    layer: Any = MISSING
    mapper: Mapper = MISSING
    engine: EngineChoice = MISSING
    estimator: EstimatorChoice = MISSING
    tracking: Tracking = MISSING
    fusion: Fusion = MISSING
    sweep: SweepSettings = MISSING
    constraints: Limits = field(default_factory=Limits)
    mapspace: Mapspace = field(default_factory=Mapspace)
    network: NetworkChoice = field(default_factory=NetworkChoice)
    mapping: str | None = None
    verify: Any = "auto"
    configs: Any = None
    mixup: bool = False
    configuration: str | None = None
    layers: Any = None
    count_repeats: bool = True
    cache: bool = True
    verbosity: Verbosity = Verbosity.normal


@dataclass
class SweeperSettings:
    """``hydra/sweeper``: who chooses the points, and what is swept; how stands in ``sweep``."""

    _target_: str = "hydra_plugins.launcher_sweepers.sweeper.LauncherSweeper"
    points: str = MISSING
    params: dict[str, Any] | None = field(default_factory=dict)


@cache
def register() -> None:
    """Make the types known to Hydra under the names that ``conf/`` uses; once, as it takes a third of a composition."""
    register_environment()
    store = ConfigStore.instance()
    store.store(name="experiment_schema", node=Experiment)
    for name, node in ARCHITECTURES.items():
        store.store(group="arch_schema", name=name, node=node)
    store.store(group="model_schema", name="transformer", node=Transformer)
    store.store(group="model_schema", name="from_config", node=ModelFile)
    store.store(group="model_schema", name="cnn", node=Model)
    store.store(group="model_schema", name="imported", node=ImportedModel)
    for name, shape in SHAPES.items():
        store.store(group="layer_schema", name=name, node=shape)
    for points in ("grid", "optuna", "exhaustive"):
        store.store(group="hydra/sweeper", name=points, node=SweeperSettings(points=points))
    # Beside the configurations, so that a preset in conf/experiment can choose another sweeper.
    store.store(name="grid_by_default", node={"defaults": [{"override /hydra/sweeper": "grid"}]})
