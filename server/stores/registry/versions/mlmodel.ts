/** What the `MLmodel` of a folder that MLflow has written says of the model. Read by lines: it is a hint, and never trusted. */
import { isRecord } from '../../../base/is-record.js';
import type { Signature, SignatureField } from '../types.js';

const MOST_FIELDS = 10_000;

/** Columns and tensors that go in and come out; `undefined` where it says nothing that can be read. */
export function signatureIn(text: string): Signature | undefined {
  const block = /^signature:[ \t]*\r?\n((?:[ \t]+.*\r?\n?|\r?\n)*)/m.exec(text)?.[1];
  if (block === undefined) return undefined;
  const [inputs, outputs] = [fieldsIn(block, 'inputs'), fieldsIn(block, 'outputs')];
  if (inputs.length === 0 && outputs.length === 0) return undefined;
  return { inputs, outputs, source: 'mlflow' };
}

/** A list as JSON in a scalar of YAML. */
function fieldsIn(block: string, key: 'inputs' | 'outputs'): readonly SignatureField[] {
  const scalar = scalarOf(block, key);
  if (scalar === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(scalar);
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).slice(0, MOST_FIELDS).flatMap((one, at) => {
    if (!isRecord(one)) return [];
    const { name = key.slice(0, -1) + (at === 0 ? '' : String(at + 1)), required = true } = one;
    const type = typeOf(one);
    return typeof name === 'string' && type !== undefined
      ? [{ name, type, required: required !== false }]
      : [];
  });
}

/** The text of a quoted scalar, which may go over several lines. */
function scalarOf(block: string, key: string): string | undefined {
  const quoted = new RegExp(
    String.raw`^[ \t]+${key}:[ \t]*(?:'((?:[^']|'')*)'|"((?:[^"\\]|\\[^])*)")`,
    'm',
  ).exec(block);
  const [, single, double] = quoted ?? [];
  if (single !== undefined) return folded(single).replaceAll("''", "'");
  if (double === undefined) return undefined;
  try {
    // The escapes that are written in practice are those of JSON.
    return String(JSON.parse(`"${folded(double.replaceAll(/\\\r?\n[ \t]*\\?/g, ''))}"`));
  } catch {
    return undefined;
  }
}

/** One line break in a quoted scalar is a space, and so are the blanks around it. */
function folded(text: string): string {
  const lines = text.split('\n');
  const last = lines.length - 1;
  return lines
    .map((line, at) => (at === 0 ? line : line.trimStart()))
    .map((line, at) => (at === last ? line : line.trimEnd()))
    .join(' ');
}

function typeOf(field: Readonly<Record<string, unknown>>): string | undefined {
  const { type, 'tensor-spec': tensor } = field;
  if (isRecord(tensor)) {
    const { dtype, shape } = tensor;
    return typeof dtype === 'string'
      ? `tensor(${dtype}, ${JSON.stringify(shape ?? [])})`.slice(0, 200)
      : undefined;
  }
  return typeof type === 'string' ? type.slice(0, 200) : undefined;
}

/** The packages that a `requirements.txt` names, as it writes them. */
export function requirementsIn(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .slice(0, 1_000);
}
