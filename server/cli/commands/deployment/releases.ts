/** `modelyard releases list|history` */
import { allReleases, listReleases, madeOf, releaseHistory } from '../../../serving/releases/releases.js';
import { findEnvironment } from '../../../runner/resolve/places.js';
import { listServices } from '../../../serving/services/read.js';
import { answer } from '../../answers.js';
import { JSON_FLAG, wholeNumber } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import { type ProjectCall, type Subcommands, family } from '../../subcommands.js';

const SUBCOMMANDS: Subcommands<ProjectCall> = {
  list: {
    usage: 'list [ENVIRONMENT]',
    summary: 'The releases that are there, the newest first, and which of them serve.',
    flags: JSON_FLAG,
    least: 0,
    most: 1,
    run: list,
  },
  history: {
    usage: 'history ENVIRONMENT [--limit N]',
    summary: 'What was deployed to an environment and removed from it, the newest first.',
    flags: {
      ...JSON_FLAG,
      limit: { type: 'string', value: 'N', help: 'At most so many. Default: 20.' },
    },
    least: 1,
    most: 1,
    run: history,
  },
};

export const releases = family<ProjectCall>({
  name: 'releases',
  summary: 'What was deployed where.',
  details: `
A release is an app package and a model version in an environment. \`modelyard deploy\` and \`deploy\` tasks make them.`,
  examples: ['releases list', 'releases history production --limit 5'],
  subcommands: SUBCOMMANDS,
  open: (call) => call,
});

/** Ends the command with 2 where nobody has such an environment: neither modelyard.yaml nor what was deployed. */
async function known(root: string, name: string): Promise<void> {
  if (releaseHistory(root, name, 1).length > 0 || listReleases(root, name).length > 0) return;
  const { openProject } = await import('../../load/open-project.js');
  const found = findEnvironment(name, openProject(root).settings);
  if (!found.ok) throw new CommandError(found.message, EXIT.usage);
}

async function list({ root, words, style, json }: ProjectCall): Promise<number> {
  const [environment] = words;
  if (environment !== undefined) await known(root, environment);
  const found = environment === undefined ? allReleases(root) : listReleases(root, environment);
  if (json) {
    answer('releases list', { releases: found });
    return EXIT.ok;
  }
  if (found.length === 0) {
    const where = environment === undefined ? '' : ` in ${environment}`;
    stdout.line(`There are no releases${where} yet. \`modelyard deploy\` makes one.`);
  }
  const { services } = listServices(root);
  for (const release of found) {
    const on = services.filter(
      (one) => one.environment === release.environment && one.current?.id === release.id,
    );
    const serves = on.length === 0 ? '' : `  serves ${on.map((one) => one.name).join(', ')}`;
    stdout.line(
      `${release.environment}  ${style.bold(release.id)}  ${madeOf(release, ' with ')}${serves}  ${style.dim(`${release.createdAt} by ${release.createdBy}`)}`,
    );
  }
  return EXIT.ok;
}

async function history({ root, words, args, style, json }: ProjectCall): Promise<number> {
  const [environment = ''] = words;
  await known(root, environment);
  const entries = releaseHistory(root, environment, wholeNumber('limit', args.text('limit') ?? '20', 1));
  if (json) answer('releases history', { entries });
  else if (entries.length === 0) stdout.line(`Nothing was deployed to ${environment}.`);
  for (const { at, action, release, package: app, model, who, run } of json ? [] : entries) {
    const what = model === undefined ? app : `${app} with ${model}`;
    const by = run === undefined ? who : `${who}, run ${run.id}`;
    stdout.line(`${at}  ${action}  ${style.bold(release)}  ${what}  ${style.dim(by)}`);
  }
  return EXIT.ok;
}
