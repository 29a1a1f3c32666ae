"""The classes that a conditional GAN is given, kept with its run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from convgan.arrays import Form, read_arrays, write_arrays
from convgan.runs.json_file import validated
from convgan.runs.run import Run

_Fraction = Annotated[float, Field(ge=0, le=1)]


class GivenClasses(BaseModel):
    """The entry `classes` of `run.json`."""

    model_config = ConfigDict(frozen=True)

    clusters: bool
    """Whether they are pseudo-labels."""
    names: tuple[str, ...]
    fractions: tuple[_Fraction, ...]
    """Of the training images."""

    @model_validator(mode="after")
    def _is_whole(self) -> GivenClasses:
        if len(self.names) != len(self.fractions) or not sum(self.fractions) > 0:
            raise ValueError("expected a fraction for each name, and not all of them 0")
        return self


def given_classes(run: Run) -> GivenClasses:
    """Return the classes that the run's networks are given.

    Raises:
        DataError: the manifest does not say them.
    """
    wrong = f"{run.folder / 'run.json'} does not say which classes the networks are given"
    return validated(run.manifest.get("classes") or {}, GivenClasses, wrong)


def keep_clusters(run: Run, clusters: NDArray[np.int64]) -> None:
    """Write which training image is in which cluster, (N,), below 256, if it is not kept yet.

    Raises:
        RunError: it cannot be written.
    """
    if not _file(run).is_file():
        write_arrays(_file(run), {}, {"clusters": clusters.astype(np.uint8)})


def kept_clusters(run: Run | None, count: int) -> NDArray[np.int64] | None:
    """Return the clusters of a run that is to be resumed; None if it has not come to keep any.

    Raises:
        DataError: they are damaged, or not those of `count` images.
    """
    if run is None or not _file(run).is_file():
        return None
    _, arrays = read_arrays(_file(run), {"clusters": Form("uint8", (count,))})
    return arrays["clusters"].astype(np.int64)


def _file(run: Run) -> Path:
    return run.folder / "clusters.safetensors"
