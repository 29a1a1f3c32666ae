"""Whole configurations, and what stands under data: what a YAML file may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from convgan.config.kinds import ChosenClassifier, ChosenDiscriminator, ChosenGenerator
from convgan.config.section import Count, Section
from convgan.config.training import ClassifierTrainConfig, GanTrainConfig, RuntimeConfig


class Data(Section):
    """Which pictures, from where, and what is done to them once, before training."""

    name: Literal["mnist", "fashion-mnist", "folder"]
    folder: Path | None = None
    """Where the files are: idx files of a named data set, or one's own pictures."""
    source: Literal["auto", "full", "sample"] = "auto"
    """`full` refuses the bundled sample, `sample` asks for it, `auto` takes what it finds."""
    image_size: Annotated[int, Field(ge=8, le=1024)] | None = None
    """Height and width that pictures are resized to; null keeps them as they are."""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for colour; null keeps them as they are."""
    limit: Count | None = None
    """Use only the first so many training pictures."""
    validation: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """Share of the training pictures that is held out, to choose the best epoch."""

    @model_validator(mode="after")
    def _folder_is_named(self) -> Data:
        if self.name == "folder" and self.folder is None:
            raise ValueError("name 'folder' needs data.folder, the folder of your pictures")
        return self


class RunConfig(Section):
    """What the configurations of both trainings share."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    data: Data
    runtime: RuntimeConfig = RuntimeConfig()


class ClassifierRunConfig(RunConfig):
    """`convgan train-classifier`."""

    task: Literal["classifier"]
    model: ChosenClassifier
    train: ClassifierTrainConfig


class GanRunConfig(RunConfig):
    """`convgan train-dcgan`."""

    task: Literal["dcgan"]
    generator: ChosenGenerator
    discriminator: ChosenDiscriminator
    train: GanTrainConfig

    @model_validator(mode="after")
    def _images_are_held_out(self) -> GanRunConfig:
        if self.train.evaluate_every and not self.data.validation:
            raise ValueError(
                f"train.evaluate_every {self.train.evaluate_every} compares with held-out "
                "images, and data.validation 0 holds none out; set it to 0.05, say"
            )
        return self


Config = ClassifierRunConfig | GanRunConfig
