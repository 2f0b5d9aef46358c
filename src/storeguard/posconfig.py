"""The parts of config.yaml about the kiosk and about another maker's kiosk (POS)."""

from typing import Literal

from pydantic import Field

from storeguard.sections import Seconds, Section


class Kiosk(Section):
    payment: Literal["honour", "webhook"] = Field(
        "honour",
        description=(
            "Who confirms a payment: the customer's press, or a terminal that calls "
            "/api/v1/payments/KEY/confirm with the POS token."
        ),
    )
    oversell: Literal["allow", "refuse"] = Field(
        "allow", description="Sell more than the book has (noted), or refuse and say what is left."
    )


class PosColumns(Section):
    """Headers of the export, as the POS writes them."""

    time: str = Field("판매일시", min_length=1, description="When it was sold, the store's time.")
    count: str = Field("수량", min_length=1, description="Units; negative is a refund.")
    product: str | None = Field("상품명", description="The product's name; null: by barcode only.")
    barcode: str | None = Field("바코드", description="The product's barcode; null: by name only.")
    receipt: str | None = Field(
        "영수증번호", description="The receipt's number, where the export has one."
    )
    amount: str | None = Field(
        None,
        min_length=1,
        description=(
            "Won, of an export that names no products (bank transfers, a terminal): a row is an "
            "amount, count, product and barcode are not looked for. null: a row is a product."
        ),
    )


class Pos(Section):
    """A folder into which another maker's kiosk exports its sales: .csv or .xlsx."""

    folder: str | None = Field(
        None, description="The watched folder, relative to the configuration; null: none."
    )
    columns: PosColumns = PosColumns()
    time_format: str | None = Field(
        None,
        description="Of the time column, for example '%Y%m%d %H%M%S'; null: 2026-11-20 22:21:04.",
    )
    complete: Literal["file", "newest"] = Field(
        "file",
        description=(
            "Until when an export holds all sales: the file's own time, or its newest sale."
        ),
    )
    margin_s: Seconds = Field(
        60.0, description="So much earlier than `complete` says: a copy takes its time."
    )
