"""The same learner as train.py, told to MLflow: Modelyard answers its client, and no server has to be started.

    python3 src/train_mlflow.py --epochs 60 data/training.csv models/rain-mlflow.json

Where MLflow is not installed (`pip install mlflow-skinny`) it learns all the same, and tells Modelyard what train.py tells.
"""

import argparse
import random
from contextlib import nullcontext

from model import accuracy, log_loss
from train import epoch_of, live, prepared

try:
    import mlflow
except ImportError:
    mlflow = None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features")
    parser.add_argument("model")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--l2", type=float, default=0.01, help="how much large weights cost")
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()

    rng = random.Random(arguments.seed)
    model, learn, watch = prepared(arguments.features)

    # In a task, start_run() goes on with the run of the task; in a terminal it begins one of its own.
    with mlflow.start_run() if mlflow else nullcontext():
        if mlflow:
            mlflow.log_params({"learner": "logistic-regression", "rows": len(learn), **vars(arguments)})
        for epoch in range(1, arguments.epochs + 1):
            rate = arguments.learning_rate / (1 + 5 * (epoch - 1) / arguments.epochs)
            epoch_of(model, learn, rng, rate, arguments.l2)
            watched = [(model.probability(scaled), label) for scaled, label in watch]
            point = {"validation_loss": log_loss(watched), "validation_accuracy": accuracy(watched)}
            if mlflow:
                mlflow.log_metrics(point, step=epoch)
            else:
                live(epoch, **point)
        model.save(arguments.model, epoch=arguments.epochs, seed=arguments.seed)
        if mlflow:
            mlflow.log_artifact(arguments.model)
    print(f"{'told MLflow' if mlflow else 'MLflow is not installed'}: {point['validation_accuracy']:.3f} right in 2014")


if __name__ == "__main__":
    main()
