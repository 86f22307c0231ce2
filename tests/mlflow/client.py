"""What scripts do with MLflow, by its real client against the server that the environment names. Prints a line of JSON for
each case: its name, whether it came out as it has to, and what went wrong."""

import json
import math
import os
import sys
import tempfile
import traceback

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Dataset, DatasetInput, Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

client = MlflowClient()
# Logged models and a few calls came with 3.0.
NEW = int(mlflow.__version__.split(".")[0]) >= 3
CASES = []


def case(work):
    CASES.append(work)
    return work


def raises(code, work):
    try:
        work()
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code}: {error}"
        return str(error)
    raise AssertionError(f"nothing was raised, and {code} was expected")


def trained():
    from sklearn.linear_model import LogisticRegression

    x = np.random.default_rng(1).random((60, 3))
    return LogisticRegression().fit(x, (x[:, 0] > 0.5).astype(int)), x


@case
def a_script_logs_into_its_run():
    mlflow.set_experiment("script")
    with mlflow.start_run(run_name="first", description="a note", tags={"t": "1"}) as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"a": 1, "b": None})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"acc": 0.9, "nan": math.nan, "inf": math.inf}, step=3, timestamp=77)
        mlflow.set_tags({"x": "y"})
        with mlflow.start_run(nested=True, run_name="inner") as inner:
            mlflow.log_metric("m", 1)
    got = client.get_run(run.info.run_id)
    assert got.info.status == "FINISHED" and got.info.run_name == "first", got.info
    assert got.info.end_time >= got.info.start_time
    assert got.data.params == {"lr": "0.1", "a": "1", "b": "None"}, got.data.params
    assert got.data.metrics["loss"] == 0.2 and got.data.metrics["inf"] == math.inf
    assert math.isnan(got.data.metrics["nan"])
    assert got.data.tags["mlflow.note.content"] == "a note" and got.data.tags["x"] == "y"
    assert client.get_run(inner.info.run_id).data.tags["mlflow.parentRunId"] == run.info.run_id
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(m.step, m.value) for m in history] == [(s, 1 / (s + 1)) for s in range(5)]
    assert client.get_metric_history(run.info.run_id, "acc")[0].timestamp == 77


@case
def a_run_is_resumed_and_fails():
    with mlflow.start_run() as run:
        pass
    with mlflow.start_run(run_id=run.info.run_id):
        mlflow.log_metric("late", 2)
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
    try:
        with mlflow.start_run(run_id=run.info.run_id):
            raise ValueError("no")
    except ValueError:
        pass
    assert client.get_run(run.info.run_id).info.status == "FAILED"
    os.environ["MLFLOW_RUN_ID"] = run.info.run_id
    with mlflow.start_run() as again:
        assert again.info.run_id == run.info.run_id
    os.environ.pop("MLFLOW_RUN_ID", None)


@case
def limits_are_kept_by_splitting():
    run = client.create_run("0").info.run_id
    client.log_batch(
        run,
        [Metric("m", i, i, i) for i in range(2_500)],
        [Param(f"p{i}", str(i)) for i in range(150)],
        [RunTag(f"t{i}", str(i)) for i in range(150)],
    )
    got = client.get_run(run).data
    assert len(got.params) == 150 and got.metrics["m"] == 2_499
    assert len(client.get_metric_history(run, "m")) == 2_500
    raises("INVALID_PARAMETER_VALUE", lambda: client.log_param(run, "p1", "other"))
    client.log_param(run, "p1", "1")
    raises("INVALID_PARAMETER_VALUE", lambda: client.log_metric(run, "../up", 1))


@case
def logging_in_the_background():
    with mlflow.start_run() as run:
        for step in range(100):
            mlflow.log_metric("async", step, step=step, synchronous=False)
        mlflow.flush_async_logging()
    assert sorted(m.step for m in client.get_metric_history(run.info.run_id, "async")) == list(range(100))


