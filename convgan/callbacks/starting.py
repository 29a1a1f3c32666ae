"""The weights that a training begins with, where these are another run's."""

from __future__ import annotations

from dataclasses import replace

from convgan.arrays import form_of
from convgan.callbacks.session import RunOptions
from convgan.config import differing
from convgan.errors import UsageError
from convgan.models.network_file import named_variables, read_network
from convgan.training.task import Task

_GENERATORS = ("generator_raw", "generator", "generator-best")


def start_from(options: RunOptions, task: Task) -> RunOptions:
    """Give a new task's networks the weights of those of the run `init_from`, if there is one.

    Where that has no average, or has kept only the best generator, this stands for the others. The
    optimizers are new. Returns the options with the weights' origin.

    Raises:
        UsageError: the networks differ; says where.
        DataError: a network is missing or damaged.
    """
    if options.init_from is None:
        return options
    folder, hashes = options.init_from.folder, {}
    for name, network in task.networks.items():
        averaged = name == "generator" and "generator_raw" in task.networks
        names = _GENERATORS[averaged:] if name in _GENERATORS else (name,)
        paths = [folder / "model" / f"{each}.safetensors" for each in names]
        path = next((path for path in paths if path.is_file()), paths[0])
        saved = read_network(path)
        there, here = (
            {key: form_of(value).shape for key, value in named_variables(name, weights).items()}
            for weights in (saved.network.weights, network.weights)
        )
        if keys := differing(there, here):
            lines = [f"{key}: {there.get(key)} there, {here.get(key)} here" for key in keys[:10]]
            differ = f"{path} is of another network, of which {len(keys)} weights differ:"
            raise UsageError(
                "\n  ".join([differ, *lines])
                + f"\nTake that network, see {folder / 'config.yaml'}, or leave out --init-from"
            )
        network.set_weights(saved.network.get_weights())
        hashes[path.stem] = saved.sha256
    return replace(options, origin={"run": str(folder), "networks": hashes})
