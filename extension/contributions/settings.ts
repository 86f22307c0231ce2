/** The settings, in the order in which the editor lists them. */

interface Setting {
  readonly type: 'object' | 'number' | 'integer' | 'boolean' | 'string';
  readonly scope: 'resource' | 'window' | 'machine-overridable';
  readonly default: unknown;
  readonly markdownDescription: string;
  readonly enum?: readonly string[];
  readonly markdownEnumDescriptions?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: unknown;
}

export const SETTINGS = {
  rules: {
    type: 'object',
    scope: 'resource',
    default: {},
    additionalProperties: { type: 'string', enum: ['error', 'warning', 'info', 'hint', 'off'] },
    markdownDescription:
      'Severity of rules by id, for example `{ "param/unused": "off" }`. Wins over the `rules` of `modelyard.yaml`. [All rules](command:modelyard.openRule)',
  },
  'lint.debounce': {
    type: 'number',
    scope: 'resource',
    default: 150,
    minimum: 0,
    maximum: 5000,
    markdownDescription: 'How long the keyboard has to rest before a file is checked again, in milliseconds.',
  },
  'codeLens.enabled': {
    type: 'boolean',
    scope: 'resource',
    default: true,
    markdownDescription: 'Show *Run*, *Plan*, *Graph* and the last status above pipelines and tasks.',
  },
  'inlayHints.enabled': {
    type: 'boolean',
    scope: 'resource',
    default: true,
    markdownDescription:
      'Show what a default resolves to and which task a path comes from. `#editor.inlayHints.enabled#` switches all inlay hints.',
  },
  'run.jobs': {
    type: 'integer',
    scope: 'resource',
    default: 0,
    minimum: 0,
    markdownDescription: 'How many tasks of a run may go on at once. `0`: one for each core.',
  },
  'runs.groupBy': {
    type: 'string',
    scope: 'window',
    default: 'day',
    enum: ['day', 'pipeline', 'none'],
    markdownEnumDescriptions: [
      'By the day on which they started.',
      'By pipeline.',
      'One list, newest first.',
    ],
    markdownDescription: 'How the *Runs* view groups runs.',
  },
  'models.sortBy': {
    type: 'string',
    scope: 'window',
    default: 'name',
    enum: ['name', 'changed'],
    markdownEnumDescriptions: ['By name.', 'What was changed last comes first.'],
    markdownDescription: 'In which order the *Models* view lists models.',
  },
  'services.notifyAlerts': {
    type: 'boolean',
    scope: 'window',
    default: true,
    markdownDescription:
      "Whether a notification tells when a rule of a `monitor` is broken by a service, and when it holds again. The *Services* view and the rule's line show it in any case.",
  },
  'tracking.terminals': {
    type: 'boolean',
    scope: 'resource',
    default: true,
    markdownDescription:
      'Whether scripts in terminals and notebooks of a trusted workspace that `import mlflow` log into the project. What is set for MLflow already counts: in the environment of the editor, in settings of terminals or in `.env`.',
  },
  nodePath: {
    type: 'string',
    scope: 'machine-overridable',
    default: '',
    markdownDescription:
      "A Node.js (20 or newer) to run pipelines and the language server with. Empty: the editor's own. Not read in Restricted Mode.",
  },
  'trace.server': {
    type: 'string',
    scope: 'window',
    default: 'off',
    enum: ['off', 'messages', 'verbose'],
    markdownDescription:
      'Write the talk between the editor and the language server to the [output](command:modelyard.showOutput).',
  },
} as const satisfies Record<string, Setting>;

/** Without `modelyard.` before it. */
export type SettingId = keyof typeof SETTINGS;

type Widened<T> = T extends boolean ? boolean : T extends number ? number : T extends string ? string : T;

/** What a setting may be. */
export type SettingValue<K extends SettingId> = (typeof SETTINGS)[K] extends {
  readonly enum: readonly (infer One)[];
}
  ? One
  : Widened<(typeof SETTINGS)[K]['default']>;
