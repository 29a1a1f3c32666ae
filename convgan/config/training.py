"""How a network is trained: what stands under train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from convgan.config.section import Fraction, Positive, Section


class Adam(Section):
    """Kingma and Ba, 2015; the defaults are Keras's."""

    name: Literal["adam"]
    learning_rate: Positive = 1e-3
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999


class RMSprop(Section):
    """Hinton, 2012; the defaults are Keras's."""

    name: Literal["rmsprop"]
    learning_rate: Positive = 1e-3
    rho: Fraction = 0.9


Optimizer = Annotated[Adam | RMSprop, Discriminator("name")]
Schedule = Literal["constant", "cosine", "linear", "one_cycle"]


class CheckpointEvery(Section):
    """When the training state is saved, beside at the end and at a stop; 0 for not by this."""

    epochs: Annotated[int, Field(ge=0, le=100000)] = 1
    minutes: Annotated[float, Field(ge=0, le=100000)] = 10.0
    """What a crash can cost at the most, with an epoch's end if that comes first."""


class Train(Section):
    """What both trainings share."""

    epochs: Annotated[int, Field(ge=1, le=100000)]
    batch_size: Annotated[int, Field(ge=1, le=8192)]
    schedule: Schedule = "constant"
    """How the learning rates change: not at all, falling to 0 by a half cosine or a straight
    line, or rising for 30 % of the steps and falling to 0 after (Smith and Topin, 2018)."""
    precision: Literal["float32", "mixed_bfloat16", "auto"] = "float32"
    """`auto`: bfloat16 where the device computes in it, else float32; run.json says which."""
    xla: bool = False
    """Compile the step by XLA, for GPUs; it then draws other random numbers. On a CPU it is
    slower."""
    steps_per_call: Annotated[int, Field(ge=1, le=10000)] = 25
    """Steps in one compiled call: what the progress bar and the log can see."""
    checkpoint_every: CheckpointEvery = CheckpointEvery()
    keep_checkpoints: Annotated[int, Field(ge=1, le=100000)] = 3
    """How many of the newest checkpoints stay, beside that of the best epoch;
    `eval --all-checkpoints` measures each."""
    on_nan: Literal["stop", "rollback"] = "stop"
    """What follows a loss or gradient that is not finite: the end, with the state from before it,
    or going on from the last checkpoint with other noise, at most three times."""
    deterministic: bool = False
    """The same bytes each time on a GPU too, where it costs time; `--dry-run` measures how much.
    On a CPU runs are so in any case."""


class ClassifierTrainConfig(Train):
    """Sparse cross-entropy on labelled pictures."""

    optimizer: Optimizer
    augment_shift: Annotated[int, Field(ge=0, le=16)] = 0
    """Pixels by which each training picture is moved at random, each way; 0 for none."""
    augment_rotate: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Degrees by which each training picture is turned at the most, each way."""
    augment_scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The size of each training picture is divided by 1 plus or minus this share at the most."""
    augment_flip: bool = False
    """Mirror each training picture with a chance of a half; not for digits."""
    evaluate_mirrored: bool = False
    """The validation and `convgan eval` take the mean of the logits of each picture and its
    mirror image, at twice the time; not for digits."""
    augment_erase: Annotated[int, Field(ge=0, le=512)] = 0
    """Side of a square at a random place that is made grey; 0 for none (DeVries and Taylor,
    2017)."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the label that is spread over all classes (Szegedy et al., 2016)."""

    @model_validator(mode="after")
    def _xla_can_compile_it(self) -> ClassifierTrainConfig:
        if self.xla and (self.augment_rotate or self.augment_scale):
            raise ValueError(
                "xla true cannot go with augment_rotate or augment_scale, which XLA does not know; "
                "set it to false, or them to 0"
            )
        return self


class Penalty(Section):
    """A term of the discriminator's loss that keeps its gradient at the pictures small."""

    name: Literal["r1", "gradient_penalty"]
    weight: Positive
    every: Annotated[int, Field(ge=1, le=1000)] = 1
    """Only at each so many-th step, with the weight so many times as large."""


class GanTrainConfig(Train):
    """The adversarial training."""

    update: Literal["alternating", "simultaneous"] = "simultaneous"
    """`alternating`: the discriminator, then the generator with fresh noise through the
    discriminator just updated. `simultaneous`: both from one forward pass."""
    loss: Literal["non_saturating", "least_squares", "hinge", "wasserstein", "relativistic"]
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """How far below 1 the label of real pictures lies (Salimans et al., 2016)."""
    penalty: Penalty | None = None
    generator_optimizer: Adam
    discriminator_optimizer: Adam
    ema_decay: Fraction = 0.999
    """Of the averaged generator, the one that makes the samples; 0 for no averaging."""
    sample_grid: Annotated[int, Field(ge=1, le=20)] = 5
    """Pictures along each side of the sample grid."""
    evaluate_every: Annotated[int, Field(ge=0, le=100000)] = 0
    """Epochs from one Fréchet distance to the next, 0 for none: few samples against the held-out
    pictures (data.validation). The generator with the least is kept beside the last."""
    evaluate_samples: Annotated[int, Field(ge=2, le=100000)] = 2000
    evaluator: Path | None = None
    """The folder of a classifier run whose features `evaluate_every` compares; null: the network
    that comes with convgan for the data set."""

    @model_validator(mode="after")
    def _smoothing_fits(self) -> GanTrainConfig:
        if self.label_smoothing and self.loss != "non_saturating":
            raise ValueError(
                f"label_smoothing {self.label_smoothing} has a meaning only with loss "
                f"'non_saturating', not {self.loss!r}; set it to 0"
            )
        return self
