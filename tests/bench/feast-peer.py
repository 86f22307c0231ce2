"""What Feast's own local offline store takes for the training set of the benchmark.

    python feast-peer.py FOLDER OUTPUT 24,240,2400
"""

import json
import os
import resource
import sys
import tempfile
import time
from datetime import timedelta

import pandas as pd

os.environ["FEAST_USAGE"] = "False"

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType  # noqa: E402
from feast.types import Float64, Int32  # noqa: E402


def main():
    folder, output, ttl = sys.argv[1:]
    with tempfile.TemporaryDirectory() as repo:
        config = RepoConfig(
            project="bench",
            provider="local",
            registry=f"{repo}/registry.db",
            offline_store={"type": "file"},
            online_store={"type": "sqlite", "path": f"{repo}/online.db"},
            entity_key_serialization_version=3,
        )
        store = FeatureStore(config=config)
        key = Entity(name="k", join_keys=["k"], value_type=ValueType.INT32)
        views = [
            FeatureView(
                name=view,
                entities=[key],
                ttl=timedelta(hours=int(hours)),
                schema=[Field(name="k", dtype=Int32), Field(name=f"{view}1", dtype=Float64), Field(name=f"{view}2", dtype=Int32)],
                source=FileSource(path=f"{folder}/{view}.parquet", timestamp_field="ts"),
            )
            for view, hours in zip("abc", ttl.split(","))
        ]
        store.apply([key, *views])
        start = time.perf_counter()
        labels = pd.read_parquet(f"{folder}/labels.parquet").rename(columns={"ts": "event_timestamp"})
        labels["event_timestamp"] = labels["event_timestamp"].dt.tz_localize("UTC")
        features = [f"{view}:{view}{number}" for view in "abc" for number in (1, 2)]
        joined = store.get_historical_features(entity_df=labels, features=features).to_df()
        joined["event_timestamp"] = joined["event_timestamp"].dt.tz_localize(None)
        joined.rename(columns={"event_timestamp": "ts"}).sort_values("id").to_parquet(output, index=False)
        ms = (time.perf_counter() - start) * 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": ms, "peak_mb": peak}))


main()
