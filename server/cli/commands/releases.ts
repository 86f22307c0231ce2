/** `modelyard releases list|history [ENVIRONMENT]` */
import { allReleases, listReleases, madeOf, releaseHistory } from '../../serving/releases.js';
import { listServices } from '../../serving/read-service.js';
import { UsageError, wholeNumber } from '../args.js';
import type { Command } from '../command.js';
import { projectRoot } from '../locate.js';
import { EXIT, stdout } from '../output.js';
import { styleFor, wantsColours } from '../terminal/style.js';

export const releases: Command = {
  name: 'releases',
  summary: 'What was deployed where.',
  usage: 'releases list|history [ENVIRONMENT] [flags]',
  flags: {
    limit: { type: 'string', value: 'N', help: 'history: at most so many. Default: 20.' },
    json: { type: 'boolean', help: 'As JSON.' },
  },
  most: 2,
  run(args) {
    const root = projectRoot(args);
    const [word = 'list', environment] = args.positionals;
    const style = styleFor(wantsColours(process.stdout.isTTY));
    const json = args.flag('json');
    if (word === 'history') {
      if (environment === undefined) throw new UsageError('say of which environment');
      const entries = releaseHistory(root, environment, wholeNumber('limit', args.text('limit') ?? '20', 1));
      if (json) stdout.line(JSON.stringify(entries));
      else if (entries.length === 0) stdout.line(`Nothing was deployed to ${environment}.`);
      else {
        for (const { at, action, release, package: app, model, who, run } of entries) {
          const what = model === undefined ? app : `${app} with ${model}`;
          const by = run === undefined ? who : `${who}, run ${run.id}`;
          stdout.line(`${at}  ${action}  ${style.bold(release)}  ${what}  ${style.dim(by)}`);
        }
      }
      return Promise.resolve(EXIT.ok);
    }
    if (word !== 'list') throw new UsageError(`there is no "releases ${word}" (list, history)`);
    const found = environment === undefined ? allReleases(root) : listReleases(root, environment);
    if (json) stdout.line(JSON.stringify(found));
    else if (found.length === 0) stdout.line('There are no releases yet. `modelyard deploy` makes one.');
    else {
      const { services } = listServices(root);
      for (const release of found) {
        const what = madeOf(release, ' with ');
        const on = services.filter(
          (one) => one.environment === release.environment && one.current?.id === release.id,
        );
        const serves = on.length === 0 ? '' : `  serves ${on.map((one) => one.name).join(', ')}`;
        stdout.line(
          `${release.environment}  ${style.bold(release.id)}  ${what}${serves}  ${style.dim(`${release.createdAt} by ${release.createdBy}`)}`,
        );
      }
    }
    return Promise.resolve(EXIT.ok);
  },
};
