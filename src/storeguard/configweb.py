"""The part of config.yaml that says where the pages are and who may reach them."""

import re

from pydantic import Field, field_validator, model_validator

from storeguard.sections import Section

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class Web(Section):
    host: str = Field("127.0.0.1", description="Address of the pages; 0.0.0.0: the shop's network.")
    port: int = Field(8080, ge=0, le=65_535, description="Port of the pages; 0 takes a free one.")
    kiosk_port: int | None = Field(
        None,
        ge=0,
        le=65_535,
        description="Another port for the kiosk alone; null: both are on `port`.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description=(
            "Further names by which browsers may reach the pages, such as shop.example.org. "
            "Addresses, names without a dot and .local names always may."
        ),
    )
    tls_certificate: str | None = Field(
        None, description="PEM file of a certificate of your own; then the pages are https only."
    )
    tls_key: str | None = Field(None, description="PEM file of the certificate's key.")
    behind_proxy: bool = Field(
        False,
        description="A proxy on this machine speaks https: its X-Forwarded headers are believed.",
    )

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if _HOST.fullmatch(host) is None:
                raise ValueError(f"{host!r} is no host name; such as 'shop.example.org'")
        return hosts

    @model_validator(mode="after")
    def _has_both_or_none(self) -> "Web":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key need each other; give both or none")
        return self


class Law(Section):
    """What the CCTV sign and the privacy policy have to name."""

    manager: str = Field("", max_length=60, description="Who answers for the cameras, by name.")
    phone: str = Field("", max_length=40, description="The manager's telephone, in quotes.")
