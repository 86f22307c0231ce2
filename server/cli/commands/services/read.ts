/** `modelyard service list|history|alerts|logs` */
import { serviceUrl } from '../../../serving/services/address.js';
import { servicesOfAllProjects } from '../../../serving/services/all.js';
import { alertHistory, readAlerts } from '../../../serving/monitor/alerts.js';
import { releaseNames } from '../../../serving/event-words.js';
import { servicePlaces } from '../../../serving/places.js';
import { listServices, serviceHistory, type ServiceView } from '../../../serving/services/read.js';
import { linesBackward, linesFrom } from '../../../stores/disk/lines.js';
import { answer } from '../../answers.js';
import { JSON_FLAG, wholeNumber } from '../../args.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { delay } from '../../../base/delay.js';
import { wantsColours, type Style } from '../../terminal/style.js';
import { pad, tame, width } from '../../terminal/text.js';
import { ENVIRONMENT, type ServiceSubcommand, eventTexts, serviceNamed } from './shared.js';
import { FOLLOW_MS, paint, releaseText, ruleText } from './status.js';

export const list: ServiceSubcommand = {
  usage: 'list [--all-projects]',
  summary: 'Every service: how it is, what it serves, where.',
  flags: {
    'all-projects': {
      type: 'boolean',
      help: 'Those that run on this machine, of whatever project of yours.',
    },
    ...JSON_FLAG,
  },
  least: 0,
  most: 0,
  run({ root, json, style, args }) {
    if (args.flag('all-projects')) return listEverywhere(json, style);
    const { services, problems } = listServices(root);
    for (const problem of problems) stderr.line(`modelyard: ${problem.message}`);
    if (json) answer('service list', { services });
    else if (services.length === 0) {
      stdout.line('There are no services yet. A `service` task starts one.');
    } else for (const line of rows(services, style)) stdout.line(line);
    return problems.length > 0 ? EXIT.failed : EXIT.ok;
  },
};

function listEverywhere(json: boolean, style: Style): number {
  const found = servicesOfAllProjects();
  const services = found.flatMap(({ root, service }) =>
    service === undefined ? [] : [{ ...service, root }],
  );
  for (const { root, environment, name, pid, service } of found) {
    if (service === undefined)
      stderr.line(
        `modelyard: the service ${tame(`${environment}/${name} of ${root}`, false)} runs as process ${pid}, but its project was moved or removed: stop it from where the project is now, or end that process`,
      );
  }
  if (json) answer('service list', { services });
  else if (services.length === 0) stdout.line('No service of any project runs on this machine.');
  for (const root of json ? [] : new Set(services.map((one) => one.root))) {
    stdout.line(tame(root, false));
    for (const line of rows(
      services.filter((one) => one.root === root),
      style,
    ))
      stdout.line(`  ${line}`);
  }
  return EXIT.ok;
}

function rows(services: readonly ServiceView[], style: Style): string[] {
  const cells = services.map((one) => [
    `${one.environment}/${one.name}`,
    one.status,
    one.current === undefined ? '–' : releaseText(one.current),
    one.hosted ? serviceUrl(one.config) : '',
  ]);
  const columns = [0, 1, 2].map((column) => Math.max(...cells.map((line) => width(line[column] ?? ''))));
  return cells.map((line, index) =>
    line
      .map((cell, column) => {
        const text = tame(column < 3 ? pad(cell, columns[column] ?? 0) : cell, false);
        return column === 1 ? paint(style, services[index]?.status ?? 'stopped')(text) : text;
      })
      .join('  ')
      .trimEnd(),
  );
}

export const history: ServiceSubcommand = {
  usage: 'history [SERVICE] [--limit N]',
  summary: 'What happened to a service, the newest first.',
  flags: {
    ...JSON_FLAG,
    ...ENVIRONMENT,
    limit: { type: 'string', value: 'N', help: 'At most so many events. Default: 20.' },
  },
  least: 0,
  most: 1,
  run(call) {
    const service = serviceNamed(call);
    const limit = wholeNumber('limit', call.args.text('limit') ?? '20', 1);
    const events = serviceHistory(call.root, service.environment, service.name, limit);
    if (call.json) answer('service history', { events });
    else {
      const textOf = eventTexts(releaseNames(call.root, service.environment));
      for (const event of events) {
        const who = event.who === undefined ? '' : `${event.who}  `;
        stdout.line(tame(`${event.at}  ${who}${textOf(event)}`, false));
      }
    }
    return EXIT.ok;
  },
};

export const alerts: ServiceSubcommand = {
  usage: 'alerts [SERVICE] [--limit N]',
  summary: 'The state of the services’ rules; with SERVICE also what was raised and cleared.',
  flags: {
    ...JSON_FLAG,
    ...ENVIRONMENT,
    limit: { type: 'string', value: 'N', help: 'At most so many events. Default: 20.' },
  },
  least: 0,
  most: 1,
  run(call) {
    const { root, json, style, args } = call;
    const chosen = call.words.length === 0 ? listServices(root).services : [serviceNamed(call)];
    const limit = wholeNumber('limit', args.text('limit') ?? '20', 0);
    const found = chosen.map(({ environment, name }) => {
      const places = servicePlaces(root, environment, name);
      const past = call.words.length === 0 ? [] : alertHistory(places.alertHistory, limit);
      return { environment, name, alerts: readAlerts(places.alerts), history: past };
    });
    if (json) {
      answer('service alerts', { services: found });
      return EXIT.ok;
    }
    const lines = found.flatMap(({ environment, name, alerts: rules, history: past }) => [
      ...rules.map((rule) => `${environment}/${name}  ${ruleText(rule, style)}`),
      ...past.map(({ at, kind, rule, text }) => style.dim(`  ${at}  ${kind} ${rule}: ${text}`)),
    ]);
    if (lines.length === 0) stdout.line('No rules are set. A `monitor` task sets them.');
    for (const line of lines) stdout.line(tame(line, true));
    return EXIT.ok;
  },
};

export const logs: ServiceSubcommand = {
  usage: 'logs [SERVICE] [--lines N] [--follow]',
  summary: 'What the processes of a service printed, secrets masked.',
  flags: {
    ...ENVIRONMENT,
    lines: { type: 'string', value: 'N', help: 'The last so many lines. Default: 100.' },
    follow: { type: 'boolean', short: 'f', help: 'And those that come.' },
  },
  least: 0,
  most: 1,
  async run(call) {
    const service = serviceNamed(call);
    const file = servicePlaces(call.root, service.environment, service.name).appLog;
    const wanted = wholeNumber('lines', call.args.text('lines') ?? '100', 0);
    const last: string[] = [];
    for (const one of [file, `${file}.1`]) {
      for (const line of linesBackward(one)) {
        if (last.length >= wanted) break;
        last.push(line);
      }
    }
    const colours = wantsColours(process.stdout.isTTY);
    for (const line of last.reverse()) stdout.line(tame(line, colours));
    return call.args.flag('follow') ? follow(file, colours) : EXIT.ok;
  },
};

/** Prints what is added until it is interrupted. */
async function follow(file: string, colours: boolean): Promise<number> {
  let { next } = linesFrom(file, 0);
  for (;;) {
    await delay(FOLLOW_MS);
    const more = linesFrom(file, next);
    next = more.next;
    for (const line of more.lines) stdout.line(tame(line, colours));
  }
}
