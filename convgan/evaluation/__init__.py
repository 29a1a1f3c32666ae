"""Trained networks and images to numbers; one file per metric, in `metrics`."""
