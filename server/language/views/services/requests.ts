/** The requests of protocol/services.ts. Lists come from files; orders go to the service's host. */
import path from 'node:path';
import type { CancellationToken } from 'vscode-languageserver/node';
import { defined } from '../../../base/defined.js';
import type { KnownModels } from '../../../definition/known/models.js';
import type { Project } from '../../../project/project.js';
import type {
  Answer,
  EnvironmentItem,
  ServiceOrderParams,
  ServiceOrderView,
  ServiceRequests,
  ServicesResult,
} from '../../../protocol/index.js';
import { allReleases } from '../../../serving/releases/releases.js';
import { listServices, readService, type ServiceView } from '../../../serving/services/read.js';
import { describeError } from '../../../stores/disk/problem.js';
import { placeOfRule } from '../../editor/alerts.js';
import { uriOfPath } from '../../documents.js';
import { InvalidParams, throwIfCancelled } from '../../guard.js';
import { limitOf } from '../models/view.js';
import { finite, optionalText, text } from '../../params.js';
import { carryOut } from './order.js';
import { sampleProblem, sendSample, suggestedSamples } from './sample.js';
import { environmentItems, historyEntries } from './view.js';
import { breathe } from '../../../base/runs/steps.js';

export interface ServicesHost {
  readonly projects: () => readonly Project[];
  readonly projectByUri: (uri: string) => Project | undefined;
  readonly modelsOf: (root: string) => KnownModels;
  readonly trusted: () => boolean;
  /** Something was changed here. */
  readonly changed: (root: string) => void;
}

type Handler<M extends keyof ServiceRequests> = (
  params: ServiceRequests[M]['params'],
  token: CancellationToken,
) => ServiceRequests[M]['result'] | Promise<ServiceRequests[M]['result']>;

type Register = <M extends keyof ServiceRequests>(method: M, handle: Handler<M>) => void;

interface Refusal {
  readonly ok: false;
  readonly message: string;
}

const UNTRUSTED: Refusal = {
  ok: false,
  message: 'Services are not touched in Restricted Mode. Trust the workspace if you trust its authors.',
};

const VERBS: ReadonlySet<string> = new Set<ServiceOrderView['verb']>([
  'start',
  'stop',
  'restart',
  'rollback',
  'promote',
  'abort',
  'traffic',
]);

function percentIn(params: unknown, key: string): number {
  const value = finite(params, key);
  if (value < 0 || value > 100) throw new InvalidParams(`${key} must be a percentage`);
  return value;
}

/** An order with all that it needs and nothing of another shape. */
function orderIn(params: ServiceOrderParams): ServiceOrderView {
  const { order } = params;
  const verb = text(order, 'verb');
  if (!VERBS.has(verb)) throw new InvalidParams(`${verb} is no order`);
  if (order.verb === 'traffic') return { verb: 'traffic', percent: percentIn(order, 'percent') };
  if (order.verb !== 'start') return { verb: order.verb };
  const release = optionalText(order, 'release');
  return {
    verb: 'start',
    ...defined({ release }),
    ...(order.traffic === undefined ? {} : { traffic: percentIn(order, 'traffic') }),
  };
}

function expectedIn({ expected }: ServiceOrderParams): ServiceOrderParams['expected'] {
  if (expected === undefined) return undefined;
  const given: unknown = expected;
  const releaseIn = (key: 'current' | 'candidate'): string | null =>
    given !== null && expected[key] === null ? null : text(given, key);
  return { current: releaseIn('current'), candidate: releaseIn('candidate') };
}

export class ServiceViews {
  readonly #host: ServicesHost;

  constructor(host: ServicesHost) {
    this.#host = host;
  }

