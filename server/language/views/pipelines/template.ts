/**
 * New pipelines. Each runs as it is, on any machine with `python3` and nothing else, so that the first thing a person sees
 * is a run that works; comments say what to put in the place of the stand-ins. They lint clean, which a test holds.
 */
import { toValidName } from '../../../definition/names/names.js';
import type { PipelineKind } from '../../../protocol/index.js';

type Kind = PipelineKind;

const MODEL_BUILD = (
  name: string,
) => `# Data, a model, and a gate that it has to pass. Start it with "Run" above this file, or with
# \`modelyard run ${name}\`; start it again, and nothing runs twice.
name: ${name}
kind: model-build
description: Learns a line from points and refuses it when it fits badly.

params:
  rows: { type: integer, default: 500, minimum: 10, description: How many points to make. }
  epochs: { type: integer, default: 40, minimum: 1, description: Passes over the data. }
  learning-rate: { type: number, default: 0.1, minimum: 0, description: Step size of the descent. }
  seed: 42
  least-r2: { type: number, default: 0.8, maximum: 1, description: A model below this is refused. }

tasks:
  # A stand-in. With data of your own, drop this task and name the file in the inputs of \`train\`.
  data:
    description: Points around a line.
    run: |
      mkdir -p data
      python3 - \${{ params.rows }} \${{ params.seed }} <<'PYTHON'
      import random, sys
      random.seed(int(sys.argv[2]))
      with open('data/${name}.csv', 'w') as out:
          out.write('x,y\\n')
          for _ in range(int(sys.argv[1])):
              x = random.uniform(-1, 1)
              out.write(f'{x:.6f},{3 * x + 1 + random.gauss(0, 0.4):.6f}\\n')
      PYTHON
    outputs:
      dataset: data/${name}.csv

  # In a script of its own (\`run: python3 src/train.py …\`) list the script in the inputs, so that a change of it counts.
  train:
    description: Gradient descent, with a live metric for each epoch.
    run: |
      mkdir -p models reports
      python3 - \${{ params.epochs }} \${{ params.learning-rate }} \${{ tasks.data.outputs.dataset }} <<'PYTHON'
      import csv, json, os, sys
      epochs, rate, path = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
      rows = [(float(row['x']), float(row['y'])) for row in csv.DictReader(open(path))]
      train, test = rows[: len(rows) * 4 // 5], rows[len(rows) * 4 // 5 :]
      a = b = 0.0
      live = open(os.environ.get('MODELYARD_METRICS', os.devnull), 'a')
      for epoch in range(epochs):
          errors = [(a * x + b - y, x) for x, y in train]
          a -= rate * 2 * sum(e * x for e, x in errors) / len(train)
          b -= rate * 2 * sum(e for e, _ in errors) / len(train)
          loss = sum(e * e for e, _ in errors) / len(train)
          live.write(json.dumps({'key': 'loss', 'value': loss, 'step': epoch}) + '\\n')
          live.flush()
      mean = sum(y for _, y in test) / len(test)
      r2 = 1 - sum((a * x + b - y) ** 2 for x, y in test) / sum((y - mean) ** 2 for _, y in test)
      json.dump({'slope': a, 'intercept': b}, open('models/${name}.json', 'w'))
      json.dump({'r2': r2, 'loss': loss}, open('reports/${name}-metrics.json', 'w'))
      PYTHON
    outputs:
      model: models/${name}.json
    metrics: reports/${name}-metrics.json
    timeout: 10m

  quality:
    description: The model is good enough.
    check:
      - that: tasks.train.metrics.r2 >= params.least-r2
        message: The model explains too little of data that it has not seen.

  # What passed becomes a version of the model, with its bytes, params, metrics and data: the Models view shows it.
  register:
    description: A new version, until somebody decides the candidate.
    needs: [quality]
    register:
      model: ${name}
      from: \${{ tasks.train.outputs.model }}
      aliases: [candidate]
`;

