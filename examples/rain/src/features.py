"""Daily weather in, one row per day out: what is known on the evening of that day, and whether the next day is wet.

    python3 src/features.py data/seattle-weather.csv data/features.csv

Nothing of the day to be predicted is in its row: every feature looks at the day itself and at days before it.
"""

import argparse
import csv
import datetime
import math
from pathlib import Path

# Days of history that the longest window needs; the first days have no row.
HISTORY = 14


def read_days(path):
    """The observations in the order of their dates. Raises ValueError where a day is missing or out of order."""
    with open(path, newline="", encoding="utf-8") as file:
        days = [
            {
                "date": datetime.date.fromisoformat(row["date"]),
                "rain": float(row["precipitation"]),
                "high": float(row["temp_max"]),
                "low": float(row["temp_min"]),
                "wind": float(row["wind"]),
                "sky": row["weather"],
            }
            for row in csv.DictReader(file)
        ]
    for before, after in zip(days, days[1:]):
        if after["date"] - before["date"] != datetime.timedelta(days=1):
            raise ValueError(f"{path}: the day after {before['date']} is missing")
    return days


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def days_since_rain(days, today):
    """Dry days up to and including today, at most HISTORY."""
    for count in range(HISTORY):
        if days[today - count]["rain"] > 0:
            return count
    return HISTORY


def features_of(days, today):
    """What an observer knows on the evening of `today` (an index)."""
    now, yesterday = days[today], days[today - 1]
    week = days[today - 6 : today + 1]
    fortnight = days[today - 13 : today + 1]
    # The angle of the day in its year: the 31st of December lies beside the 1st of January.
    angle = 2 * math.pi * now["date"].timetuple().tm_yday / 365.25
    return {
        "wet_today": float(now["rain"] > 0),
        "wet_yesterday": float(yesterday["rain"] > 0),
        "wet_share_3d": mean(day["rain"] > 0 for day in days[today - 2 : today + 1]),
        "wet_share_7d": mean(day["rain"] > 0 for day in week),
        "wet_share_14d": mean(day["rain"] > 0 for day in fortnight),
        "rain_log": math.log1p(now["rain"]),
        "rain_log_7d": math.log1p(sum(day["rain"] for day in week)),
        "dry_days": math.log1p(days_since_rain(days, today)),
        "fog_today": float(now["sky"] == "fog"),
        "drizzle_today": float(now["sky"] == "drizzle"),
        "high": now["high"],
        "range": now["high"] - now["low"],
        "high_change": now["high"] - yesterday["high"],
        "low_change": now["low"] - yesterday["low"],
        "high_against_week": now["high"] - mean(day["high"] for day in week),
        "low_against_week": now["low"] - mean(day["low"] for day in week),
        "range_change": (now["high"] - now["low"]) - (yesterday["high"] - yesterday["low"]),
        "wind": now["wind"],
        "wind_change": now["wind"] - yesterday["wind"],
        "season_sin": math.sin(angle),
        "season_cos": math.cos(angle),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weather")
    parser.add_argument("output")
    arguments = parser.parse_args()

    days = read_days(arguments.weather)
    rows = [
        {
            "date": days[today]["date"].isoformat(),
            **{name: f"{value:.6g}" for name, value in features_of(days, today).items()},
            "rain_tomorrow": int(days[today + 1]["rain"] > 0),
        }
        for today in range(HISTORY - 1, len(days) - 1)
    ]
    output = Path(arguments.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} days, {len(rows[0]) - 2} features each, written to {output}")


if __name__ == "__main__":
    main()
