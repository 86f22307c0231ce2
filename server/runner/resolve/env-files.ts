/** Variables that tasks get from `.env` files of the project. */
import { readFileSync, statSync } from 'node:fs';
import type { EnvFile, Pipeline } from '../../definition/definition.js';
import { parseEnvText } from '../../definition/params/env-text.js';
import { HashIndex } from '../../stores/content/hash-index.js';
import { layoutOf } from '../../stores/layout.js';
import { Workspace } from './workspace.js';

type EnvVariables =
  | { readonly ok: true; readonly variables: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly message: string };

/** A larger one is no file of variables. */
const MOST_BYTES = 1024 * 1024;

const NONE: ReadonlyMap<string, string> = new Map();

/** Read each time: a file of a few lines, and the next task may be meant to see what changed. */
export function envFileVariables({ path, optional }: EnvFile, workspace: Workspace): EnvVariables {
  const checked = workspace.check(path.text, 'env-file');
  if (!checked.ok) return checked;
  const file = workspace.absolute(checked.path);
  let text: string;
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) {
      if (optional) return { ok: true, variables: NONE };
      return {
        ok: false,
        message: `the env-file ${path.text} does not exist: make it, or say \`{ path: ${path.text}, optional: true }\``,
      };
    }
    if (!stat.isFile()) return { ok: false, message: `the env-file ${path.text} is no file` };
    if (stat.size > MOST_BYTES)
      return { ok: false, message: `the env-file ${path.text} is too big: 1 MiB at most` };
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `the env-file ${path.text} can't be read: ${why}` };
  }
  const parsed = parseEnvText(text);
  return parsed.ok
    ? parsed
    : { ok: false, message: `${path.text}:${String(parsed.line)}: ${parsed.message}` };
}

/**
 * Where secrets are looked for: the environment, and behind it what the files of the pipeline and its tasks have. What is
 * wrong with a file is told when its task is resolved.
 */
export function environmentWithFiles(
  root: string,
  pipeline: Pipeline,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const files = [pipeline, ...pipeline.tasks].flatMap(({ envFiles = [] }) => envFiles);
  if (files.length === 0) return environment;
  const workspace = new Workspace(root, new HashIndex(layoutOf(root)));
  const found = files.flatMap((file) => {
    const read = envFileVariables(file, workspace);
    return read.ok ? [...read.variables] : [];
  });
  return { ...Object.fromEntries(found), ...environment };
}
