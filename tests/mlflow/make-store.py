"""Logs by the real MLflow into the store that MLFLOW_TRACKING_URI names, and prints its runs as MLflow reads them back.

With the argument `read` it only reads: what is compared is MLflow's own view of two stores.
"""

import hashlib
import json
import math
import os
import sys
import tempfile

import mlflow
from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import DatasetInput, InputTag, Metric, ViewType
from mlflow.tracking import MlflowClient

client = MlflowClient()

LONG = "a text that goes on and on, with 'quotes', \"double ones\", a # and a: colon; " * 4


def file(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def make():
    mlflow.set_experiment("rain")
    mlflow.set_experiment_tag("team", "météo")
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_name="first", description=LONG) as run:
        mlflow.log_params({"lr": 0.1, "net/depth": 3, "empty": "", "text": "ä\nb"})
        for step in range(20):
            mlflow.log_metric("val/loss", 1 / (step + 1), step=step)
        points = [("odd", math.nan, 1), ("odd", 2.5, 2), ("huge", math.inf, 0), ("huge", -math.inf, 1)]
        client.log_batch(run.info.run_id, metrics=[Metric(key, value, 1_600_000_000_000 + step, step) for key, value, step in points])
        mlflow.set_tags({"team": "rain", "a.b c": LONG})
        client.log_inputs(
            run.info.run_id,
            [
                DatasetInput(
                    DatasetEntity("plots", "abc123", "local", json.dumps({"uri": "data/rain.csv"}), json.dumps({"columns": [LONG]}), json.dumps({"num_rows": 7})),
                    [InputTag("mlflow.data.context", "training"), InputTag("other", "it's: fine")],
                )
            ],
        )
        mlflow.log_artifact(file(folder, "notes+1.txt", "notes"), "deep/er")
        with mlflow.start_run(run_name="inner", nested=True):
            mlflow.log_metric("loss", 1.0)
        model = mlflow.initialize_logged_model(name="net", source_run_id=run.info.run_id, params={"depth": "3"}, tags={"kind": "small"}, model_type="tree")
        client.log_model_artifacts(model.model_id, folder)
        client.log_outputs(run.info.run_id, [mlflow.entities.LoggedModelOutput(model.model_id, 4)])
        mlflow.finalize_logged_model(model.model_id, "READY")
        mlflow.log_metric("auc", 0.75, step=3, model_id=model.model_id)
        client.create_registered_model("rain-net", tags={"owner": "ada"}, description="Knows rain.\n\nSecond paragraph.")
        one = client.create_model_version("rain-net", f"models:/{model.model_id}", model_id=model.model_id, tags={"a": "b"}, description="one")
        client.set_registered_model_alias("rain-net", "production", one.version)
        mlflow.log_artifact(file(folder, "weights.bin", "weights"), "model")
        client.create_model_version("rain-net", f"{run.info.artifact_uri}/model", run_id=run.info.run_id)
        client.delete_model_version("rain-net", client.create_model_version("rain-net", f"{run.info.artifact_uri}/model", run_id=run.info.run_id).version)
    try:
        with mlflow.start_run(run_name="broken"):
            raise ValueError("on purpose")
    except ValueError:
        pass
    with mlflow.start_run(run_name="gone") as gone:
        pass
    client.delete_run(gone.info.run_id)
    old = client.create_experiment("old")
    client.set_terminated(client.create_run(old, run_name="of old").info.run_id, "KILLED")
    client.delete_experiment(old)
    for at in range(int(os.environ.get("RUNS", "3"))):
        with mlflow.start_run(run_name=f"many-{at}"):
            mlflow.log_metric("loss", at)


def digests(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as source:
                found[os.path.relpath(path, folder)] = hashlib.sha256(source.read()).hexdigest()
    return found


def files(uri):
    with tempfile.TemporaryDirectory() as folder:
        try:
            return digests(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
        except Exception:
            return {}


def number(value):
    # MLflow's own stores keep the infinities as the greatest doubles.
    return str(max(min(value, sys.float_info.max), -sys.float_info.max))


def read_run(run, names):
    info, data = run.info, run.data
    tags = {key: value for key, value in data.tags.items() if not key.startswith("modelyard.")}
    if "mlflow.parentRunId" in tags:
        tags["mlflow.parentRunId"] = names[tags["mlflow.parentRunId"]]
    return {
        "name": info.run_name,
        "status": info.status,
        "stage": info.lifecycle_stage,
        "start": info.start_time,
        "end": info.end_time,
        "user": info.user_id,
        "params": data.params,
        "tags": tags,
        "metrics": {
            key: sorted([point.timestamp, point.step, number(point.value)] for point in client.get_metric_history(info.run_id, key))
            for key in data.metrics
        },
        "datasets": sorted(
            [one.dataset.name, one.dataset.digest, one.dataset.source_type, one.dataset.source, one.dataset.schema, one.dataset.profile, sorted((tag.key, tag.value) for tag in one.tags)]
            for one in run.inputs.dataset_inputs
        ),
        "outputs": [[client.get_logged_model(one.model_id).name, one.step] for one in (run.outputs.model_outputs if run.outputs else [])],
        "files": files(info.artifact_uri),
    }


def read():
    experiments = {}
    for experiment in client.search_experiments(view_type=ViewType.ALL):
        runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=10_000)
        names = {run.info.run_id: run.info.run_name for run in runs}
        models = client.search_logged_models([experiment.experiment_id]) if experiment.lifecycle_stage == "active" else []
        experiments[experiment.name] = {
            "stage": experiment.lifecycle_stage,
            "tags": {key: value for key, value in experiment.tags.items() if not key.startswith("mlflow.")},
            "runs": sorted((read_run(run, names) for run in runs), key=lambda one: (one["name"], one["start"])),
            "models": sorted(
                (
                    {
                        "name": model.name,
                        "type": model.model_type,
                        "status": str(model.status),
                        "params": model.params,
                        "tags": {key: value for key, value in model.tags.items() if key == "kind"},
                        "run": names.get(model.source_run_id),
                        "metrics": sorted([one.key, one.step, one.timestamp, number(one.value)] for one in model.metrics or []),
                        "files": files(model.artifact_location),
                    }
                    for model in models
                ),
                key=lambda one: one["name"],
            ),
        }
    registered = {}
    for model in client.search_registered_models():
        versions = sorted(client.search_model_versions(f"name = '{model.name}'"), key=lambda one: int(one.version))
        registered[model.name] = {
            "description": model.description,
            "tags": model.tags,
            "aliases": {alias: str(version) for alias, version in model.aliases.items()},
            "versions": [
                {
                    "version": str(one.version),
                    "description": one.description or "",
                    "tags": {key: value for key, value in one.tags.items() if not key.startswith("modelyard.")},
                    "run": client.get_run(one.run_id).info.run_name if one.run_id else None,
                    "files": files(f"models:/{model.name}/{one.version}"),
                }
                for one in versions
            ],
        }
    return {"experiments": experiments, "registered": registered}


if "read" not in sys.argv:
    make()
print("READ " + json.dumps(read(), sort_keys=True))
