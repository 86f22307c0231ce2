/** The action `deploy`: a release out of a package and a model version, once whoever has to has approved it. */
import { defined } from '../../../base/defined.js';
import { TARGETS } from '../../../serving/releases/deploy.js';
import { listReleases, madeOf, referenceOf } from '../../../serving/releases/releases.js';
import { releaseFolder } from '../../../serving/places.js';
import type { Question } from '../../../stores/approvals/approvals.js';
import { Registry } from '../../../stores/registry/registry.js';
import type { Deployment } from './resolve.js';
import { outcomeOf, comparisonOf } from '../approval/act.js';
import type { Exit } from '../../../base/runs/task-outcome.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export async function deployAction(context: ActionContext, deploy: Deployment): Promise<ActionOutcome> {
  const { session, root, run, signal } = context;
  const target = TARGETS[deploy.target.type];
  if (target === undefined) {
    const known = Object.keys(TARGETS).join(', ');
    return {
      ok: false,
      error: `targets of type "${deploy.target.type}" are not known here; there are: ${known}`,
    };
  }
  const { approval } = deploy.environment;
  let approved = '';
  if (approval !== undefined) {
    const outcome = outcomeOf(await context.ask(questionOf(root, deploy, approval, session)));
    if (!outcome.ok) return outcome;
    approved = `, ${outcome.note ?? ''}`;
  }
  let model;
  if (deploy.model !== undefined) {
    const { name, version, alias } = deploy.model;
    const found = session.models?.registry.version(name, version);
    if (found?.ok !== true) return { ok: false, error: found?.error.message ?? 'the registry is not there' };
    model = { version: found.version, ...defined({ alias }) };
  }
  try {
    const deployed = await target.deploy({
      root,
      packages: session.packages,
      registry: session.models?.registry ?? Registry.open(root),
      package: deploy.package,
      ...defined({ model }),
      environment: deploy.environment.name,
      target: deploy.target.name,
      env: { environment: deploy.environment.env, own: deploy.env },
      secrets: deploy.secrets,
      keep: deploy.keep,
      force: context.force,
      wait: context.wait,
      run,
      topRun: context.topRun,
      signal,
      setup: async (command, cwd, env) =>
        setupOutcome(await context.command(command, { cwd, env, timeoutMs: deploy.setupTimeoutMs })),
      say: (line) => context.say(line),
    });
    if (!deployed.ok) return { ok: false, error: deployed.error.message };
    const { release, created, removed } = deployed;
    const what = madeOf(release, ' with ');
    const gone =
      removed.length === 0
        ? ''
        : `, ${removed.length} older ${removed.length === 1 ? 'one' : 'ones'} removed`;
    return {
      ok: true,
      values: {
        release: release.id,
        environment: release.environment,
        path: releaseFolder(root, release.environment, release.id),
        package: referenceOf(release.package),
        model: release.model === undefined ? '' : referenceOf(release.model),
      },
      note: created
        ? `${what} is release ${release.id} in ${release.environment}${approved}${gone}`
        : `${what} is already release ${release.id} in ${release.environment}${approved}`,
    };
  } catch (error) {
    if (signal.aborted) return { ok: false };
    throw error;
  }
}

function setupOutcome({ exitCode, signal, error }: Exit): { ok: boolean; error?: string } {
  if (error !== undefined) return { ok: false, error };
  if (exitCode === 0) return { ok: true };
  return {
    ok: false,
    error: signal === undefined ? `it ended with ${exitCode ?? 'no code'}` : `it was ended by ${signal}`,
  };
}

/** What an environment demands of whoever deploys to it. */
function questionOf(
  root: string,
  deploy: Deployment,
  approval: NonNullable<Deployment['environment']['approval']>,
  session: ActionContext['session'],
): Question {
  const { environment, model } = deploy;
  const [now] = listReleases(root, environment.name);
  const app = referenceOf(deploy.package);
  const what = model === undefined ? `**${app}**` : `**${app}** with the model **${referenceOf(model)}**`;
  const there =
    now === undefined
      ? 'Nothing is there yet.'
      : `Now there: ${madeOf(now, ' with ')}, since ${now.createdAt.slice(0, 16).replace('T', ' ')} UTC.`;
  const before =
    now?.model === undefined || model?.name !== now.model.name
      ? undefined
      : session.facts.version(`${now.model.name}@${now.model.version}`);
  const comparison =
    model === undefined
      ? {}
      : {
          comparison: comparisonOf({
            candidate: model,
            ...(before?.ok === true ? { current: before.version } : {}),
          }),
        };
  const { who, count, timeoutMs } = approval;
  return {
    prompt: `Deploy ${what} to **${environment.name}**?\n\n${there}`,
    environment: environment.name,
    artifacts: [],
    metrics: [],
    ...comparison,
    who,
    count,
    ...defined({ timeoutMs }),
    onTimeout: 'reject',
  };
}
