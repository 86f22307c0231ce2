/**
 * The service host: `node service-host.js ROOT ENVIRONMENT NAME`, a process of its own that outlives whoever started
 * it. It takes the service's lock, says over IPC that it can be given orders, and ends when there is nothing to run.
 */
import { fstatSync, mkdirSync, openSync } from 'node:fs';
import { inheritedEnvironment } from '../../stores/machine/inherited-environment.js';
import { tryLock } from '../../stores/disk/file-lock.js';
import type { ServiceOrder } from '../services/config.js';
import { delay } from '../../base/delay.js';
import { Monitor } from '../monitor/monitor.js';
import { Recorder } from '../monitor/recorder.js';
import type { MonitorSettings } from '../monitor/settings.js';
import { disownCopiedService } from '../services/disown.js';
import { servicePlaces } from '../places.js';
import type { ServiceCause } from '../types.js';
import { AppOutput } from './app/output.js';
import { type ControlResult, ControlServer } from './control-server.js';
import { orderProblem } from './orders.js';
import { RotatingLog } from './app/rotating-log.js';
import { refusedService } from '../services/lines.js';
import { announceHost } from '../services/all.js';
import { ServiceHost } from './service-host.js';
import { ServiceState } from './state.js';
import { usageOf } from './app/usage.js';

/** Without an order for so long there is nothing to be done. */
const IDLE_MS = 20_000;
const TICK_MS = 1_000;
const LAST_ANSWER_MS = 1_000;
/** So many ticks without its lock on the disk, and nobody could reach this host any more. */
const GONE_TICKS = 5;
const MOST_COMPLAINTS = 100;

/** What the host says to whoever started it. */
export type HostGreeting = { readonly ready: true } | { readonly ready: false; readonly why: string };

function greet(greeting: HostGreeting): void {
  if (process.connected) process.send?.(greeting, () => process.disconnect());
}

async function main(): Promise<void> {
  const [root, environment, name] = process.argv.slice(2);
  if (root === undefined || environment === undefined || name === undefined) {
    process.exitCode = 2;
    return;
  }
  const places = servicePlaces(root, environment, name);
  mkdirSync(places.folder, { recursive: true });
  disownCopiedService(places.folder);
  const lock = tryLock(places.lock);
  if (lock === undefined) {
    greet({ ready: false, why: `another host runs ${name} already` });
    return;
  }
  const refused = refusedService(places);
  if (refused !== undefined) {
    greet({ ready: false, why: refused.message });
    return;
  }
  const state = new ServiceState(places, environment, name);
  if (state.problem !== undefined) process.stderr.write(`${state.problem}\n`);
  const output = new AppOutput(new RotatingLog(places.appLog));
  state.mask = (text) => output.text(text);
  const monitor = new Monitor(places, environment, name);
  const recorder: Recorder = new Recorder(
    places.metrics,
    places.coarseMetrics,
    () => {
      const usage = usageOf(host.runs.map((run) => run.state));
      return {
        restarts: host.restarts,
        releases: host.runs.map(({ state: { id, restarts }, replicas }) => ({
          id,
          ready: replicas.filter((replica) => replica.backend !== undefined).length,
          replicas: replicas.length,
          restarts,
          ...usage?.get(id),
        })),
      };
    },
    monitor.samples,
  );
  const host = new ServiceHost({
    root,
    environment,
    name,
    state,
    output,
    observer: recorder,
    inherited: inheritedEnvironment(process.env, new Set()),
  });
  const unannounce = announceHost({ root, environment, name });
  const held = openSync(places.lock, 'r');
  let gone = 0;
  const ticker = setInterval(() => {
    // Who removes a project removes its services; one that is moved keeps them.
    gone = fstatSync(held).nlink === 0 ? gone + 1 : 0;
    if (gone === GONE_TICKS) void end({ who: 'the service host', reason: 'its folder is gone' }, 'stopped');
    // What is measured is worth less than the traffic: a mistake in it is told and ends nothing.
    told(() => recorder.tick());
    told(() => monitor.tick(recorder, host.runs[0]?.release.id));
  }, TICK_MS);

  let ending: Promise<ControlResult> | undefined;
  const end = (cause: ServiceCause, desired: 'running' | 'stopped'): Promise<ControlResult> => {
    ending ??= host.stop(cause, desired).then((result) => {
      clearInterval(ticker);
      recorder.close();
      monitor.close();
      lock.release();
      unannounce();
      // What still hangs (a client that never reads, an app that can't be killed) must not keep the host.
      void Promise.race([control.close(), delay(LAST_ANSWER_MS)]).then(() => process.exit(0));
      return result;
    });
    return ending;
  };
  const control = new ControlServer(places.control, {
    listen: (listener) => state.listen(listener),
    order: async (verb, body) => {
      const problem = orderProblem(verb, body);
      if (problem !== undefined) return { ok: false, message: problem };
      const cause = causeOf(body);
      const wait = body['wait'] === true;
      const secrets = (body['secretValues'] ?? {}) as ServiceOrder['secretValues'];
      switch (verb) {
        case 'start': {
          const result = await host.start({ ...body, cause, secretValues: secrets });
          // What should run still should when it can't for now: a port that is taken, a secret that is missing.
          if (!result.ok && host.idle) await end(cause, state.before?.desired ?? 'stopped');
          return result;
        }
        case 'stop':
          return end(cause, 'stopped');
        case 'restart':
          return host.restart(cause, secrets, wait);
        case 'rollback':
          return host.rollback(cause, secrets, wait);
        case 'promote':
          return host.promote(cause, wait);
        case 'abort':
          return host.abort(cause, typeof body['id'] === 'string' ? body['id'] : undefined);
        case 'traffic':
          return host.traffic(Number(body['percent']), cause, wait);
        case 'monitor':
          monitor.configure(body['settings'] as MonitorSettings);
          return { ok: true, message: `${name} is watched` };
        case 'measure': {
          const release = typeof body['release'] === 'string' ? body['release'] : undefined;
          return {
            ok: true,
            message: '',
            value: monitor.measure(recorder, Number(body['windowMs']), release),
          };
        }
        case 'buckets':
          return { ok: true, message: '', value: recorder.since(Number(body['since'])) };
        default:
          return { ok: false, message: `the service host knows no "${verb}"` };
      }
    },
  });
  await control.open();
  // The machine shuts down, or somebody ends us by hand: the service is to come back with the next start.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void end({ who: 'the system', reason: signal }, 'running'));
  }
  process.on('SIGHUP', () => undefined);
  const idle = setInterval(() => {
    if (host.idle && ending === undefined) {
      clearInterval(idle);
      void end({ who: 'the service host', reason: 'nothing to run' }, state.document.desired);
    }
  }, IDLE_MS).unref();
  // From here on there is traffic, which no mistake of ours is to end.
  process.on('uncaughtException', complain);
  process.on('unhandledRejection', complain);
  greet({ ready: true });
}

/** Each message once: a mistake that comes each second would fill the disk. */
const complaints = new Set<string>();

function complain(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (complaints.has(text) || complaints.size >= MOST_COMPLAINTS) return;
  complaints.add(text);
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

function told(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    complain(error);
  }
}

function causeOf(body: Readonly<Record<string, unknown>>): ServiceCause {
  const { cause } = body;
  return typeof cause === 'object' && cause !== null && 'who' in cause && typeof cause.who === 'string'
    ? (cause as ServiceCause)
    : { who: 'unknown' };
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  greet({ ready: false, why: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
});
