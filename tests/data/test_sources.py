from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from convgan.config import DataConfig
from convgan.data import load_dataset, published
from convgan.data.idx import idx_sha256
from convgan.data.published_idx import IDX_FILES, PublishedIdx
from convgan.errors import DataError

from .making import Four, some_arrays, write_four, write_npz

NAMES = ("fashion-mnist", "mnist")
MNIST = DataConfig(name="mnist")
FULL = DataConfig(name="mnist", source="full")


def is_small_set(data: DataConfig, arrays: Four) -> str:
    """Assert that the small set is found; its origin."""
    dataset = load_dataset(data)
    np.testing.assert_array_equal(dataset.train.images[..., 0], arrays[0])
    np.testing.assert_array_equal(dataset.test.labels, arrays[3])
    assert dataset.train.origin == dataset.test.origin
    return dataset.train.origin


@pytest.mark.parametrize("name", NAMES)
def test_the_sample(name: str, caplog: pytest.LogCaptureFixture) -> None:
    dataset = load_dataset(DataConfig.model_validate({"name": name, "source": "sample"}))
    assert caplog.records == []
    assert dataset.train.image_shape == (28, 28, 1)
    assert set(dataset.train.class_counts().values()) == {400}
    assert set(dataset.test.class_counts().values()) == {100}
    assert dataset.train.origin == "bundled sample (4,000 of 60,000)"
    assert set(dataset.train.head(10).class_counts().values()) == {1}
    train = {image.tobytes() for image in dataset.train.images}
    assert len(train) == 4000
    assert train.isdisjoint(image.tobytes() for image in dataset.test.images)


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("mnist", "0fe75972d39c6ddf752bcebefc8e028be355752e1ca909286c0d0de8b3452efc"),
        ("fashion-mnist", "14d3c6e469e1ae2e89eb0a11917005c6ead494d2a8f0ce8426e985250c88c653"),
    ],
)
def test_the_samples_are_the_same_everywhere(name: str, fingerprint: str) -> None:
    sample = load_dataset(DataConfig.model_validate({"name": name, "source": "sample"}))
    assert sample.train.fingerprint == fingerprint


def test_the_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in published.SAMPLES.glob("*.npz")) < 3.2e6


def test_nothing_is_there(caplog: pytest.LogCaptureFixture) -> None:
    assert load_dataset(MNIST).train.origin.startswith("bundled sample")
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("convgan", logging.WARNING)
    for part in ("no network in tests", "will not compare", "CONVGAN_DATA"):
        assert part in record.message


def test_full_forbids_the_sample() -> None:
    with pytest.raises(DataError, match=r"no network in tests.*t10k-images.*CONVGAN_DATA") as mnist:
        load_dataset(FULL)
    assert "Debian" not in str(mnist.value)
    with pytest.raises(DataError, match="dataset-fashion-mnist"):
        load_dataset(DataConfig(name="fashion-mnist", source="full"))


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("place", ["", "mnist"])
@pytest.mark.parametrize("by_environment", [False, True])
def test_an_explicit_folder(
    tmp_path: Path,
    small: PublishedIdx,
    arrays: Four,
    monkeypatch: pytest.MonkeyPatch,
    *,
    by_environment: bool,
    place: str,
    zipped: bool,
) -> None:
    write_four(tmp_path / "d" / place, arrays, zipped=zipped)
    data = FULL if by_environment else FULL.model_copy(update={"folder": tmp_path / "d"})
    if by_environment:
        monkeypatch.setenv("CONVGAN_DATA", str(tmp_path / "d"))
    assert is_small_set(data, arrays) == f"full, from {tmp_path / 'd' / place}"


