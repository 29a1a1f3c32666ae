"""The base of all parts of a configuration, and the number ranges that they share."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from convgan.errors import did_you_mean
from convgan.registry import Registry

Count = Annotated[int, Field(ge=1, le=65536)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A part of a configuration: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        """Say which key was probably meant, which pydantic's own message does not."""
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    hint = did_you_mean(key, cls.model_fields, "known keys:")
                    raise ValueError(
                        f"there is no key {key!r} here; {hint} ({', '.join(cls.model_fields)})"
                    )
        return data


SectionType = TypeVar("SectionType", bound=Section)


def chosen_from(
    registry: Registry[type[SectionType]], *, default: str | None = None
) -> BeforeValidator:
    """Return the validator of a section whose key `name` chooses among a registry's entries.

    A name alone, `loss: hinge`, stands for `loss: {name: hinge}`; without a name the section is
    of the kind `default`.
    """

    def choose(value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if not isinstance(value, dict):
            return value  # a section already, or what pydantic refuses
        name = value.get("name", default)
        if name is None:
            raise ValueError(f"has no name; expected one of {', '.join(registry)}")
        return registry[name].model_validate({"name": name} | value)

    return BeforeValidator(choose)
