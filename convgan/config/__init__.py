"""What a YAML file may say, and how it is read."""

from convgan.config.changes import config_hash, differing_keys, identity
from convgan.config.loading import check_config, dump_config, load_config, presets
from convgan.config.networks import (
    Block,
    ClassifierConfig,
    ConvBlock,
    DiscriminatorConfig,
    GeneratorConfig,
    TransposedBlock,
)
from convgan.config.schema import ClassifierRunConfig, Config, DataConfig, GanRunConfig
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
    "Adam",
    "Block",
    "CheckpointEvery",
    "ClassifierConfig",
    "ClassifierRunConfig",
    "ClassifierTrainConfig",
    "Config",
    "ConvBlock",
    "DataConfig",
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
    "identity",
    "load_config",
    "presets",
]
