/**
 * What a task's result depends on, part by part. Two runs of a task with the same parts give the same outputs; so the
 * hash over them is the key of the cache, and the difference between two lists says in words why a task is stale.
 */
import { plural } from '../../base/format.js';
import { hashOf } from '../../stores/content/hash.js';
import type { FileRecord, FingerprintPart, FingerprintRecord } from '../../stores/runs/document.js';
import { isCode } from '../python/code.js';

/** Raised when what a fingerprint is made of changes, so that nothing made by older rules is taken for a hit. */
export const FINGERPRINT_FORMAT = '2';

/**
 * Why each kind of part counts:
 * - `command`, `check`: what is done, with every value in its place (secrets are stars: only their use counts)
 * - `shell`: what the commands are run by
 * - `python`: the version of the interpreter, and of packages where that is asked for
 * - `secret`: names of secrets that the commands find in their environment; their values do not count
 * - `param`, `upstream`: values that stand in it, by name, so that a change can be told in words
 * - `env`: variables that the definition sets; the environment of whoever runs it does not count
 * - `input`: the content of files that are read, or what their code says
 * - `output`: what is expected to be there afterwards, under which names and kinds
 * - `working-directory`: relative paths mean something else elsewhere
 * - `model`: the version behind each reference to the registry, and the hash of its artifact
 * - `register`: what a register task makes, out of the values that stand in it
 * - `approval`, `package`, `deploy`, `service`, `monitor`, `pipeline`: what such a task does, by its settings
 * - `features`: what a training set is made of: features, and the version of each view that they are taken from
 * - `format`: the rules of this page
 */
export function fingerprint(parts: readonly FingerprintPart[]): FingerprintRecord {
  // Lengths in front, so that no two lists of parts read the same.
  const text = parts
    .map(({ kind, name, value }) => `${kind.length}:${kind}${name.length}:${name}${value.length}:${value}`)
    .join('');
  return { hash: hashOf(text), parts };
}

/** Name of the part that holds a command as it was written, before values were put in. */
export const TEMPLATE = 'template';

const LONGEST_VALUE = 60;

/** Says nothing to anybody, but that it is another one. */
const HASH = /^sha256:[0-9a-f]{64}$/;

/** Settings of a register task that are short enough to be told. */
const REGISTERED_AS: ReadonlySet<string> = new Set(['model', 'aliases']);

/** What differs, in words, the most telling first. Empty when nothing does. */
export function explainChange(
  before: readonly FingerprintPart[],
  now: readonly FingerprintPart[],
): readonly string[] {
  const key = (part: FingerprintPart): string => `${part.kind}\0${part.name}`;
  const old = new Map(before.map((part) => [key(part), part]));
  const fresh = new Map(now.map((part) => [key(part), part]));
  const values: string[] = [];
  const commands: FingerprintPart[] = [];
  for (const part of now) {
    const previous = old.get(key(part));
    if (previous?.value === part.value) continue;
    if (part.kind === 'python') continue;
    if (part.kind === 'command') commands.push(part);
    else values.push(sentence(part, previous?.value, part.value));
  }
  for (const part of before) {
    if (fresh.has(key(part)) || part.kind === 'python') continue;
    if (part.kind === 'command') commands.push(part);
    else values.push(sentence(part, part.value, undefined));
  }
  values.push(...pythonSentences(before, now));
  // A command that only differs by a value that is named already needs no word of its own.
  const rewritten = commands.some((part) => part.name === TEMPLATE) || values.length === 0;
  return commands.length > 0 && rewritten ? ['command changed', ...values] : values;
}

function sentence(part: FingerprintPart, before: string | undefined, now: string | undefined): string {
  switch (part.kind) {
    case 'input':
      return `input ${part.name} ${before === undefined ? 'is new' : now === undefined ? 'is gone' : 'changed'}`;
    case 'param':
    case 'env':
    case 'upstream': {
      const { task } = part;
      if (task !== undefined && before !== undefined && now !== undefined) return `task ${task} changed`;
      const name = part.kind === 'upstream' ? part.name : `${part.kind} ${part.name}`;
      if (before === undefined) return `${name} is new: ${short(now ?? '')}`;
      if (now === undefined) return `${name} is no longer used`;
      return HASH.test(before) && HASH.test(now)
        ? `${name} changed`
        : `${name}: ${short(before)} → ${short(now)}`;
    }
    case 'output':
      if (before === undefined) return `output ${part.name} is new`;
      return now === undefined
        ? `output ${part.name} is no longer declared`
        : `output ${part.name} is declared in another way`;
    case 'python':
      return 'Python changed';
    case 'shell':
      return `shell: ${before ?? 'none'} → ${now ?? 'none'}`;
    case 'secret':
      return before === undefined
        ? `secret ${part.name} is new`
        : `secret ${part.name} is no longer declared`;
    case 'working-directory':
      return `working directory: ${before ?? '.'} → ${now ?? '.'}`;
    case 'check':
      return 'the checks changed';
    case 'model':
      return modelSentence(part.name, before, now);
    case 'register':
      return REGISTERED_AS.has(part.name)
        ? `${part.name} of the version: ${short(before ?? 'none')} → ${short(now ?? 'none')}`
        : `${part.name} of the version changed`;
    case 'materialize':
      return part.name.startsWith('view ')
        ? `the definition of ${part.name} changed`
        : `${part.name} of what is computed: ${short(before ?? 'none')} → ${short(now ?? 'none')}`;
    case 'approval':
      return `${part.name} of the approval changed`;
    case 'package':
    case 'deploy':
    case 'service':
    case 'monitor':
    case 'pipeline':
      return `${part.kind} ${part.name} changed`;
    case 'features':
      return featureSentence(part.name, before, now);
    case 'command':
      return 'command changed';
    case 'format':
      return 'Modelyard makes fingerprints in another way now';
  }
}

