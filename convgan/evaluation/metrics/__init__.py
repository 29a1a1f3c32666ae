"""The metrics that come with convgan, one file each; imported in the order of `eval`'s table."""

# ruff: noqa: F401, I001
from convgan.evaluation.metrics import frechet
from convgan.evaluation.metrics import frechet_extrapolated
from convgan.evaluation.metrics import kernel_distance
from convgan.evaluation.metrics import neighbours
from convgan.evaluation.metrics import class_fractions
from convgan.evaluation.metrics import class_agreement
from convgan.evaluation.metrics import classifier_score
from convgan.evaluation.metrics import memorisation
