"""What kiosk and POS do at the desk, in the words of the pages."""

from collections.abc import Callable, Mapping, Sequence

from storeguard.app import Store
from storeguard.domain.pricing import Discount
from storeguard.domain.promotions import Bonus, Bundle, Promotion
from storeguard.messages import text
from storeguard.productpictures import ProductPictures
from storeguard.services.selling import Received, Sold
from storeguard.web.view import (
    AmountReceipt,
    DiscountLine,
    PaymentDue,
    QuoteAnswer,
    ReceiptLine,
    SaleReceipt,
)


class TillDesk:
    """The part of web.view.ShopView that sells. `on_change` is called after each change."""

    def __init__(self, store: Store, on_change: Callable[[], None]) -> None:
        self._store = store
        self._on_change = on_change
        self._language = store.config.store.language
        self.pictures = ProductPictures(store.folders.inventory)

    def quote(self, basket: Sequence[tuple[str, int]]) -> QuoteAnswer:
        quoted = self._store.desk.quote(basket)
        hints = tuple(
            text(self._language, "kiosk.more_free", promotion=one.name, count=one.count)
            for one in quoted.free
        )
        return QuoteAnswer(_off(quoted.discounts), quoted.total_won, hints)

    async def sell(
        self, basket: Sequence[tuple[str, int]], key: str, shown_won: int | None = None
    ) -> SaleReceipt:
        """For a POS, a command or an account: the kiosk's page pays."""
        return await self._sell(basket, key, shown_won, "api")

    async def _sell(
        self, basket: Sequence[tuple[str, int]], key: str, shown_won: int | None, source: str
    ) -> SaleReceipt:
        sold = await self._store.desk.sell(basket, key, source, shown_won=shown_won)
        self._on_change()
        return _receipt(sold)

    async def pay(
        self, basket: Sequence[tuple[str, int]], key: str, shown_won: int | None = None
    ) -> SaleReceipt | PaymentDue:
        if self._store.config.kiosk.payment == "honour":
            return await self._sell(basket, key, shown_won, "kiosk")
        answer = await self._store.terminal.ask(basket, key, shown_won)
        return PaymentDue(key, answer) if isinstance(answer, int) else _receipt(answer)

    def payments(self) -> tuple[PaymentDue, ...]:
        return tuple(PaymentDue(one.key, one.won) for one in self._store.terminal.open)

    async def confirm_payment(self, key: str, won: int) -> SaleReceipt | AmountReceipt:
        answer = await self._store.terminal.confirm(key, won)
        self._on_change()
        return _receipt(answer) if isinstance(answer, Sold) else _amount(answer)

    def drop_payment(self, key: str, *, is_declined: bool) -> bool:
        return self._store.terminal.drop(key, is_declined=is_declined)

    async def refund(self, sale_id: str) -> SaleReceipt:
        taken_back = await self._store.desk.refund(sale_id, "api")
        self._on_change()
        return _receipt(taken_back)

    async def pay_amount(self, won: int, key: str) -> AmountReceipt:
        received = await self._store.terminal.receive(won, key, "api")
        self._on_change()
        return _amount(received)

    def board(self) -> Mapping[str, tuple[str, ...]]:
        """Product → what stands on its tile: `1+1`, `3개 5,000원`, the name of a set."""
        found: dict[str, tuple[str, ...]] = {}
        for promotion in self._store.promotions.on_the_board():
            for product in promotion.products:
                found[product] = (*found.get(product, ()), self._label(promotion))
        return found

    def _label(self, promotion: Promotion) -> str:
        if isinstance(promotion, Bonus):
            return f"{promotion.buy}+{promotion.free}"
        if isinstance(promotion, Bundle) and promotion.price_won is not None:
            won = f"{promotion.price_won:,}"
            return text(self._language, "kiosk.bundle", count=promotion.count, won=won)
        return promotion.name


def _receipt(sold: Sold) -> SaleReceipt:
    lines = tuple(ReceiptLine(n.product, n.count, n.price_won) for n in sold.lines)
    off = _off(sold.discounts)
    return SaleReceipt(sold.sale_id, lines, sold.total_won, off, sold.is_repeated)


def _amount(received: Received) -> AmountReceipt:
    return AmountReceipt(received.sale_id, received.won, received.is_repeated)


def _off(discounts: Sequence[Discount]) -> tuple[DiscountLine, ...]:
    return tuple(DiscountLine(one.name, one.won) for one in discounts)
