/** What the panel about a question of a run and its webview say to each other. Types only. */
import type { ApprovalView } from '../../../../server/protocol/index.js';

/** Panel → approval webview. */
export type ToApproval =
  | {
      readonly type: 'approval';
      readonly approval: ApprovalView;
      /** The prompt as HTML, not to be trusted; absent: the prompt is shown as it is. */
      readonly html?: string;
      /** Why this person can't answer it here. */
      readonly refusal?: string;
      /** How it ended; absent: it waits. */
      readonly outcome?: string;
    }
  | { readonly type: 'missing'; readonly task: string; readonly message: string };

/** Approval webview → panel. */
export type FromApproval =
  | { readonly type: 'ready' }
  | { readonly type: 'approve' }
  | { readonly type: 'reject' }
  | { readonly type: 'openRun' }
  | { readonly type: 'openDefinition' }
  | { readonly type: 'openArtifact'; readonly path: string };
