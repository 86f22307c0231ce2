/** `modelyard lint [PATHS]` */
import { statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import packageJson from '../../../../package.json' with { type: 'json' };
import { defined } from '../../../base/defined.js';
import { findGitFolder } from '../../../base/git-index.js';
import type { RuleSeverity } from '../../../definition/definition.js';
import { featureUsesOf, labelsOf } from '../../../definition/mentions/features.js';
import type { FeatureFacts } from '../../../definition/known/feature-facts.js';
import { wordFor } from '../../../definition/detect/ours.js';
import { findProjectRoot } from '../../../project/find-root.js';
import { Project } from '../../../project/project.js';
import { toCodeQuality } from '../../../rules/code-quality.js';
import { ALL_RULES } from '../../../rules/index.js';
import { type SarifPlace, toSarif } from '../../../rules/sarif.js';
import { gitHead, gitOrigin } from '../../../runner/record/git.js';
import { madeBefore } from '../../../runner/plan/made-before.js';
import { tasksBefore } from '../../../runner/execute/tasks-before.js';
import { clusterBefore } from '../../../stores/cluster-memory.js';
import { KnownPackageStore } from '../../../stores/packages/known.js';
import { KnownRegistry } from '../../../stores/registry/known.js';
import { answer } from '../../answers.js';
import { type Arguments, JSON_FLAG, UsageError, closest } from '../../args.js';
import { type Command, CommandError, startFolder } from '../../command.js';
import type { Diagnostic } from '../../load/loaded.js';
import { diagnosticsOf } from '../../load/compile.js';
import { projectRoot } from '../../load/locate.js';
import { EXIT, stdout } from '../../output.js';
import { diagnosticLine } from '../../place.js';
import { styleFor, wantsColours } from '../../terminal/style.js';
import { plural } from '../../../base/format.js';

const LEVELS = ['error', 'warning', 'info', 'hint'] as const;
const DOCS_URL = 'https://github.com/modelyard/modelyard/blob/main/docs/rules';

export const lint: Command = {
  name: 'lint',
  summary: 'Check definitions: pipelines, features and the project file.',
  usage: 'lint [PATHS] [flags]',
  examples: ['lint', 'lint train.pipeline.yaml --severity warning', 'lint --sarif'],
  details: `
Without paths the whole project is checked. Feature views are checked against their data, too. Each
finding is a line
  path:line:column: severity: message [rule]
Exit code 1 when there is an error.`,
  flags: {
    severity: {
      type: 'string',
      multiple: true,
      value: 'LEVEL',
      help: `Show findings from this level on (${LEVELS.join(', ')}; default info), or RULE=LEVEL to set a rule's.`,
    },
    ...JSON_FLAG,
    sarif: { type: 'boolean', help: 'As SARIF 2.1.0, for code hosts.' },
    'code-quality': { type: 'boolean', help: 'As a Code Quality report, for merge requests of GitLab.' },
  },
  most: Number.POSITIVE_INFINITY,
  async run(args) {
    const { from, chosen } = severities(args);
    const root = args.positionals.length === 0 ? projectRoot(args) : rootOf(args);
    const { project, paths } = await open(args, root);
    const findings = paths.flatMap((one) => project.findings(one, chosen));
    const diagnostics = paths.flatMap((one) => diagnosticsOf(project, one, chosen));
    const failed = diagnostics.some((one) => one.severity === 'error');
    const shown = new Set<string>(LEVELS.slice(0, LEVELS.indexOf(from) + 1));
    const visible = diagnostics.filter((one) => shown.has(one.severity));
    const shownFindings = findings.filter((one) => shown.has(one.severity));
    const options = {
      version: packageJson.version,
      docsUrl: DOCS_URL,
      lineStarts: (one: string) => project.definition(one)?.tree.lineStarts ?? [0],
      place: placeOf(root),
    };
    if (args.flag('sarif')) stdout.line(JSON.stringify(toSarif(shownFindings, options), null, 2));
    else if (args.flag('code-quality')) {
      stdout.line(JSON.stringify(toCodeQuality(shownFindings, options), null, 2));
    } else if (args.flag('json')) answer('lint', { files: paths.length, findings: visible });
    else print(visible, paths.length);
    return failed ? EXIT.failed : EXIT.ok;
  },
};

/** Where a project lies, for those who read its findings elsewhere. */
function placeOf(root: string): SarifPlace {
  const folderUri = (folder: string): string => pathToFileURL(`${folder}${path.sep}`).href;
  const place = { project: folderUri(root) };
  const top = findGitFolder(root)?.top;
  if (top === undefined) return place;
  const inside = path.relative(top, root).split(path.sep).join('/');
  const prefix = inside === '' ? '' : `${inside}/`;
  const uri = gitOrigin(root);
  const origin = uri === undefined ? undefined : { uri, ...gitHead(root) };
  return { ...place, repository: { root: folderUri(top), prefix, ...defined({ origin }) } };
}

function print(diagnostics: readonly Diagnostic[], files: number): void {
  if (files === 0) {
    stdout.line('There are no definitions here.');
    return;
  }
  const style = styleFor(wantsColours(process.stdout.isTTY));
  const paint = { error: style.red, warning: style.yellow, info: style.blue, hint: style.dim };
  const lines = diagnostics.map((one) => {
    const line = diagnosticLine(one);
    return style.colours ? line.replace(`${one.severity}:`, paint[one.severity](`${one.severity}:`)) : line;
  });
  const number = (severity: Diagnostic['severity']): number =>
    diagnostics.filter((one) => one.severity === severity).length;
  lines.push(
    `${plural(files, 'file')}: ${plural(number('error'), 'error')}, ${plural(number('warning'), 'warning')}`,
  );
  stdout.line(lines.join('\n'));
}

function severities(args: Arguments): {
  from: (typeof LEVELS)[number];
  chosen: ReadonlyMap<string, RuleSeverity> | undefined;
} {
  let from: (typeof LEVELS)[number] = 'info';
  const chosen = new Map<string, RuleSeverity>();
  for (const text of args.texts('severity')) {
    const [rule, word] = text.includes('=') ? text.split('=') : [undefined, text];
    const level = [...LEVELS, 'off' as const].find((one) => one === word);
    if (level === undefined || (rule === undefined && level === 'off')) {
      throw new UsageError(`--severity takes ${LEVELS.join(', ')} or RULE=LEVEL, not "${text}"`);
    }
    if (rule === undefined) from = level === 'off' ? from : level;
    else {
      const known: readonly string[] = ALL_RULES.map((one) => one.id);
      if (!known.includes(rule)) {
        const like = closest(rule, known);
        throw new UsageError(
          `there is no rule "${rule}"${like === undefined ? '' : `; did you mean "${like}"?`}`,
        );
      }
      chosen.set(rule, level);
    }
  }
  return { from, chosen: chosen.size === 0 ? undefined : chosen };
}

function rootOf(args: Arguments): string {
  if (args.text('project') !== undefined) return projectRoot(args);
  const roots = new Set(args.positionals.map((one) => findProjectRoot(path.resolve(one))));
  const [root, ...others] = roots;
  if (others.length > 0) throw new UsageError('the paths lie in several projects; check one at a time');
  return root ?? projectRoot(args);
}

/** The project, and those of its files that were asked for; what can be known of their feature views is. */
async function open(args: Arguments, root: string): Promise<{ project: Project; paths: readonly string[] }> {
  let known: FeatureFacts | undefined;
  const facts: FeatureFacts = {
    viewFacts: (file, view) => known?.viewFacts(file, view),
    labelFacts: (file, labels) => known?.labelFacts(file, labels),
    viewState: (view) => known?.viewState(view),
  };
  const memory = {
    models: new KnownRegistry(root),
    packages: new KnownPackageStore(root),
    made: madeBefore(root),
    cluster: clusterBefore(root),
    ...tasksBefore(root),
    facts,
  };
  const project = Project.open(root, undefined, { memory });
  const paths = chosenPaths(args, root, project);
  const files = project.view().features();
  const about = files.filter((definition) => paths.includes(definition.path));
  const labels = project
    .view()
    .definitions()
    .filter((definition) => definition.kind === 'pipeline')
    .filter((definition) => paths.includes(definition.path))
    .flatMap((definition) => featureUsesOf(definition).flatMap((use) => labelsOf(use) ?? []));
  if (about.length > 0 || labels.length > 0) {
    const { surveyFeatures } = await import('../../../features/views/survey.js');
    known = await surveyFeatures(root, files, about, labels);
  }
  return { project, paths };
}

function chosenPaths(args: Arguments, root: string, project: Project): readonly string[] {
  if (args.positionals.length === 0) return project.paths();
  const paths = new Set<string>();
  for (const word of args.positionals) {
    const absolute = path.resolve(startFolder(args), word);
    const stat = statSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined) throw new CommandError(`there is no file or folder ${word}`, EXIT.usage);
    const relative = project.relative(absolute) ?? (absolute === root ? '' : undefined);
    if (relative === undefined) throw new CommandError(`${word} lies outside of ${root}`, EXIT.usage);
    if (stat.isDirectory()) {
      for (const one of project.paths())
        if (relative === '' || one.startsWith(`${relative}/`)) paths.add(one);
      continue;
    }
    // A file that is named is checked even where the project would not look for it.
    if (!project.paths().includes(relative)) project.update(relative);
    if (!project.paths().includes(relative)) {
      const refused = project.whyRefused(relative);
      throw new CommandError(
        refused === undefined
          ? `${word} is not a definition: neither its name nor its content says so; name it NAME.pipeline.yaml or NAME.features.yaml`
          : `${word} is not taken as a Modelyard ${wordFor(refused.as)} because of ${refused.because}`,
        EXIT.usage,
      );
    }
    paths.add(relative);
  }
  return [...paths].sort();
}
