"""Configured networks: one file per network, its section and its builder side by side.

What is imported here adds itself to the registries of `convgan.config.kinds`.
"""

from convgan.models import classifier, dcgan, resnet

__all__ = ["classifier", "dcgan", "resnet"]
