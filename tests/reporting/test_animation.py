"""Films: what was written is read back, pixels and times."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import GifImagePlugin, Image, ImageSequence

from convgan.errors import DataError, RunError, UsageError
from convgan.reporting import animation
from convgan.reporting.animation import LABEL_HEIGHT, write_animation
from convgan.reporting.images import save_png

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TOP = LABEL_HEIGHT
Frames = list[tuple[str, "Path"]]


def ramp(seed: int, shape: tuple[int, ...] = (16, 70)) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def frames(folder: Path, arrays: list[NDArray[np.uint8]]) -> Frames:
    made = []
    for i, array in enumerate(arrays, start=1):
        path = folder / f"{i}.png"
        save_png(path, array)
        made.append((f"epoch {i}", path))
    return made


def gif(path: Path) -> tuple[NDArray[np.uint8], list[int]]:
    """Frames (T, H, W, 3) and their times in milliseconds."""
    # Pillow's default; imageio changes it for the whole process when it reads a GIF.
    GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_FIRST
    with Image.open(path) as picture:
        assert picture.info["loop"] == 0
        stills = [
            (np.asarray(still.convert("RGB")), int(still.info["duration"]))
            for still in ImageSequence.Iterator(picture)
        ]
    return np.stack([still for still, _ in stills]), [time for _, time in stills]


def test_grey_gif_is_exact_and_labels_do_not_cover_it(tmp_path: Path) -> None:
    arrays = [ramp(i) for i in range(3)]
    target = tmp_path / "out" / "a.gif"
    write_animation(frames(tmp_path, arrays), target, fps=4, hold=2)
    film, times = gif(target)
    assert film.shape == (3, TOP + 16, 70, 3)
    assert times == [250, 250, 2000]
    for still, array in zip(film, arrays, strict=True):
        np.testing.assert_array_equal(still[TOP:], array[..., None].repeat(3, axis=-1))
        assert still[:TOP].min() < 60
        assert (still[0] == 255).all()
    assert not np.array_equal(film[0, :TOP], film[1, :TOP])
    assert [p.name for p in target.parent.iterdir()] == ["a.gif"]


def test_a_grey_gif_can_be_read_as_one_array(tmp_path: Path) -> None:
    """Though its frames have different greys."""
    arrays = [ramp(i) // (i + 1) for i in range(4)]
    write_animation(frames(tmp_path, arrays), tmp_path / "a.gif")
    film = iio.imread(tmp_path / "a.gif")
    assert film.shape == (4, TOP + 16, 70)
    np.testing.assert_array_equal(film[:, TOP:], arrays)


def test_times_are_right_for_pictures_that_do_not_change(tmp_path: Path) -> None:
    same = [ramp(0)] * 3
    target = tmp_path / "a.gif"
    made = frames(tmp_path, same)
    write_animation(made, target, fps=10, hold=1)
    assert gif(target)[1] == [100, 100, 1000]  # the labels differ
    write_animation([("x", path) for _, path in made], target, fps=10, hold=1)
    film, times = gif(target)
    assert sum(times) == 1200
    assert len(film) == 1
    other = frames(tmp_path, [*same, ramp(1)])
    write_animation([("x", path) for _, path in other], target, fps=10, hold=1)
    assert gif(target)[1] == [300, 1000]


@pytest.mark.parametrize(
    ("fps", "hold", "expected"), [(3, 0, [330, 330]), (50, 0.5, [20, 500]), (0.1, 1, [10_000] * 2)]
)
def test_times_round_to_hundredths(
    tmp_path: Path, fps: float, hold: float, expected: list[int]
) -> None:
    target = tmp_path / "a.gif"
    write_animation(frames(tmp_path, [ramp(0), ramp(1)]), target, fps=fps, hold=hold)
    assert gif(target)[1] == expected


def test_one_frame_narrower_than_its_label(tmp_path: Path) -> None:
    target = tmp_path / "A.GIF"
    array = ramp(0, (5, 4))
    write_animation(frames(tmp_path, [array]), target, hold=1.5, scale=2)
    film, times = gif(target)
    assert times == [1500]
    assert film.shape[1] == TOP + 10
    assert 40 < film.shape[2] < 160
    np.testing.assert_array_equal(film[0, TOP::2, :8:2, 0], array)
    assert (film[0, TOP:, 8:] == 255).all()


def test_colour_gif_keeps_few_colours_exact_and_many_near(tmp_path: Path) -> None:
    palette = np.array([[255, 0, 0], [0, 128, 0], [10, 20, 250], [0, 0, 0]], np.uint8)
    few = [palette[ramp(i) % 4] for i in range(2)]
    target = tmp_path / "few.gif"
    write_animation(frames(tmp_path, few), target)
    film, _ = gif(target)
    # Text and four colours together stay below 256.
    np.testing.assert_array_equal(film[:, TOP:], few)
    y, x = np.mgrid[:64, :80]
    many = [np.stack([y * 4, x * 3, (x + y + 50 * i) % 256], -1).astype(np.uint8) for i in range(2)]
    write_animation(frames(tmp_path, many), target)
    film, _ = gif(target)
    assert np.abs(film[:, TOP:].astype(int) - many).mean() < 10


def test_grey_and_colour_frames_mix(tmp_path: Path) -> None:
    grey, red = ramp(0), np.full((16, 70, 3), [200, 0, 0], np.uint8)
    target = tmp_path / "a.gif"
    write_animation(frames(tmp_path, [grey, red]), target)
    film, _ = gif(target)
    assert (film[1, TOP:] == [200, 0, 0]).all()
    assert np.abs(film[0, TOP:].astype(int) - grey[..., None]).max() <= 4


def test_mp4_holds_its_last_frame_and_pads_odd_sides(tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    arrays = [np.full((17, 71), level, np.uint8) for level in (0, 100, 200)]
    target = tmp_path / "a.mp4"
    write_animation(frames(tmp_path, arrays), target, fps=2, hold=1.5)
    # Not imageio's reader, which leaves its pipes open.
    done = subprocess.run(
        [ffmpeg, "-i", target, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True,
        check=True,
    )
    height = TOP + 17 + (TOP + 17) % 2
    assert f"72x{height}" in done.stderr.decode()
    assert " 2 fps" in done.stderr.decode()
    film = np.frombuffer(done.stdout, np.uint8).reshape(-1, height, 72, 3)
    assert len(film) == 5
    levels = film[:, TOP + 4 : TOP + 14, 10:60].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(levels, [0, 100, 200, 200, 200], atol=4)


def test_mp4_without_ffmpeg_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(animation, "find_spec", {}.get)
    with pytest.raises(UsageError, match=r'pip install "convgan\[mp4\]"'):
        write_animation(frames(tmp_path, [ramp(0)]), tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("a.webp", {}, "ends in .gif or .mp4"),
        ("a", {}, "ends in .gif or .mp4"),
        ("a.gif", {"fps": 0}, "fps is 0, expected 0.1 to 50"),
        ("a.gif", {"fps": -1}, "fps is -1"),
        ("a.gif", {"fps": float("nan")}, "fps is nan"),
        ("a.gif", {"fps": 60}, "fps is 60"),
        ("a.gif", {"hold": -1}, "hold is -1, expected 0 to 600"),
        ("a.gif", {"hold": float("inf")}, "hold is inf"),
        ("a.gif", {"scale": 0}, "scale is 0"),
        ("a.gif", {"scale": 1000}, "too many to hold"),
    ],
)
def test_wrong_usage_is_told(
    tmp_path: Path, name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        write_animation(frames(tmp_path, [ramp(0)]), tmp_path / name, **changes)
    assert not (tmp_path / name).exists()


def test_wrong_frames_are_told(tmp_path: Path) -> None:
    target = tmp_path / "a.gif"
    with pytest.raises(DataError, match="no frames"):
        write_animation([], target)
    made = frames(tmp_path, [ramp(0), ramp(1, (16, 71))])
    with pytest.raises(DataError, match=r"2\.png has 71×16 pixels, but .*1\.png has 70×16"):
        write_animation(made, target)
    with pytest.raises(DataError, match=r"no picture at .*3\.png"):
        write_animation([made[0], ("epoch 3", tmp_path / "3.png")], target)
    assert not target.exists()


def test_a_failed_write_leaves_the_old_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = frames(tmp_path, [ramp(0)])
    target = tmp_path / "a.gif"
    write_animation(made, target)
    before = target.read_bytes()

    def full(path: Path, *args: object, **kwargs: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(iio, "imwrite", full)
    with pytest.raises(RunError, match="No space left"):
        write_animation(made, target)
    assert target.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.png", "a.gif"]
