/** `modelyard features list|show|versions` */
import { defined } from '../../../base/defined.js';
import type { ExpectationOutcome, Manifest } from '../../../features/views/manifest.js';
import { display } from '../../../base/json.js';
import type { Json } from '../../../definition/definition.js';
import type { Features, FeatureView } from '../../../definition/features.js';
import { given } from '../../../definition/read/read.js';
import { plural } from '../../../base/format.js';
import { formatBytes, formatDuration } from '../../../definition/text/units.js';
import { type KnownView, type KnownViewVersion, answer } from '../../answers.js';
import { JSON_FLAG } from '../../args.js';
import { EXIT, stdout } from '../../output.js';
import type { Style } from '../../terminal/style.js';
import { pad, tame, width } from '../../terminal/text.js';
import {
  type FeaturesCall,
  type FeaturesSubcommand,
  featureFiles,
  loadedValue,
  viewNamed,
  viewsOf,
} from './shared.js';

/** What is told of a view without looking at its data. */
function about({ store }: FeaturesCall, file: string, view: FeatureView): KnownView {
  const current = loadedValue(store.current(view.name));
  const attempt = loadedValue(store.attempt(view.name));
  const failed = attempt?.ok === false && (current === undefined || attempt.at > current.createdAt);
  return {
    name: view.name,
    file,
    ...forPeople(view),
    entities: view.entities.map(({ value }) => value),
    features: view.features.map(({ name, type }) => ({ name, type: type?.value ?? null })),
    ...(current === undefined ? {} : { current: summary(current) }),
    ...(failed ? { failed: { at: attempt.at, message: attempt.message ?? '' } } : {}),
  };
}

/** What a definition says of itself, where it says something. */
function forPeople({ description, owner, tags }: Pick<FeatureView, 'description' | 'owner' | 'tags'>) {
  const named =
    typeof tags === 'object' && tags !== null ? (tags as Readonly<Record<string, Json>>) : undefined;
  return {
    ...given('description', description?.trim()),
    ...given('owner', owner?.value),
    ...given('tags', named),
  };
}

