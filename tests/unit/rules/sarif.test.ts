import assert from 'node:assert/strict';
import test from 'node:test';
import { plainExample } from '../../../server/rules/examples.js';
import { ALL_RULES } from '../../../server/rules/index.js';
import { type SarifPlace, toSarif } from '../../../server/rules/sarif.js';
import { lineStartsOf } from '../../../server/syntax/text.js';
import { memoryProject } from '../../support/project.js';

test('findings as SARIF', () => {
  const path = 'my pipelines/p.pipeline.yaml';
  const text = 'tasks:\n  train:\n    needs: [trian]\n    run: ./train.sh\n';
  const findings = memoryProject({ [path]: text }).findings(path);
  const log = toSarif(findings, {
    version: '1.2.3',
    docsUrl: 'https://example.org/docs/rules',
    lineStarts: () => lineStartsOf(text),
  });
  const [run] = log.runs;
  assert.equal(log.version, '2.1.0');
  const rules = run?.tool.driver['rules'] as { id: string; name: string; helpUri: string }[];
  for (const { name } of rules) assert.match(name, /^(?:[A-Z][a-z0-9]*)+$/);
  assert.match(String(run?.tool.driver['informationUri']), /^https:/);
  assert.equal(rules.length, ALL_RULES.length);
  assert.equal(
    rules.find((rule) => rule.id === 'graph/cycle')?.helpUri,
    'https://example.org/docs/rules/graph-cycle.md',
  );
  const result = run?.results.find((one) => one.ruleId === 'reference/unknown-task');
  assert.equal(result?.level, 'error');
  assert.equal(rules[result.ruleIndex]?.id, 'reference/unknown-task');
  assert.deepEqual(result.locations, [
    {
      physicalLocation: {
        artifactLocation: { uri: 'my%20pipelines/p.pipeline.yaml', uriBaseId: 'PROJECT' },
        region: { startLine: 3, startColumn: 13, endLine: 3, endColumn: 18 },
      },
    },
  ]);
  assert.equal(JSON.stringify(log), JSON.stringify(JSON.parse(JSON.stringify(log))));
});

/**
 * What SARIF 2.1.0 asks of the objects that we write (OASIS standard, sections 3.13 to 3.58): which properties there may be,
 * which have to be there, and of which type.
 */
const OBJECTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  log: { $schema: 'uri', 'version!': '2.1.0', 'runs!': 'run[]' },
  run: {
    'tool!': 'tool',
    results: 'result[]',
    columnKind: 'utf16CodeUnits|unicodeCodePoints',
    originalUriBaseIds: 'base{}',
    versionControlProvenance: 'versionControlDetails[]',
  },
  versionControlDetails: {
    'repositoryUri!': 'uri',
    revisionId: 'text',
    branch: 'text',
    mappedTo: 'artifactLocation',
  },
  tool: { 'driver!': 'toolComponent' },
  toolComponent: { 'name!': 'text', semanticVersion: 'semver', informationUri: 'uri', rules: 'rule[]' },
  rule: {
    'id!': 'text',
    name: 'text',
    shortDescription: 'message',
    fullDescription: 'message',
    help: 'message',
    helpUri: 'uri',
    defaultConfiguration: 'configuration',
    properties: 'properties',
  },
  configuration: { level: 'none|note|warning|error' },
  properties: { tags: 'text[]' },
  message: { 'text!': 'text', markdown: 'text' },
  result: {
    ruleId: 'text',
    ruleIndex: 'index',
    level: 'none|note|warning|error',
    'message!': 'message',
    locations: 'location[]',
    relatedLocations: 'location[]',
    fixes: 'fix[]',
  },
  location: { id: 'index', physicalLocation: 'physicalLocation', message: 'message' },
  physicalLocation: { 'artifactLocation!': 'artifactLocation', region: 'region' },
  artifactLocation: { uri: 'reference', uriBaseId: 'text', description: 'message' },
  base: { uri: 'folder', uriBaseId: 'text', description: 'message' },
  region: { 'startLine!': 'count', startColumn: 'count', endLine: 'count', endColumn: 'count' },
  fix: { description: 'message', 'artifactChanges!': 'artifactChange[]' },
  artifactChange: { 'artifactLocation!': 'artifactLocation', 'replacements!': 'replacement[]' },
  replacement: { 'deletedRegion!': 'region', insertedContent: 'content' },
  content: { text: 'anything' },
};

const VALUES: Readonly<Record<string, (value: unknown) => boolean>> = {
  anything: (value) => typeof value === 'string',
  text: (value) => typeof value === 'string' && value !== '',
  uri: (value) => typeof value === 'string' && URL.canParse(value),
  // A relative one has neither a scheme nor characters that a URI has to escape.
  reference: (value) =>
    typeof value === 'string' && /^(?:[A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})+$/.test(value),
  // Of a folder; only one that rests on another base is relative.
  folder: (value) =>
    typeof value === 'string' &&
    value.endsWith('/') &&
    URL.canParse(value, 'file:///') &&
    !value.includes(' '),
  semver: (value) =>
    typeof value === 'string' && /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.test(value),
  index: (value) => Number.isInteger(value) && (value as number) >= 0,
  count: (value) => Number.isInteger(value) && (value as number) >= 1,
};

