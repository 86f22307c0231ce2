/** Holds what `--json` prints against the schemas of `docs/json/`, closed: a key that they don't know is a mistake. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const ajv = new Ajv2020({ allErrors: true, strict: false });
const compiled = new Map<string, ValidateFunction>();

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const shut = 'properties' in value && !('additionalProperties' in value) && 'type' in value;
  return {
    ...Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closed(one)])),
    ...(shut ? { additionalProperties: false } : {}),
  };
}

function validator(name: string): ValidateFunction {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const file = path.resolve('docs/json', `${name.replaceAll(' ', '-')}.schema.json`);
  const made = ajv.compile(closed(JSON.parse(readFileSync(file, 'utf8'))) as object);
  compiled.set(name, made);
  return made;
}

/** `runs list`, `version`: the name of the answer that arguments ask for; nothing where they ask for none. */
export function answerName(args: readonly string[]): string | undefined {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  if (!args.slice(0, end).includes('--json')) return undefined;
  const [command = '', word = 'list'] = args;
  if (command === 'run') return args.includes('--dry') ? 'plan' : 'run';
  const families = ['dvc', 'features', 'models', 'packages', 'releases', 'runs', 'service', 'trash'];
  return families.includes(command) ? `${command} ${word.startsWith('-') ? 'list' : word}` : command;
}

/** Each line is what the command promises, or a failure. */
export function checkAnswer(args: readonly string[], stdout: string): void {
  const name = answerName(args);
  if (name === undefined) return;
  for (const line of stdout.split('\n')) {
    if (line === '') continue;
    const value: unknown = JSON.parse(line);
    const isFailure =
      typeof value === 'object' &&
      value !== null &&
      'error' in value &&
      !('type' in value) &&
      !('tasks' in value);
    // Whoever resumes with an answer prints the events of the run behind it.
    const isEvent = typeof value === 'object' && value !== null && 'type' in value && 'at' in value;
    const check = validator(isFailure ? 'failure' : isEvent ? 'run' : name);
    assert.ok(check(value), `${args.join(' ')}\n${line}\n${JSON.stringify(check.errors, null, 1)}`);
  }
}

/** What the webhook of a monitor got. */
export function checkWebhook(body: unknown): void {
  const check = validator('webhook');
  assert.ok(check(body), `${JSON.stringify(body)}\n${JSON.stringify(check.errors, null, 1)}`);
}
