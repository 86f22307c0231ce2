"""Asks a running service about evenings of the past, so that there is something to watch.

    python3 app/replay.py http://127.0.0.1:8100 data/training.csv
    python3 app/replay.py http://127.0.0.1:8100 data/training.csv --month 7 --days 60
"""

import argparse
import csv
import http.client
import json
import time
from urllib.parse import urlsplit

ABOUT = ("station", "at", "rain_tomorrow")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("training")
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--rate", type=float, default=30, help="requests a second")
    parser.add_argument("--month", type=int, help="only days of this month")
    arguments = parser.parse_args()

    with open(arguments.training, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if arguments.month in (None, int(row["at"][5:7]))]
    # Spread over all years, and the same days each time.
    rows = rows[:: max(1, len(rows) // arguments.days)][: arguments.days]
    connection = http.client.HTTPConnection(urlsplit(arguments.url).netloc, timeout=30)
    right = failed = 0
    began = time.monotonic()
    for index, row in enumerate(rows):
        time.sleep(max(0.0, began + index / arguments.rate - time.monotonic()))
        features = {name: float(value) for name, value in row.items() if name not in ABOUT}
        connection.request("POST", "/predict", json.dumps(features), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        failed += response.status != 200
        right += answer.get("rain_tomorrow") == int(row["rain_tomorrow"])
    print(f"asked about {len(rows)} days: {right} forecasts were right, {failed} requests failed")


if __name__ == "__main__":
    main()
