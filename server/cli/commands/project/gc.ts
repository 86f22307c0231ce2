/** `modelyard gc`: frees the cache and old runs, and says first what would go. */
import { defined } from '../../../base/defined.js';
import { plural } from '../../../base/format.js';
import { formatBytes, parseBytes, parseDuration } from '../../../definition/text/units.js';
import { Project } from '../../../project/project.js';
import { applyGc, type GcOptions, planGc } from '../../../runner/cache/gc.js';
import { sweepRunFolders } from '../../../runner/executors/output-pipes.js';
import { sweepAllUnfinished } from '../../../serving/releases/unfinished.js';
import { RunStore } from '../../../stores/runs/runs.js';
import { removeFromTrash, trashOverBounds } from '../../../stores/trash.js';
import { foreignMemory } from '../../../stores/trust.js';
import { agreed } from '../../agreed.js';
import { answer } from '../../answers.js';
import { type Arguments, JSON_FLAG, UsageError, wholeNumber } from '../../args.js';
import { type Command, CommandError } from '../../command.js';
import { projectRoot } from '../../load/locate.js';
import { EXIT, stderr, stdout } from '../../output.js';

export const gc: Command = {
  name: 'gc',
  summary: 'Free the cache and old runs; says first what would go.',
  usage: 'gc [flags]',
  examples: ['gc --dry', 'gc --max-size 5GiB --keep-runs 50 --yes'],
  details: `
Bounds that are not given are those of modelyard.yaml (\`cache\` and \`runs\`). The last result
of each task in the runs that stay is kept in the cache, unless --all is given; so is what model versions and runs that
have not ended hold.`,
  flags: {
    dry: { type: 'boolean', help: 'Only say what would go.' },
    yes: { type: 'boolean', short: 'y', help: 'Do not ask.' },
    'max-size': { type: 'string', value: 'SIZE', help: 'The cache may keep so much: 10GiB.' },
    'max-age': { type: 'string', value: 'TIME', help: 'Entries that were not used for so long go: 30d.' },
    'keep-runs': { type: 'string', value: 'N', help: 'The newest so many runs stay, and those with a star.' },
    'max-run-age': { type: 'string', value: 'TIME', help: 'Older runs go, unless they have a star: 90d.' },
    all: { type: 'boolean', help: 'Empty the cache, artifacts of kept runs included.' },
    ...JSON_FLAG,
  },
  most: 0,
  async run(args) {
    const root = projectRoot(args);
    const store = RunStore.open(root);
    if (!args.flag('dry')) {
      const foreign = foreignMemory(store.layout);
      if (foreign !== undefined) throw new CommandError(foreign.message, EXIT.failed);
      store.maintain();
      sweepAllUnfinished(root);
    }
    const plan = planGc(store, optionsOf(args, root));
    const json = args.flag('json');
    const files =
      plan.entries.length +
      plan.objects.length +
      plan.temps.length +
      plan.registry.length +
      plan.packages.length;
    const trash = trashOverBounds(store.layout, Project.open(root, undefined, { only: [] }).settings.trash);
    const nothing = plan.runs.length + files + trash.length === 0;
    if (!json) {
      for (const run of plan.runs) stdout.line(`run ${run.id} of ${run.pipeline}, ${formatBytes(run.bytes)}`);
      stdout.line(
        nothing
          ? `Nothing to free; the cache holds ${formatBytes(plan.cacheBytes)}.`
          : `${formatBytes(plan.freedBytes)} to free: ${plural(plan.runs.length, 'run')}, ${plural(plan.entries.length, 'cache entry', 'cache entries')}, ` +
              `${plural(plan.objects.length, 'object')}, ${plural(plan.registry.length, 'file')} of the model registry and ${plural(plan.packages.length, 'file')} of packages that no version owns; the cache goes from ${formatBytes(plan.cacheBytes)} to ${formatBytes(plan.keptBytes)}.`,
      );
      for (const { id, path: file, bytes } of trash)
        stdout.line(`${id} of the trash, ${file}, ${formatBytes(bytes)}`);
      if (plan.notice !== undefined) stderr.line(`modelyard: ${plan.notice}`);
    }
    const asks = !args.flag('dry') && !nothing && !args.flag('yes');
    const said = asks ? await agreed(json, 'Free it?', 'nothing was freed') : !args.flag('dry') && !nothing;
    const apply = said === true;
    const done = apply ? applyGc(store, plan) : undefined;
    if (apply) for (const item of trash) removeFromTrash(store.layout, item);
    const left = apply || (nothing && !args.flag('dry')) ? sweepRunFolders() : [];
    if (left.length > 0 && !json)
      stdout.line(`${plural(left.length, 'folder')} of killed runs removed from the temp folder.`);
    for (const problem of done?.problems ?? []) stderr.line(`modelyard: ${problem.message}`);
    if (json) {
      const { runs, freedBytes, cacheBytes, keptBytes } = plan;
      answer('gc', {
        runs,
        files,
        trash: trash.map(({ id }) => id),
        freedBytes,
        cacheBytes,
        keptBytes,
        applied: apply,
      });
    } else if (done !== undefined) stdout.line(`${formatBytes(done.freedBytes)} freed.`);
    // Whoever could not be asked has to know that nothing was freed.
    return said === undefined || (done?.problems.length ?? 0) > 0 ? EXIT.failed : EXIT.ok;
  },
};

function optionsOf(args: Arguments, root: string): GcOptions {
  const { cache, runs } = Project.open(root, undefined, { only: [] }).settings;
  const bytes = measure(args, 'max-size', parseBytes) ?? cache.maxBytes;
  const age = measure(args, 'max-age', parseDuration) ?? cache.maxAgeMs;
  const keep = args.text('keep-runs');
  const keepRuns = keep === undefined ? runs.keep : wholeNumber('keep-runs', keep, 0);
  const runAge = measure(args, 'max-run-age', parseDuration) ?? runs.maxAgeMs;
  return {
    ...defined({ maxBytes: bytes, maxAgeMs: age, keepRuns, runMaxAgeMs: runAge }),
    ...(args.flag('all') ? { all: true } : {}),
  };
}

function measure(args: Arguments, name: string, parse: typeof parseBytes): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const parsed = parse(text);
  if (!parsed.ok) throw new UsageError(`--${name}: ${parsed.message}`);
  return parsed.value;
}
