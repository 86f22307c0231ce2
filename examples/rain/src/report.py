"""One page for people: how good the forecast is, whether its probabilities can be trusted, and what it learned.

    python3 src/report.py --metrics reports/metrics.json --predictions reports/predictions.csv \
        --curve reports/learning-curve.csv --model models/rain.json reports/train.html

The page is one file with its charts drawn in it: no script, nothing to load, light and dark.
"""

import argparse
import csv
import html
import json
from pathlib import Path

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --page: #ffffff; --one: #0969da;
  --two: #bc4c00; --three: #8c959f; --good: #1a7f37; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --page: #0d1117;
  --one: #4493f8; --two: #f0883e; --three: #7d8590; --good: #3fb950; --bad: #f85149; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 0 0 .5rem; } p { margin: .3rem 0 1rem; }
.lead, figcaption { color: var(--soft); } figure { margin: 0; } figcaption { font-size: .85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 2rem; margin-top: 2rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 12px; } svg .value { fill: var(--ink); }
.axis { stroke: var(--line); } .one { fill: var(--one); } .two { fill: var(--two); } .three { fill: var(--three); }
.good { fill: var(--good); } .bad { fill: var(--bad); } svg .on { fill: #ffffff; font-size: 20px; font-weight: 600; }
path { fill: none; stroke-width: 2; } path.one { stroke: var(--one); fill: none; }
path.two { stroke: var(--two); fill: none; } .ideal { stroke: var(--three); stroke-dasharray: 4 4; }
"""

WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM = 440, 260, 44, 20, 30


def element(name, text="", **attributes):
    """An SVG element. An underscore at the end of a name is dropped, others become hyphens."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"' for key, value in attributes.items()
    )
    return f"<{name}{pairs}>{text}</{name}>"


def label(x, y, text, anchor="middle", class_=""):
    return element("text", html.escape(str(text)), x=x, y=y, text_anchor=anchor, class_=class_)


def svg(title, *parts, height=HEIGHT):
    return element(
        "svg", element("title", html.escape(title)) + "".join(parts), viewBox=f"0 0 {WIDTH} {height}", role="img"
    )


def scale(low, high, start, end):
    """A function from values to places on the page."""
    return lambda value: round(start + (value - low) / ((high - low) or 1) * (end - start), 1)


def bars(rows, low, high, text):
    """Horizontal bars from (name, value, class)."""
    x = scale(low, high, 170, WIDTH - 50)
    parts = []
    for index, (name, value, class_) in enumerate(rows):
        y = 10 + index * 28
        first, last = sorted((x(0 if low < 0 else low), x(value)))
        parts.append(label(160, y + 14, name, "end"))
        parts.append(element("rect", x=first, y=y, width=round(last - first, 1), height=20, rx=2, class_=class_))
        parts.append(label(last + 6, y + 14, text(value), "start", "value"))
    return parts, 20 + len(rows) * 28


def frame(x, y, xs, ys, x_text=str, y_text=str):
    """Both axes with their ticks."""
    parts = [
        element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM, class_="axis"),
        element("line", x1=LEFT, x2=LEFT, y1=10, y2=HEIGHT - BOTTOM, class_="axis"),
    ]
    parts += [label(x(value), HEIGHT - BOTTOM + 18, x_text(value)) for value in xs]
    parts += [label(LEFT - 6, y(value) + 4, y_text(value), "end") for value in ys]
    return parts


def line(points, x, y, class_):
    return element("path", d="M" + "L".join(f"{x(a)} {y(b)}" for a, b in points), class_=class_)


def comparison(metrics):
    rows = [
        ("this model", metrics["accuracy"], "one"),
        ("the same as today", metrics["persistence_accuracy"], "three"),
        ("the commoner answer", metrics["majority_accuracy"], "three"),
    ]
    parts, height = bars(rows, 0, 1, lambda value: f"{value:.1%}")
    return svg("Days forecast right", *parts, height=height)


