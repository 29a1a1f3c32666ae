"""What `run.json` may say: it is read by eval, make-gif and the report, and may be anyone's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from convgan.runs.json_file import read_json, validated

Count = Annotated[int, Field(ge=0, lt=2**53)]
Text = Annotated[str, Field(max_length=10_000)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Warning(_Part):
    step: Count
    name: Text
    text: Text


class _Moment(_Part):
    epoch: Count
    step: Count


class _Sample(_Moment):
    file: Text


class _Time(_Moment):
    seconds: float


class _Numbers(_Moment):
    __pydantic_extra__: dict[str, float | None] = Field(init=False)


class _Pictures(_Part):
    count: Count
    sha256: Text


class _Data(_Part):
    name: Text
    origin: Text
    train: _Pictures
    test: _Pictures


class _Origin(_Part):
    run: Text
    networks: dict[str, Text]


class _Manifest(_Part):
    name: Text
    task: Literal["classifier", "dcgan"]
    status: Text
    started: Text
    finished: Text | None = None
    command: Text | None = None
    commit: Text | None = None
    device: Text | None = None
    precision: Text | None = None
    error: Text | None = None
    seed: Count | None = None
    training_seconds: float | None = None
    versions: dict[str, Text] = {}
    parameters: dict[str, Count] = {}
    data: _Data | None = None
    init_from: _Origin | None = None
    class_names: list[Text] = []
    samples: list[_Sample] = []
    warnings: list[_Warning] = []
    times: list[_Time] = []
    results: _Numbers | None = None
    best: _Numbers | None = None


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a run's manifest; entries that convgan does not know stay in it, unread.

    Raises:
        DataError: it is missing, no JSON object, or an entry is of another form than expected.
    """
    manifest = read_json(path)
    validated(manifest, _Manifest, f"{path} is no run's manifest")
    return manifest
