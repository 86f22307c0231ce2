/**
 * What an action is to the rest of a definition: the files it reads and makes, the names in it, what it gives to other
 * tasks and what it waits for. One entry each; whoever adds an action is led here by the compiler.
 */
import type { Action, ActionKind, ArtifactKind, TemplateText } from './definition.js';
import { TRAINING_SET_OUTPUT } from './training-set.js';

export type ActionOf<K extends ActionKind> = Extract<Action, { readonly kind: K }>;

/** A path in the settings. One that is missing has an empty text. */
export interface ActionPath {
  readonly text: TemplateText;
  /** `pattern`: it need not match anything. */
  readonly role: 'data' | 'pattern';
  /** It is an input like those in `inputs`: one file, whatever characters its name has, or a glob. */
  readonly input?: 'path' | 'glob';
  /** What messages call one that is no input. */
  readonly called?: string;
  /** An empty one is as none. */
  readonly mayBeEmpty?: true;
}

/** A name in the settings. */
export type NameUse =
  | {
      readonly names: 'package' | 'environment' | 'target' | 'service';
      readonly text: TemplateText | undefined;
      /** The task makes what has this name. */
      readonly made?: true;
    }
  | { readonly names: 'model'; readonly text: TemplateText | undefined; readonly role: 'makes' | 'uses' }
  /** `rain@production` or `models:/rain/3`. */
  | { readonly names: 'version'; readonly text: TemplateText | undefined; readonly role: 'uses' }
  /** An alias or a version of the model that is named first. */
  | {
      readonly names: 'selector';
      readonly text: TemplateText | undefined;
      readonly role: 'sets' | 'compares';
    };

/** What other tasks may wait for by its name. */
export interface Gift {
  readonly what: 'package' | 'model' | 'environment' | 'service' | 'view';
  readonly name?: TemplateText;
  readonly environment?: TemplateText | undefined;
  /** Of a model. */
  readonly aliases?: readonly TemplateText[];
}

/** What a task waits for because it names it. */
export type Wait =
  | { readonly for: 'package' | 'model' | 'metrics'; readonly text: TemplateText }
  | { readonly for: 'environment'; readonly text: TemplateText | undefined }
  | {
      readonly for: 'service';
      readonly text: TemplateText;
      readonly environment: TemplateText | undefined;
    }
  | {
      readonly for: 'views';
      readonly features: readonly TemplateText[];
      readonly service: TemplateText | undefined;
    };

/** The keys under which features are named. */
export interface FeatureKeys {
  /** Views; they may stand in the place of the settings. */
  readonly views?: string;
  readonly features?: string;
  readonly service?: string;
  /** It has labels, and a column with their time. */
  readonly labels?: true;
}

export interface ActionFacts<A extends Action = Action> {
  /** Its work can be done by an executor other than this machine. */
  readonly elsewhere?: true;
  /**
   * What `tasks.<name>.outputs` gives by itself, beside the paths of `outputs`. These are values, no paths. `any`: it is
   * only known at run time.
   */
  readonly values: readonly string[] | 'any';
  readonly paths?: (action: A) => readonly ActionPath[];
  /** A file that it makes without being told so in `outputs`. */
  readonly makes?: {
    readonly name: string;
    readonly kind: ArtifactKind;
    readonly path: (action: A) => TemplateText;
  };
  readonly names?: (action: A) => readonly NameUse[];
  /** The environment that `environment` means in the expressions of the task. */
  readonly environment?: (action: A) => TemplateText | undefined;
  readonly gives?: (action: A) => readonly Gift[];
  readonly waits?: (action: A) => readonly Wait[];
  /** Feature views that it computes: it reads their sources. */
  readonly views?: (action: A) => readonly TemplateText[];
  readonly featureKeys?: FeatureKeys;
}

const written = (text: TemplateText): ActionPath[] =>
  text.text === '' ? [] : [{ text, role: 'data', input: 'path' }];

const patterns = (texts: readonly TemplateText[]): ActionPath[] =>
  texts.map((text) => ({ text, role: 'pattern' }));

const optional = (text: TemplateText | undefined, more: Partial<ActionPath>): ActionPath[] =>
  text === undefined ? [] : [{ text, role: 'data', ...more }];