def learning_curve(curve, kept):
    epochs = [int(row["epoch"]) for row in curve]
    series = {name: [float(row[name]) for row in curve] for name in ("train_loss", "validation_loss")}
    low = min(min(values) for values in series.values())
    high = max(max(values) for values in series.values())
    x = scale(1, epochs[-1], LEFT, WIDTH - RIGHT)
    y = scale(low, high, HEIGHT - BOTTOM, 16)
    middle = (low + high) / 2
    parts = frame(x, y, [1, epochs[-1] // 2, epochs[-1]], [low, middle, high], y_text=lambda value: f"{value:.2f}")
    parts.append(element("line", x1=x(kept), x2=x(kept), y1=10, y2=HEIGHT - BOTTOM, class_="ideal"))
    parts.append(label(x(kept), 10, f"kept: {kept}"))
    for (name, values), class_, place in zip(series.items(), ("one", "two"), (40, 58)):
        parts.append(line(list(zip(epochs, values)), x, y, class_))
        parts.append(element("rect", x=WIDTH / 2 - 60, y=place - 9, width=10, height=10, class_=class_))
        parts.append(label(WIDTH / 2 - 44, place, name.replace("_", " "), "start"))
    return svg("Loss by epoch", *parts)


def calibration(predictions):
    """How often it rained where the model said so many percent, in five equal steps."""
    x = scale(0, 1, LEFT, WIDTH - RIGHT)
    y = scale(0, 1, HEIGHT - BOTTOM, 16)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    parts = frame(x, y, ticks, ticks, lambda value: f"{value:.0%}", lambda value: f"{value:.0%}")
    parts.append(element("line", x1=x(0), y1=y(0), x2=x(1), y2=y(1), class_="ideal"))
    points = []
    for step in range(5):
        inside = [(p, rain) for p, rain in predictions if step <= min(p * 5, 4.999) < step + 1]
        if not inside:
            continue
        said = sum(p for p, _ in inside) / len(inside)
        happened = sum(rain for _, rain in inside) / len(inside)
        points.append((said, happened))
        parts.append(element("circle", cx=x(said), cy=y(happened), r=4 + len(inside) / 25, class_="one", opacity=0.75))
        parts.append(label(x(said), y(happened) - 14, f"{len(inside)} days"))
    parts.append(line(points, x, y, "one"))
    return svg("Calibration", *parts)


def confusion(predictions):
    cells = {(said, was): 0 for said in (True, False) for was in (True, False)}
    for p, rain in predictions:
        cells[p >= 0.5, bool(rain)] += 1
    parts = [label(195, 16, "it was wet"), label(335, 16, "it was dry")]
    for row, said in enumerate((True, False)):
        parts.append(label(115, 80 + row * 100, "said wet" if said else "said dry", "end"))
        for column, was in enumerate((True, False)):
            left, top = 130 + column * 140, 28 + row * 100
            share = cells[said, was] / max(1, sum(cells.values()))
            look = {"class_": "good" if said == was else "bad", "opacity": round(0.75 + share / 2, 2)}
            parts.append(element("rect", x=left, y=top, width=130, height=92, rx=4, **look))
            parts.append(label(left + 65, top + 53, cells[said, was], class_="on"))
    return svg("What was said and what was", *parts, height=230)


def weights(model):
    pairs = sorted(zip(model["features"], model["weights"]), key=lambda pair: -abs(pair[1]))[:10]
    bound = max(abs(weight) for _, weight in pairs) * 1.15
    rows = [(name.replace("_", " "), weight, "one" if weight > 0 else "two") for name, weight in pairs]
    parts, height = bars(rows, -bound, bound, lambda value: f"{value:+.2f}")
    return svg("The largest weights", *parts, height=height)


def figure(title, chart, caption):
    return f"<figure><h2>{html.escape(title)}</h2>{chart}<figcaption>{html.escape(caption)}</figcaption></figure>"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", required=True)
    parser.add_argument("--predictions", required=True)
    parser.add_argument("--curve", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("output")
    arguments = parser.parse_args()

    metrics = json.loads(Path(arguments.metrics).read_text(encoding="utf-8"))
    model = json.loads(Path(arguments.model).read_text(encoding="utf-8"))
    with open(arguments.predictions, newline="", encoding="utf-8") as file:
        predictions = [(float(row["probability"]), int(row["rain_tomorrow"])) for row in csv.DictReader(file)]
    with open(arguments.curve, newline="", encoding="utf-8") as file:
        curve = list(csv.DictReader(file))

    lead = (
        f"On {metrics['days']} days of 2015, none of which it had seen, the forecast was right on {metrics['accuracy']:.1%}. "
        f"Saying “the same as today” would have been right on {metrics['persistence_accuracy']:.1%}, "
        f"always saying the commoner answer on {metrics['majority_accuracy']:.1%}."
    )
    figures = [
        figure("Days forecast right", comparison(metrics), "Held-out year 2015; the model learned from 2012 and 2013."),
        figure(
            "The largest weights",
            weights(model),
            "Per standard deviation of the feature: to the right speaks for rain, to the left against it.",
        ),
        figure(
            "What was said and what was",
            confusion(predictions),
            f"A wet day was given a higher probability than a dry one in {metrics['auc']:.0%} of all pairs.",
        ),
        figure(
            "Loss by epoch",
            learning_curve(curve, model["epoch"]),
            "The weights of the epoch with the lowest validation loss (2014) are kept.",
        ),
        figure(
            "Can the probabilities be trusted?",
            calibration(predictions),
            "Across: the probability that was given. Up: how often it really rained. On the dashed line they agree.",
        ),
    ]
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Will it rain in Seattle tomorrow?</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<h1>Will it rain in Seattle tomorrow?</h1>\n<p class="lead">{html.escape(lead)}</p>\n'
        f'<div class="charts">\n{chr(10).join(figures)}\n</div>\n</body>\n</html>\n'
    )
    Path(arguments.output).parent.mkdir(parents=True, exist_ok=True)
    Path(arguments.output).write_text(page, encoding="utf-8")
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
