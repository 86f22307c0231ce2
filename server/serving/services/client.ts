/** Giving orders to a service's host, and starting one where there is none. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { defined } from '../../base/defined.js';
import { inheritedEnvironment } from '../../stores/machine/inherited-environment.js';
import { readDocument } from '../../stores/disk/document.js';
import { layoutOf } from '../../stores/layout.js';
import { foreignMemory } from '../../stores/trust.js';
import type { ServiceOrder } from './config.js';
import { delay } from '../../base/delay.js';
import type { ControlFile, ControlLine, ControlResult } from '../host/control-server.js';
import type { HostGreeting } from '../host/main.js';
import type { MonitorSettings } from '../monitor/settings.js';
import { servicePlaces } from '../places.js';
import { hostOf } from './read.js';
import { serviceDocumentKind, wasCopied } from './document.js';
import type { ServiceCause, ServiceEvent } from '../types.js';
import { readPlainText } from '../../stores/disk/plain-file.js';
import type { ServiceAddress } from './address.js';

export interface OrderOptions {
  /** Told of what happens until the order is carried out. */
  readonly onEvent?: (event: ServiceEvent) => void;
  /** Stops waiting; the host goes on. */
  readonly signal?: AbortSignal;
}

/** A host that has the lock says where it listens within this time. */
const APPEAR_MS = 10_000;

/**
 * What a request leaves behind is garbage at once. With V8's default of 16 MiB for such the host would grow to twice its
 * size before that is collected, for no speed.
 */
const MEMORY_FLAGS = ['--max-semi-space-size=2'];

const refused = (message: string): ControlResult => ({ ok: false, message });

/** The program of the host; it lies beside the program that asks. */
export function hostScript(): string {
  return path.join(__dirname, 'service-host.js');
}