/** Calls `report` for each thing that is not as the standard has it. */
function validate(value: unknown, type: string, at: string, report: (problem: string) => void): void {
  const many = /^(.*)(\[\]|\{\})$/.exec(type);
  if (many !== null) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) !== (many[2] === '[]'))
      report(`${at}: ${type}`);
    else
      for (const [key, item] of Object.entries(value)) validate(item, many[1] ?? '', `${at}.${key}`, report);
    return;
  }
  const properties = OBJECTS[type];
  if (properties === undefined) {
    const holds = VALUES[type] ?? ((word: unknown) => type.split('|').includes(String(word)));
    if (!holds(value)) report(`${at}: ${JSON.stringify(value)} is no ${type}`);
    return;
  }
  if (typeof value !== 'object' || value === null) {
    report(`${at}: no object`);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const own = properties[key] ?? properties[`${key}!`];
    if (own === undefined) report(`${at}.${key}: not known`);
    else validate(item, own, `${at}.${key}`, report);
  }
  for (const key of Object.keys(properties)) {
    if (key.endsWith('!') && !(key.slice(0, -1) in value)) report(`${at}: no ${key}`);
  }
}

const PLACE = {
  project: 'file:///w/my%20ml/rain/',
  repository: {
    root: 'file:///w/',
    prefix: 'my ml/rain/',
    origin: { uri: 'https://example.org/a/b.git', commit: 'a'.repeat(40), branch: 'main' },
  },
};

test('the paths of a project in a subfolder lead from the root of the repository', () => {
  const path = 'p.pipeline.yaml';
  const text = 'tasks:\n  train:\n    needs: [trian]\n    run: ./train.sh\n';
  const [finding] = memoryProject({ [path]: text }).findings(path);
  const options = {
    version: '1.2.3',
    docsUrl: 'https://example.org/docs/rules',
    lineStarts: () => lineStartsOf(text),
  };
  const runOf = (place: SarifPlace) => toSarif([finding!], { ...options, place }).runs[0]!;
  const uriOf = (place: SarifPlace) =>
    runOf(place).results[0]!.locations[0]!.physicalLocation.artifactLocation;
  const run = runOf(PLACE);
  const own = uriOf(PLACE);
  assert.deepEqual(own, { uri: 'my%20ml/rain/p.pipeline.yaml', uriBaseId: '%SRCROOT%' });
  const bases = run.originalUriBaseIds as Record<string, { uri: string; uriBaseId?: string }>;
  assert.equal(new URL(own.uri, bases[own.uriBaseId]!.uri).href, `${PLACE.project}p.pipeline.yaml`);
  const { PROJECT } = bases;
  assert.equal(new URL(PROJECT!.uri, bases[PROJECT!.uriBaseId!]!.uri).href, PLACE.project);
  assert.deepEqual(run.versionControlProvenance, [
    {
      repositoryUri: 'https://example.org/a/b.git',
      revisionId: 'a'.repeat(40),
      branch: 'main',
      mappedTo: { uriBaseId: '%SRCROOT%' },
    },
  ]);
  const top = { project: 'file:///w/', repository: { root: 'file:///w/', prefix: '' } };
  assert.deepEqual(uriOf(top), { uri: path, uriBaseId: '%SRCROOT%' });
  assert.equal(runOf(top).versionControlProvenance, undefined);
  const alone = { project: PLACE.project };
  assert.deepEqual(uriOf(alone), { uri: path, uriBaseId: 'PROJECT' });
  assert.equal((runOf(alone).originalUriBaseIds as typeof bases)['PROJECT']!.uri, PLACE.project);
});

test('SARIF of all examples is as the standard asks', () => {
  let results = 0;
  for (const example of ALL_RULES.flatMap((rule) => rule.bad)) {
    const { files, path } = plainExample(example);
    const project = memoryProject(files, example.disk === undefined ? {} : { disk: example.disk });
    const log = toSarif(project.findings(path), {
      version: '1.2.3',
      docsUrl: 'https://example.org/docs/rules',
      lineStarts: (file) => lineStartsOf(files[file] ?? ''),
      ...(results % 2 === 0 ? {} : { place: PLACE }),
    });
    const problems: string[] = [];
    validate(JSON.parse(JSON.stringify(log)), 'log', 'log', (problem) => problems.push(problem));
    assert.deepEqual(problems, []);
    for (const run of log.runs) {
      for (const result of run.results) {
        results++;
        const ids = result.relatedLocations?.map((related) => related.id) ?? [];
        assert.equal(new Set(ids).size, ids.length, 'ids of related locations are unique');
        assert.ok('PROJECT' in run.originalUriBaseIds);
        for (const { physicalLocation } of result.locations) {
          const { startLine, startColumn, endLine, endColumn } = physicalLocation.region;
          assert.ok(startLine < endLine || (startLine === endLine && startColumn <= endColumn));
        }
      }
    }
  }
  assert.ok(results > ALL_RULES.length);
});

test('the check of SARIF finds what is wrong', () => {
  const problems: string[] = [];
  const region = { startLine: 0 };
  const location = { physicalLocation: { artifactLocation: { uri: 'a b' }, region } };
  const log = { version: '2.0', runs: [{ results: [{ message: {}, locations: [location], colour: 1 }] }] };
  validate(log, 'log', 'log', (problem) => problems.push(problem));
  assert.equal(problems.length, 6, problems.join('\n'));
});
