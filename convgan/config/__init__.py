"""What a YAML file may say, and how it is read."""

from convgan.config.changes import config_hash, differing_keys, identity
from convgan.config.loading import check_config, dump_config, load_config, presets
from convgan.config.networks import (
    Block,
    Classifier,
    ConvBlock,
    Critic,
    Generator,
    TransposedBlock,
)
from convgan.config.schema import ClassifierConfig, Config, Data, GanConfig
from convgan.config.training import (
    Adam,
    CheckpointEvery,
    ClassifierTrain,
    GanTrain,
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
    "Classifier",
    "ClassifierConfig",
    "ClassifierTrain",
    "Config",
    "ConvBlock",
    "Critic",
    "Data",
    "GanConfig",
    "GanTrain",
    "Generator",
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
