/** `modelyard models register`: a version by hand, from a file of the workspace or from what a run has made. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type { Json } from '../../../definition/definition.js';
import { modelUri } from '../../../definition/names/registry-names.js';
import type { RegisterRequest } from '../../../stores/registry/types.js';
import type { ArtifactRecord, RunDocument, TaskRun } from '../../../stores/runs/document.js';
import { RunStore } from '../../../stores/runs/runs.js';
import { CHANGE_FLAGS } from '../../args.js';
import { startFolder, CommandError } from '../../command.js';
import { EXIT } from '../../output.js';
import { type Call, type Subcommand, causeOf, pairOf, say, valueOf } from './shared.js';

export const register: Subcommand = {
  usage: 'register MODEL FILE [--alias A] [--tag K=V] [--run RUN] [--metric K=V] [--param K=V] …',
  summary: 'Makes a version from a file or folder; with --run it takes over what that run knows of it.',
  flags: {
    ...CHANGE_FLAGS,
    alias: { type: 'string', multiple: true, value: 'A', help: 'An alias that points to it.' },
    tag: { type: 'string', multiple: true, value: 'K=V', help: 'A tag.' },
    metric: { type: 'string', multiple: true, value: 'K=V', help: 'A metric.' },
    param: { type: 'string', multiple: true, value: 'K=V', help: 'A param.' },
    description: { type: 'string', value: 'TEXT', help: 'What it is for.' },
    framework: { type: 'string', value: 'NAME', help: 'What it was made with.' },
    run: { type: 'string', value: 'RUN', help: 'The run that made the file; `latest` is the newest.' },
  },
  least: 2,
  most: 2,
  async run(call) {
    const { words, registry, args, root } = call;
    const [name = '', given = ''] = words;
    const file = path.resolve(startFolder(args), given);
    if (!existsSync(file)) throw new CommandError(`there is no file ${given}`, EXIT.usage);
    const relative = path.relative(root, file).split(path.sep).join('/');
    const inside = relative !== '' && !relative.startsWith('../') && !path.isAbsolute(relative);
    const run = args.text('run');
    const known = run === undefined ? undefined : fromRun(root, run, relative);
    const description = args.text('description');
    const framework = args.text('framework');
    const outcome = await registry.register({
      name,
      ...causeOf(call),
      ...known?.facts,
      artifact: {
        file,
        path: inside ? relative : path.basename(file),
        ...(known === undefined ? {} : { hash: known.artifact.hash, kind: modelKind(known.artifact.kind) }),
        ...defined({ framework }),
      },
      params: { ...known?.facts.params, ...pairs(call, 'param', scalar) },
      metrics: { ...known?.facts.metrics, ...pairs(call, 'metric', scalar) },
      tags: pairs(call, 'tag', (text) => text),
      aliases: args.list('alias'),
      ...defined({ description }),
    });
    const { version, created, added = [] } = valueOf(outcome);
    const uri = modelUri(version.name, { kind: 'version', version: version.version });
    const title = `${version.name} ${version.version}`;
    return say(
      call,
      'models register',
      { model: version.name, version: version.version, uri, created, added },
      created ? `made ${title} (${uri})` : `these bytes are ${title} already${also('added', added)}`,
      created
        ? `would make ${title} (${uri})`
        : `these bytes are ${title} already${also('would add', added)}`,
    );
  },
};

/** What comes to a version that is there already. */
function also(word: string, added: readonly string[]): string {
  return added.length === 0 ? '' : `; ${word} ${added.join(', ')}`;
}

function modelKind(kind: ArtifactRecord['kind']): ArtifactRecord['kind'] {
  return kind === 'file' ? 'model' : kind;
}

function pairs<T>(call: Call, flag: string, read: (text: string) => T): Record<string, T> {
  return Object.fromEntries(
    call.args.texts(flag).map((text) => {
      const [key, value] = pairOf(text, `--${flag}`);
      return [key, read(value)];
    }),
  );
}

/** `0.7` is a number, `true` a truth value, everything else a text. */
function scalar(text: string): Json {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** What a run knows of a file that it has made: an id, the end of one, or `latest`. */
function fromRun(
  root: string,
  word: string,
  file: string,
): { readonly artifact: ArtifactRecord; readonly facts: Partial<RegisterRequest> } {
  const store = RunStore.open(root);
  const recent = store.list({ limit: 1_000 });
  const id = word === 'latest' ? recent[0]?.id : (recent.find((one) => one.id.endsWith(word))?.id ?? word);
  if (id === undefined) throw new CommandError('there are no runs yet: leave out --run', EXIT.usage);
  const read = store.read(id);
  if (!read.ok) throw new CommandError(read.problem.message, EXIT.usage);
  const { run } = read;
  const made = run.tasks.flatMap((task) => task.outputs.map((artifact) => ({ task, artifact })));
  const found = made.find(({ artifact }) => artifact.path === file);
  if (found === undefined) {
    const [problem] = store.problems;
    if (problem !== undefined) throw new CommandError(problem.message, EXIT.failed);
    const paths = made.map(({ artifact }) => artifact.path).join(', ');
    throw new CommandError(`run ${id} has made no ${file}; it has made: ${paths || 'nothing'}`, EXIT.usage);
  }
  return { artifact: found.artifact, facts: factsOf(run, found.task) };
}

function factsOf(run: RunDocument, task: TaskRun): Partial<RegisterRequest> {
  const made = new Set(run.tasks.flatMap(({ outputs }) => outputs.map((output) => output.path)));
  const before = ancestors(run, task);
  return {
    run: { id: run.id, pipeline: run.pipeline, task: task.id },
    ...(task.fingerprint === undefined ? {} : { fingerprint: task.fingerprint.hash }),
    ...defined({ git: run.git }),
    params: { ...run.params, ...task.matrix },
    // Metrics of what came after it (an evaluation) tell more of a model than its own.
    metrics: Object.assign(
      {},
      ...[...before, task, ...followers(run, task)].map((one) => one.metrics),
    ) as Record<string, Json>,
    inputs: [...before, task].flatMap(({ inputs }) =>
      inputs.filter(({ path: one }) => !made.has(one)).map(({ path: one, hash }) => ({ path: one, hash })),
    ),
  };
}

function ancestors(run: RunDocument, task: TaskRun): TaskRun[] {
  const found = new Set<string>();
  const left = [...task.needs];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    left.push(...(run.tasks.find((one) => one.id === id)?.needs ?? []));
  }
  return run.tasks.filter((one) => found.has(one.id));
}

/** Tasks that read what it has made. */
function followers(run: RunDocument, task: TaskRun): TaskRun[] {
  const made = new Set(task.outputs.map((output) => output.path));
  return run.tasks.filter((one) => one !== task && one.inputs.some((input) => made.has(input.path)));
}
