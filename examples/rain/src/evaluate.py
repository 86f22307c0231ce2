"""How good the model is on 2015, a year it has never seen, beside two forecasts that need no model.

    python3 src/evaluate.py data/training.csv models/rain.json reports/metrics.json reports/predictions.csv
"""

import argparse
import csv
import json
from pathlib import Path

from model import Model, accuracy, log_loss, read_split


def ranking(pairs):
    """The chance that a wet day got a higher probability than a dry one (area under the ROC curve)."""
    wet = [p for p, label in pairs if label]
    dry = [p for p, label in pairs if not label]
    better = sum((a > b) + 0.5 * (a == b) for a in wet for b in dry)
    return better / (len(wet) * len(dry))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features")
    parser.add_argument("model")
    parser.add_argument("metrics")
    parser.add_argument("predictions")
    arguments = parser.parse_args()

    model = Model.load(arguments.model)
    train = read_split(arguments.features, "train")
    test = read_split(arguments.features, "test")
    pairs = [(model.predict(values), label) for _, values, label in test]
    labels = [label for _, label in pairs]

    # What someone would say who knows only how often it rained in the years we learned from …
    usual = float(sum(label for _, _, label in train) / len(train))
    # … and someone who says "the same as today".
    same = [(values["wet_today"], label) for _, values, label in test]

    metrics = {
        "accuracy": accuracy(pairs),
        "majority_accuracy": accuracy((usual, label) for label in labels),
        "persistence_accuracy": accuracy(same),
        "log_loss": log_loss(pairs),
        "majority_log_loss": log_loss((usual, label) for label in labels),
        "brier": sum((p - label) ** 2 for p, label in pairs) / len(pairs),
        "auc": ranking(pairs),
    }
    metrics = {key: round(value, 4) for key, value in metrics.items()}
    metrics["days"] = len(test)
    Path(arguments.metrics).parent.mkdir(parents=True, exist_ok=True)
    Path(arguments.metrics).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")

    Path(arguments.predictions).parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.predictions, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["date", "probability", "rain_tomorrow"])
        for (date, _, label), (p, _) in zip(test, pairs):
            writer.writerow([date, f"{p:.4f}", label])

    print(f"2015, {len(test)} days: {metrics['accuracy']:.1%} right")
    print(f"  always the commoner answer: {metrics['majority_accuracy']:.1%}")
    print(f"  the same as today:          {metrics['persistence_accuracy']:.1%}")


if __name__ == "__main__":
    main()
