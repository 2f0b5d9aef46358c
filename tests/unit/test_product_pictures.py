"""Pictures of products: files of the folder by name, found when they come, and nothing else."""

import os
from pathlib import Path

from storeguard.productpictures import ProductPictures


def test_pictures_are_found_by_the_products_name(tmp_path: Path):
    pictures = ProductPictures(tmp_path)
    assert pictures.names == {}
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "바나나우유.jpg").write_bytes(b"jpg")
    (folder / "메모.txt").write_bytes(b"txt")
    (tmp_path / "secret.png").write_bytes(b"png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    os.utime(folder, ns=(1, 1))
    assert pictures.names == {"바나나우유": "바나나우유.jpg"}
    assert pictures.path("바나나우유.jpg") == folder / "바나나우유.jpg"
    for name in ("../secret.png", "link.png", "메모.txt", ""):
        assert pictures.path(name) is None
    (folder / "메로나.webp").write_bytes(b"webp")
    assert set(pictures.names) == {"바나나우유", "메로나"}
