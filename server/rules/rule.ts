/**
 * What a rule is, what it finds, and what it may ask about the project. A rule sees one definition at a time, and the
 * project through a narrow view, so that the editor (with unsaved text) and the command line give the same findings.
 */
import type { OpenedFiles } from '../base/runs/task-outcome.js';
import type { Definition, FeaturesDefinition, ProjectDefinition } from '../definition/read/analyze.js';
import type { KnownCluster, NodeGroup } from '../definition/known/cluster.js';
import type { ExpressionSite, Pipeline, RuleSeverity, Task } from '../definition/definition.js';
import type { FeatureFacts, ViewFacts, ViewState } from '../definition/known/feature-facts.js';
import type { FileText } from '../definition/text/file-text.js';
import type { Graph } from '../definition/graph/graph.js';
import type { KnownModels } from '../definition/known/models.js';
import type { KnownPackages } from '../definition/known/packages.js';
import type { TypeProblem } from '../definition/expressions/types/types.js';
import type { Span } from '../syntax/tree.js';
import type { RuleId } from './ids.js';

export type { RuleId } from './ids.js';
export type { RuleSeverity } from '../definition/definition.js';

/** How loud a finding is; `off` is no finding at all. */
export type FindingSeverity = Exclude<RuleSeverity, 'off'>;

/** One replacement in one file: the text of `span` becomes `newText`. */
export interface Edit {
  /** Relative to the project. */
  readonly path: string;
  readonly span: Span;
  readonly newText: string;
}

export interface Fix {
  /** In the imperative, as a menu shows it. */
  readonly title: string;
  /** Don't overlap; apply together or not at all. */
  readonly edits: readonly Edit[];
  /** The one that "fix all" takes. At most one per finding, and only where it can't change what is meant. */
  readonly preferred: boolean;
}

export interface Related {
  readonly path: string;
  readonly span: Span;
  readonly message: string;
}

export interface Finding {
  readonly rule: RuleId;
  readonly severity: FindingSeverity;
  /** Relative to the project. */
  readonly path: string;
  readonly span: Span;
  /** Plain text, without the rule's id. */
  readonly message: string;
  readonly related: readonly Related[];
  readonly fixes: readonly Fix[];
  /** The text does nothing: an editor fades it. */
  readonly unnecessary?: boolean;
}

/** A finding as a rule reports it; the rest is filled in from the rule and the definition. */
export interface Report {
  readonly span: Span;
  readonly message: string;
  /** Where it isn't the rule's; what the project chose for the rule comes first. */
  readonly severity?: FindingSeverity;
  readonly related?: readonly Related[];
  readonly fixes?: readonly Fix[];
  readonly unnecessary?: boolean;
  /** Keys without which this is reported, and the map that lacks them: silent while one is misspelt there. */
  readonly lacks?: { readonly keys: readonly string[]; readonly within?: Span };
}

/**
 * What stands at a path. `outside`: the path, or where a link in it leads, is not in the project. `unknown`: it can't be
 * told (no disk, no permission); rules are silent then.
 */
export type Probe = 'file' | 'folder' | 'missing' | 'outside' | 'unknown';

/** What a rule may ask about the project. Answers may change between checks, not during one. */
export interface ProjectView {
  /** Every definition of the project: pipelines, features, settings; with the editor's unsaved texts. */
  definitions(): readonly Definition[];
  /** Pipeline definitions by their name; more than one where names clash. */
  readonly pipelinesByName: ReadonlyMap<string, readonly Definition[]>;
  /** The features files, by path. The same array as long as none of them changed. */
  features(): readonly FeaturesDefinition[];
  /** `modelyard.yaml`, if there is one. The same object as long as it did not change. */
  settings(): ProjectDefinition | undefined;
  /** What stands at a path that is relative to the project. Follows links. */
  probe(path: string): Probe;
  /** What a file says that is no definition, with the editor's unsaved text. Left out: nothing is known of files. */
  text?(path: string): FileText;
  /** Whether a glob matches at least one file of the project; `undefined`: can't be told. */
  matches?(glob: string): boolean | undefined;
  /** The files that a glob matches and git does not ignore, and that look like secrets; `undefined`: can't be told. */
  secretFiles?(glob: string): readonly string[] | undefined;
  /** The first file that git tracks at a path or below it; `undefined`: none, or nothing is known of git. */
  tracked?(path: string): string | undefined;
  /** Whether a run is known to have put something out at a path; `undefined`: nothing is known of runs. */
  made?(path: string): boolean | undefined;
  /** What the project's cluster had when a run last asked it; `undefined`: nobody has. The same object as long as it did not change. */
  cluster?(): KnownCluster | undefined;
  /** The most memory that a task used in its last run on a cluster, in bytes; `undefined`: nobody knows. */
  peak?(pipeline: string, task: string): number | undefined;
  /** Files that a task was seen to open in its last run; `undefined`: nobody has looked. The same object as long as there is no other run. */
  opened?(pipeline: string, task: string): OpenedFiles | undefined;
  /** The project's model registry; `undefined`: nothing is known of it. */
  readonly models?: KnownModels | undefined;
  /** The project's app packages; `undefined`: nothing is known of them. */
  readonly packages?: KnownPackages | undefined;
  /** What is known of the data of a feature view as it is written now; nothing where nobody has looked. */
  readonly viewFacts?: FeatureFacts['viewFacts'];
  /** What is known of a file of labels; nothing where nobody has looked. */
  readonly labelFacts?: FeatureFacts['labelFacts'];
  /** How a feature view was materialized last. */
  readonly viewState?: FeatureFacts['viewState'];
  /** Severities that people chose, in the editor's settings or in `modelyard.yaml`; others keep their default. */
  readonly severities: ReadonlyMap<string, RuleSeverity>;
}

