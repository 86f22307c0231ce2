"""The halves of the tracking benchmark that need Python: `seed DATABASE RUNS` fills a database of the real MLflow, and
`client CALLS` logs by the real client into the server that the environment names and prints the ms of each call as JSON."""

import json
import sqlite3
import sys
import time


def seed(database, count):
    connection = sqlite3.connect(database)
    with connection:
        for at in range(count):
            run = f"{at:032x}"
            connection.execute(
                "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
                " end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
                " VALUES (?, ?, 'UNKNOWN', '', '', 'ada', 'FINISHED', ?, ?, '', 'active', ?, 0)",
                (run, f"run-{at}", 1_600_000_000_000 + at, 1_600_000_001_000 + at, f"mlflow-artifacts:/0/{run}/artifacts"),
            )
            connection.execute("INSERT INTO tags VALUES ('mlflow.runName', ?, ?)", (f"run-{at}", run))
            for key in range(5):
                value = (at * 7919 + key) % 1000 / 1000
                connection.execute("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", (f"p{key}", str(at % (key + 2)), run))
                point = (f"m{key}", value, 1_600_000_000_000 + at, run, 0, 0)
                for table in ("metrics", "latest_metrics"):
                    connection.execute(f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)", point)
    connection.close()


def client(calls):
    from mlflow.tracking import MlflowClient

    there = MlflowClient()
    run = there.create_run("0").info.run_id
    times = []
    for step in range(calls + 5):
        begun = time.perf_counter()
        there.log_metric(run, "loss", 1 / (step + 1), step=step)
        times.append((time.perf_counter() - begun) * 1000)
    there.set_terminated(run)
    print(json.dumps(times[5:]))


if __name__ == "__main__":
    if sys.argv[1] == "seed":
        seed(sys.argv[2], int(sys.argv[3]))
    else:
        client(int(sys.argv[2]))
