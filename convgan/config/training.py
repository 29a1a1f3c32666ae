"""How a network is trained: what stands under train, and under runtime what changes no result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from convgan.config.kinds import ChosenAugmentation, ChosenLoss, ChosenPenalty
from convgan.config.section import Fraction, Positive, Section

WeightDecay = Annotated[float, Field(ge=0, le=10)]
"""By which kernels shrink in a step, times the learning rate; biases and norms do not."""


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


class SGD(Section):
    """Stochastic gradient descent with momentum (Sutskever et al., 2013)."""

    name: Literal["sgd"]
    learning_rate: Positive = 1e-2
    momentum: Fraction = 0.9
    nesterov: bool = True
    weight_decay: WeightDecay = 0.0


class AdamW(Section):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"]
    learning_rate: Positive = 1e-3
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    weight_decay: Annotated[float, Field(gt=0, le=10)] = 0.01


class Muon(Section):
    """Orthogonal steps for convolutions (Jordan et al., 2024), Adam for all else."""

    name: Literal["muon"]
    learning_rate: Positive = 5e-2
    """Of the convolutions: about the fraction of a kernel's norm by which it moves."""
    momentum: Fraction = 0.9
    adam_rate: Positive = 0.1
    """Adam's learning rate, as a multiple of this one."""


Optimizer = Annotated[Adam | AdamW | Muon | RMSprop | SGD, Discriminator("name")]
Schedule = Literal["constant", "cosine", "linear", "one_cycle"]
View = Literal["mirrored", "shifted"]


class Augment(Section):
    """Random changes of real and generated images alike, for the discriminator's eyes only.

    Zhao et al., 2020, with the adaptive probability of Karras et al., 2020.
    """

    probability: Annotated[float, Field(ge=0, le=1)] | Literal["adaptive"] = "adaptive"
    """Of each change of each image. `adaptive`: as high as keeps the discriminator at `target`."""
    target: Fraction = 0.6
    """Of training images, the fraction that counts as real less the fraction that does not."""
    ramp_images: Annotated[int, Field(ge=1, le=2**31)] = 50_000
    """In which an adaptive probability can go from 0 to 1; 500,000 in the paper, of 25 million."""
    color: bool = True
    """Brightness, saturation and contrast."""
    translation: Fraction = 0.125
    """By at most this fraction of the sides; 0 for none."""
    cutout: Fraction = 0.5
    """Of a rectangle with this fraction of the sides; 0 for none."""


class TrainConfig(Section):
    """What both trainings share."""

    epochs: Annotated[int, Field(ge=1, le=100000)]
    passes: Annotated[int, Field(ge=1, le=100000)] = 1
    """Through the pictures, in each epoch; more where they are few, as an epoch ends with a sample
    grid, plots and a checkpoint."""
    batch_size: Annotated[int, Field(ge=1, le=8192)]
    schedule: Schedule = "constant"
    """How the learning rates change: not at all, falling to 0 by a half cosine or a straight
    line, or rising for 30 % of the steps and falling to 0 after (Smith and Topin, 2018)."""
    augmentations: tuple[ChosenAugmentation, ...] = ()
    """Random changes of each training image, one after the other. A generator learns to make them,
    too: flip, but not cutout."""
    precision: Literal["float32", "mixed_bfloat16", "auto"] = "float32"
    """`auto`: the faster one where the device computes in bfloat16, else float32; the run's own
    configuration has which it was."""
    xla: bool = False
    """Compile the step by XLA, for GPUs; it then draws other random numbers. On a CPU it is
    slower."""
    deterministic: bool = False
    """The same bytes each time on a GPU too, where it costs time; `--dry-run` measures how much.
    On a CPU runs are so in any case."""


class ClassifierTrainConfig(TrainConfig):
    """Sparse cross-entropy on labelled images."""

    optimizer: Optimizer
    label_smoothing: Fraction = 0.0
    """Fraction of the label that is spread over all classes (Szegedy et al., 2016)."""
    class_weights: Literal["equal", "balanced"] = "equal"
    """`balanced`: a picture's loss counts by one over how frequent its class is, so that all
    classes count alike."""
    evaluate_views: tuple[View, ...] = ()
    """What else validation, `eval` and predictions take the logits of, for the mean, at two or
    three times the time: each image's mirror image (not for digits), or the image moved by half a
    pixel, both ways (for a network that was trained on images that `affine` has resampled)."""


class GanTrainConfig(TrainConfig):
    """The adversarial training."""

    update: Literal["alternating", "simultaneous"] = "simultaneous"
    """`alternating`: the discriminator, then the generator with fresh noise through the
    discriminator just updated. `simultaneous`: both from one forward pass."""
    critic_steps: Annotated[int, Field(ge=1, le=100)] = 1
    """Steps of the discriminator, each on a batch of its own, for each of the generator, with
    `alternating`; 5 in the recipe of Gulrajani et al. (2017)."""
    loss: ChosenLoss
    penalty: ChosenPenalty | None = None
    augment: Augment | None = None
    """Changes that the generator does not learn to make, for few training images."""
    generator_optimizer: Adam
    discriminator_optimizer: Adam
    ema_decay: Fraction = 0.999
    """Decay of the exponential moving average of the generator's weights, which makes the
    samples; 0 for no averaging."""
    sample_grid: Annotated[int, Field(ge=1, le=20)] = 5
    """Images along each side of the sample grid."""
    evaluate_every: Annotated[int, Field(ge=0, le=100000)] = 0
    """Epochs from one Fréchet distance to the next, 0 for none: few samples against the held-out
    images (data.validation). The generator with the least is kept in addition to the last."""
    evaluate_samples: Annotated[int, Field(ge=2, le=100000)] = 2000
    evaluator: Path | None = None
    """The folder of a classifier run whose features `evaluate_every` compares; null: the network
    that comes with convgan for the data set, else a random one, as `random`."""

    @model_validator(mode="after")
    def _critic_steps_alternate(self) -> GanTrainConfig:
        if self.critic_steps > 1 and self.update != "alternating":
            raise ValueError(
                f"critic_steps {self.critic_steps} goes with update 'alternating' only, not with "
                f"{self.update!r}; change one of them"
            )
        return self


class CheckpointInterval(Section):
    """When the training state is saved, in addition to the end and interruptions; 0 disables."""

    epochs: Annotated[int, Field(ge=0, le=100000)] = 1
    minutes: Annotated[float, Field(ge=0, le=100000)] = 10.0
    """The most that a crash can cost, if no epoch ends before."""


class RuntimeConfig(Section):
    """How a training runs: nothing here changes its result, and a resume may change all of it."""

    replicas: Annotated[int, Field(ge=1, le=1024)] | Literal["all"] = 1
    """Devices that share each batch: GPUs or, where there is none, parts of the processor, which
    show how it works and are not faster; `all`: every GPU. The result is one device's, to
    rounding."""
    steps_per_call: Annotated[int, Field(ge=1, le=10000)] = 25
    """Steps in one compiled call: what the progress bar and the log can see."""
    checkpoint_every: CheckpointInterval = CheckpointInterval()
    """Whichever comes first."""
    keep_checkpoints: Annotated[int, Field(ge=1, le=100000)] = 3
    """How many of the newest checkpoints stay, in addition to that of the best epoch;
    `eval --all-checkpoints` measures each."""
    on_nan: Literal["stop", "rollback"] = "stop"
    """What follows a loss or gradient that is not finite: the end, with the state from before it,
    or going on from the last checkpoint with other noise, at most three times."""
