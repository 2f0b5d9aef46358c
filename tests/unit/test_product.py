"""Products, and which of them lies on which scale."""

import pytest

from storeguard.domain.product import Assignment, Product, assign

MILK = Product("바나나우유", 1500, 95.0)
BAR = Product("메로나", 1200, 80.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "name must not be empty"),
        ({"price_won": -1}, "price_won must be >= 0, got -1"),
        ({"unit_weight_g": -0.5}, "unit_weight_g must be >= 0, got -0.5"),
        ({"tolerance_g": -1.0}, "tolerance_g must be >= 0, got -1.0"),
    ],
)
def test_an_impossible_product_fails_at_construction(wrong, message):
    values = {"name": "메로나", "price_won": 0, "unit_weight_g": 0.0} | wrong
    with pytest.raises(ValueError, match=message):
        Product(**values)


def test_the_spread_is_the_owners_or_three_percent():
    assert Product("a", 1, 100.0).spread_g == pytest.approx(3.0)
    assert Product("a", 1, 100.0, tolerance_g=0.0).spread_g == 0.0
    assert Product("a", 1, 100.0, tolerance_g=8.0).spread_g == 8.0


def test_a_product_without_weight_is_sold_but_not_weighed():
    assert MILK.is_weighable
    assert not Product("봉투", 50, 0.0).is_weighable


def on(scale: str, product: Product) -> Product:
    return Product(product.name, product.price_won, product.unit_weight_g, scale=scale)


def test_nothing_assigned_is_nothing_wrong():
    assert assign({}, []) == Assignment({})


@pytest.mark.parametrize(
    ("scales", "products"),
    [
        ({"A": ["바나나우유"], "B": ["메로나"]}, [MILK, BAR]),
        ({"A": [], "B": []}, [on("A", MILK), on("B", BAR)]),
        ({"A": ["바나나우유"], "B": []}, [on("A", MILK), on("B", BAR)]),
        ({"A": ["바나나우유", "바나나우유"], "B": ["메로나"]}, [MILK, BAR]),
    ],
)
def test_the_configuration_and_the_csv_may_each_say_it_or_both(scales, products):
    found = assign(scales, products)
    assert found.problems == ()
    assert found.remarks == ()
    assert {scale: one.name for scale, [one] in found.by_scale.items()} == {
        "A": "바나나우유",
        "B": "메로나",
    }


@pytest.mark.parametrize(
    ("scales", "products", "problem"),
    [
        (
            {"A": ["바나나우유"], "B": []},
            [on("B", MILK)],
            "product '바나나우유': the configuration puts it on scale 'A', the CSV's 선반 says "
            "'B'; correct one of them",
        ),
        (
            {"A": []},
            [on("C", MILK)],
            "product '바나나우유': 선반 'C' is no scale of the configuration; known: A",
        ),
        (
            {},
            [on("C", MILK)],
            "product '바나나우유': 선반 'C' is no scale of the configuration; known: none",
        ),
        (
            {"A": ["바나나우우"]},
            [MILK],
            "scale 'A': product '바나나우우' is not in the inventory; add its row to "
            "inventory_store.csv or correct scales[].products (known: 바나나우유)",
        ),
        (
            {"A": ["x"]},
            [],
            "scale 'A': product 'x' is not in the inventory; add its row to "
            "inventory_store.csv or correct scales[].products (known: none)",
        ),
        (
            {"A": ["바나나우유"], "B": ["바나나우유"]},
            [MILK],
            "product '바나나우유': is on the scales 'A', 'B', but is counted on one; give the "
            "goods of each scale a row and a name of their own",
        ),
    ],
)
def test_a_contradiction_is_one_clear_line(scales, products, problem):
    found = assign(scales, products)
    assert found.problems == (problem,)


def test_a_product_on_no_scale_is_remarked_and_stops_nothing():
    found = assign({"A": ["바나나우유"]}, [MILK, BAR])
    assert found.problems == ()
    assert found.remarks == ("product '메로나' is on no scale: it is sold, but not guarded",)


def test_a_weighed_product_without_a_weight_is_remarked():
    found = assign({"A": ["봉투"]}, [Product("봉투", 50, 0.0)])
    assert found.problems == ()
    assert found.remarks == ("product '봉투' has no unit weight (무게 0): it cannot be counted",)


def test_several_products_may_share_a_scale():
    found = assign({"A": ["바나나우유"]}, [MILK, on("A", BAR)])
    assert found == Assignment({"A": (MILK, on("A", BAR))})


def test_a_scale_without_goods_is_allowed():
    assert assign({"A": []}, []) == Assignment({})