/** An expression of a pipeline with what is certainly wrong with its names and types. */
export interface TypedSite {
  readonly site: ExpressionSite;
  /** The task it stands in; absent for expressions of the pipeline itself. */
  readonly task?: Task;
  readonly problems: readonly TypeProblem[];
}

/** A suppression comment's naming of one rule. */
export interface Directive {
  /** As written; need not be a rule's id. Empty where the comment names none. */
  readonly id: string;
  readonly idSpan: Span;
  readonly scope: 'file' | 'next-line' | 'unknown';
  /** What follows `modelyard-disable` in the comment: empty or `-next-line`, or a slip of the pen. */
  readonly suffix: string;
  /** The zero-based line it is about; -1 for the whole file. */
  readonly line: number;
  /** The whole comment. */
  readonly comment: Span;
  /** The ids of the same comment, this one included, in the order of the text. */
  readonly siblings: readonly string[];
}

export interface RuleContext {
  readonly definition: Definition;
  readonly project: ProjectView;
  /** The definition's pipeline, if it is one. */
  readonly pipeline: Pipeline | undefined;
  /** The pipeline's graph with its params' defaults and the sources of its feature views. Built once per check. Throws for other kinds of definition. */
  graph(): Graph;
  /** Every expression of the pipeline, typed once per check. Empty for other kinds of definition. */
  typing(): readonly TypedSite[];
  /** The suppression comments that silenced nothing. Only `suppression/unused`, which comes last, may ask. */
  idleDirectives(): readonly Directive[];
  report(report: Report): void;
}

/**
 * An example of a rule's page, and its test. A text alone is a pipeline; with several files the first one is the one
 * that is checked. In a bad example `«` and `»` enclose what is underlined.
 */
export interface GoodExample {
  readonly files: string | Readonly<Record<string, string>>;
  /** All files of the project besides the definitions; without it nothing is known about the disk. */
  readonly disk?: readonly string[];
  /** Files that git tracks. */
  readonly tracked?: readonly string[];
  /** The registered models, by name. Without it nothing is known of the registry. */
  readonly models?: Readonly<Record<string, ExampleModel>>;
  /** The app packages, by name: how many versions each has. Without it nothing is known of them. */
  readonly packages?: Readonly<Record<string, number>>;
  /** What is known of the data of feature views, by name. */
  readonly facts?: Readonly<Record<string, ViewFacts>>;
  readonly states?: Readonly<Record<string, ViewState>>;
  /** What is known of files of labels, by path. */
  readonly labels?: Readonly<Record<string, ViewFacts>>;
  /** What the cluster has. */
  readonly cluster?: readonly NodeGroup[];
  /** The most memory that tasks used there, in bytes, by `pipeline.task`. */
  readonly peaks?: Readonly<Record<string, number>>;
  /** Files that tasks were seen to open, by `pipeline.task`. */
  readonly opened?: Readonly<Record<string, OpenedFiles>>;
}

/** A registered model of an example: how many versions it has, which of them were deleted, and its aliases. */
export interface ExampleModel {
  readonly versions: number;
  readonly deleted?: readonly string[];
  readonly aliases?: Readonly<Record<string, string>>;
  /** Of all of its versions: columns with their types. */
  readonly signature?: {
    readonly inputs: Readonly<Record<string, string>>;
    readonly outputs: Readonly<Record<string, string>>;
  };
}

export interface BadExample extends GoodExample {
  /** What the findings say, in the order of the text. */
  readonly messages: readonly string[];
  /** The checked file's text after the first finding's first fix. */
  readonly fixed?: string;
  /** Other rules that rightly have something to say about it. */
  readonly also?: readonly RuleId[];
}

export type Example = GoodExample | BadExample;

export interface Rule {
  readonly id: RuleId;
  /** The severity where nobody chose another one. */
  readonly severity: FindingSeverity;
  /** One line of plain text: what it reports. */
  readonly summary: string;
  /** Markdown: what it means, why it matters, how to mend it. */
  readonly docs: string;
  readonly good: readonly GoodExample[];
  readonly bad: readonly BadExample[];
  /**
   * It judges by what is *not* there, so it is silent while the YAML is broken: what seems to be missing may stand in the
   * part that could not be read.
   */
  readonly needsWholeText?: true;
  check(context: RuleContext): void;
}