const PACKAGE = 'package ';
/** So many packages are told by name. */
const MOST_PACKAGES = 5;

/** Results from before it counted say nothing of it. */
function pythonSentences(before: readonly FingerprintPart[], now: readonly FingerprintPart[]): string[] {
  const [old, fresh] = [before, now].map(
    (parts) => new Map(parts.flatMap(({ kind, name, value }) => (kind === 'python' ? [[name, value]] : []))),
  ) as [Map<string, string>, Map<string, string>];
  if (old.size === 0) return [];
  if (fresh.size === 0) return ['Python no longer counts'];
  const told: string[] = [];
  const [from, to] = [old.get('version'), fresh.get('version')];
  if (from !== to) told.push(`Python ${from ?? '?'} → ${to ?? '?'}`);
  if (old.size <= 1 && fresh.size > 1) return [...told, 'the packages of Python count now'];
  if (old.size > 1 && fresh.size <= 1) return [...told, 'the packages of Python no longer count'];
  const packages = [...new Set([...old.keys(), ...fresh.keys()])].filter(
    (name) => name.startsWith(PACKAGE) && old.get(name) !== fresh.get(name),
  );
  const changed = packages.map((name) => {
    const [was, is] = [old.get(name), fresh.get(name)];
    const short = name.slice(PACKAGE.length);
    if (was === undefined) return `${short} ${is ?? ''} was installed`;
    return is === undefined ? `${short} ${was} was removed` : `${short} ${was} → ${is}`;
  });
  const more = changed.length - MOST_PACKAGES;
  return [
    ...told,
    ...changed.slice(0, MOST_PACKAGES),
    ...(more > 0 ? [`${plural(more, 'more package')} changed`] : []),
  ];
}

/**
 * A fingerprint for a result from before the interpreter counted: that hash, and the interpreter that is there now, so that
 * another one is noticed from now on. Nothing where the result is of anything else.
 */
export function adopted(known: FingerprintRecord, now: FingerprintRecord): FingerprintRecord | undefined {
  if (known.hash === now.hash) return undefined;
  const others = now.parts.filter(({ kind }) => kind !== 'python');
  if (others.length === now.parts.length || fingerprint(others).hash !== known.hash) return undefined;
  const pythonOf = ({ parts }: FingerprintRecord): string =>
    JSON.stringify(parts.flatMap(({ kind, name, value }) => (kind === 'python' ? [[name, value]] : [])));
  const before = pythonOf(known);
  return before === '[]' || before === pythonOf(now) ? { hash: known.hash, parts: now.parts } : undefined;
}

/** A result, or what is to become one: what it is known by, and the content of its inputs. */
interface Counted {
  readonly fingerprint: FingerprintRecord;
  readonly inputs: readonly FileRecord[];
}

/**
 * A fingerprint for a result from when its Python inputs counted in another way, by their bytes or by their code, where they
 * are the same to the byte: that hash, and the parts as they count now. Nothing where the result is of anything else.
 */
export function recounted(known: Counted, now: Counted): FingerprintRecord | undefined {
  const { hash, parts } = known.fingerprint;
  const same = { hash, parts: now.fingerprint.parts };
  if (sameParts(parts, now.fingerprint.parts)) return same;
  if (!parts.some(isCode) && !now.fingerprint.parts.some(isCode)) return undefined;
  return fingerprint(byBytes(known)).hash === fingerprint(byBytes(now)).hash ? same : undefined;
}

function byBytes({ fingerprint: { parts }, inputs }: Counted): FingerprintPart[] {
  const hashes = new Map(inputs.map(({ path, hash }) => [path, hash]));
  return parts.map((part) => (isCode(part) ? { ...part, value: hashes.get(part.name) ?? part.value } : part));
}

/** Whether two fingerprints are made of the same. */
export function sameParts(before: readonly FingerprintPart[], now: readonly FingerprintPart[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ kind, name, value }, index) => {
      const other = now[index];
      return other?.kind === kind && other.name === name && other.value === value;
    })
  );
}

/** Of a view the number of its version and the hash of its data; of settings their value. */
function featureSentence(name: string, before: string | undefined, now: string | undefined): string {
  const subject = name.startsWith('view ') ? name : `${name} of the training set`;
  if (before === undefined) return `${subject} is new`;
  if (now === undefined) return `${subject} is no longer used`;
  const [old] = before.split(' ');
  const [fresh] = now.split(' ');
  if (!name.startsWith('view ') || old === fresh) return `${subject} changed`;
  return `${subject}: version ${old ?? ''} → ${fresh ?? ''}`;
}

/** The value is the number of the version and the hash of its artifact. */
function modelSentence(name: string, before: string | undefined, now: string | undefined): string {
  const [old] = (before ?? '').split(' ');
  const [fresh] = (now ?? '').split(' ');
  if (before === undefined) return `model ${name} is new: version ${fresh ?? ''}`;
  if (now === undefined) return `model ${name} is no longer used`;
  return old === fresh
    ? `model ${name}: version ${old ?? ''} has other content`
    : `model ${name}: version ${old ?? ''} → ${fresh ?? ''}`;
}

function short(value: string): string {
  const line = value.replaceAll('\n', '⏎');
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE)}…` : line;
}
