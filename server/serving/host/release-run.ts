/** A release that runs: its replicas as one. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { Backend } from '../proxy/backend.js';
import { releasePlaces, servicePlaces } from '../places.js';
import type { ReleaseDocument, RunningRelease, ServiceConfig } from '../types.js';
import type { AppOutput } from './app/output.js';
import { Replica, type StartResult } from './replica.js';

/** Apps have so long after SIGTERM, or as long as requests have to end when that is less. */
const STOP_MS = 10_000;

export interface ReleaseRunOptions {
  readonly root: string;
  readonly service: string;
  readonly release: ReleaseDocument;
  readonly config: ServiceConfig;
  /** What the app's environment begins with. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly output: AppOutput;
  readonly onChange: () => void;
  readonly onCrash: (run: ReleaseRun, message: string, loop: boolean) => void;
}

export class ReleaseRun {
  readonly release: ReleaseDocument;
  /** The values that its processes are started with. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly replicas: readonly Replica[];
  /** Percent of the traffic. */
  traffic = 0;
  since: string | undefined;

  constructor(options: ReleaseRunOptions) {
    const { root, service, release, config } = options;
    this.release = release;
    this.secrets = options.secrets;
    const places = releasePlaces(root, release.environment, release.id);
    const { path: asked } = config.probe;
    const livePath = asked ?? release.health.live;
    const readyPath = asked ?? release.health.ready ?? release.health.live;
    this.replicas = Array.from(
      { length: config.replicas },
      () =>
        new Replica({
          release: release.id,
          command: release.entrypoint,
          cwd: places.app,
          env: {
            ...options.inherited,
            ...release.env,
            ...config.env,
            ...options.secrets,
            ...serviceVariables(root, service, release, places.folder),
          },
          livePath,
          readyPath,
          probe: config.probe,
          graceMs: config.graceMs,
          drainMs: config.drainMs,
          stopMs: Math.min(STOP_MS, Math.max(500, config.drainMs)),
          pipes: servicePlaces(root, release.environment, service).pipes,
          output: options.output,
          onChange: options.onChange,
          onCrash: (message, loop) => options.onCrash(this, message, loop),
        }),
    );
  }

  /** Starts every replica; fails as soon as one does, and then nothing of it is left. */
  async start(): Promise<StartResult> {
    const results = await Promise.all(
      this.replicas.map(async (replica) => {
        const result = await replica.start();
        // The others need not go on trying.
        if (!result.ok) void this.stop(false);
        return result;
      }),
    );
    const failed = results.find((result) => !result.ok);
    if (failed === undefined) return { ok: true };
    await this.stop(false);
    return failed;
  }

  /** Takes over what still runs of it, and starts the rest. Gives how many processes were taken over. */
  async resume(running: RunningRelease): Promise<number> {
    const adopted = await Promise.all(
      this.replicas.map(async (replica, index) => {
        const state = running.replicas[index];
        if (state !== undefined && (await replica.adopt(state)).ok) return 1;
        replica.revive();
        return 0;
      }),
    );
    return adopted.reduce<number>((sum, one) => sum + one, 0);
  }

  get backends(): readonly Backend[] {
    return this.replicas.flatMap((replica) => replica.backend ?? []);
  }

  /** The values that its processes have of a secret: one that was taken over may have been started with another one. */
  valuesOf(secret: string): readonly (string | undefined)[] {
    return this.replicas.map((replica) => replica.variable(secret) ?? this.secrets[secret]);
  }

  get looping(): boolean {
    return this.replicas.some((replica) => replica.looping);
  }

  get restarts(): number {
    return this.replicas.reduce((sum, replica) => sum + replica.restarts, 0);
  }

  get state(): RunningRelease {
    const {
      id,
      package: { name, version },
      model,
    } = this.release;
    return {
      id,
      package: { name, version },
      ...(model === undefined
        ? {}
        : {
            model: {
              name: model.name,
              version: model.version,
              ...defined({ alias: model.alias }),
            },
          }),
      ...defined({ since: this.since }),
      traffic: this.traffic,
      replicas: this.replicas.flatMap((replica) => replica.state ?? []),
      restarts: this.restarts,
    };
  }

  async stop(drain = true): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.stop(drain)));
  }
}

/** What an app can know about where it runs. */
function serviceVariables(
  root: string,
  service: string,
  release: ReleaseDocument,
  folder: string,
): Record<string, string> {
  const { model } = release;
  return {
    MODELYARD_PROJECT: root,
    MODELYARD_SERVICE: service,
    MODELYARD_ENVIRONMENT: release.environment,
    MODELYARD_RELEASE: release.id,
    ...(model === undefined
      ? {}
      : {
          MODELYARD_MODEL_PATH: path.join(folder, model.path),
          MODELYARD_MODEL: model.name,
          MODELYARD_MODEL_VERSION: model.version,
        }),
    ...defined({ MODELYARD_FEATURE_SERVICE: release.featureService }),
  };
}