def test_an_explicit_folder_comes_before_the_environment(
    folder: Path, small: PublishedIdx, arrays: Four, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVGAN_DATA", "/nowhere")
    assert is_small_set(DataConfig(name="mnist", folder=folder), arrays) == f"full, from {folder}"


def test_an_explicit_folder_without_the_files_is_an_error(
    folder: Path, small: PublishedIdx, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONVGAN_DATA", str(folder))
    (folder / f"{IDX_FILES[3]}.gz").unlink()
    with pytest.raises(DataError, match=rf"CONVGAN_DATA is '{folder}'.*lacks {IDX_FILES[3]}.gz;"):
        load_dataset(MNIST)
    with pytest.raises(DataError, match=r"data\.folder is .*lacks train-images"):
        load_dataset(DataConfig(name="mnist", folder=tmp_path / "none"))


@pytest.mark.parametrize("folder", ["~nobody-of-this-name/x", "n" * 300])
def test_an_explicit_folder_that_cannot_be(folder: str) -> None:
    with pytest.raises(DataError, match=r"data\.folder .* cannot be read: "):
        load_dataset(DataConfig(name="mnist", folder=Path(folder)))


def test_an_explicit_folder_with_a_damaged_file_is_an_error(
    folder: Path, small: PublishedIdx
) -> None:
    (folder / f"{IDX_FILES[0]}.gz").write_bytes(b"\x1f\x8b nothing")
    with pytest.raises(DataError, match="cannot be read"):
        load_dataset(DataConfig(name="mnist", folder=folder))


def test_own_files_in_an_explicit_folder_are_told(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = load_dataset(DataConfig(name="mnist", folder=folder, source="full"))
    assert dataset.train.origin == f"not the published files, from {folder}"
    assert "not the published ones" in caplog.text


def test_files_of_the_other_set_are_an_error(folder: Path, small: PublishedIdx) -> None:
    with pytest.raises(DataError, match=r"those of mnist, not of fashion-mnist"):
        load_dataset(DataConfig(name="fashion-mnist", folder=folder))


@pytest.mark.parametrize(
    ("index", "array", "message"),
    [
        (0, np.zeros(20, np.uint8), r"images are uint8 \(20, 1\)"),
        (1, np.zeros(19, np.uint8), r"labels are int64 \(19,\); expected int64 \(20,\)"),
        (3, np.full(10, 10, np.uint8), "labels run from 10 to 10, but there are 10 class names"),
        (2, np.zeros((10, 6, 7), np.uint8), "must be alike"),
    ],
)
def test_files_that_do_not_belong_together_are_an_error(
    tmp_path: Path, arrays: Four, index: int, array: NDArray[np.uint8], message: str
) -> None:
    four = [*arrays]
    four[index] = array
    write_four(tmp_path / "odd", (four[0], four[1], four[2], four[3]))
    with pytest.raises(DataError, match=rf"{message}.*from {tmp_path / 'odd'}"):
        load_dataset(DataConfig(name="mnist", folder=tmp_path / "odd"))


def automatic(tmp_path: Path) -> list[Path]:
    """The four places, in their order."""
    home = tmp_path / "home"
    return [
        home / ".keras" / "datasets" / "mnist.npz",
        home / ".keras" / "datasets" / "mnist",
        tmp_path / "usr" / "share" / "datasets" / "mnist",
        home / ".cache" / "convgan" / "datasets" / "mnist",
    ]


def put(place: Path, arrays: Four) -> None:
    (write_npz if place.suffix else write_four)(place, arrays)


def test_the_order_of_places(
    tmp_path: Path, small: PublishedIdx, arrays: Four, caplog: pytest.LogCaptureFixture
) -> None:
    places = automatic(tmp_path)
    for place in places:
        put(place, arrays)
    for place in places:
        assert is_small_set(MNIST, arrays) == f"full, from {place}"
        if place.suffix:
            place.unlink()
        else:
            shutil.rmtree(place)
    assert caplog.records == []


@pytest.mark.parametrize("number", range(4))
def test_another_sum_in_a_cache_goes_on_to_the_next_source(
    tmp_path: Path, small: PublishedIdx, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    put(automatic(tmp_path)[number], some_arrays(np.random.default_rng(99)))
    assert load_dataset(MNIST).train.origin.startswith("bundled sample")
    assert f"next source, since {automatic(tmp_path)[number]}" in caplog.records[0].message
    assert "SHA-256" in caplog.records[0].message


def test_places_follow_the_environment(
    tmp_path: Path, small: PublishedIdx, arrays: Four, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "xdg" / "convgan" / "datasets" / "mnist"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    put(own, arrays)
    assert is_small_set(MNIST, arrays) == f"full, from {own}"
    keras = tmp_path / "k" / "datasets" / "mnist.npz"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    put(keras, arrays)
    assert is_small_set(MNIST, arrays) == f"full, from {keras}"


def test_a_download_gets_what_is_missing_or_bad(
    tmp_path: Path,
    folder: Path,
    small: PublishedIdx,
    arrays: Four,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = automatic(tmp_path)[3]
    own.mkdir(parents=True)
    shutil.copy(folder / f"{IDX_FILES[0]}.gz", own)
    (own / f"{IDX_FILES[1]}.gz").write_bytes(b"bad")
    got = []

    def download(url: str, target: Path, *, sha256: str, sum_of: Callable[[Path], str]) -> None:
        got.append(url)
        shutil.copy(folder / target.name, target)
        assert sha256 == idx_sha256(arrays[IDX_FILES.index(target.stem)]) == sum_of(target)

    monkeypatch.setattr(published, "download", download)
    assert is_small_set(FULL, arrays) == "full, downloaded"
    assert got == [f"https://x.invalid/{name}.gz" for name in IDX_FILES[1:]]


def test_limit_size_and_channels() -> None:
    dataset = load_dataset(
        DataConfig(name="mnist", source="sample", limit=30, image_size=16, channels=3)
    )
    assert dataset.train.images.shape == (30, 16, 16, 3)
    assert dataset.test.images.shape == (1000, 16, 16, 3)
    assert (dataset.train.images[..., 0] == dataset.train.images[..., 2]).all()
    assert 20 < dataset.train.images.mean() < 50


def test_contradictions() -> None:
    with pytest.raises(DataError, match="contradict"):
        load_dataset(DataConfig(name="mnist", source="sample", folder=Path("x")))
    with pytest.raises(DataError, match="no sample"):
        load_dataset(DataConfig(name="folder", source="sample", folder=Path("x")))


@pytest.mark.full_data
@pytest.mark.parametrize("name", NAMES)
def test_the_full_sets(name: str, full_data: Path) -> None:
    data = DataConfig.model_validate({"name": name, "folder": full_data, "source": "full"})
    dataset = load_dataset(data)
    assert dataset.train.origin == f"full, from {full_data / name}"
    assert dataset.train.images.shape == (60000, 28, 28, 1)
    assert dataset.test.images.shape == (10000, 28, 28, 1)
    sample = load_dataset(DataConfig.model_validate({"name": name, "source": "sample"}))
    train = {image.tobytes() for image in dataset.train.images}
    test = {image.tobytes() for image in dataset.test.images}
    for part in (sample.train, sample.test):
        pictures = {image.tobytes() for image in part.images}
        assert pictures <= train
        assert pictures.isdisjoint(test)
