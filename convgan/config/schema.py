"""Whole configurations, and what stands under data: what a YAML file may say."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from convgan.config.kinds import ChosenClassifier, ChosenDiscriminator, ChosenGenerator
from convgan.config.section import Section
from convgan.config.training import ClassifierTrainConfig, GanTrainConfig, RuntimeConfig
from convgan.registry import DATASETS

Fit = Literal["crop", "pad", "stretch"]


class DataConfig(Section):
    """Which pictures, from where, and what is done to them once, before training."""

    name: str
    """An entry of `DATASETS`: mnist, fashion-mnist, kmnist, cifar10, svhn, folder (your own
    pictures), or an extension."""
    folder: Path | None = None
    """Where the files are: those of a named data set, or your own pictures, which may also be a zip
    archive, or an npz archive of arrays."""
    source: Literal["auto", "full", "sample"] = "auto"
    """`full` refuses the bundled sample, `sample` asks for it, `auto` takes what it finds."""
    image_size: Annotated[int, Field(ge=8, le=1024)] | None = None
    """Height and width that pictures are resized to; null keeps them as they are."""
    fit: Fit = "crop"
    """How pictures become square: `crop` takes the central square, `pad` fills up with the
    background, `stretch` does neither."""
    background: Annotated[str, Field(max_length=40)] = "white"
    """The colour that transparent pictures are laid on: a name, or `#rrggbb`."""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for colour; null keeps them as they are."""
    skip_bad: bool = False
    """Leave out pictures that cannot be read, rather than to stop."""
    limit: Annotated[int, Field(ge=1, le=2**31)] | None = None
    """Use only this many of the training pictures, the first ones."""
    validation: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """Fraction of the training pictures that is held out, to choose the best epoch."""

    def held_out(self, count: int) -> int:
        """Return how many of `count` training pictures that is."""
        return round(self.validation * count)

    @field_validator("name")
    @classmethod
    def _data_set_is_known(cls, name: str) -> str:
        _ = DATASETS[name]
        return name

    @field_validator("background", mode="before")
    @classmethod
    def _background_is_a_colour(cls, background: object) -> object:
        from PIL import ImageColor  # noqa: PLC0415

        with suppress(ValueError):
            if len(ImageColor.getrgb(str(background))) == 3:
                return background
        raise ValueError(
            f"{background!r:.60} is no opaque colour; expected white, another name, or '#ff8800' "
            "in quotes, as # begins a comment"
        )

    @model_validator(mode="after")
    def _data_set_has_what_it_needs(self) -> DataConfig:
        DATASETS[self.name].check(self)
        return self


class RunConfig(Section):
    """What the configurations of both trainings share."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    data: DataConfig
    runtime: RuntimeConfig = RuntimeConfig()


class ClassifierRunConfig(RunConfig):
    """`convgan train-classifier`."""

    task: Literal["classifier"]
    model: ChosenClassifier
    train: ClassifierTrainConfig


class GanRunConfig(RunConfig):
    """`convgan train-dcgan`."""

    task: Literal["dcgan"]
    conditional: Literal[False, True, "clusters"] = False
    """Whether both networks are given the class of each picture: its label, or with `clusters`
    a pseudo-label, which is found without labels, see `convgan.data.clusters`."""
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
