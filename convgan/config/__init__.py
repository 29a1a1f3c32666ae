"""What a YAML file may say, and how it is read."""

from convgan.config.changes import differing, differing_keys, flatten, identity
from convgan.config.loading import (
    DEFAULT_PRESETS,
    check_config,
    dump_config,
    folder_change,
    load_config,
    load_data_section,
    presets,
)
from convgan.config.schema import ClassifierRunConfig, Config, DataConfig, Fit, GanRunConfig
from convgan.config.training import (
    Adam,
    CheckpointInterval,
    ClassifierTrainConfig,
    GanTrainConfig,
    Optimizer,
    RMSprop,
    RuntimeConfig,
    Schedule,
    TrainConfig,
)

__all__ = [
    "DEFAULT_PRESETS",
    "Adam",
    "CheckpointInterval",
    "ClassifierRunConfig",
    "ClassifierTrainConfig",
    "Config",
    "DataConfig",
    "Fit",
    "GanRunConfig",
    "GanTrainConfig",
    "Optimizer",
    "RMSprop",
    "RuntimeConfig",
    "Schedule",
    "TrainConfig",
    "check_config",
    "differing",
    "differing_keys",
    "dump_config",
    "flatten",
    "folder_change",
    "identity",
    "load_config",
    "load_data_section",
    "presets",
]
