/** Folders of the user's own on this machine, outside of every project. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { createWhole } from '../disk/file-lock.js';
import { machineHere } from './liveness.js';
import { namesIn, statOf } from '../disk/folder.js';

function userFolder(xdg: string, below: readonly string[]): string | undefined {
  const { env } = process;
  const base = env[xdg] ?? env['LOCALAPPDATA'] ?? path.join(os.homedir(), ...below);
  return path.isAbsolute(base) ? path.join(base, 'modelyard') : undefined;
}

/** What may be thrown away at any time. */
export function userCacheFolder(): string | undefined {
  return userFolder('XDG_CACHE_HOME', ['.cache']);
}

/** What is kept a project comes and goes: of more than `most` folders the older half goes. Throws the system's errors. */
export function forgetOldest(folder: string, most: number): void {
  const names = namesIn(folder);
  if (names.length < most) return;
  const folders = names
    .map((name) => path.join(folder, name))
    .map((one) => ({ one, at: statOf(one)?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at);
  for (const { one } of folders.slice(most / 2)) rmSync(one, { recursive: true, force: true });
}

/**
 * Where the runs of this user tell each other what they have of the machine: another folder by `MODELYARD_MACHINE`, none by
 * `none`. Machines that share a home have a folder each. A run that a task of another one has started works with what that task has.
 */
export function machineFolder(environment: NodeJS.ProcessEnv): string | undefined {
  const given = environment['MODELYARD_MACHINE'];
  if (given === 'none' || environment['MODELYARD_RUN_ID'] !== undefined) return undefined;
  if (given !== undefined && path.isAbsolute(given)) return given;
  const folder = stateFolder();
  return folder === undefined ? undefined : path.join(folder, 'machines', machineHere());
}

/** Where the hosts of services on this machine say that they live. */
export function machineServices(): string | undefined {
  const folder = stateFolder();
  return folder === undefined ? undefined : path.join(folder, 'services', machineHere());
}

function stateFolder(): string | undefined {
  return userFolder('XDG_STATE_HOME', ['.local', 'state']);
}

/** Only what belongs to the user and what nobody else could have written. */
export function isPrivate(file: string): boolean {
  const stat = statOf(file);
  if (stat === undefined) return false;
  return process.getuid === undefined || (stat.uid === process.getuid() && (stat.mode & 0o022) === 0);
}

let secret: string | undefined;

/**
 * The secret of this user on this machine, by which a memory is known to have been made here.
 * @param make it, where there is none yet
 * @returns nothing where there is none, and where the home can't be written
 */
export function machineSecret(make: boolean): string | undefined {
  if (secret !== undefined) return secret;
  const folder = stateFolder();
  if (folder === undefined) return undefined;
  const file = path.join(folder, 'secret');
  try {
    if (make && statOf(file) === undefined) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      createWhole(file, randomBytes(32).toString('hex'), 0o600);
    }
    if (!isPrivate(file)) return undefined;
    const text = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{64}$/.test(text)) secret = text;
  } catch {
    // See above.
  }
  return secret;
}
