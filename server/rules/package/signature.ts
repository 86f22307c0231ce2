import type { DeployAction, PackageAction, Task } from '../../definition/definition.js';
import { keyOf } from '../../definition/keys.js';
import { usableModel, versionOf } from '../../definition/known/models.js';
import type { KnownModels } from '../../definition/known/models.js';
import { parseModelReference } from '../../definition/names/registry-names.js';
import { signatureDifferences } from '../../definition/known/signature-differences.js';
import type { ModelSignature } from '../../definition/known/signature-differences.js';
import { literal, packagesOf } from '../shared/releases.js';
import type { Report, Rule, RuleContext } from '../rule.js';

const SETTINGS = 'environments: { staging: {} }\n';
const PACK = (more: string) =>
  `tasks:\n  pack:\n    package:\n      name: rain-app\n      include: [app]\n      entrypoint: ./app/run.sh\n      model: rain\n${more}`;
const DEPLOY = (more: string) =>
  `tasks:\n  deploy:\n    deploy: { package: rain-app, ${more}environment: staging }\n`;
const RAIN = {
  rain: { versions: 2, signature: { inputs: { rain_7d: 'double' }, outputs: { rain: 'boolean' } } },
};

export const packageSignature: Rule = {
  id: 'package/signature',
  severity: 'warning',
  summary: 'An app and a model are put together that don’t go together.',
  docs: `
A package says which \`model\` it serves, and by its \`signature\` what it expects of it: the columns that go in and those that
come out. A \`deploy\` of the app with another model, or with a version of another signature, is refused.

It is looked at where it is written: at the \`signature\` of a package, when no version that an alias points to, and not the
newest one, would do; and at a \`deploy\`, for the version that it names. Whole numbers of all sizes count as one type, and so
do numbers, and times. It is a warning, because the next version of the model may do. Nothing is said where a name is an
expression, or while no version of the model is known.

**How to fix it:** Correct the signature, or make a version of the model that the app can serve.
`,
  needsWholeText: true,
  good: [
    { files: PACK('      signature: { inputs: { rain_7d: float } }\n'), disk: ['app/run.sh'], models: RAIN },
    {
      files: {
        'deploy.pipeline.yaml': DEPLOY('model: rain@1, '),
        'app.pipeline.yaml': PACK(''),
        'modelyard.yaml': SETTINGS,
      },
      disk: ['app/run.sh'],
      models: RAIN,
    },
  ],
  bad: [
    {
      files: PACK('      «signature»: { inputs: { rain_14d: double }, outputs: { rain: string } }\n'),
      disk: ['app/run.sh'],
      models: RAIN,
      messages: [
        'No version of rain is what this app expects. Of the newest, rain 2: the model has no input "rain_14d"; output "rain" is boolean, and the app expects string; the model needs "rain_7d", which the app does not give.',
      ],
    },
    {
      files: {
        'deploy.pipeline.yaml': DEPLOY('model: «snow@1», '),
        'app.pipeline.yaml': PACK(''),
        'modelyard.yaml': SETTINGS,
      },
      disk: ['app/run.sh'],
      models: { ...RAIN, snow: { versions: 1 } },
      messages: ['The app rain-app serves the model rain, not snow.'],
    },
    {
      files: {
        'deploy.pipeline.yaml': DEPLOY('').replace('rain-app', '«rain-app»'),
        'app.pipeline.yaml': PACK(''),
        'modelyard.yaml': SETTINGS,
      },
      disk: ['app/run.sh'],
      messages: [
        'The app rain-app serves the model rain: say which version, as in `model: rain@production`.',
      ],
    },
  ],
  check(context) {
    for (const task of context.pipeline?.tasks ?? []) {
      const { action } = task;
      const report =
        action?.kind === 'package'
          ? ofPackage(context, task, action)
          : action?.kind === 'deploy'
            ? ofDeploy(context, action)
            : undefined;
      if (report !== undefined) context.report(report);
    }
  },
};

function ofPackage(context: RuleContext, task: Task, action: PackageAction): Report | undefined {
  const { models } = context.project;
  const name = literal(action.model);
  const expected = action.signature;
  if (name === undefined || expected === undefined || models === undefined) return undefined;
  const model = usableModel(models, name);
  const newest = model === undefined ? undefined : versionOf(model, { kind: 'latest' });
  if (model === undefined || newest === undefined) return undefined;
  const versions = new Set([newest, ...Object.values(model.aliases)]);
  const found = [...versions].map((version) => misfit(models, name, version, expected));
  const [ofNewest] = found;
  if (ofNewest === undefined || found.includes(undefined)) return undefined;
  const entry = keyOf(task, 'package', 'signature');
  if (entry === undefined) return undefined;
  return {
    span: entry.key.span,
    message: `No version of ${name} is what this app expects. Of the newest, ${name} ${newest}: ${ofNewest}.`,
  };
}

/** Why a version can't be served, in words; `undefined` when it can, or when nothing is known of it. */
function misfit(
  models: KnownModels,
  name: string,
  version: string,
  expected: NonNullable<PackageAction['signature']>,
): string | undefined {
  const details = models.version(name, version);
  if (details === undefined) return undefined;
  const signature: ModelSignature | undefined = details.signature;
  if (signature === undefined) return 'it has no signature';
  const differences = signatureDifferences(expected, signature);
  return differences.length === 0 ? undefined : differences.join('; ');
}

function ofDeploy(context: RuleContext, deploy: DeployAction): Report | undefined {
  const [maker] = packagesOf(context, [deploy]) ?? [];
  const app = literal(deploy.package);
  const serves = literal(maker?.action.model);
  if (maker === undefined || app === undefined || serves === undefined) return undefined;
  if (deploy.model === undefined) {
    return {
      span: deploy.package.span,
      message: `The app ${app} serves the model ${serves}: say which version, as in \`model: ${serves}@production\`.`,
    };
  }
  const { span } = deploy.model;
  const parsed = parseModelReference(literal(deploy.model) ?? '');
  if (!parsed.ok) return undefined;
  const { name, selector } = parsed.reference;
  if (name !== serves) return { span, message: `The app ${app} serves the model ${serves}, not ${name}.` };
  const { models } = context.project;
  const model = usableModel(models, name);
  const expected = maker.action.signature;
  const made = context.pipeline?.tasks.some(({ action }) => action?.kind === 'register') === true;
  // What an alias means may be another version once this pipeline has registered one.
  if (expected === undefined || model === undefined || models === undefined || made) return undefined;
  const version = versionOf(model, selector);
  const why = version === undefined ? undefined : misfit(models, name, version, expected);
  if (version === undefined || why === undefined) return undefined;
  return { span, message: `The model ${name} ${version} is not what ${app} expects: ${why}.` };
}
