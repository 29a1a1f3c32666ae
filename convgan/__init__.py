"""convgan trains an image classifier and a DCGAN from the command line."""

__version__ = "0.1.0"