@case
def experiments():
    made = client.create_experiment("exp", tags={"a": "b"})
    assert client.get_experiment(made).tags == {"a": "b"}
    raises("RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment("exp"))
    raises("RESOURCE_DOES_NOT_EXIST", lambda: client.get_experiment("12345"))
    assert client.get_experiment_by_name("none") is None
    client.set_experiment_tag(made, "k", "v")
    if NEW:
        client.delete_experiment_tag(made, "k")
    client.rename_experiment(made, "renamed")
    assert client.get_experiment_by_name("renamed").experiment_id == made
    assert [e.name for e in client.search_experiments(filter_string="name LIKE 'ren%' AND tags.a = 'b'")] == ["renamed"]
    client.delete_experiment(made)
    assert [e.experiment_id for e in client.search_experiments(view_type=ViewType.DELETED_ONLY)] == [made]
    client.restore_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "active"
    names = [e.name for e in client.search_experiments(order_by=["name ASC"], max_results=2)]
    assert names == sorted(names)


@case
def runs_are_searched():
    made = client.create_experiment("searched")
    ids = []
    for i in range(7):
        run = client.create_run(made, start_time=1 + i, run_name=f"r{i}")
        ids.append(run.info.run_id)
        client.log_metric(run.info.run_id, "m", i)
        client.log_param(run.info.run_id, "p", str(i % 2))
        client.set_tag(run.info.run_id, "a b", f"v{i}")

    def found(filter_string="", **more):
        return [r.info.run_name for r in client.search_runs([made], filter_string, **more)]

    assert found() == [f"r{i}" for i in reversed(range(7))]
    assert found("metrics.m > 3 AND params.p = '0'") == ["r6", "r4"]
    assert found("tags.`a b` ILIKE 'V3'") == ["r3"]
    assert found("attributes.run_name = 'r1' and attributes.status = 'RUNNING'") == ["r1"]
    assert found("metrics.m <= 2", order_by=["metrics.m ASC"]) == ["r0", "r1", "r2"]
    page = client.search_runs([made], max_results=5)
    assert len(page) == 5 and page.token
    assert len(client.search_runs([made], max_results=5, page_token=page.token)) == 2
    client.delete_run(ids[0])
    assert "r0" not in found() and found(run_view_type=ViewType.DELETED_ONLY) == ["r0"]
    client.restore_run(ids[0])
    assert len(found()) == 7
    frame = mlflow.search_runs(experiment_ids=[made], filter_string="metrics.m >= 5")
    assert list(frame["metrics.m"]) == [6, 5]
    raises("INVALID_PARAMETER_VALUE", lambda: found("metrics.m > 1 OR metrics.m < 0"))


@case
def artifacts_of_all_kinds():
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        mlflow.log_text("häh", "notes/ä+ b.txt")
        mlflow.log_text("", "empty.txt")
        mlflow.log_dict({"a": [1]}, "conf.json")
        mlflow.log_table({"a": [1, 2]}, "table.json")
        mlflow.log_table({"a": [3]}, "table.json")
        os.makedirs(os.path.join(folder, "in/deep"))
        with open(os.path.join(folder, "in/deep/x.bin"), "wb") as file:
            file.write(bytes(range(256)) * 5_000)
        mlflow.log_artifacts(os.path.join(folder, "in"), "tree")
    run_id = run.info.run_id
    assert [f.path for f in client.list_artifacts(run_id)] == ["conf.json", "empty.txt", "notes", "table.json", "tree"]
    assert [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run_id, "tree/deep")] == [
        ("tree/deep/x.bin", False, 1_280_000)
    ]
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/ä+ b.txt") == "häh"
    assert list(mlflow.load_table("table.json", run_ids=[run_id])["a"]) == [1, 2, 3]
    with tempfile.TemporaryDirectory() as target:
        path = client.download_artifacts(run_id, "", target)
        with open(os.path.join(path, "tree/deep/x.bin"), "rb") as file:
            assert file.read() == bytes(range(256)) * 5_000


@case
def datasets_and_inputs():
    with mlflow.start_run() as run:
        data = mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2]}), name="tiny")
        mlflow.log_input(data, context="training")
        mlflow.log_metric("on", 1, **({"dataset": data} if NEW else {}))
    inputs = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert [i.dataset.name for i in inputs] == ["tiny"], inputs
    assert any(t.key == "mlflow.data.context" and t.value == "training" for t in inputs[0].tags)
    found = client.search_runs(["0", run.info.experiment_id], "dataset.name = 'tiny' AND dataset.context = 'training'")
    assert [r.info.run_id for r in found] == [run.info.run_id]
    client.log_inputs(run.info.run_id, [DatasetInput(Dataset("d", "1", "local", "{}"), [])])
    assert len(client.get_run(run.info.run_id).inputs.dataset_inputs) == 2


