/** What people say of runs: stars, tags, notes, and that they are archived. */
import * as vscode from 'vscode';
import { plain, plural } from '../../server/base/format.js';
import type { MarkChange, RunRef, RunView } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { changedTags, editableTags, tagWords } from './marks.js';
import { mayMark } from '../parts/trust.js';
import type { RunsView } from './tree.js';
import { tell } from '../parts/ask.js';
import { bodies } from '../parts/bodies.js';
import { pickRun, runsIn } from '../parts/targets.js';

/** Writes a change down, and tells what was refused. */
async function mark({ client }: Context, runs: readonly RunRef[], change: MarkChange): Promise<boolean> {
  const byProject = new Map<string, string[]>();
  for (const { projectUri, id } of runs)
    byProject.set(projectUri, [...(byProject.get(projectUri) ?? []), id]);
  for (const [projectUri, ids] of byProject) {
    const answer = await client.request('modelyard/markRuns', { projectUri, ids, change });
    if (answer.ok) continue;
    tell('Not all runs were marked', answer.message);
    return false;
  }
  return true;
}

/** Runs that a command is about: chosen ones, or one that the person picks. */
async function targets(
  context: Context,
  view: RunsView,
  [argument, selection]: readonly [unknown, unknown],
  placeHolder: string,
): Promise<readonly RunRef[]> {
  const chosen = argument === undefined ? view.selected() : runsIn(argument, selection);
  if (chosen.length > 0) return chosen;
  const picked = await pickRun(context, placeHolder);
  return picked ? [picked] : [];
}

/** The runs as they are now; those that are gone are left out. */
async function views({ client }: Context, runs: readonly RunRef[]): Promise<readonly RunView[]> {
  const found = await Promise.all(
    runs.map(async ({ projectUri, id }) => client.request('modelyard/run', { projectUri, id })),
  );
  return found.flatMap((run) => run ?? []);
}

function titleOf(runs: readonly RunRef[]): string {
  return runs.length === 1 ? plain(runs[0]?.id ?? '') : plural(runs.length, 'run');
}

/** Sets it for all unless all have it. */
async function toggle(context: Context, runs: readonly RunRef[], what: 'star' | 'archived'): Promise<void> {
  if (runs.length === 0 || !mayMark()) return;
  const known = await views(context, runs);
  const all = known.length > 0 && known.every(({ marks }) => marks?.[what] === true);
  const done = await mark(context, runs, what === 'star' ? { star: !all } : { archived: !all });
  if (!done || what === 'star') return;
  const words = `${all ? 'Put back' : 'Archived'} ${titleOf(runs)}.`;
  void vscode.window.showInformationMessage(words, 'Undo').then(async (choice) => {
    if (choice === 'Undo') await mark(context, runs, { archived: all });
  });
}

async function askTags(context: Context, runs: readonly RunRef[]): Promise<void> {
  if (runs.length === 0 || !mayMark()) return;
  const [first] = await views(context, runs);
  // Those of one run can be edited; several get some more.
  const before = runs.length === 1 ? editableTags(first?.marks?.tags ?? {}) : {};
  const typed = await vscode.window.showInputBox({
    title: `Tags of ${titleOf(runs)}`,
    prompt:
      runs.length === 1
        ? 'Separated by commas; what is left out is removed.'
        : 'Separated by commas; all of the runs get them.',
    placeHolder: 'keep, owner=ada',
    value: tagWords(before),
    ignoreFocusOut: true,
  });
  if (typed === undefined) return;
  const change = changedTags(before, typed);
  if (Object.keys(change.tags).length + change.untag.length > 0) await mark(context, runs, change);
}

async function askNote(context: Context, runs: readonly RunRef[]): Promise<void> {
  if (runs.length === 0 || !mayMark()) return;
  const [first] = await views(context, runs);
  // The box has one line.
  const before = runs.length === 1 ? (first?.marks?.note ?? '').replaceAll('\n', ' ') : '';
  const typed = await vscode.window.showInputBox({
    title: `Note of ${titleOf(runs)}`,
    prompt: 'What is there to know of it? Empty for no note.',
    value: before,
    ignoreFocusOut: true,
  });
  if (typed !== undefined && typed !== before) await mark(context, runs, { note: typed });
}

/** Bodies of the commands. */
export function runMarkCommands(context: Context, view: RunsView) {
  return bodies({
    starRun: async (...given) =>
      toggle(context, await targets(context, view, pair(given), 'Star which run?'), 'star'),
    archiveRun: async (...given) =>
      toggle(context, await targets(context, view, pair(given), 'Archive which run?'), 'archived'),
    tagRun: async (...given) => askTags(context, await targets(context, view, pair(given), 'Tag which run?')),
    noteRun: async (...given) =>
      askNote(context, await targets(context, view, pair(given), 'Write a note on which run?')),
  });
}

function pair([first, second]: readonly unknown[]): readonly [unknown, unknown] {
  return [first, second];
}
