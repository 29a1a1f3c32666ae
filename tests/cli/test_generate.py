"""`convgan generate`: pictures by seed, in each form."""

from __future__ import annotations

import json
import re
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

import convgan
from convgan.reporting.images import read_png, save_png
from convgan.runs import Run

from .commands import TINY_DCGAN, done, refused


@pytest.fixture(scope="module")
def unconditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plain")
    done("train-dcgan", *TINY_DCGAN, "--set=conditional=false", "--epochs=1", "--out", out)
    return out


def test_a_seed_is_a_file_of_the_same_bytes_at_any_number(out: Path, tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    done("generate", "--out", out, "-n1", "-o", one)
    done("generate", "--out", out, "--seeds=0-200,1000", "-o", many)
    assert (one / "seed-0000.png").read_bytes() == (many / "seed-0000.png").read_bytes()
    assert len(list(many.glob("*.png"))) == 202
    listed = json.loads((many / "seeds.json").read_text())
    assert [entry["seed"] for entry in listed["pictures"]] == [*range(201), 1000]
    assert listed["pictures"][-1]["file"] == "seed-1000.png"
    assert listed["which"] == "last"  # no best one is kept without held-out images


def test_the_run_s_own_folder_grows_but_is_not_mixed(out: Path) -> None:
    done("generate", "--out", out, "--seeds=3")
    folder = Path(done("generate", "--out", out, "--seeds=2").strip())
    assert folder == out / "dcgan-fashion-0001/generated"
    assert {path.name for path in folder.iterdir()} == {
        *("seed-0002.png", "seed-0003.png", "seeds.json")
    }
    said = refused(2, "generate", "--out", out, "--seeds=2", "--truncation=1")
    assert "has pictures of another generator, class or truncation" in said
    assert len(json.loads((folder / "seeds.json").read_text())["pictures"]) == 2


def test_a_list_of_seeds_that_is_none_is_refused(out: Path, tmp_path: Path) -> None:
    done("generate", "--out", out, "-n1", "-o", tmp_path)
    (tmp_path / "seeds.json").write_text('{"pictures": [{"seed": "a"}]}')
    said = refused(2, "generate", "--out", out, "-n1", "-o", tmp_path)
    assert "is no list of seeds: pictures.0" in said


def test_a_walk_that_memory_does_not_hold_is_refused(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convgan.reporting.animation._MAX_FILM", 20 * 280 * 280 - 1)
    said = refused(2, "generate", "--out", out, "--seeds=1,2", "--walk=a.gif", "--frames=20")
    assert "20 frames of 280×280 pixels are too many to hold in memory" in said


def test_an_evaluator_of_other_images_chooses_nothing(tmp_path: Path) -> None:
    larger = ["--set=data.image_size=32", "--set=generator.projection.size=8", "--epochs=1"]
    done("train-dcgan", *TINY_DCGAN, "--set=conditional=false", *larger, "--out", tmp_path)
    said = refused(2, "generate", "--out", tmp_path, "--class=Bag")
    assert "this GAN was given no classes, and no evaluator knows them" in said


def test_another_generator_of_the_run(out: Path, tmp_path: Path) -> None:
    for which in ("last", "raw"):
        done("generate", "--out", out, "-n8", f"--which={which}", "-o", tmp_path / which)
    made = [(tmp_path / which / "seed-0005.png").read_bytes() for which in ("last", "raw")]
    assert made[0] != made[1]
    assert "kept no best generator" in refused(2, "generate", "--out", out, "--which=best")


def test_an_archive_of_one_class(labelled: Run, tmp_path: Path) -> None:
    out = labelled.folder.parent
    done("generate", "--out", out, "--seeds=5,1,70", "--npz", tmp_path / "a.npz")
    done(
        "generate",
        "--out",
        out,
        "--class=Bag",
        "-n6",
        "--npz",
        tmp_path / "bags.npz",
    )
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive["seeds"].tolist() == [5, 1, 70]
        assert archive["images"].shape == (3, 28, 28, 1)
        assert archive["images"].dtype == np.uint8
        assert archive["labels"].shape == (3,)
    with np.load(tmp_path / "bags.npz", allow_pickle=False) as archive:
        assert archive["labels"].tolist() == [8] * 6
        assert archive["seeds"].tolist() == list(range(6))


def test_a_grid_has_a_column_for_each_class_that_was_drawn(labelled: Run, tmp_path: Path) -> None:
    out = labelled.folder.parent
    done("generate", "--out", out, "-n3", "--grid", tmp_path / "g.png")
    done(
        "generate",
        "--out",
        out,
        "-n9",
        "--class=Bag",
        "--grid",
        tmp_path / "bags.png",
    )
    assert read_png(tmp_path / "g.png").shape[1] in {86 * columns + 2 for columns in (1, 2, 3)}
    assert read_png(tmp_path / "bags.png").shape == (3 * 58 + 2, 3 * 58 + 2, 1)


def test_a_film_begins_at_the_first_seed_and_passes_the_others(
    labelled: Run, tmp_path: Path
) -> None:
    options = ["--out", str(labelled.folder.parent), "--seeds=3,8"]
    done("generate", *options, "--walk", tmp_path / "w.gif", "--frames=6")
    done("generate", *options, "-o", tmp_path)
    film = iio.imread(tmp_path / "w.gif")
    assert film.shape[:3] == (6, 280, 280)
    for frame, seed in ((0, 3), (3, 8)):
        picture = read_png(tmp_path / f"seed-{seed:04d}.png")[..., 0].astype(int)
        shown = film[frame, ::10, ::10].reshape(28, 28, -1)[..., 0]
        assert np.abs(shown - picture).max() <= 1


def test_an_evaluator_chooses_for_a_gan_without_classes(
    unconditional: Path, tmp_path: Path
) -> None:
    target = tmp_path / "some.npz"
    done("generate", "--out", unconditional, "-n100", "--npz", target)
    text = done("generate", "--out", unconditional, "--class=Bag", "-n5", "-o", tmp_path / "bags")
    listed = json.loads((tmp_path / "bags/seeds.json").read_text())
    assert "this GAN was not asked for classes: convgan-fashion-mnist takes" in text
    assert len(listed["pictures"]) <= 5
    assert all(entry["class"] == "Bag" for entry in listed["pictures"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--seeds=1-"], "expected whole numbers from 0"),
        (["--seeds=1", "-n3"], "got --seeds and --count, expected one of them"),
        (["--grid=a.png", "--npz=a.npz"], "more than one of --output, --grid, --npz and --walk"),
        (["--grid=a.jpg"], "expected a name that ends in .png"),
        (["--npz=a.zip"], "expected a name that ends in .npz"),
        (["--walk=a.avi", "--seeds=1,2"], "expected a name that ends in .gif or .mp4"),
        (["--walk=a.gif", "--seeds=4"], "got 1 seed for --walk, expected two or more"),
        (["--walk=a.gif", "--seeds=1-9", "--frames=4"], "got --frames 4, expected 9 (the seeds)"),
        (["--like=a.png", "--grid=g.png"], "with --like only --class, --which and --output go"),
        (["--like=a.png", "-o=a.png"], "expected a name that ends in .npz"),
        (["--truncation=0"], "--truncation is 0, expected at least 0.1"),
        (["--truncation=nan"], "--truncation is nan, expected at least 0.1"),
        (["--class=Sneker"], "got the class 'Sneker'; did you mean 'Sneaker'?"),
    ],
)
def test_what_cannot_be(options: list[str], said: str, labelled: Run) -> None:
    assert said in refused(2, "generate", "--out", labelled.folder.parent, *options)


@pytest.fixture(scope="module")
def found(labelled: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A latent vector that was looked for, and what was said of it."""
    folder = tmp_path_factory.mktemp("found")
    wide = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    save_png(folder / "found.png", wide)
    options: list[str | Path] = ["--like", folder / "found.png", "-o", folder / "found.npz"]
    text = done("generate", "--out", labelled.folder.parent, *options)
    assert np.array_equal(read_png(folder / "found.png"), wide)  # which is not written over
    return folder / "found.npz", text


def test_a_vector_that_was_found_stands_where_a_seed_does(
    labelled: Run, found: tuple[Path, str], tmp_path: Path
) -> None:
    path, text = found
    assert "found.png: central square, resized" in text
    said = re.search(r"found \((.+)\) differs by ([\d.]+) of 255 grey levels \(root mean", text)
    assert said
    mixed = ["--out", str(labelled.folder.parent), f"--seeds=3,{path}"]
    done("generate", *mixed, "-o", tmp_path)
    done("generate", *mixed, "--npz", tmp_path / "a.npz")
    done("generate", *mixed, "--grid", tmp_path / "g.png")
    done("generate", *mixed, "--walk", tmp_path / "w.gif", "--frames=4")
    listed = json.loads((tmp_path / "seeds.json").read_text())["pictures"]
    assert [(each["file"], each["seed"]) for each in listed] == [
        ("seed-0003.png", 3),
        ("found-z0000.png", None),
    ]
    assert listed[1]["class"] == said[1]
    image = read_png(tmp_path / "found-z0000.png")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive["seeds"].tolist() == [3, -1]
        assert np.array_equal(archive["images"][1], image)
    in_python = convgan.load_run(labelled.folder).generate([3, path])
    assert np.array_equal(in_python[1], image)
    film = iio.imread(tmp_path / "w.gif")
    shown = film[2, ::10, ::10].reshape(28, 28, -1)[..., 0]
    assert np.abs(shown - image[..., 0].astype(int)).max() <= 1
    both = read_png(path.with_name("found-and-given.png"))
    given = read_png(path.with_suffix(".png")).astype(float)
    assert both.shape[0] > 84
    assert both.shape[1] == 2 * 84 + 3 * 8
    assert given.mean() == pytest.approx(both[8:92, 8:92].mean(), abs=4)
    assert np.array_equal(both[8:92:3, 100:184:3, :1], image)
    difference = both[8:92:3, 8:92:3, :1].astype(float) - image
    assert float(said[2]) == pytest.approx(np.sqrt((difference**2).mean()), abs=0.06)


def test_the_run_s_own_folder_and_class_for_a_vector(
    labelled: Run, found: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convgan.generation.inversion._STEPS", 2)
    options = ["--like", str(found[0].with_suffix(".png")), "--class=Bag"]
    text = done("generate", "--out", labelled.folder.parent, *options)
    assert "the picture found (Bag) differs by" in text
    assert {path.name for path in (labelled.folder / "generated").iterdir()} == {
        *("like.npz", "like-and-given.png")
    }


def test_a_vector_that_is_none(labelled: Run, unconditional: Path, tmp_path: Path) -> None:
    out = labelled.folder.parent
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    said = refused(2, "generate", "--out", out, f"--seeds=3,{tmp_path / 'bad.npz'}")
    assert "bad.npz: cannot be read" in said
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        np.savez(tmp_path / folder / "a.npz", z=np.zeros((1, 64), np.float32))
    one, other = (tmp_path / folder / "a.npz" for folder in ("one", "other"))
    assert "holds no labels" in refused(2, "generate", "--out", out, f"--seeds={one}")
    said = refused(2, "generate", "--out", unconditional, f"--seeds={one},{other}")
    assert "got two files called a.npz in --seeds: rename one" in said
    done("generate", "--out", unconditional, f"--seeds={one}", "-o", tmp_path / "made")
    assert (tmp_path / "made/a-z0000.png").is_file()
    like = ["--like", str(tmp_path / "bad.npz")]
    assert "is no picture of" in refused(2, "generate", "--out", out, *like)
    said = refused(2, "generate", "--out", unconditional, *like, "--class=Bag")
    assert "--class goes with --like only where the GAN was given that class" in said
