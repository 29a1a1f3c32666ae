"""The data sets that come with convgan: importing this module adds them to `DATASETS`."""

from __future__ import annotations

from convgan.data.folder import Folder
from convgan.data.published import PublishedIdx
from convgan.registry import DATASETS

DATASETS.add("mnist")(
    PublishedIdx(
        name="mnist",
        class_names=tuple("0123456789"),
        counts=(60_000, 10_000),
        sha256=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        url="https://storage.googleapis.com/cvdf-datasets/mnist/",
        origin="Yann LeCun, Corinna Cortes, Christopher J. C. Burges; "
        "https://yann.lecun.com/exdb/mnist/",
        licence="CC BY-SA 3.0",
        evaluator_preset="evaluator-mnist",
    )
)
DATASETS.add("fashion-mnist")(
    PublishedIdx(
        name="fashion-mnist",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        counts=(60_000, 10_000),
        sha256=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        origin="Zalando SE; https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        evaluator_preset="evaluator-fashion",
        advice=" or install the Debian package dataset-fashion-mnist",
    )
)
DATASETS.add("folder")(Folder())
