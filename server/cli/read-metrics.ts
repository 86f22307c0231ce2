/** Metrics files, JSON or YAML, as flat values. */
import { readFileSync } from 'node:fs';
import type { Json } from '../model/definition.js';
import { flattenMetrics, parseLooseJson } from '../runner/metrics.js';

/** @throws with what is wrong, in words */
export async function readMetricsFile(file: string): Promise<Readonly<Record<string, Json>>> {
  const text = readFileSync(file, 'utf8');
  return flattenMetrics(/\.ya?ml$/i.test(file) ? await parseYamlFile(text) : parseJson(text));
}

function parseJson(text: string): Json {
  try {
    return parseLooseJson(text);
  } catch (error) {
    throw new Error(`it is not JSON (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
}

async function parseYamlFile(text: string): Promise<Json> {
  const [{ parseYaml }, { toPlain, positionAt }] = await Promise.all([
    import('../syntax/parse.js'),
    import('../syntax/text.js'),
  ]);
  const tree = parseYaml(text);
  const problem = tree.problems.find((one) => one.code === 'yaml');
  if (problem !== undefined) {
    throw new Error(`line ${positionAt(tree, problem.span.start).line + 1}: ${problem.message}`);
  }
  return toPlain(tree.root);
}