@case
def a_model_is_logged_registered_and_loaded():
    model, x = trained()
    mlflow.set_experiment("models")
    with mlflow.start_run() as run:
        name = {"name": "model"} if NEW else {"artifact_path": "model"}
        info = mlflow.sklearn.log_model(model, **name, registered_model_name="net", input_example=x[:2])
        mlflow.log_metric("acc", 0.8, **({"model_id": info.model_id} if NEW else {}))
    assert info.registered_model_version == 1 or info.registered_model_version == "1"
    version = client.get_model_version("net", "1")
    assert version.run_id == run.info.run_id and version.status == "READY", version
    client.set_registered_model_alias("net", "production", "1")
    assert client.get_model_version_by_alias("net", "production").version == "1"
    want = model.predict(x)
    for uri in ["models:/net@production", "models:/net/1", "models:/net/latest", info.model_uri, f"runs:/{run.info.run_id}/model"]:
        assert (mlflow.sklearn.load_model(uri).predict(x) == want).all(), uri
    assert (mlflow.pyfunc.load_model("models:/net@production").predict(x) == want).all()
    if NEW:
        logged = mlflow.get_logged_model(info.model_id)
        assert logged.source_run_id == run.info.run_id and logged.metrics[0].value == 0.8
        assert [m.model_id for m in mlflow.search_logged_models(output_format="list", filter_string="name = 'model'")] == [info.model_id]
    else:
        assert json.loads(client.get_run(run.info.run_id).data.tags["mlflow.log-model.history"])[0]["artifact_path"] == "model"
    again = mlflow.register_model(f"runs:/{run.info.run_id}/model", "net")
    assert str(again.version) == "2"
    copied = client.copy_model_version("models:/net@production", "copied")
    assert copied.version in ("1", 1)
    assert (mlflow.sklearn.load_model("models:/copied/1").predict(x) == want).all()


@case
def autolog():
    from sklearn.linear_model import Ridge

    mlflow.set_experiment("autolog")
    mlflow.sklearn.autolog()
    try:
        x = np.random.default_rng(2).random((40, 2))
        Ridge(alpha=0.5).fit(x, x[:, 0])
    finally:
        mlflow.sklearn.autolog(disable=True)
    run = mlflow.search_runs(output_format="list")[0]
    assert run.data.params["alpha"] == "0.5" and "training_r2_score" in run.data.metrics, run.data
    assert run.info.status == "FINISHED" and run.data.tags["estimator_name"] == "Ridge"
    assert not NEW or len(mlflow.search_logged_models(output_format="list")) == 1


@case
def the_registry():
    raises("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model("none"))
    client.create_registered_model("reg", tags={"a": "b"}, description="words")
    raises("RESOURCE_ALREADY_EXISTS", lambda: client.create_registered_model("reg"))
    raises("INVALID_PARAMETER_VALUE", lambda: client.create_registered_model(""))
    with mlflow.start_run() as run:
        mlflow.log_text("x", "model/weights.txt")
    versions = [client.create_model_version("reg", f"runs:/{run.info.run_id}/model", run.info.run_id) for _ in range(3)]
    assert [str(v.version) for v in versions] == ["1", "2", "3"]
    client.update_registered_model("reg", "other words")
    client.update_model_version("reg", "1", "the first")
    client.set_registered_model_tag("reg", "k", "v")
    client.set_model_version_tag("reg", "1", "vk", "vv")
    got = client.get_registered_model("reg")
    assert got.description == "other words" and got.tags == {"a": "b", "k": "v"}, got
    assert client.get_model_version("reg", "1").tags == {"vk": "vv"}
    client.delete_registered_model_tag("reg", "k")
    client.delete_registered_model_tag("reg", "k")
    client.delete_model_version_tag("reg", "1", "vk")
    client.transition_model_version_stage("reg", "2", "Staging")
    client.transition_model_version_stage("reg", "3", "staging", archive_existing_versions=True)
    stages = {v.version: v.current_stage for v in client.search_model_versions("name = 'reg'")}
    assert stages == {"1": "None", "2": "Archived", "3": "Staging"}, stages
    assert [v.version for v in client.get_latest_versions("reg", ["Staging"])] == ["3"]
    client.set_registered_model_alias("reg", "a1", "2")
    assert client.get_registered_model("reg").aliases == {"a1": "2"}
    client.delete_registered_model_alias("reg", "a1")
    raises("INVALID_PARAMETER_VALUE", lambda: client.get_model_version_by_alias("reg", "a1"))
    client.set_registered_model_alias("reg", "a2", "3")
    client.delete_model_version("reg", "3")
    raises("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version("reg", "3"))
    # A number is never given again.
    assert str(client.create_model_version("reg", f"runs:/{run.info.run_id}/model", run.info.run_id).version) == "4"
    assert client.get_model_version_download_uri("reg", "1").startswith("mlflow-artifacts:/")
    assert client.search_model_versions(f"run_id = '{run.info.run_id}'", order_by=["version_number DESC"])[0].version == "4"
    assert "reg" in [m.name for m in client.search_registered_models("name LIKE 'r%'")]
    client.delete_registered_model("reg")
    raises("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model("reg"))


@case
def traces_and_prompts_let_the_program_go_on():
    @mlflow.trace
    def doubled(x):
        return 2 * x

    assert doubled(3) == 6
    mlflow.flush_trace_async_logging() if hasattr(mlflow, "flush_trace_async_logging") else None


def main():
    for work in CASES:
        line = {"name": work.__name__.replace("_", " "), "ok": True}
        try:
            work()
        except BaseException:
            line.update(ok=False, error=traceback.format_exc(limit=-6))
            while mlflow.active_run():
                mlflow.end_run()
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
