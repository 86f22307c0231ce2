/** `modelyard.yaml`. */
import { isRecord } from '../../base/is-record.js';
import { entryOf, positionAt } from '../../syntax/text.js';
import type { MapEntry, SyntaxTree } from '../../syntax/tree.js';
import type { DeclaredSecret } from '../secrets.js';
import type { Environment, ExecutorSettings, LocalExecutor, ProjectSettings, Target } from '../definition.js';
import { EXECUTOR_TYPES, SLURM_GPU_FORMS, SLURM_MEMORY_FORMS, SLURM_POLL_MS } from '../executors.js';
import {
  booleanOf,
  bytesOf,
  durationOf,
  entriesOf,
  envOf,
  field,
  given,
  jsonOf,
  mapOf,
  numberOf,
  pythonOf,
  textOf,
  textsOf,
  wordOf,
} from './read.js';
import type { Maybe } from './read.js';
import { SEVERITIES } from '../schema/project.js';

export const NO_SETTINGS: ProjectSettings = {
  exclude: [],
  rules: [],
  cache: {},
  trash: {},
  runs: {},
  environments: [],
  targets: [],
  secrets: [],
  local: {},
  executors: [],
  raw: {},
};

export function readSettings(tree: SyntaxTree): ProjectSettings {
  const root = tree.root;
  if (root?.kind !== 'map') return NO_SETTINGS;
  const rules: ProjectSettings['rules'][number][] = [];
  for (const entry of entriesOf(field(root, 'rules'))) {
    const severity = wordOf(entry.value, SEVERITIES);
    if (severity !== undefined) rules.push({ id: { value: entry.key.text, span: entry.key.span }, severity });
  }
  const cache = field(root, 'cache');
  const trash = field(root, 'trash');
  const runs = field(root, 'runs');
  return {
    ...given('name', textOf(field(root, 'name'))),
    ...given('description', textOf(field(root, 'description'))),
    exclude: textsOf(field(root, 'exclude')).map((glob) => glob.value),
    rules,
    cache: {
      ...given('maxBytes', bytesOf(field(cache, 'max-size'))),
      ...given('maxAgeMs', durationOf(field(cache, 'max-age'))),
      ...given('link', booleanOf(field(cache, 'link'))),
    },
    trash: {
      ...given('maxBytes', bytesOf(field(trash, 'max-size'))),
      ...given('maxAgeMs', durationOf(field(trash, 'max-age'))),
    },
    runs: {
      ...given('keep', numberOf(field(runs, 'keep'))),
      ...given('maxAgeMs', durationOf(field(runs, 'max-age'))),
    },
    environments: entriesOf(field(root, 'environments')).map(readEnvironment),
    targets: entriesOf(field(root, 'targets')).map(readTarget),
    ...given('shell', textOf(field(root, 'shell'))),
    ...given('python', readPython(entryOf(root, 'python'), tree)),
    ...given('tracking', readTracking(field(root, 'tracking'))),
    secrets: readSecrets(field(root, 'secrets')),
    local: readLocal(field(field(root, 'executors'), 'local')),
    executors: entriesOf(field(root, 'executors')).flatMap(readExecutor),
    ...given('executor', textOf(field(root, 'executor'))),
    raw: jsonOf(root),
  };
}

function readPython(entry: MapEntry | undefined, tree: SyntaxTree): ProjectSettings['python'] {
  const python = pythonOf(entry?.value);
  if (entry === undefined || python === undefined) return undefined;
  return { ...python, line: positionAt(tree.lineStarts, entry.span.start).line + 1 };
}

function readTracking(node: Maybe): ProjectSettings['tracking'] {
  const enabled = booleanOf(node) ?? booleanOf(field(node, 'enabled'));
  if (enabled === undefined && mapOf(node) === undefined) return undefined;
  return {
    ...given('enabled', enabled),
    port: numberOf(field(node, 'port')) ?? 0,
    ...given('uri', textOf(field(node, 'uri'))),
    ...given('experiment', textOf(field(node, 'experiment'))),
  };
}

/** A list names them; a map says more of each. */
function readSecrets(node: Maybe): DeclaredSecret[] {
  if (mapOf(node) === undefined) return textsOf(node).map(({ value }) => ({ name: value, optional: false }));
  return entriesOf(node).map(({ key, value }) => ({
    name: key.text,
    ...given('env', textOf(field(value, 'env'))),
    optional: booleanOf(field(value, 'optional')) ?? false,
    ...given('description', textOf(field(value, 'description'))),
  }));
}

function readLocal(node: Maybe): LocalExecutor {
  return {
    ...given('jobs', numberOf(field(node, 'jobs'))),
    ...given('cpus', numberOf(field(node, 'cpus'))),
    ...given('memoryBytes', bytesOf(field(node, 'memory'))),
    ...given('gpus', numberOf(field(node, 'gpus'))),
  };
}

function readExecutor({ key, value }: MapEntry): ExecutorSettings[] {
  const name = key.text;
  const type = wordOf(field(value, 'type'), EXECUTOR_TYPES);
  if (type !== 'slurm') return type === undefined ? [] : [{ name, type, ...readLocal(value) }];
  const text = (word: string): string | undefined => textOf(field(value, word));
  return [
    {
      name,
      type,
      ...given('partition', text('partition')),
      ...given('account', text('account')),
      ...given('qos', text('qos')),
      ...given('constraint', text('constraint')),
      ...given('timeMs', durationOf(field(value, 'time'))),
      memoryForm: wordOf(field(value, 'memory-form'), SLURM_MEMORY_FORMS) ?? 'total',
      gpuForm: wordOf(field(value, 'gpu-form'), SLURM_GPU_FORMS) ?? 'gres',
      submitOptions: textsOf(field(value, 'submit-options')).map((option) => option.value),
      setup: textsOf(field(value, 'setup')).map((command) => command.value),
      ...given('workDir', text('work-dir')),
      ...given('login', text('login')),
      ...given('remoteDir', text('remote-dir')),
      pollMs: durationOf(field(value, 'poll')) ?? SLURM_POLL_MS,
      ...given('maxJobs', numberOf(field(value, 'max-jobs'))),
      ...given('group', numberOf(field(value, 'group'))),
    },
  ];
}

function readEnvironment({ key, value }: MapEntry): Environment {
  const approval = field(value, 'approval');
  const variables = jsonOf(field(value, 'variables'));
  return {
    name: key.text,
    target: textOf(field(value, 'target')) ?? 'local',
    ...given('url', textOf(field(value, 'url'))),
    ...given(
      'approval',
      mapOf(approval) === undefined && booleanOf(approval) !== true ? undefined : who(approval),
    ),
    env: Object.fromEntries(envOf(field(value, 'env')).map((entry) => [entry.name, entry.value.text])),
    variables: isRecord(variables) ? variables : {},
  };
}

function who(node: Maybe): NonNullable<Environment['approval']> {
  const names = textsOf(field(node, 'who')).map((name) => name.value);
  const count = numberOf(field(node, 'count'));
  return {
    who: names.includes('any') ? [] : names,
    count: count === undefined || count < 1 ? 1 : Math.floor(count),
    ...given('timeoutMs', durationOf(field(node, 'timeout'))),
  };
}

function readTarget({ key, value }: MapEntry): Target {
  const ports = field(value, 'ports');
  const [from, to] = [numberOf(field(ports, 'from')), numberOf(field(ports, 'to'))];
  return {
    name: key.text,
    type: textOf(field(value, 'type')) ?? 'local',
    ...given('host', textOf(field(value, 'host'))),
    ...given('ports', from === undefined || to === undefined ? undefined : { from, to }),
  };
}
