"""Sections of the configuration about what is kept, and the kinds of values that all use."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Share = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=16, le=8192)]
Point = tuple[Share, Share]
Polygon = Annotated[tuple[Point, ...], Field(min_length=3)]


class Section(BaseModel):
    """Strict: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Retention(Section):
    """What is deleted, the oldest first. An issue goes once it is delivered, and not on hold."""

    clips_days: float = Field(
        30.0, gt=0, le=3650, description="Clips and pictures of visits that stay in doubt."
    )
    clips_gb: float | None = Field(
        None, gt=0, description="Their share of the disk, in 10^9 bytes."
    )
    issues_days: float = Field(30.0, gt=0, le=3650, description="Delivered issues.")
    issues_gb: float | None = Field(None, gt=0, description="Their share of the disk.")


class Recording(Section):
    """What clips hold. There is never any sound."""

    pre_roll_s: float = Field(
        5.0,
        ge=0,
        le=30,
        description="Time before a visit that its first clip begins with; 0 encodes nothing then.",
    )
    post_roll_s: float = Field(
        5.0, ge=0, le=60, description="Least time that is recorded after the last person was seen."
    )
    stamp: bool = Field(True, description="Burn camera and local time into clips.")
