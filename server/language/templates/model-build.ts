/**
 * A model from data, a gate that it has to pass, and a version of it in the registry.
 *
 * @param name of the pipeline
 * @param model what it registers
 */
export const modelBuild = (
  name: string,
  model: string,
): string => `# Data, a model, and a gate that it has to pass. Start it with "Run" above this file, or with
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
      model: ${model}
      from: \${{ tasks.train.outputs.model }}
      aliases: [candidate]
`;
