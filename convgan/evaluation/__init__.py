"""Trained networks and pictures to numbers; one file a metric, pure arrays to dict."""

from convgan.evaluation.class_coverage import evaluate_class_coverage
from convgan.evaluation.classification import evaluate_classification, surest_mistakes
from convgan.evaluation.prediction import load_network, predict_logits

__all__ = [
    "evaluate_class_coverage",
    "evaluate_classification",
    "load_network",
    "predict_logits",
    "surest_mistakes",
]
