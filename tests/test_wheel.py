"""The wheel, built and installed into an environment of its own, without the network."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from convgan.config import presets

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_what_is_needed_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {
        path.relative_to(ROOT).as_posix()
        for folder in ("data/samples", "evaluation/networks", "reporting/pages")
        for path in (ROOT / "convgan" / folder).glob("*.*")
    }
    configs = {f"convgan/configs/{name}.yaml" for name in presets()}
    assert data | configs | {"convgan/__main__.py"} <= names
    assert any(name.endswith(".npz") for name in data)
    assert any("evaluation/networks/" in name for name in data)
    folders = {name.split("/")[0] for name in names}
    assert folders == {"convgan", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    assert not [name for name in names if {"tests", "outputs"} & set(name.split("/"))]


def test_the_installed_wheel_works(wheel: Path, tmp_path: Path) -> None:
    """TensorFlow and the others are those of this environment, less convgan itself."""
    place = tmp_path / "venv"
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "--quiet"]
    offline = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([*pip, "install", *offline, str(wheel)], check=True, env=clean)
    packages = sysconfig.get_path("purelib", vars={"base": str(place)})
    Path(packages, "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    def run(*words: str) -> str:
        done = subprocess.run(
            [str(scripts / words[0]), *words[1:]],
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("python", "-c", "import convgan; print(convgan.__file__)").startswith(packages)
    assert run("convgan", "--version").startswith("convgan ")
    assert "train-dcgan" in run("convgan", "--help")
    assert run("python", "-m", "convgan", "--version") == run("convgan", "--version")
    assert "840,705" in run("convgan", "inspect", "dcgan-fashion-article")
