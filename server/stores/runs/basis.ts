/**
 * What a run is, written once when it begins: `basis.json` in its folder. Whoever resumes the run reads this, so that
 * edits made since can't change what it does halfway.
 */
import path from 'node:path';
import type { Json } from '../../definition/definition.js';
import { type DocumentKind, openDocument, readDocument } from '../disk/document.js';
import type { RunHeader } from './document.js';

/** Which tasks were asked for, as they were named. All absent: every task. */
export interface BasisSelection {
  readonly only?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly whole?: string;
  readonly all?: boolean;
  readonly glob?: boolean;
}

/** Flags of the command that decide what the run does. */
export interface BasisFlags {
  readonly force: boolean;
  readonly noCache: boolean;
  readonly keepGoing: boolean;
  /** Of stages of DVC: its run cache is not asked. */
  readonly noRunCache?: boolean;
  /** Of stages of DVC: outputs don't go into its cache. */
  readonly noCommit?: boolean;
  /** Of stages of DVC: data that is missing, of what else has not changed, is no reason to run. */
  readonly allowMissing?: boolean;
  /** Tasks at once; absent: one per core. */
  readonly jobs?: number;
}

/** Versions that names stood for when the run began. */
export interface BasisVersions {
  /** The newest version of each app package, by its name. */
  readonly packages: Readonly<Record<string, string>>;
  /** Version by alias, by model. */
  readonly models: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface RunBasis {
  readonly schema: number;
  /** The definition, relative to the project. */
  readonly path: string;
  /** Text by path: the definition, the project's settings, feature files, and every pipeline that it calls by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Paths of the pipelines that it calls, by their names. */
  readonly pipelines: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, Json>>;
  readonly selection: BasisSelection;
  readonly flags: BasisFlags;
  readonly versions: BasisVersions;
  readonly trigger: RunHeader['trigger'];
}

const BASIS_SCHEMA_VERSION = 1;

const basisKind: DocumentKind<RunBasis> = {
  name: 'basis',
  schema: BASIS_SCHEMA_VERSION,
  migrations: {},
  check: (value) =>
    typeof value['path'] === 'string' && typeof value['files'] === 'object' && value['files'] !== null
      ? undefined
      : 'it has no definition',
};

function basisFile(runFolder: string): string {
  return path.join(runFolder, 'basis.json');
}

/** @param runFolder absolute. Throws the system's error. */
export function writeBasis(runFolder: string, basis: Omit<RunBasis, 'schema'>): void {
  openDocument(basisFile(runFolder), basisKind, { schema: BASIS_SCHEMA_VERSION, ...basis }).low.write();
}

/** `undefined`: the run was begun by a version that kept none, or was killed before it could. */
export function readBasis(runFolder: string): RunBasis | undefined {
  const read = readDocument(basisFile(runFolder), basisKind);
  return read.state === 'ok' ? read.value : undefined;
}
