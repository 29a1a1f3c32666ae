"""What happens beside training: log, grids, curves, networks, progress, TensorBoard, health."""
