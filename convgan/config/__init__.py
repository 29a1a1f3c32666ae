"""What a YAML file may say, and how it is read."""

from convgan.config.loading import dump_config, load_config, presets
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
    "dump_config",
    "load_config",
    "presets",
]
