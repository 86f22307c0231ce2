"""Serves the rain model: will tomorrow be wet?

    POST /predict  {"high": 9.1, "wind": 3.0, …}   by what the caller knows of the day; a list of days gives a list
    GET  /predict?station=seattle                  by what the feature store knows; `&at=2016-01-01T08:00Z` for another time
    GET  /health                                   200 once the model is there
    GET  /metrics                                  counters, as Prometheus reads them

Modelyard says where things are: PORT, MODELYARD_MODEL_PATH, MODELYARD_PROJECT, MODELYARD_FEATURE_SERVICE. By hand:

    PORT=8080 PYTHONPATH=src MODELYARD_MODEL_PATH=models/rain.json python3 app/serve.py
"""

import json
import os
import sys
import time
import traceback
from collections import Counter
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from model import Model
from online import OnlineFeatures, current_file


class Refused(Exception):
    """The caller's mistake: a status, and what to do about it."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class App:
    """What is served, without anything of HTTP."""

    def __init__(self, model):
        self.model = model
        self.name = " ".join(os.environ.get(f"MODELYARD_MODEL{part}", "") for part in ("", "_VERSION")).strip()
        self.counts = Counter()

    def predict(self, row):
        missing = [name for name in self.model.features if not isinstance(row.get(name), (int, float))]
        if missing:
            raise Refused(400, f"numbers are missing: {', '.join(missing)}")
        probability = self.model.predict(row)
        return {"rain_tomorrow": int(probability >= 0.5), "probability": round(probability, 4), "model": self.name}

    def predict_rows(self, body):
        """One day, or a list of them."""
        rows = body if isinstance(body, list) else [body]
        if not all(isinstance(row, dict) for row in rows):
            raise Refused(400, "a day is an object: feature to number")
        answers = [self.predict(row) for row in rows]
        return {"predictions": answers} if isinstance(body, list) else answers[0]

    def predict_known(self, station, at=None):
        """From the feature store. The file is looked up each time: new values count as soon as they are materialized."""
        service = os.environ.get("MODELYARD_FEATURE_SERVICE", "rain-v1")
        try:
            file = current_file(os.environ.get("MODELYARD_PROJECT", "."), service)
            now = time.time() if at is None else datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
        except FileNotFoundError:
            raise Refused(503, f"the features of {service} are not materialized yet") from None
        except ValueError:
            raise Refused(400, f"{at} is no time: write 2016-01-01T08:00:00Z") from None
        features = OnlineFeatures(file).get(now, station=station)
        if None in features.values():
            raise Refused(404, f"nothing recent enough is known of {station}")
        return self.predict(features)

    def metrics(self):
        lines = ["# TYPE rain_requests_total counter"]
        lines += [f'rain_requests_total{{status="{status}"}} {count}' for status, count in sorted(self.counts.items())]
        return "\n".join(lines) + "\n"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True  # the body follows its head at once
    app: App

    def do_GET(self):
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        if url.path == "/health":
            self.answer(200, {"status": "ok", "model": self.app.name})
        elif url.path == "/metrics":
            self.answer(200, self.app.metrics())
        elif url.path == "/predict":
            self.work(lambda: self.app.predict_known(query.get("station", "seattle"), query.get("at")))
        else:
            self.answer(404, {"error": "there are /predict, /health and /metrics"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/predict":
            self.work(lambda: self.app.predict_rows(json.loads(body)))
        else:
            self.answer(404, {"error": "there is /predict"})

    def work(self, predict):
        try:
            status, answer = 200, predict()
        except Refused as error:
            status, answer = error.status, {"error": str(error)}
        except json.JSONDecodeError as error:
            status, answer = 400, {"error": f"this is no JSON: {error}"}
        except Exception:  # a mistake of ours; the next request may go well
            traceback.print_exc()
            status, answer = 500, {"error": "the forecast failed; the log says why"}
        self.app.counts[status] += 1
        self.answer(status, answer)

    def answer(self, status, answer):
        text = isinstance(answer, str)
        body = (answer if text else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4" if text else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet: the service host counts requests, and keeps what is printed here as the app's log."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def server(port, model):
    """Ready to serve; port 0 is a free one."""
    return Server(("127.0.0.1", port), type("RainHandler", (Handler,), {"app": App(model)}))


def main():
    model = Model.load(os.environ.get("MODELYARD_MODEL_PATH", "models/rain.json"))
    port = int(os.environ.get("PORT", "8080"))
    print(f"serving {len(model.features)} features on port {port}", file=sys.stderr, flush=True)
    server(port, model).serve_forever()


if __name__ == "__main__":
    main()
