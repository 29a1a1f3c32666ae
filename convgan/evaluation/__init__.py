"""Trained networks and images to numbers; one file per metric, in `metrics`."""

from convgan.evaluation.classification import evaluate_classification, surest_mistakes
from convgan.evaluation.diagnosis import Samples, diagnose
from convgan.evaluation.discriminator_features import discriminator_features
from convgan.evaluation.evaluator import (
    Evaluator,
    bundled_card,
    bundled_evaluator,
    load_evaluator,
)
from convgan.evaluation.find_evaluator import find_evaluator
from convgan.evaluation.generation import generate
from convgan.evaluation.linear_svm import evaluate_linear_svm
from convgan.evaluation.metric import METRICS, Evidence, MetricResult, Predictions, metric
from convgan.evaluation.metrics.class_fractions import class_fractions
from convgan.evaluation.metrics.frechet import evaluate_frechet, fit_gaussian, frechet_distance
from convgan.evaluation.metrics.memorisation import nearest_neighbours
from convgan.evaluation.prediction import load_network, predict_logits
from convgan.evaluation.reference import Reference, compute_reference, measure

__all__ = [
    "METRICS",
    "Evaluator",
    "Evidence",
    "MetricResult",
    "Predictions",
    "Reference",
    "Samples",
    "bundled_card",
    "bundled_evaluator",
    "class_fractions",
    "compute_reference",
    "diagnose",
    "discriminator_features",
    "evaluate_classification",
    "evaluate_frechet",
    "evaluate_linear_svm",
    "find_evaluator",
    "fit_gaussian",
    "frechet_distance",
    "generate",
    "load_evaluator",
    "load_network",
    "measure",
    "metric",
    "nearest_neighbours",
    "predict_logits",
    "surest_mistakes",
]
