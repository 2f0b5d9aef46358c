"""Writes a small trace: somebody takes two bottles, pays for one and goes.

python tests/make_trace.py DIR
"""

import random
import sys
from pathlib import Path

CONFIG = """\
store: {id: example-1, name: 예시 매장}
scales:
  - {id: A, products: [바나나우유], calibration: {tare_raw: 84000, counts_per_g: 429.0}}
cameras:
  - {id: door}
started_at: "2026-11-20T22:20:00+09:00"
"""
INVENTORY = "상품명, 개수, 가격, 무게\n바나나우유,5,1500,95\n"
PEOPLE = "t_s,people\n0,0\n10,1\n25,0\n"
SALES = "t_s,product,count\n20,바나나우유,1\n"
ENDS_S, TAKEN_S, SAMPLE_RATE_HZ = 60, 15.0, 10


def main(folder: Path) -> None:
    (folder / "inventory").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "inventory" / "inventory_store.csv").write_text(INVENTORY, encoding="utf-8")
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (folder / "sales.csv").write_text(SALES, encoding="utf-8")
    (folder / "scales.csv").write_text(_scales(), encoding="utf-8")


def _scales() -> str:
    noise = random.Random(1)
    rows = ["t_s,scale,raw"]
    for sample in range(ENDS_S * SAMPLE_RATE_HZ):
        t_s = sample / SAMPLE_RATE_HZ
        grams = 95.0 * (5 if t_s < TAKEN_S else 3) + noise.gauss(0, 0.25)
        rows.append(f"{t_s},A,{84_000 + round(429.0 * grams)}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
