"""Puts the results of a sweep side by side and names the best.

    python3 src/choose.py --summary reports/sweep.json --table reports/sweep.csv reports/sweep/*.json
"""

import argparse
import csv
import json
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+")
    parser.add_argument("--summary", required=True)
    parser.add_argument("--table", required=True)
    arguments = parser.parse_args()

    rows = [
        {"setting": Path(path).stem, **json.loads(Path(path).read_text(encoding="utf-8"))} for path in arguments.results
    ]
    rows.sort(key=lambda row: row["validation_loss"])
    for path in (arguments.summary, arguments.table):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.table, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    best = rows[0]
    summary = {
        "settings": len(rows),
        "best_setting": best["setting"],
        "best_validation_loss": best["validation_loss"],
        "worst_validation_loss": rows[-1]["validation_loss"],
    }
    Path(arguments.summary).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        print(f"{row['setting']:<28} validation loss {row['validation_loss']:.4f} at epoch {row['epoch']}")


if __name__ == "__main__":
    main()