function readControl(file: string, pid: number): ControlFile | undefined {
  try {
    const value = JSON.parse(readPlainText(file)) as Partial<ControlFile>;
    // One of a host that was killed lies there until the next one writes its own.
    return typeof value.port === 'number' && typeof value.token === 'string' && value.pid === pid
      ? { port: value.port, token: value.token, pid }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Where the host of a service listens; `undefined` when none lives. */
async function findHost(address: ServiceAddress): Promise<ControlFile | undefined> {
  const places = servicePlaces(address.root, address.environment, address.name);
  // Whoever it names, it is not ours to connect to.
  if (foreignMemory(layoutOf(address.root)) !== undefined) return undefined;
  const known = readDocument(places.document, serviceDocumentKind);
  if (known.state === 'ok' && wasCopied(known.value, places.folder)) return undefined;
  const deadline = Date.now() + APPEAR_MS;
  for (;;) {
    const host = hostOf(places.lock);
    if (host === undefined) return undefined;
    const control = readControl(places.control, host.pid);
    if (control !== undefined || Date.now() > deadline) return control;
    await delay(20);
  }
}

/** Starts a host in a session of its own. Resolves when it can be given orders. */
async function spawnHost(address: ServiceAddress, script: string): Promise<HostGreeting> {
  const places = servicePlaces(address.root, address.environment, address.name);
  mkdirSync(places.logs, { recursive: true });
  if (!existsSync(script))
    return { ready: false, why: `${script} does not exist; Modelyard is not installed as a whole` };
  const log = openSync(places.hostLog, 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      [...MEMORY_FLAGS, script, address.root, address.environment, address.name],
      {
        cwd: address.root,
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
        env: {
          // Without the marks of a run: the service is to outlive it.
          ...inheritedEnvironment(process.env, new Set()),
          ...(process.versions['electron'] === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' }),
        },
        windowsHide: true,
      },
    );
    const greeting = await new Promise<HostGreeting>((resolve) => {
      child.once('message', (message) => resolve(message as HostGreeting));
      child.once('error', (error) => resolve({ ready: false, why: error.message }));
      child.once('exit', (code) =>
        resolve({
          ready: false,
          why: `the service host ended with ${code ?? 'a signal'}; see ${places.hostLog}`,
        }),
      );
    });
    if (child.connected) child.disconnect();
    child.removeAllListeners();
    child.unref();
    return greeting;
  } finally {
    closeSync(log);
  }
}

/**
 * Starts a service or replaces its release, and waits until it serves or has been refused. A host is started when none
 * lives: it survives this process, the terminal and the editor.
 */
export async function startService(
  address: ServiceAddress,
  order: ServiceOrder,
  options: OrderOptions & { readonly script?: string } = {},
): Promise<ControlResult> {
  const foreign = foreignMemory(layoutOf(address.root));
  if (foreign !== undefined) return refused(foreign.message);
  let control = await findHost(address);
  if (control === undefined) {
    const greeting = await spawnHost(address, options.script ?? hostScript());
    control = await findHost(address);
    if (control === undefined) {
      return refused(greeting.ready ? `the host of ${address.name} ended at once` : greeting.why);
    }
  }
  return send(control, 'start', order, options);
}

export type ServiceVerb = 'stop' | 'restart' | 'rollback' | 'promote' | 'abort' | 'traffic' | 'monitor';

/** Gives an order to the host that runs. */
export async function orderService(
  address: ServiceAddress,
  verb: ServiceVerb,
  body: {
    readonly cause: ServiceCause;
    readonly percent?: number;
    readonly settings?: MonitorSettings;
    readonly secretValues?: Readonly<Record<string, string>>;
    readonly wait?: boolean;
    /** Of a start that is to be called off. */
    readonly id?: string;
  },
  options: OrderOptions = {},
): Promise<ControlResult> {
  const foreign = foreignMemory(layoutOf(address.root));
  if (foreign !== undefined) return refused(foreign.message);
  const control = await findHost(address);
  if (control === undefined) {
    return refused(
      `${address.name} does not run in ${address.environment}; start it with \`modelyard service start ${address.name}\``,
    );
  }
  return send(control, verb, body, options);
}

/** Asks the host for something. `undefined`: none lives, or it does not answer. */
export async function askService(address: ServiceAddress, verb: string, body: object = {}): Promise<unknown> {
  const control = await findHost(address);
  if (control === undefined) return undefined;
  const result = await send(control, verb, body, {});
  return result.ok ? result.value : undefined;
}

function send(
  control: ControlFile,
  verb: string,
  body: object,
  { onEvent, signal }: OrderOptions,
): Promise<ControlResult> {
  return new Promise((resolve) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port: control.port,
        method: 'POST',
        path: `/${verb}`,
        agent: false,
        headers: { authorization: `Bearer ${control.token}`, 'content-type': 'application/json' },
        ...defined({ signal }),
      },
      (response) => {
        if (response.statusCode !== 200) {
          response.resume();
          resolve(refused(`the service host answered ${response.statusCode ?? 0}`));
          return;
        }
        let result: ControlResult | undefined;
        const lines = createInterface({ input: response, crlfDelay: Infinity });
        lines.on('line', (line) => {
          const read = parseLine(line);
          if (read?.type === 'event') onEvent?.(read.event);
          else if (read?.type === 'result') {
            result = {
              ok: read.ok,
              message: read.message,
              ...defined({ value: read.value }),
            };
          }
        });
        const end = (): void => resolve(result ?? refused('the service host ended before it had answered'));
        lines.once('close', end);
        response.once('error', end);
      },
    );
    request.once('error', (error) =>
      resolve(
        refused(
          signal?.aborted === true
            ? 'nobody waited for the end'
            : `the service host can't be reached: ${error.message}`,
        ),
      ),
    );
    request.end(JSON.stringify(body));
  });
}

function parseLine(line: string): ControlLine | undefined {
  try {
    return JSON.parse(line) as ControlLine;
  } catch {
    return undefined;
  }
}