export const ACTIONS: { readonly [K in ActionKind]: ActionFacts<ActionOf<K>> } = {
  run: { values: [], elsewhere: true },
  notebook: {
    values: [],
    elsewhere: true,
    paths: ({ path }) => written(path),
    makes: { name: 'notebook', kind: 'report', path: ({ output }) => output },
  },
  materialize: {
    values: 'any',
    gives: ({ views }) => views.map((name) => ({ what: 'view', name })),
    views: ({ views }) => views,
    featureKeys: { views: 'views' },
  },
  'training-set': {
    values: [],
    paths: ({ labels }) => written(labels),
    makes: { name: TRAINING_SET_OUTPUT, kind: 'dataset', path: ({ output }) => output },
    waits: ({ features, service }) => [{ for: 'views', features, service }],
    featureKeys: { features: 'features', service: 'service', labels: true },
  },
  check: {
    values: [],
    paths: ({ checks }) =>
      checks.flatMap((check): ActionPath[] =>
        check.kind === 'data' ? [{ text: check.path, role: 'data', input: 'path' }] : [],
      ),
  },
  register: {
    // The version's number, its URI (`models:/rain/3`), its model.
    values: ['version', 'uri', 'model'],
    paths: ({ from }) => written(from),
    names: ({ model, aliases, compareTo }) => [
      { names: 'model', text: model, role: 'makes' },
      ...aliases.map((text) => ({ names: 'selector', text, role: 'sets' }) as const),
      { names: 'selector', text: compareTo, role: 'compares' },
    ],
    gives: ({ model: name, aliases }) => [{ what: 'model', name, aliases }],
  },
  package: {
    // The version's number, the hash of its archive, its package, and `package@version`.
    values: ['version', 'hash', 'package', 'reference'],
    paths: ({ include, exclude, allowSecretFiles, requirements }) => [
      ...include.map((text) => ({ text, role: 'pattern', input: 'glob' }) as const),
      ...patterns([...exclude, ...allowSecretFiles]),
      ...optional(requirements, { called: 'requirements' }),
    ],
    names: ({ name, model }) => [
      { names: 'package', text: name, made: true },
      { names: 'model', text: model, role: 'uses' },
    ],
    gives: ({ name }) => [{ what: 'package', name }],
    featureKeys: { service: 'feature-service' },
  },
  approval: {
    // Who answered (names, by commas), what they wrote, when the last of them did.
    values: ['by', 'comment', 'at'],
    paths: ({ artifacts }) => artifacts.map((text) => ({ text, role: 'data', input: 'path' })),
    names: ({ compare }) => [
      { names: 'version', text: compare?.model, role: 'uses' },
      { names: 'selector', text: compare?.to, role: 'compares' },
    ],
    waits: ({ metrics, compare }) => [
      ...metrics.map((text) => ({ for: 'metrics', text }) as const),
      ...(compare === undefined ? [] : [{ for: 'model', text: compare.model } as const]),
    ],
  },
  deploy: {
    // The release's id, its folder, and what it was made of: `package@version`, `model@version`.
    values: ['release', 'environment', 'path', 'package', 'model'],
    names: ({ package: app, environment, target, model }) => [
      { names: 'package', text: app },
      { names: 'environment', text: environment },
      { names: 'target', text: target },
      { names: 'version', text: model, role: 'uses' },
    ],
    environment: ({ environment }) => environment,
    gives: ({ environment }) => [{ what: 'environment', environment }],
    waits: ({ package: text, model }) => [
      { for: 'package', text },
      ...(model === undefined ? [] : [{ for: 'model', text: model } as const]),
    ],
  },
  service: {
    // Where it listens, and the release that it was asked to serve.
    values: ['url', 'port', 'release', 'environment'],
    names: ({ name, environment }) => [
      { names: 'service', text: name, made: true },
      { names: 'environment', text: environment },
    ],
    environment: ({ environment }) => environment,
    gives: ({ name, environment }) => [{ what: 'service', name, environment }],
    waits: ({ environment }) => [{ for: 'environment', text: environment }],
  },
  monitor: {
    // How many requests were seen meanwhile.
    values: ['requests'],
    paths: ({ drift }) => optional(drift?.against, { called: 'data file', mayBeEmpty: true }),
    names: ({ service, environment }) => [
      { names: 'service', text: service },
      { names: 'environment', text: environment },
    ],
    environment: ({ environment }) => environment,
    waits: ({ service: text, environment }) => [{ for: 'service', text, environment }],
  },
  pipeline: { values: 'any' },
};

/** Whether it runs commands, or code, of the author. */
export function isScript(kind: string): boolean {
  return kind === 'run' || kind === 'notebook';
}

/** What is known of an action. */
export function factsOf(action: Action): ActionFacts {
  // The entry of a kind takes the actions of that kind, which TypeScript can't follow through the union.
  return ACTIONS[action.kind] as ActionFacts;
}

type Lists = Required<Pick<ActionFacts, 'paths' | 'names' | 'gives' | 'waits' | 'views'>>;

/** What an action lists of one thing, in the order of the reference page; nothing where there is no action. */
export function listed<M extends keyof Lists>(action: Action | undefined, member: M): ReturnType<Lists[M]> {
  const list = action === undefined ? undefined : factsOf(action)[member];
  return (action === undefined ? [] : (list?.(action) ?? [])) as unknown as ReturnType<Lists[M]>;
}
