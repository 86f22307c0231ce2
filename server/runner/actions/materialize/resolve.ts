/** A materialize task with every expression replaced by its value, and the views that it names looked up. */
import { defined } from '../../../base/defined.js';
import type { MaterializeRequest } from '../../../features/views/materialize.js';
import { definitionOf, resolveView } from '../../../features/views/view.js';
import type { MaterializeAction } from '../../../definition/definition.js';
import type { Features } from '../../../definition/features.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import { hashOf } from '../../../stores/content/hash.js';
import type { Texts } from '../../resolve/texts.js';
import type { Session } from '../../session.js';

export interface MaterializeTask {
  readonly views: readonly string[];
  /** Paths and globs of the views' sources, as the definitions have them. */
  readonly sources: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly full: boolean;
}

/** @param files all feature files of the project */
export function resolveMaterialize(
  action: MaterializeAction,
  texts: Texts,
  files: readonly Features[],
  parts: FingerprintPart[],
): MaterializeTask {
  const views: string[] = [];
  const sources: string[] = [];
  for (const text of action.views) {
    const name = texts.text(text).trim();
    const resolved = resolveView(files, name);
    if (!resolved.ok) return texts.fail(resolved.message, text.span);
    views.push(name);
    sources.push(resolved.value.path);
    const value = hashOf(JSON.stringify(definitionOf(resolved.value)));
    parts.push({ kind: 'materialize', name: `view ${name}`, value });
  }
  const from = action.from === undefined ? undefined : texts.text(action.from).trim();
  const to = action.to === undefined ? undefined : texts.text(action.to).trim();
  for (const [name, value] of Object.entries({ from, to, full: action.full ? 'true' : undefined })) {
    if (value !== undefined) parts.push({ kind: 'materialize', name, value });
  }
  return {
    views,
    sources,
    ...defined({ from, to }),
    full: action.full,
  };
}

/** What the feature store is asked for, or to do, for one of the views. */
export function viewRequest(
  session: Pick<Session, 'root' | 'featureFiles' | 'hashes'>,
  { from, to }: MaterializeTask,
  view: string,
): MaterializeRequest {
  return {
    root: session.root,
    files: session.featureFiles,
    view,
    ...defined({ from, to }),
    hashes: session.hashes,
  };
}
