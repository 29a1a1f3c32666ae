"""What a YAML file may say, and how it is read."""

from convgan.config.changes import config_hash, differing_keys, flatten, identity
from convgan.config.loading import (
    DEFAULT_PRESETS,
    check_config,
    dump_config,
    load_config,
    presets,
)
from convgan.config.networks import (
    Block,
    ClassifierConfig,
    ConvBlock,
    DiscriminatorConfig,
    GeneratorConfig,
    TransposedBlock,
)
from convgan.config.schema import ClassifierRunConfig, Config, Data, GanRunConfig
from convgan.config.training import (
    Adam,
    CheckpointEvery,
    ClassifierTrainConfig,
    GanTrainConfig,
    Optimizer,
    Penalty,
    RMSprop,
    Schedule,
    Train,
)

__all__ = [
    "DEFAULT_PRESETS",
    "Adam",
    "Block",
    "CheckpointEvery",
    "ClassifierConfig",
    "ClassifierRunConfig",
    "ClassifierTrainConfig",
    "Config",
    "ConvBlock",
    "Data",
    "DiscriminatorConfig",
    "GanRunConfig",
    "GanTrainConfig",
    "GeneratorConfig",
    "Optimizer",
    "Penalty",
    "RMSprop",
    "Schedule",
    "Train",
    "TransposedBlock",
    "check_config",
    "config_hash",
    "differing_keys",
    "dump_config",
    "flatten",
    "identity",
    "load_config",
    "presets",
]
