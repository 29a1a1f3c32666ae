"""Batches and networks to trained weights: the loop, the tasks, losses, penalties, state."""
