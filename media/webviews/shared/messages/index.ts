/** What panels and their webviews say to each other. Types only. */
import type { GraphResult, RunView } from '../../../../server/protocol/index.js';

/** Panel → graph webview. */
export type ToGraph =
  | { readonly type: 'graph'; readonly graph: GraphResult; readonly canRun: boolean; readonly focus?: string }
  | { readonly type: 'missing'; readonly message: string };

/** Graph webview → panel. */
export type FromGraph =
  | { readonly type: 'ready' }
  | { readonly type: 'open'; readonly task: string }
  | { readonly type: 'run'; readonly task?: string }
  | { readonly type: 'plan' };

/** Panel → run webview. */
export type ToRun =
  | { readonly type: 'run'; readonly run: RunView; readonly canRun: boolean }
  | { readonly type: 'missing'; readonly message: string }
  | { readonly type: 'log'; readonly task: string; readonly text: string; readonly truncated: boolean };

/** Commands about one job. */
export type JobCommand = 'openJobScript' | 'cancelJob' | 'holdJob' | 'releaseJob';

/** Run webview → panel. */
export type FromRun =
  | { readonly type: 'ready' }
  | { readonly type: 'log'; readonly task: string | undefined }
  | { readonly type: 'openLog'; readonly task: string }
  /** About the job in which the task is done: a command of ours. */
  | { readonly type: 'job'; readonly task: string; readonly what: JobCommand }
  | { readonly type: 'openArtifact'; readonly task: string; readonly path: string }
  | { readonly type: 'openVersion'; readonly model: string; readonly version: string }
  | { readonly type: 'openDefinition' }
  | { readonly type: 'graph' }
  | { readonly type: 'rerun' }
  | { readonly type: 'cancel' };

/** Panel → comparison webview. */
export interface ToCompare {
  readonly type: 'runs';
  readonly runs: readonly RunView[];
  readonly missing: readonly string[];
}

/** Comparison webview → panel. */
export type FromCompare =
  { readonly type: 'ready' } | { readonly type: 'openRun'; readonly id: string; readonly projectUri: string };
