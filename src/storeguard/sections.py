"""Sections of the configuration: the store, its folders, what is kept and guarded; and the kinds of
values that all sections use."""

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Share = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=16, le=8192)]
Point = tuple[Share, Share]
Polygon = Annotated[tuple[Point, ...], Field(min_length=3)]


RESERVED_IDS = frozenset({"receipts", "decisions"})
"""Folders of the bucket beside those of the stores."""


class Section(BaseModel):
    """Strict: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Contact(Section):
    """A switch or sensor whose touching is told at once."""

    id: Identifier = Field(..., description="The contact's name.")
    kind: Literal["door", "vibration"] = Field(
        "door", description="A door tells when it opens, a vibration sensor after three shakes."
    )
    backend: Literal["gpiod", "sim"] = Field(..., description="How the contact is read.")
    pin: int | None = Field(None, ge=0, le=53, description="Its pin (BCM), with a pull-up.")
    active: Literal["high", "low"] = Field(
        "high", description="The pin's level while it is open or shaken."
    )

    @model_validator(mode="after")
    def _has_a_pin(self) -> "Contact":
        if self.backend == "gpiod" and self.pin is None:
            raise ValueError("backend gpiod needs pin, a BCM number; for example pin: 17")
        return self


class Tamper(Section):
    dwell_s: float = Field(
        180.0,
        ge=10,
        description="So long somebody may be in a camera's kiosk_area without buying anything.",
    )


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


class Store(Section):
    id: Identifier = Field("store-1", description="Names this store in S3 keys and messages.")
    name: str = Field("매장", min_length=1, description="The store's name in messages and pages.")
    language: Literal["ko", "en"] = Field("ko", description="Language of messages and pages.")
    timezone: str = Field("Asia/Seoul", description="IANA time zone of labels and messages.")

    @field_validator("id")
    @classmethod
    def _is_free(cls, store_id: str) -> str:
        if store_id in RESERVED_IDS:
            raise ValueError(f"{store_id!r} is the bucket's own folder; choose another id")
        return store_id

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no time zone; for example 'Asia/Seoul'") from None
        return name


class Paths(Section):
    """Relative to the configuration file's folder."""

    inventory: str = Field("inventory", description="Folder of the two inventory CSVs and logs.")
    record: str = Field("record", description="Folder of pictures and clips.")
    issue_data: str = Field("issue_data", description="Folder of the sealed issues.")
    state: str = Field("state", description="Folder of the journal and what scales remember.")
    event_log: str = Field("event.txt", description="Text log of the issues.")


_SERVER = re.compile(r"(mysql|mariadb|postgresql)(\+\w+)?://(?P<user>[^/@]*@)?[^/]*/[^/?]+(\?.*)?")


class Journal(Section):
    """Where the journal is kept, if not in the state folder."""

    url: str | None = Field(
        None,
        description=(
            "A MariaDB or PostgreSQL database instead of state/storeguard.db, such as "
            "mysql://storeguard@127.0.0.1/shop or postgresql://storeguard@127.0.0.1/shop; its "
            "password is STOREGUARD_JOURNAL_PASSWORD of the environment, its backup the server's."
        ),
    )

    @field_validator("url")
    @classmethod
    def _names_a_server(cls, url: str | None) -> str | None:
        found = None if url is None else _SERVER.fullmatch(url)
        if url is not None and found is None:
            raise ValueError(
                "is no database's address; such as 'mysql://127.0.0.1/shop' or "
                "'postgresql://127.0.0.1/shop', with the user's name and @ before the host"
            )
        if found is not None and ":" in (found["user"] or ""):
            raise ValueError(
                "has a password in it; take it out, and set STOREGUARD_JOURNAL_PASSWORD in the "
                "environment"
            )
        return url


class Recording(Section):
    """What clips hold. There is never any sound."""

    pre_roll_s: float = Field(
        5.0,
        ge=0,
        le=30,
        description="Time before a visit that its first clip begins with; 0 encodes nothing then.",
    )
    post_roll_s: float = Field(
        5.0,
        ge=0,
        le=60,
        description="Least time that is recorded after the last person was seen; no issue waits "
        "for it: one that is sealed before holds what there is, and the whole clip follows.",
    )
    stamp: bool = Field(True, description="Burn camera and local time into clips.")
