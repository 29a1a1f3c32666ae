"""The data sets that come with convgan: importing this module adds them to `DATASETS`."""

from __future__ import annotations

from convgan.data.cifar import Cifar10
from convgan.data.folder import Folder
from convgan.data.published_idx import PublishedIdx
from convgan.data.svhn import Svhn
from convgan.registry import DATASETS

_CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_PUBLISHED = (
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
        has_sample=True,
    ),
    PublishedIdx(
        name="fashion-mnist",
        class_names=_CLOTHES,
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
        has_sample=True,
    ),
    # Sums and counts of the next three are those that tensorflow_datasets records.
    PublishedIdx(
        name="kmnist",
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        counts=(60_000, 10_000),
        sha256=(
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
        sums_of="gzipped",
        url="https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        origin='"KMNIST Dataset" (created by CODH), adapted from "Kuzushiji Dataset" (created by '
        "NIJL and others), doi:10.20676/00000341; https://github.com/rois-codh/kmnist",
        licence="CC BY-SA 4.0",
    ),
    Cifar10(
        name="cifar10",
        class_names=_CIFAR10,
        counts=(50_000, 10_000),
        files=("cifar-10-binary.tar.gz",),
        sha256=("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",),
        url="https://www.cs.toronto.edu/~kriz/",
        origin="Alex Krizhevsky, Vinod Nair, Geoffrey Hinton; "
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="none stated; to be cited: Krizhevsky, Learning multiple layers of features from "
        "tiny images, 2009",
    ),
    Svhn(
        name="svhn",
        class_names=tuple("0123456789"),
        counts=(73_257, 26_032),
        files=("train_32x32.mat", "test_32x32.mat"),
        sha256=(
            "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
            "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
        ),
        url="https://ufldl.stanford.edu/housenumbers/",
        origin="Yuval Netzer, Tao Wang, Adam Coates, Alessandro Bissacco, Bo Wu, Andrew Y. Ng; "
        "http://ufldl.stanford.edu/housenumbers/",
        licence="for non-commercial use only",
    ),
)
for entry in _PUBLISHED:
    DATASETS.add(entry.name)(entry)
DATASETS.add("folder")(Folder())
