"""The same networks in eager PyTorch, in an environment of its own; needs torch and NumPy only.

Run by the benchmark, which it answers (see `other_process`).
"""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.other_process import Steps, answer

LATENT = 100


def networks() -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator of the DCGAN article."""
    generator = nn.Sequential(
        nn.Linear(LATENT, 7 * 7 * 128),
        nn.Unflatten(1, (128, 7, 7)),
        nn.BatchNorm2d(128),
        nn.ConvTranspose2d(128, 64, 5, stride=2, padding=2, output_padding=1),
        nn.SELU(),
        nn.BatchNorm2d(64),
        nn.ConvTranspose2d(64, 1, 5, stride=2, padding=2, output_padding=1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 64, 5, stride=2, padding=2),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.3),
        nn.Conv2d(64, 128, 5, stride=2, padding=2),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(7 * 7 * 128, 1),
    )
    return generator, discriminator


def dcgan(size: int) -> Steps:
    """D on real and generated pictures, then G by the same generated ones: its example's form.

    D is not frozen for the generator's part, as there.
    """
    generator, discriminator = networks()
    g_optimizer = torch.optim.Adam(generator.parameters())
    d_optimizer = torch.optim.Adam(discriminator.parameters())
    loss = nn.BCEWithLogitsLoss()
    images = torch.rand(4000, 1, 28, 28) * 2 - 1
    ones, zeros = torch.ones(size, 1), torch.zeros(size, 1)

    def steps(count: int) -> None:
        for _ in range(count):
            real = images[torch.randint(len(images), (size,))]
            fake = generator(torch.randn(size, LATENT))
            d_optimizer.zero_grad()
            loss(discriminator(real), ones).backward()
            loss(discriminator(fake.detach()), zeros).backward()
            d_optimizer.step()
            g_optimizer.zero_grad()
            loss(discriminator(fake), ones).backward()
            g_optimizer.step()

    return steps


def classifier(size: int) -> Steps:
    """The classifier article's network."""
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(576, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9)
    loss = nn.CrossEntropyLoss()
    images, labels = torch.rand(4000, 1, 28, 28), torch.randint(10, (4000,))

    def steps(count: int) -> None:
        for _ in range(count):
            order = torch.randint(len(images), (size,))
            optimizer.zero_grad()
            loss(model(images[order]), labels[order]).backward()
            optimizer.step()

    return steps


if __name__ == "__main__":
    torch.set_flush_denormal(True)  # as TensorFlow does
    version = f"{torch.__version__}, {torch.get_num_threads()} threads"
    answer(version, {"dcgan": dcgan, "classifier": classifier})
