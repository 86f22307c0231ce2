/**
 * Whether tasks would run, and why, without making a view wait: plans are made one after the other in the background,
 * kept until something changed that they rest on, and a view gets what is known together with a promise of more.
 */
import type { Definition } from '../../../definition/read/analyze.js';
import type { Instance } from '../../../definition/graph/graph.js';
import type { PlanResult, Staleness } from '../../../protocol/index.js';
import type { PipelineDefinition, Project } from '../../../project/project.js';
import { NEVER_RUN, runsEachTime, type StageSpec } from '../../../definition/stage.js';
import { runnableOf } from '../../../rules/dvc/runnable.js';
import { alwaysRuns } from '../../../runner/plan/always.js';
import type { Planner } from './planner.js';

export type PlannedTask = PlanResult['tasks'][number];

export interface TaskStaleness {
  readonly staleness: Staleness;
  readonly reasons: readonly string[];
}

interface Kept {
  readonly definition: Definition;
  readonly generation: number;
  readonly plan: PlanResult;
}

const UNKNOWN: TaskStaleness = { staleness: 'unknown', reasons: [] };

/** What a planned task is to a view. */
export function stalenessOf(
  planned: PlannedTask | undefined,
  instance: Instance,
  hasRun: boolean,
): TaskStaleness {
  if (planned === undefined) return UNKNOWN;
  const { decision, reasons } = planned;
  switch (decision) {
    case 'up-to-date':
      return { staleness: 'fresh', reasons };
    case 'run':
      if (alwaysRuns(instance) !== undefined) return { staleness: 'always-runs', reasons };
      // DVC may have run a stage when we did not.
      if (instance.task.stage !== undefined)
        return { staleness: stageStaleness(instance.task.stage, reasons), reasons };
      return { staleness: hasRun ? 'stale' : 'never-run', reasons };
    case 'restore':
      return { staleness: 'stale', reasons };
    case 'skip':
    case 'unknown':
      return { staleness: 'unknown', reasons };
  }
}

function stageStaleness(stage: StageSpec, reasons: readonly string[]): Staleness {
  if (reasons.includes(NEVER_RUN)) return 'never-run';
  return runsEachTime(stage) ? 'always-runs' : 'stale';
}

export class StalenessBoard {
  readonly #plan: Planner;
  readonly #ready: () => void;
  readonly #kept = new Map<string, Kept>();
  readonly #queue = new Map<string, { readonly project: Project; readonly definition: PipelineDefinition }>();
  #generation = 0;
  #working: Promise<void> | undefined;
  #closed = false;

  /** @param ready called when plans were made that a view asked for and did not get. */
  constructor(plan: Planner, ready: () => void) {
    this.#plan = plan;
    this.#ready = ready;
  }

  /** The disk or the runs changed: every plan may be another one. */
  invalidate(): void {
    this.#generation++;
  }

  /** The plan as it is known now; a missing one is made in the background. An outdated one is better than none. */
  of(project: Project, definition: PipelineDefinition): PlanResult | undefined {
    const key = `${project.root}\n${definition.path}`;
    const kept = this.#kept.get(key);
    if (kept?.definition !== definition || kept.generation !== this.#generation) {
      this.#queue.set(key, { project, definition });
      this.#working ??= this.#work();
    }
    return kept?.definition === definition ? kept.plan : undefined;
  }

  /** Waits for the plans that are being made, but not longer than this. */
  async settle(ms: number): Promise<void> {
    if (this.#working === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.#working, patience]);
    clearTimeout(timer);
  }

  close(): void {
    this.#queue.clear();
    this.#closed = true;
  }

  async #work(): Promise<void> {
    // Whoever asked gets the answer first.
    await new Promise<void>((resolve) => setImmediate(resolve));
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        const [key, { project, definition }] = next;
        const generation = this.#generation;
        const plan = await this.#made(project, definition);
        const now = project.definition(definition.path);
        if (now !== undefined && runnableOf(now, project.view()) === definition) {
          this.#kept.set(key, { definition, generation, plan });
        }
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } finally {
      this.#working = undefined;
    }
    if (!this.#closed) this.#ready();
  }

  #next(): [string, { readonly project: Project; readonly definition: PipelineDefinition }] | undefined {
    const next = this.#queue.entries().next();
    if (next.done === true) return undefined;
    this.#queue.delete(next.value[0]);
    return next.value;
  }

  async #made(project: Project, definition: PipelineDefinition): Promise<PlanResult> {
    try {
      return await this.#plan(project, definition);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { pipeline: definition.pipeline.name, tasks: [], problem };
    }
  }
}
