"""Learns the weights from 2012 and 2013, and keeps those that did best on 2014.

    python3 src/train.py --epochs 300 --learning-rate 0.003 --l2 0.01 --seed 42 data/training.csv models/rain.json
"""

import argparse
import csv
import json
import os
import random
from pathlib import Path

from model import Model, accuracy, log_loss, read_split

BATCH = 16


def live(step, **metrics):
    """Metrics as lines, read by Modelyard while we run. Without Modelyard the variable isn't there."""
    path = os.environ.get("MODELYARD_METRICS")
    if not path:
        return
    with open(path, "a", encoding="utf-8") as file:
        for key, value in metrics.items():
            file.write(json.dumps({"key": key, "value": round(value, 5), "step": step}) + "\n")


def epoch_of(model, rows, rng, rate, l2):
    """One pass of mini-batch gradient descent over (scaled, label) rows."""
    order = list(rows)
    rng.shuffle(order)
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        gradient = [0.0] * len(model.weights)
        slope = 0.0
        for scaled, label in batch:
            error = model.probability(scaled) - label
            slope += error
            gradient = [sum_ + error * value for sum_, value in zip(gradient, scaled)]
        model.weights = [
            weight - rate * (sum_ / len(batch) + l2 * weight)
            for weight, sum_ in zip(model.weights, gradient)
        ]
        model.bias -= rate * slope / len(batch)


def prepared(features):
    """A model for the rows of a file, and its scaled rows with their labels: to learn from, and to watch."""
    train = read_split(features, "train")
    validation = read_split(features, "validation")
    model = Model.for_rows(train)
    learn = [(model.scale(values), label) for _, values, label in train]
    watch = [(model.scale(values), label) for _, values, label in validation]
    return model, learn, watch


def write_csv(path, rows):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features")
    parser.add_argument("model")
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--l2", type=float, default=0.01, help="how much large weights cost")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--metrics", help="JSON file for the metrics of the best epoch")
    parser.add_argument("--curve", help="CSV file for the metrics of every epoch")
    arguments = parser.parse_args()

    rng = random.Random(arguments.seed)
    model, learn, watch = prepared(arguments.features)

    curve = []
    best = None
    for epoch in range(1, arguments.epochs + 1):
        # The rate falls, so that the last epochs settle instead of jumping about.
        rate = arguments.learning_rate / (1 + 5 * (epoch - 1) / arguments.epochs)
        epoch_of(model, learn, rng, rate, arguments.l2)
        learned = [(model.probability(scaled), label) for scaled, label in learn]
        watched = [(model.probability(scaled), label) for scaled, label in watch]
        point = {
            "train_loss": log_loss(learned),
            "validation_loss": log_loss(watched),
            "validation_accuracy": accuracy(watched),
        }
        live(epoch, **point)
        curve.append({"epoch": epoch, **{key: f"{value:.6f}" for key, value in point.items()}})
        if best is None or point["validation_loss"] < best["validation_loss"]:
            best = {"epoch": epoch, **point, "weights": model.weights, "bias": model.bias}
        if epoch == 1 or epoch % 50 == 0:
            print(
                f"epoch {epoch:4}  train loss {point['train_loss']:.4f}"
                f"  validation loss {point['validation_loss']:.4f}"
                f"  validation accuracy {point['validation_accuracy']:.3f}",
                flush=True,
            )

    model.weights, model.bias = best.pop("weights"), best.pop("bias")
    model.save(arguments.model, epoch=best["epoch"], seed=arguments.seed)
    summary = {key: round(value, 5) for key, value in best.items()}
    if arguments.metrics:
        Path(arguments.metrics).parent.mkdir(parents=True, exist_ok=True)
        Path(arguments.metrics).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    if arguments.curve:
        write_csv(arguments.curve, curve)
    print(f"kept epoch {best['epoch']}: validation accuracy {best['validation_accuracy']:.3f}")


if __name__ == "__main__":
    main()
