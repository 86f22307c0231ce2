"""Daily weather in, one label per day out: at eight in the evening, will tomorrow be wet?

    python3 src/labels.py data/seattle-weather.csv data/labels.csv
"""

import argparse
import csv
import datetime
from pathlib import Path

STATION = "seattle"
# The longest window of the features; before that they don't know enough.
HISTORY = 14


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weather")
    parser.add_argument("output")
    arguments = parser.parse_args()

    with open(arguments.weather, newline="", encoding="utf-8") as file:
        days = [(datetime.date.fromisoformat(row["date"]), float(row["precipitation"])) for row in csv.DictReader(file)]
    for (before, _), (after, _) in zip(days, days[1:]):
        if after - before != datetime.timedelta(days=1):
            raise ValueError(f"{arguments.weather}: the day after {before} is missing")
    output = Path(arguments.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["station", "at", "rain_tomorrow"])
        for (day, _), (_, rain) in zip(days[HISTORY - 1 :], days[HISTORY:]):
            writer.writerow([STATION, f"{day} 20:00:00", int(rain > 0)])
    print(f"{len(days) - HISTORY} labels, written to {output}")


if __name__ == "__main__":
    main()
