/**
 * Alerts that fire, as diagnostics on the lines of the rules that raised them. They are no findings: what is written
 * there is right, and `modelyard lint` says nothing of what runs somewhere now.
 */
import path from 'node:path';
import { DiagnosticSeverity } from 'vscode-languageserver/node';
import type { Diagnostic } from 'vscode-languageserver/node';
import type { PipelineDefinition, Project } from '../../project/project.js';
import type { MonitorAction, MonitorRule } from '../../definition/serving-actions.js';
import { graphOf } from '../../rules/context.js';
import { literalPrefix } from '../../rules/shared/paths.js';
import { environmentOf, literal } from '../../rules/shared/releases.js';
import { listServices } from '../../serving/services/read.js';
import { rangeOf } from './convert.js';
import { uriOfPath } from '../documents.js';
import { alertItems } from '../views/services/view.js';

/** One that fires, and where. */
export interface FiringAlert {
  readonly environment: string;
  readonly service: string;
  readonly rule: string;
  readonly severity: 'warning' | 'error';
  readonly since: string;
  readonly text: string;
}

/** The code of their diagnostics. */
export const ALERT_CODE = 'alert';

const NONE: readonly FiringAlert[] = [];

function firingIn(root: string): FiringAlert[] {
  return listServices(root).services.flatMap((service) =>
    alertItems(root, service).flatMap(({ firing, rule, severity, since, text }) =>
      firing
        ? [{ environment: service.environment, service: service.name, rule, severity, since, text }]
        : [],
    ),
  );
}

/** What fires in projects, as it was when it was looked at last. */
export class Alerts {
  readonly #byRoot = new Map<string, readonly FiringAlert[]>();

  /** Looks again. Answers whether something else fires now. */
  look(root: string): boolean {
    const before = this.#byRoot.get(root) ?? NONE;
    const now = firingIn(root);
    this.#byRoot.set(root, now);
    return JSON.stringify(before) !== JSON.stringify(now);
  }

  /** Forgets projects that are no more. */
  keep(roots: readonly string[]): void {
    for (const root of [...this.#byRoot.keys()]) if (!roots.includes(root)) this.#byRoot.delete(root);
  }

  /** Those of the rules that a file of the project sets. */
  diagnostics(project: Project, file: string): readonly Diagnostic[] {
    const alerts = this.#byRoot.get(project.root) ?? NONE;
    const definition = alerts.length === 0 ? undefined : project.definition(file);
    if (definition?.kind !== 'pipeline') return [];
    return definition.pipeline.tasks.flatMap(({ name, action }) =>
      action?.kind === 'monitor' ? ofMonitor(definition, name, action, alerts) : [],
    );
  }
}

function ofMonitor(
  definition: PipelineDefinition,
  task: string,
  action: MonitorAction,
  alerts: readonly FiringAlert[],
): Diagnostic[] {
  // A gate looks at its rules itself, and leaves those of the service as they are.
  if (action.forMs !== undefined) return [];
  const service = literal(action.service);
  const watched = environmentsOf(definition, task, action);
  const mine = alerts.filter(
    (alert) =>
      (service === undefined || alert.service === service) &&
      (watched === undefined || watched.has(alert.environment)),
  );
  return action.rules.flatMap((rule) =>
    mine.flatMap((alert): Diagnostic[] => {
      if (!sets(rule, alert.rule)) return [];
      const { environment, service: name, severity, since, text } = alert;
      return [
        {
          range: rangeOf(definition.tree.lineStarts, rule.rule.span),
          severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
          source: 'modelyard',
          code: ALERT_CODE,
          message: `${name} in ${environment} breaks this rule since ${since.slice(0, 16).replace('T', ' ')} UTC: ${text}.`,
        },
      ];
    }),
  );
}

/** Where a rule that is set on a service is written; `undefined`: in no open file that can be told. */
export function placeOfRule(
  project: Project,
  { environment, service, rule }: Pick<FiringAlert, 'environment' | 'service' | 'rule'>,
): { readonly uri: string; readonly line: number; readonly character: number } | undefined {
  for (const definition of project.definitions()) {
    if (definition.kind !== 'pipeline') continue;
    for (const { name, action } of definition.pipeline.tasks) {
      if (action?.kind !== 'monitor' || action.forMs !== undefined) continue;
      const [watched, environments] = [literal(action.service), environmentsOf(definition, name, action)];
      if ((watched ?? service) !== service || environments?.has(environment) === false) continue;
      const found = action.rules.find((one) => sets(one, rule));
      if (found === undefined) continue;
      const { start } = rangeOf(definition.tree.lineStarts, found.rule.span);
      return { uri: uriOfPath(path.join(project.root, definition.path)), ...start };
    }
  }
  return undefined;
}

/** Whether a rule as it is written is the one that fires; of one with expressions only its beginning is known. */
function sets({ rule }: MonitorRule, firing: string): boolean {
  if (rule.template === undefined) return rule.text.trim() === firing;
  const prefix = literalPrefix(rule).trim();
  return prefix !== '' && firing.startsWith(prefix);
}

/** The environments that a monitor may mean; `undefined`: any. As the runner has it: its own, else that of the service it follows. */
function environmentsOf(
  definition: PipelineDefinition,
  task: string,
  action: MonitorAction,
): ReadonlySet<string> | undefined {
  if (action.environment !== undefined) {
    const name = literal(action.environment);
    return name === undefined ? undefined : new Set([name]);
  }
  const { edges, byId } = graphOf(definition.pipeline);
  let ids = new Set([task]);
  const seen = new Set<string>();
  while (ids.size > 0) {
    for (const id of ids) seen.add(id);
    const before = new Set(edges.flatMap(({ from, to }) => (ids.has(to) && !seen.has(from) ? [from] : [])));
    const names = [...before].flatMap((id) => {
      const followed = byId.get(id)?.task.action;
      return followed?.kind === 'service' ? [environmentOf(definition, followed)] : [];
    });
    if (names.length > 0)
      return names.includes(undefined) ? undefined : new Set(names.filter((name) => name !== undefined));
    ids = before;
  }
  return undefined;
}
