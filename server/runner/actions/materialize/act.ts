/** The action `materialize`: feature views computed into the feature store, in a process of their own. */
import { type MaterializeResult, materialize } from '../../../features/views/materialize.js';
import { type MaterializeTask, viewRequest } from './resolve.js';
import type { ActionContext, ActionOutcome } from '../action.js';

const PROGRESS_STEP = 10;

export async function materializeAction(
  context: ActionContext,
  wanted: MaterializeTask,
): Promise<ActionOutcome> {
  const { session, signal } = context;
  const done: string[] = [];
  for (const view of wanted.views) {
    let told = 0;
    const result = await materialize({
      ...viewRequest(session, wanted, view),
      full: wanted.full || context.force,
      signal,
      log: (line) => context.say(line),
      onProgress: (percent) => {
        if (percent < told + PROGRESS_STEP) return;
        told = percent;
        context.say(`${view}: ${percent} %`);
      },
    });
    if (context.signal.aborted) return { ok: false };
    if (!result.ok) {
      for (const one of result.expectations) {
        for (const row of one.passed ? [] : (one.sample ?? []))
          context.say(`${one.text}: ${JSON.stringify(row)}`);
      }
      return { ok: false, error: result.message };
    }
    done.push(noteOf(result));
  }
  const trouble = await latestValues(context, wanted.views);
  if (context.signal.aborted) return { ok: false };
  if (trouble !== undefined) return { ok: false, error: trouble };
  return { ok: true, note: done.join('; ') };
}

/** Writes the latest values of services that use the views anew. Gives why it can't. */
async function latestValues(context: ActionContext, views: readonly string[]): Promise<string | undefined> {
  const { signal } = context;
  const { features } = context.session;
  if (views.length === 0 || features === undefined) return undefined;
  const { publishServices } = await import('../../../features/online/services.js');
  const published = await publishServices({ store: features.store, files: features.files, views, signal });
  if (!published.ok) return published.message;
  for (const { service, version } of published.written)
    context.say(`latest values of ${service}: version ${version}`);
  return undefined;
}

function noteOf({ view, outcome, manifest }: Extract<MaterializeResult, { ok: true }>): string {
  const rows = `${manifest.rows.toLocaleString('en')} rows`;
  return outcome === 'up-to-date' ? `${view} is up to date` : `${view} version ${manifest.version}, ${rows}`;
}