  register(on: Register): void {
    on('modelyard/services', (params, token) => this.#services(optionalText(params, 'projectUri'), token));
    on('modelyard/serviceOrder', (params) => this.#order(params));
    on('modelyard/serviceHistory', (params) => {
      const limit = limitOf(finite(params, 'limit'));
      return this.#with(params, (root, service) => {
        const entries = historyEntries(root, service, limit);
        return { ok: true as const, entries: entries.slice(0, limit), more: entries.length > limit };
      });
    });
    on('modelyard/serviceSamples', (params) =>
      this.#with(params, (root, service) => ({
        ok: true as const,
        samples: suggestedSamples(root, service),
      })),
    );
    on('modelyard/serviceSample', (params, token) => this.#sample(params, token));
  }

  async #services(only: string | undefined, token: CancellationToken): Promise<ServicesResult> {
    const environments: EnvironmentItem[] = [];
    const problems: ServicesResult['problems'][number][] = [];
    for (const project of this.#host.projects()) {
      const { root } = project;
      const projectUri = uriOfPath(root);
      if (only !== undefined && only !== projectUri) continue;
      await breathe();
      throwIfCancelled(token);
      const list = listServices(root);
      const models = this.#host.modelsOf(root);
      environments.push(
        ...environmentItems(
          { root, models, placeOf: (rule) => placeOfRule(project, rule) },
          list.services,
          allReleases(root),
        ),
      );
      problems.push(
        ...list.problems.map(({ path: file, message }) => ({
          projectUri,
          path: path.relative(root, file).split(path.sep).join('/'),
          message,
        })),
      );
    }
    return { environments, problems };
  }

  /** With a service that there is. */
  #with<A extends Answer>(
    params: { readonly projectUri: string; readonly environment: string; readonly name: string },
    act: (root: string, service: ServiceView) => A,
  ): A | Refusal {
    const project = this.#project(params);
    if (!('root' in project)) return project;
    const [environment, name] = [text(params, 'environment'), text(params, 'name')];
    const { service, problem } = readService(project.root, environment, name);
    if (problem !== undefined) return { ok: false, message: problem.message };
    return service === undefined
      ? { ok: false, message: `There is no service ${name} in ${environment}.` }
      : act(project.root, service);
  }

  #project(params: { readonly projectUri: string }): { readonly root: string } | Refusal {
    const project = this.#host.projectByUri(text(params, 'projectUri'));
    return project === undefined
      ? { ok: false, message: `There is no open project at ${params.projectUri}.` }
      : { root: project.root };
  }

  async #order(params: ServiceOrderParams): Promise<ServiceRequests['modelyard/serviceOrder']['result']> {
    for (const key of ['environment', 'name']) text(params, key);
    optionalText(params, 'reason');
    const order = orderIn(params);
    const expected = expectedIn(params);
    if (!this.#host.trusted()) return UNTRUSTED;
    const project = this.#project(params);
    if (!('root' in project)) return project;
    try {
      return await carryOut(project.root, { ...params, order, ...defined({ expected }) });
    } finally {
      this.#host.changed(project.root);
    }
  }

  async #sample(
    params: ServiceRequests['modelyard/serviceSample']['params'],
    token: CancellationToken,
  ): Promise<ServiceRequests['modelyard/serviceSample']['result']> {
    const body = optionalText(params.request, 'body');
    const request = {
      method: text(params.request, 'method'),
      path: text(params.request, 'path'),
      ...defined({ body }),
    };
    if (!this.#host.trusted()) return UNTRUSTED;
    const problem = sampleProblem(request);
    if (problem !== undefined) return { ok: false, message: problem };
    const found = this.#with(params, (_root, service) => ({ ok: true as const, service }));
    if (!found.ok) return found;
    const { service } = found;
    if (!service.hosted) return { ok: false, message: `${service.name} does not run` };
    const stop = new AbortController();
    const cancelled = token.onCancellationRequested(() => stop.abort());
    try {
      return { ok: true, answer: await sendSample(service, request, stop.signal) };
    } catch (error) {
      throwIfCancelled(token);
      return { ok: false, message: describeError(error) };
    } finally {
      cancelled.dispose();
    }
  }
}
