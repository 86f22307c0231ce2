"""What pandas and NumPy take for the work of the feature store.

    python features-peer.py merge FOLDER OUTPUT 24,240,2400    # three merge_asof, hours of ttl
    python features-peer.py ks FOLDER OUTPUT ''                # exact Kolmogorov-Smirnov of every column
"""

import json
import resource
import sys
import time

import numpy as np
import pandas as pd


def merge(folder, output, ttl):
    labels = pd.read_parquet(f"{folder}/labels.parquet")
    joined = labels.sort_values("ts", kind="stable")
    for view, hours in zip("abc", ttl.split(",")):
        rows = pd.read_parquet(f"{folder}/{view}.parquet").sort_values("ts", kind="stable")
        joined = pd.merge_asof(joined, rows, on="ts", by="k", tolerance=pd.Timedelta(hours=int(hours)))
    joined.sort_values("id").to_parquet(output, index=False)


def ks(folder, output, _):
    before = pd.read_parquet(f"{folder}/before.parquet")
    now = pd.read_parquet(f"{folder}/now.parquet")
    found = {}
    for name in before.columns:
        a, b = np.sort(before[name].to_numpy()), np.sort(now[name].to_numpy())
        everything = np.concatenate([a, b])
        distance = np.searchsorted(a, everything, "right") / len(a) - np.searchsorted(b, everything, "right") / len(b)
        found[name] = float(np.max(np.abs(distance)))
    with open(output, "w", encoding="utf-8") as file:
        json.dump(found, file)


def main():
    work, folder, output, extra = sys.argv[1:]
    times = []
    for _ in range(1 if work == "ks" else 3):
        start = time.perf_counter()
        {"merge": merge, "ks": ks}[work](folder, output, extra)
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": sorted(times)[len(times) // 2] * 1000, "peak_mb": peak}))


main()
