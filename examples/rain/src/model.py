"""Logistic regression with nothing but the standard library, and how it is kept as a file."""

import csv
import json
import math
from pathlib import Path

LABEL = "rain_tomorrow"
# Columns that say what a row is about; all others are features.
ABOUT = ("station", "at")

# Chronological, so that nothing of a later year is learned from. Bounds are ISO dates, the second one exclusive.
SPLITS = {
    "train": ("2012-01-01", "2014-01-01"),
    "validation": ("2014-01-01", "2015-01-01"),
    "test": ("2015-01-01", "2016-01-01"),
}


def read_split(path, split):
    """The rows of one split: (date, {feature: value}, label)."""
    first, end = SPLITS[split]
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if first <= row["at"] < end]
    if not rows:
        raise ValueError(f"{path} has no rows from {first} to before {end}")
    return [
        (
            row["at"][:10],
            {name: float(value) for name, value in row.items() if name not in (*ABOUT, LABEL)},
            int(row[LABEL]),
        )
        for row in rows
    ]


def sigmoid(value):
    if value < 0:
        power = math.exp(value)
        return power / (1 + power)
    return 1 / (1 + math.exp(-value))


class Model:
    """Standardised features, one weight each, and a bias."""

    def __init__(self, features, means, deviations, weights=None, bias=0.0):
        self.features = features
        self.means = means
        self.deviations = deviations
        self.weights = weights or [0.0] * len(features)
        self.bias = bias

    @classmethod
    def for_rows(cls, rows):
        """An untrained model, scaled by the mean and the deviation of the training rows and of nothing else."""
        features = list(rows[0][1])
        columns = [[row[1][name] for row in rows] for name in features]
        means = [sum(column) / len(column) for column in columns]
        deviations = [
            math.sqrt(sum((value - mean) ** 2 for value in column) / len(column)) or 1.0
            for column, mean in zip(columns, means)
        ]
        return cls(features, means, deviations)

    def scale(self, values):
        return [
            (values[name] - mean) / deviation
            for name, mean, deviation in zip(self.features, self.means, self.deviations)
        ]

    def probability(self, scaled):
        return sigmoid(self.bias + sum(weight * value for weight, value in zip(self.weights, scaled)))

    def predict(self, values):
        """The probability of rain tomorrow."""
        return self.probability(self.scale(values))

    def save(self, path, **about):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        document = {
            "kind": "logistic-regression",
            "features": self.features,
            "means": self.means,
            "deviations": self.deviations,
            "weights": self.weights,
            "bias": self.bias,
            **about,
        }
        Path(path).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path):
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        names = ("features", "means", "deviations", "weights", "bias")
        return cls(*(document[name] for name in names))


def log_loss(pairs):
    """Mean of -log(probability of what happened) over (probability, label)."""
    pairs = list(pairs)
    floor = 1e-12
    return -sum(math.log(max(floor, p if label else 1 - p)) for p, label in pairs) / len(pairs)


def accuracy(pairs):
    pairs = list(pairs)
    return sum((p >= 0.5) == bool(label) for p, label in pairs) / len(pairs)