/** `weather-team (Weather team, weather@example.org)`: as the section `owners` of any file has it. */
function ownerLine(files: readonly Features[], name: string): string {
  const known = files.flatMap(({ owners }) => owners).find(({ value }) => value === name);
  const more = [known?.fullName, known?.email, known?.description].filter((one) => one !== undefined);
  return `owner ${name}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
}

function summary(manifest: Manifest): KnownViewVersion {
  const { version, createdAt, rows, bytes, range, partial, hash } = manifest;
  const broken = manifest.expectations.filter((one) => !one.passed).length;
  return {
    version,
    createdAt,
    rows,
    bytes,
    hash,
    ...defined({ range, partial }),
    brokenExpectations: broken,
  };
}

export const list: FeaturesSubcommand = {
  usage: 'list',
  summary: 'All feature views: current version, rows, newest row.',
  flags: { ...JSON_FLAG },
  least: 0,
  most: 0,
  run(call) {
    const files = featureFiles(call.root);
    const views = viewsOf(files).map(({ file, view }) => about(call, file, view));
    const services = files.flatMap((file) =>
      file.services.map((service) => ({
        name: service.name,
        file: file.path,
        ...forPeople(service),
        features: service.features.map(({ view, feature }) =>
          feature === undefined ? view.value : `${view.value}:${feature.value}`,
        ),
      })),
    );
    if (call.json) answer('features list', { views, services });
    else if (views.length === 0)
      stdout.line(
        'There are no feature views. A file `*.features.yaml` defines them; see docs/reference/language.md.',
      );
    else for (const line of rows(views, call.style)) stdout.line(line);
    return EXIT.ok;
  },
};

function rows(views: readonly KnownView[], style: Style): string[] {
  const cells = views.map((view) => [
    view.name,
    view.current === undefined ? 'never computed' : `version ${view.current.version}`,
    view.current === undefined ? '' : plural(view.current.rows, 'row'),
    view.current?.range === undefined ? '' : `to ${view.current.range.to}`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => width(row[column] ?? ''))));
  return cells.map((row, at) => {
    const view = views[at];
    const line = row.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  ').trimEnd(); // prettier-ignore
    const mark = view?.failed === undefined ? '' : `  ${style.red('the last try failed')}`;
    return `${line}${mark}`;
  });
}

export const show: FeaturesSubcommand = {
  usage: 'show VIEW',
  summary: 'A view: its columns, its current version, its expectations.',
  flags: { ...JSON_FLAG },
  least: 1,
  most: 1,
  run(call) {
    const files = featureFiles(call.root);
    const { file, view } = viewNamed(files, call.words[0] ?? '');
    const current = loadedValue(call.store.current(view.name));
    const known = about(call, file, view);
    if (call.json) {
      const versions = call.store.versions(view.name);
      answer('features show', { ...known, manifest: current ?? null, versions });
      return EXIT.ok;
    }
    const { style } = call;
    stdout.line(`${style.bold(view.name)}  ${style.dim(file)}`);
    if (known.description !== undefined) stdout.line(tame(known.description, false));
    if (known.owner !== undefined) stdout.line(tame(ownerLine(files, known.owner), false));
    const tags = Object.entries(known.tags ?? {}).map(([key, value]) => `${key}=${display(value)}`);
    if (tags.length > 0) stdout.line(tame(`tags ${tags.join(', ')}`, false));
    if (known.failed !== undefined) stdout.line(style.red(`The last try failed: ${known.failed.message}`));
    if (current === undefined) {
      stdout.line(`Never computed. \`modelyard features materialize ${view.name}\` computes it.`);
      return EXIT.ok;
    }
    const took = formatDuration(current.durationMs);
    stdout.line(
      `version ${current.version} of ${current.createdAt}, ${plural(current.rows, 'row')}, ${formatBytes(current.bytes)}, computed in ${took}`,
    );
    if (current.range !== undefined) stdout.line(`rows from ${current.range.from} to ${current.range.to}`);
    for (const note of current.notes) stdout.line(style.dim(note));
    const nameWidth = Math.max(...current.columns.map(({ name }) => width(name)));
    for (const { name, type, role } of current.columns)
      stdout.line(`  ${pad(name, nameWidth)}  ${type}  ${style.dim(role)}`);
    for (const line of outcomeLines(current.expectations, style)) stdout.line(line);
    return EXIT.ok;
  },
};

export function outcomeLines(outcomes: readonly ExpectationOutcome[], style: Style): string[] {
  return outcomes.map(({ passed, severity, text, detail }) => {
    const mark = passed ? style.green('✓') : severity === 'error' ? style.red('✗') : style.yellow('!');
    return `  ${mark} ${text}${detail === undefined ? '' : style.dim(` (${detail})`)}`;
  });
}

export const versions: FeaturesSubcommand = {
  usage: 'versions VIEW',
  summary: 'The versions of a view that are kept, the newest first.',
  flags: { ...JSON_FLAG },
  least: 1,
  most: 1,
  run(call) {
    const { view } = viewNamed(featureFiles(call.root), call.words[0] ?? '');
    const pointer = loadedValue(call.store.pointer(view.name));
    const pins = call.store.pins();
    const known = call.store.versions(view.name).flatMap((version) => {
      const manifest = loadedValue(call.store.manifest(view.name, version));
      const usedBy = pins
        .filter(({ uses }) => uses.some((use) => use.view === view.name && use.version === version))
        .map(({ owner }) => owner);
      return manifest === undefined
        ? []
        : [{ ...summary(manifest), current: version === pointer?.version, usedBy }];
    });
    if (call.json) answer('features versions', { versions: known });
    else if (known.length === 0) stdout.line(`${view.name} has never been computed.`);
    for (const one of call.json ? [] : known) {
      const marks = [one.current ? call.style.green('current') : '', one.usedBy.join(', ')].filter(
        (mark) => mark !== '',
      );
      stdout.line(
        `${pad(String(one.version), 4)}  ${one.createdAt}  ${pad(plural(one.rows, 'row'), 14)}  ${pad(formatBytes(one.bytes), 9)}  ${marks.join('  ')}`.trimEnd(),
      );
    }
    return EXIT.ok;
  },
};
