/** `modelyard trash list|restore|empty`: what runs found in the place of outputs and did not make, and what tasks left half made. */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { normalizePath } from '../../../definition/text/paths.js';
import { plural } from '../../../base/format.js';
import { formatBytes } from '../../../definition/text/units.js';
import { HashIndex } from '../../../stores/content/hash-index.js';
import { Workspace } from '../../../runner/resolve/workspace.js';
import { type Layout, layoutOf } from '../../../stores/layout.js';
import { describeFileError } from '../../../stores/disk/problem.js';
import { foreignMemory } from '../../../stores/trust.js';
import {
  type TrashItem,
  bytesBelow,
  findInTrash,
  listTrash,
  removeFromTrash,
  takeFromTrash,
} from '../../../stores/trash.js';
import { agreed } from '../../agreed.js';
import { answer } from '../../answers.js';
import { DRY_FLAG, JSON_FLAG } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import { type ProjectCall, type Subcommands, family } from '../../subcommands.js';
import { tame } from '../../terminal/text.js';
import { say } from '../models/shared.js';

const SUBCOMMANDS: Subcommands<ProjectCall> = {
  list: {
    usage: 'list',
    summary: 'What is in the trash, the newest first.',
    flags: JSON_FLAG,
    least: 0,
    most: 0,
    run: list,
  },
  restore: {
    usage: 'restore ID|PATH [--to PATH] [--dry]',
    summary: 'Puts something back where it was; of a folder also a single file of it.',
    flags: {
      ...JSON_FLAG,
      ...DRY_FLAG,
      to: { type: 'string', value: 'PATH', help: 'Another place, where nothing is yet.' },
    },
    least: 1,
    most: 1,
    run: restore,
  },
  empty: {
    usage: 'empty [ID …] [--dry] [--yes]',
    summary: 'Removes everything in the trash, or what is named, for good.',
    flags: { ...JSON_FLAG, ...DRY_FLAG, yes: { type: 'boolean', short: 'y', help: 'Do not ask.' } },
    least: 0,
    most: 1_000,
    run: empty,
  },
};

export const trash = family<ProjectCall>({
  name: 'trash',
  summary: 'What runs found in the place of outputs: list it, put it back, remove it.',
  details: `
A run removes nothing that no run is known to have made: what is in the place of an output is set aside, as is what a task
left half made. It is kept for 30 days or 5 GiB, unless \`trash\` in modelyard.yaml says otherwise. ID is what
\`trash list\` shows, PATH where it was: the newest that was there is meant.`,
  examples: ['trash list', 'trash restore data/raw.csv', 'trash empty --yes'],
  subcommands: SUBCOMMANDS,
  open: (call) => call,
});

const REASONS: Readonly<Record<TrashItem['reason'], string>> = {
  found: 'made by no run that is known',
  'half-made': 'half made',
  before: 'an earlier output',
};

function list({ root, json, style }: ProjectCall): number {
  const items = listTrash(layoutOf(root)).map((item) => ({ ...item, bytes: bytesBelow(item.file) }));
  if (json) {
    answer('trash list', { items });
    return EXIT.ok;
  }
  if (items.length === 0) stdout.line('The trash is empty.');
  for (const { id, path: file, at, reason, task, bytes } of items) {
    const day = at.slice(0, 16).replace('T', ' ');
    const about = `${formatBytes(bytes)}, ${REASONS[reason]}, set aside for ${task} on ${day}`;
    stdout.line(`${id}  ${tame(file, false)}  ${style.dim(tame(about, false))}`);
  }
  return EXIT.ok;
}

function unknown(word: string): CommandError {
  return new CommandError(
    `there is no ${word} in the trash; \`modelyard trash list\` shows what is`,
    EXIT.usage,
  );
}

/** @throws CommandError for a memory that this machine has not made */
function demandOwn(layout: Layout, dry: boolean): void {
  const foreign = dry ? undefined : foreignMemory(layout);
  if (foreign !== undefined) throw new CommandError(foreign.message, EXIT.failed);
}

function restore(call: ProjectCall): number {
  const { root, args, dry } = call;
  const layout = layoutOf(root);
  demandOwn(layout, dry);
  const [word = ''] = call.words;
  const found = findInTrash(layout, normalizePath(word));
  if (found === undefined) throw unknown(word);
  const { item, part } = found;
  const given = args.text('to');
  const old = part === '' ? item.path : `${item.path}/${part}`;
  const to = given === undefined ? path.join(root, ...old.split('/')) : path.resolve(given);
  const shown = path.relative(process.cwd(), to);
  if (given === undefined) {
    const checked = new Workspace(root, new HashIndex(layout)).check(old, 'path');
    if (!checked.ok) throw new CommandError(checked.message, EXIT.failed);
  }
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) {
    throw new CommandError(
      `there is something at ${shown} already: say --to PATH, or move it away`,
      EXIT.failed,
    );
  }
  try {
    if (!dry) takeFromTrash(layout, item, part, to);
  } catch (error) {
    throw new CommandError(`${old} can't be put back: ${describeFileError(error, root)}`, EXIT.failed);
  }
  return say(
    call,
    'trash restore',
    { id: item.id, path: old, to },
    `${old} is back${given === undefined ? '' : ` as ${shown}`}`,
    `would put ${old} back${given === undefined ? '' : ` as ${shown}`}`,
  );
}

async function empty(call: ProjectCall): Promise<number> {
  const { root, words, args, dry, json } = call;
  const layout = layoutOf(root);
  demandOwn(layout, dry);
  const all = listTrash(layout);
  const items =
    words.length === 0
      ? all
      : words.map((word) => {
          const item = all.find(({ id }) => id === word);
          if (item === undefined) throw unknown(word);
          return item;
        });
  const bytes = items.reduce((sum, { file }) => sum + bytesBelow(file), 0);
  const told = { ids: items.map(({ id }) => id), bytes };
  const what = `${plural(items.length, 'item')} (${formatBytes(bytes)})`;
  if (items.length === 0) return say(call, 'trash empty', told, 'The trash is empty.', 'The trash is empty.');
  if (!dry && !args.flag('yes')) {
    const said = await agreed(json, `Remove ${what} for good?`, 'nothing was removed');
    if (said === undefined && json) answer('trash empty', { ...told, applied: false });
    if (said !== true) return said === undefined ? EXIT.failed : EXIT.ok;
  }
  if (!dry) for (const item of items) removeFromTrash(layout, item);
  return say(call, 'trash empty', told, `removed ${what}`, `would remove ${what}`);
}
