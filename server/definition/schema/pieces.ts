/** The scalars and lists that many keys share. */
import { Type } from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';
import type { ExpressionPlace } from '../definition.js';
import { ENV_NAME_PATTERN, NAME_PATTERN } from '../names/names.js';
import { PYTHON_CODE, PYTHON_COUNTS, PYTHON_MANAGERS } from '../python/counts.js';
import { SHELL_NAMES } from '../shell/shells.js';
import type { ShellName } from '../shell/shells.js';
import { BYTES_PATTERN, DURATION_PATTERN } from '../text/units.js';
import { hinted, HINT, key, oneOf, opt } from './hint.js';
import type { Hint, NameTarget } from './hint.js';

const EXPRESSION = '\\$\\{\\{';

/** Nothing but one `${{ … }}`; texts in it may hold its end. */
export const WHOLE_EXPRESSION = "^\\$\\{\\{(?:'[^']*'|(?!\\}\\})[^'])*\\}\\}$";

export function text(hint: Hint, options: Record<string, unknown> = {}) {
  return Type.String({ ...options, [HINT]: hint });
}

/** Text for people. */
export const prose = text({ prose: true, expects: 'a text' });

export const name = text(
  {
    code: 'name',
    expects: 'a name (letters, digits, "_" and "-", beginning with a letter or "_", at most 100 characters)',
  },
  { pattern: NAME_PATTERN },
);

export const nameKey = Type.String({ pattern: NAME_PATTERN });
export const envNameKey = Type.String({ pattern: ENV_NAME_PATTERN });

/** The name of something that is defined elsewhere. */
export function reference(names: NameTarget, place?: ExpressionPlace) {
  return text(
    {
      names,
      expects: `the name of ${/^[aeiou]/.test(names) ? 'an' : 'a'} ${names}`,
      ...(place ? { place } : {}),
    },
    { minLength: 1 },
  );
}

/** A column of the data that stands beside it. */
export const column = text({ names: 'column', expects: 'the name of a column' }, { minLength: 1 });

export const secretName = text(
  { names: 'secret', code: 'name', expects: 'the name of an environment variable (letters, digits and "_")' },
  { pattern: ENV_NAME_PATTERN },
);

/** What runs commands. */
export const shell = Type.Union([
  Type.Unsafe<ShellName>({
    type: 'string',
    enum: SHELL_NAMES,
    [HINT]: {
      expects: 'the name of a shell, or a command with `{0}` where the script’s file goes',
    } satisfies Hint,
  }),
  text({ expects: 'a command with `{0}` where the script’s file goes' }, { pattern: '^\\S.*\\{0\\}' }),
]);

export const duration = text(
  { format: 'duration', code: 'duration', expects: 'a duration such as 90s, 30m or 1h30m' },
  { pattern: DURATION_PATTERN },
);

export const bytes = Type.Union([
  text(
    { format: 'bytes', code: 'unit', expects: 'a size such as 512MiB or 2GiB' },
    { pattern: BYTES_PATTERN },
  ),
  Type.Integer({ minimum: 0, [HINT]: { expects: 'a number of bytes' } }),
]);

/** A text in which expressions are evaluated. */
export function template(place: ExpressionPlace, hint: Hint = {}) {
  return text({ expects: 'a text', ...hint, place });
}

export function path(place: ExpressionPlace = 'path') {
  return text({ names: 'path', expects: 'a path', place }, { minLength: 1 });
}

export function glob(place: ExpressionPlace = 'path') {
  return text({ names: 'glob', expects: 'a path or a glob', place }, { minLength: 1 });
}

/** An expression, with or without `${{ }}`. */
export function condition(place: ExpressionPlace) {
  return Type.Union([
    text({ expects: 'an expression', place, bare: true }, { minLength: 1 }),
    Type.Boolean({ [HINT]: { expects: 'true or false', place, bare: true } }),
  ]);
}

/** A value that an expression may give instead. */
export function orExpression<T extends TSchema>(schema: T, place: ExpressionPlace = 'action') {
  return Type.Union([schema, text({ expects: 'an expression', place }, { pattern: EXPRESSION })]);
}

/** A list; one item may stand without the brackets. */
export function listOrOne<T extends TSchema>(item: T) {
  return Type.Union([item, Type.Array(item)]);
}

/** A value of an environment variable. */
export function envValue(place: ExpressionPlace) {
  return Type.Union([template(place), Type.Number(), Type.Boolean()]);
}

/** Environment variables of tasks: a value, or that of whoever starts the run. */
export function taskEnvMap() {
  const external = closed(
    {
      'from-environment': key(
        Type.Literal(true, { [HINT]: { expects: 'true' } satisfies Hint }),
        'The variable is that of whoever starts the run, and its value counts: with another one the task runs again.',
        [true],
      ),
      default: opt(envValue('env'), 'Its value where it is not set.', ['dev']),
    },
    { title: 'Variable of the environment' },
  );
  return Type.Record(envNameKey, Type.Union([envValue('env'), external]), { additionalProperties: false });
}

export function envMap(place: ExpressionPlace) {
  return Type.Record(envNameKey, envValue(place), { additionalProperties: false });
}

/** name → schema, names checked. */
export function named<T extends TSchema>(schema: T, options: Record<string, unknown> = {}) {
  return Type.Record(nameKey, schema, { additionalProperties: false, ...options });
}

/** Any key → schema: column names, metric names, tags. */
export function anyKeyed<T extends TSchema>(schema: T) {
  return Type.Record(Type.String(), schema);
}

/** Scalars for tags and metadata. */
export const scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);

/** Any value, in which expressions are evaluated. */
export const anyAction = Type.Unknown({ [HINT]: { place: 'action' } satisfies Hint });

export function closed<T extends Record<string, TSchema>>(
  properties: T,
  options: Record<string, unknown> = {},
) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

export const tags = hinted(anyKeyed(Type.Union([template('action'), Type.Number(), Type.Boolean()])), {
  expects: 'a map of tags',
});

const interpreter = text(
  { expects: `the path of an environment or interpreter, or ${PYTHON_MANAGERS.join(', ')}` },
  { minLength: 1 },
);

/** Which Python, and how much of it counts. */
export const python = Type.Union([
  interpreter,
  closed(
    {
      interpreter: opt(
        interpreter,
        'The folder of an environment, the path of an interpreter, a program in the `PATH` (`python3.12`), or the tool that made the environment: `uv`, `poetry`, `pixi`. Paths are relative to the project.',
        ['.venv', '/opt/python3.12/bin/python3', 'uv'],
      ),
      conda: opt(
        text({ expects: 'the name or the path of a conda environment' }, { minLength: 1 }),
        'A conda environment, by its name or its path.',
        ['rain'],
      ),
      counts: opt(
        oneOf(PYTHON_COUNTS),
        'What of it makes tasks run again that use it: another `version` (3.12 → 3.13), other `packages` as well, or `nothing`.',
        ['packages'],
        { default: 'version' },
      ),
      code: opt(
        oneOf(PYTHON_CODE),
        'How Python files among the inputs count: by their `bytes`, or by their `syntax`, so that a changed comment, docstring or layout runs nothing again. What can’t be parsed counts by its bytes.',
        ['syntax'],
        { default: 'bytes' },
      ),
      'note-files': opt(
        Type.Boolean(),
        'Note which files of the project the Python of a task opens: `modelyard inputs TASK` shows them beside what is declared.',
        [false],
        { default: true },
      ),
    },
    { title: 'Python' },
  ),
]);
