"""`notices` of config.yaml: when the owner is told, and by what ways beside the SMS."""

from typing import Annotated, Literal

from pydantic import Field

from storeguard.sections import Identifier, Section, Share

ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Channel(Section):
    """A way to the owner beside the SMS. Its address is a secret and stands in the environment."""

    id: Identifier = Field(
        ...,
        description=(
            "Its name; the environment variable STOREGUARD_CHANNEL_<ID> has the address, such as "
            "mailtos://…, tgram://…, ntfy://…, slack://… (Apprise), solapi://…"
        ),
    )
    to: Literal["owner", "second"] = Field(
        "owner", description="second: only what the owner has not opened in time."
    )
    tells: tuple[Literal["issues", "faults", "reports", "tests"], ...] = Field(
        ("issues", "faults", "reports", "tests"), description="What it carries."
    )
    picture: bool = Field(True, description="With the picture; false: text only.")


class Notices(Section):
    """Every issue is sealed; below either value its notice waits for the next morning's digest."""

    min_won: int = Field(0, ge=0, description="Least loss in won that is told at once.")
    min_certainty: Share = Field(
        0.5, description="A line of an issue that is less certain does not count towards min_won."
    )
    channels: tuple[Channel, ...] = Field((), description="Further ways to the owner.")
    text_only: bool = Field(
        False, description="No picture and no clip leaves the store, on no channel, S3 included."
    )
    quiet_hours: tuple[ClockTime, ClockTime] | None = Field(
        None, description='From and to, such as ["23:00", "07:00"]: what happens then waits.'
    )
    escalate_after_min: int | None = Field(
        None, ge=5, description="Not opened for so long: the second person is told; null: never."
    )
    weekly_test: bool = Field(
        True, description="A test notice every Monday at 10, which the owner acknowledges."
    )
