"""Trained networks and pictures to numbers; one file a metric, pure arrays to dict."""

from convgan.evaluation.class_coverage import evaluate_class_coverage
from convgan.evaluation.classification import evaluate_classification, surest_mistakes
from convgan.evaluation.classifier_score import evaluate_classifier_score
from convgan.evaluation.diagnosis import Finding, Samples, diagnose
from convgan.evaluation.discriminator_features import discriminator_features
from convgan.evaluation.feature_network import (
    FeatureNetwork,
    bundled_card,
    bundled_network,
    load_feature_network,
)
from convgan.evaluation.frechet import (
    evaluate_frechet,
    extrapolate_frechet,
    fit_gaussian,
    frechet_distance,
)
from convgan.evaluation.generation import generate
from convgan.evaluation.kernel_distance import evaluate_kernel_distance
from convgan.evaluation.linear_svm import evaluate_linear_svm
from convgan.evaluation.memorisation import evaluate_memorisation, nearest_neighbours
from convgan.evaluation.neighbours import evaluate_neighbours
from convgan.evaluation.prediction import load_network, predict_logits

__all__ = [
    "FeatureNetwork",
    "Finding",
    "Samples",
    "bundled_card",
    "bundled_network",
    "diagnose",
    "discriminator_features",
    "evaluate_class_coverage",
    "evaluate_classification",
    "evaluate_classifier_score",
    "evaluate_frechet",
    "evaluate_kernel_distance",
    "evaluate_linear_svm",
    "evaluate_memorisation",
    "evaluate_neighbours",
    "extrapolate_frechet",
    "fit_gaussian",
    "frechet_distance",
    "generate",
    "load_feature_network",
    "load_network",
    "nearest_neighbours",
    "predict_logits",
    "surest_mistakes",
]
