/** Metrics files, JSON, YAML or TOML, as flat values. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseLooseJson } from '../../base/json.js';
import type { Json } from '../../definition/definition.js';
import { type FileMetrics, flattenMetrics } from '../../runner/record/metrics.js';

/** @throws with what is wrong, in words */
export async function readMetricsFile(file: string): Promise<FileMetrics> {
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  const { value, lost } = /\.(?:ya?ml|toml)$/i.test(file) ? await parseTree(file, text) : parseJson(text);
  // A file with one number in it, as DVC has them, is called by its name.
  const flat = flattenMetrics(value, path.basename(file).replace(/\.[^.]*$/, ''));
  return { ...flat, lost: [...lost, ...flat.lost] };
}

interface Read {
  readonly value: Json;
  readonly lost: readonly string[];
}

function parseJson(text: string): Read {
  try {
    return { value: parseLooseJson(text), lost: [] };
  } catch (error) {
    throw new Error(`it is not JSON (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
}

async function parseTree(file: string, text: string): Promise<Read> {
  const [{ parseYaml }, { parseToml }, { toPlain, positionAt }] = await Promise.all([
    import('../../syntax/parse.js'),
    import('../../syntax/toml.js'),
    import('../../syntax/text.js'),
  ]);
  // A marker at the end is how many tools close a document.
  const tree = /\.toml$/i.test(file) ? parseToml(text) : parseYaml(text.replace(/\n---\s*$/, '\n'));
  const problem = tree.problems.find((one) => one.code === 'yaml');
  if (problem !== undefined) {
    const line = positionAt(tree, problem.span.start).line + 1;
    const second = problem.message.startsWith('A second YAML document');
    throw new Error(
      second
        ? `line ${line}: a second YAML document starts here; a metrics file holds one`
        : `line ${line}: ${problem.message}`,
    );
  }
  const twice = tree.problems.filter((one) => one.code === 'duplicate-key');
  const lost = twice.map(
    ({ span }) => `"${text.slice(span.start, span.end)}" is there twice; the last value is kept`,
  );
  return { value: toPlain(tree.root, undefined, 'named'), lost };
}
