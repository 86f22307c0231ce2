/**
 * Findings as SARIF 2.1.0 (OASIS standard, 27 March 2020), the format that code hosts and other tools read. Plain data:
 * whoever writes it decides where it goes.
 */
import { defined } from '../base/defined.js';
import { positionAt } from '../syntax/text.js';
import type { Span } from '../syntax/tree.js';
import { rulePageName } from './docs.js';
import { ALL_RULES } from './index.js';
import type { Finding, FindingSeverity, Fix, Rule } from './rule.js';

/** What the paths of the findings are relative to, so that a reader elsewhere finds the files. */
export interface SarifPlace {
  /** The folder of the project, as a `file:` URI that ends in `/`. */
  readonly project: string;
  /** The work tree that the project lies in: code hosts count paths from there. */
  readonly repository?: {
    /** As a `file:` URI that ends in `/`. */
    readonly root: string;
    /** From there to the project: `ml/rain/`; empty where they are the same. */
    readonly prefix: string;
    /** Where it comes from, without credentials; and what is checked out. */
    readonly origin?: { readonly uri: string; readonly commit?: string; readonly branch?: string };
  };
}

export interface SarifOptions {
  /** Of Modelyard. */
  readonly version: string;
  /** Where the rules' pages are, without the last slash. */
  readonly docsUrl: string;
  /** Offsets of the lines of a file, to give lines and columns; the files of all findings are asked for. */
  readonly lineStarts: (path: string) => readonly number[];
  /** Absent: nothing is known of where the project lies. */
  readonly place?: SarifPlace;
}

const LEVELS: Readonly<Record<FindingSeverity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
  hint: 'note',
};

export interface SarifRegion {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface SarifLocation {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId: string };
    readonly region: SarifRegion;
  };
  readonly message?: { readonly text: string };
}

export interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: 'error' | 'warning' | 'note';
  readonly message: { readonly text: string };
  readonly locations: readonly SarifLocation[];
  readonly relatedLocations?: readonly (SarifLocation & { readonly id: number })[];
  readonly fixes?: readonly unknown[];
}

interface SarifRun {
  readonly tool: { readonly driver: Readonly<Record<string, unknown>> };
  readonly columnKind: 'utf16CodeUnits';
  readonly originalUriBaseIds: Readonly<Record<string, unknown>>;
  readonly versionControlProvenance?: readonly unknown[];
  readonly results: readonly SarifResult[];
}

export interface SarifLog {
  readonly $schema: string;
  readonly version: '2.1.0';
  readonly runs: readonly SarifRun[];
}

export function toSarif(findings: readonly Finding[], options: SarifOptions): SarifLog {
  const index = new Map(ALL_RULES.map((rule, at) => [rule.id, at]));
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Modelyard',
            semanticVersion: options.version,
            informationUri: options.docsUrl,
            rules: ALL_RULES.map((rule) => descriptor(rule, options)),
          },
        },
        columnKind: 'utf16CodeUnits',
        ...places(options),
        results: findings.map((finding) => result(finding, index.get(finding.rule) ?? -1, options)),
      },
    ],
  };
}

function descriptor(rule: Rule, options: SarifOptions): Record<string, unknown> {
  return {
    id: rule.id,
    name: rule.id.replace(/(?:^|[/-])(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: rule.summary },
    fullDescription: { text: rule.summary },
    help: { text: rule.summary, markdown: rule.docs.trim() },
    helpUri: `${options.docsUrl}/${rulePageName(rule.id)}`,
    defaultConfiguration: { level: LEVELS[rule.severity] },
    properties: { tags: [rule.id.split('/')[0]] },
  };
}

function result(finding: Finding, ruleIndex: number, options: SarifOptions): SarifResult {
  return {
    ruleId: finding.rule,
    ruleIndex,
    level: LEVELS[finding.severity],
    message: { text: finding.message },
    locations: [location(finding.path, finding.span, options)],
    ...(finding.related.length === 0
      ? {}
      : {
          relatedLocations: finding.related.map((related, id) => ({
            id,
            ...location(related.path, related.span, options),
            message: { text: related.message },
          })),
        }),
    ...(finding.fixes.length === 0 ? {} : { fixes: finding.fixes.map((fix) => fixed(fix, options)) }),
  };
}

function location(path: string, span: Span, options: SarifOptions): SarifLocation {
  return {
    physicalLocation: { artifactLocation: artifact(path, options), region: region(path, span, options) },
  };
}

/** The folder that all paths are relative to: the repository, as code hosts have it, else the project. */
function baseOf({ place }: SarifOptions): '%SRCROOT%' | 'PROJECT' {
  return place?.repository === undefined ? 'PROJECT' : '%SRCROOT%';
}

function places({ place }: SarifOptions): Pick<SarifRun, 'originalUriBaseIds' | 'versionControlProvenance'> {
  const description = { text: 'The project: the folder with modelyard.yaml.' };
  const repository = place?.repository;
  if (repository === undefined)
    return { originalUriBaseIds: { PROJECT: { ...defined({ uri: place?.project }), description } } };
  const { root, prefix, origin } = repository;
  const uriBaseId = '%SRCROOT%';
  const inside = prefix === '' ? {} : { uri: asUri(prefix), uriBaseId };
  return {
    originalUriBaseIds: {
      [uriBaseId]: { uri: root, description: { text: 'The root of the repository.' } },
      PROJECT: { ...(prefix === '' ? { uri: root } : inside), description },
    },
    ...(origin === undefined
      ? {}
      : {
          versionControlProvenance: [
            {
              repositoryUri: origin.uri,
              ...defined({ revisionId: origin.commit, branch: origin.branch }),
              mappedTo: { uriBaseId },
            },
          ],
        }),
  };
}

function asUri(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** As a URI: other characters than those of plain names are escaped. */
function artifact(path: string, options: SarifOptions): { uri: string; uriBaseId: string } {
  const prefix = options.place?.repository?.prefix ?? '';
  return { uri: asUri(prefix + path), uriBaseId: baseOf(options) };
}

/** SARIF counts lines and columns from 1; the end column is the one after the last character. */
function region(path: string, span: Span, options: SarifOptions): SarifRegion {
  const lineStarts = options.lineStarts(path);
  const start = positionAt(lineStarts, span.start);
  const end = positionAt(lineStarts, span.end);
  return {
    startLine: start.line + 1,
    startColumn: start.character + 1,
    endLine: end.line + 1,
    endColumn: end.character + 1,
  };
}

function fixed(fix: Fix, options: SarifOptions): unknown {
  const paths = [...new Set(fix.edits.map((edit) => edit.path))];
  return {
    description: { text: fix.title },
    artifactChanges: paths.map((path) => ({
      artifactLocation: artifact(path, options),
      replacements: fix.edits
        .filter((edit) => edit.path === path)
        .map((edit) => ({
          deletedRegion: region(path, edit.span, options),
          insertedContent: { text: edit.newText },
        })),
    })),
  };
}