const APP_BUILD = (
  name: string,
) => `# An app that serves something, tested and bundled. Start it with "Run" above this file, or with
# \`modelyard run ${name}\`.
name: ${name}
kind: app-build
description: Builds, tests and bundles the app.

params:
  version: { type: string, default: 0.1.0, pattern: '^[0-9]+[.][0-9]+[.][0-9]+$', description: Of the bundle. }

tasks:
  # A stand-in. With an app of your own, copy its sources here and list them in \`inputs\`.
  sources:
    description: The app's files, gathered in one folder.
    run: |
      mkdir -p build/${name}
      cat > build/${name}/app.py <<'PYTHON'
      """Answers a prediction for each request."""
      import json
      from http.server import BaseHTTPRequestHandler, HTTPServer


      def predict(x):
          return {'y': 3 * x + 1}


      class Handler(BaseHTTPRequestHandler):
          def do_POST(self):
              body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
              self.send_response(200)
              self.end_headers()
              self.wfile.write(json.dumps(predict(body['x'])).encode())


      if __name__ == '__main__':
          HTTPServer(('127.0.0.1', 8000), Handler).serve_forever()
      PYTHON
    outputs:
      app: build/${name}

  test:
    description: The app answers what it should.
    run: |
      mkdir -p reports
      cd \${{ tasks.sources.outputs.app }}
      python3 -B -c "import app; assert app.predict(1) == {'y': 4}, app.predict(1)"
      echo '{"passed": 1}' > ../../reports/${name}-tests.json
    metrics: reports/${name}-tests.json
    timeout: 5m

  bundle:
    description: One archive with everything that runs.
    needs: [test]
    run: |
      mkdir -p packages
      tar -czf packages/${name}.tar.gz -C \${{ tasks.sources.outputs.app }} .
      echo "bundled ${name} "\${{ params.version }}
    outputs:
      package: packages/${name}.tar.gz
`;

const DEPLOYMENT = (
  name: string,
) => `# From a check of what is to go out, over putting it in its place, to a look at whether it works there. Start it with "Run"
# above this file, or with \`modelyard run ${name} --param environment=production\`.
name: ${name}
kind: deployment
description: Puts a release into an environment and makes sure that it works.

params:
  environment:
    type: string
    default: staging
    choices: [staging, production]
    description: Where the release goes.
  version: { type: string, default: 0.1.0, description: What is released. }

tasks:
  preflight:
    description: What is about to happen is allowed.
    check:
      - that: params.environment == 'staging' || !endsWith(params.version, '-dev')
        message: A development version does not go to production.

  # A stand-in. Replace the command with the one that deploys your app: scp, kubectl, docker, a call of your platform.
  release:
    description: Puts the release in its place.
    needs: [preflight]
    run: |
      mkdir -p releases
      printf '{"version": "%s", "environment": "%s"}\\n' \${{ params.version }} \${{ params.environment }} > releases/${name}.json
    outputs:
      release: releases/${name}.json
    mutex: deploy-\${{ params.environment }}
    timeout: 10m
    retries: 1

  # A stand-in too: ask the service itself, and write what it answers.
  smoke-test:
    description: The release answers.
    run: |
      mkdir -p reports
      python3 - \${{ tasks.release.outputs.release }} <<'PYTHON'
      import json, sys
      release = json.load(open(sys.argv[1]))
      json.dump({'healthy': 1 if release['version'] else 0}, open('reports/${name}-smoke.json', 'w'))
      PYTHON
    metrics: reports/${name}-smoke.json

  healthy:
    description: The release may stay.
    check:
      - that: tasks.smoke-test.metrics.healthy == 1
        message: The release does not answer. Put the version before it back.
`;

const TEMPLATES: Readonly<Record<Kind, (name: string) => string>> = {
  'model-build': MODEL_BUILD,
  'app-build': APP_BUILD,
  deployment: DEPLOYMENT,
};

/** A new pipeline of a kind. The name is made one that is allowed; the file is named after it. */
export function pipelineTemplate(kind: Kind, wanted: string): { fileName: string; text: string } {
  const name = toValidName(wanted.trim()) ?? 'pipeline';
  return { fileName: `${name}.pipeline.yaml`, text: TEMPLATES[kind](name) };
}
