/**
 * @param name of the pipeline, and of the package
 * @param folder of the app's files
 */
export const appBuild = (
  name: string,
  folder: string,
): string => `# The app that serves a model, tested and put into a package: an archive that never changes, with a number. Start it with
# "Run" above this file, or with \`modelyard run ${name}\`. Look at it with \`modelyard packages show ${name}\`.
name: ${name}
kind: app-build
description: Tests and packages the app.

tasks:
  test:
    description: The app answers what it should.
    run: python3 -B -m unittest discover --start-directory ${folder}
    inputs: ['${folder}/*.py']
    cache: false
    timeout: 5m

  # The same files are the same version.
  package:
    needs: [test]
    package:
      name: ${name}
      include: ['${folder}/*.py']
      exclude: ['${folder}/test_*.py']
      entrypoint: python3 ${folder}/serve.py # it finds its port in PORT, and its model in MODELYARD_MODEL_PATH
      health: /health
`;

/** Files of a small app on nothing but Python's own library, by their names. */
export const APP_FILES: Readonly<Record<string, string>> = {
  'serve.py': `"""Answers a prediction for each request: POST /predict with {"x": 1.5}.

Modelyard says where things are: the port in PORT, the model in MODELYARD_MODEL_PATH.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def load(path):
    """The model that the template for model builds trains. Without one, a line to try the app with."""
    if not path:
        return {"slope": 3.0, "intercept": 1.0}
    with open(path) as file:
        return json.load(file)


def predict(model, x):
    return {"y": model["slope"] * x + model["intercept"]}


class Handler(BaseHTTPRequestHandler):
    model = None

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200 if self.path == "/health" else 404, {"ready": self.model is not None})

    def do_POST(self):
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.answer(200, predict(self.model, float(body["x"])))
        except (ValueError, KeyError, TypeError) as error:
            self.answer(400, {"error": 'expected {"x": number}: ' + str(error)})


if __name__ == "__main__":
    Handler.model = load(os.environ.get("MODELYARD_MODEL_PATH"))
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`,
  'test_serve.py': `import unittest

import serve


class Predict(unittest.TestCase):
    def test_a_line(self):
        self.assertEqual(serve.predict({"slope": 2.0, "intercept": 1.0}, 3), {"y": 7.0})

    def test_without_a_model(self):
        self.assertEqual(serve.predict(serve.load(None), 1), {"y": 4.0})


if __name__ == "__main__":
    unittest.main()
`,
};
