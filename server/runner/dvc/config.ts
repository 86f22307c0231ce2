/** The settings of a DVC project, as far as running stages depends on them. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describeError, errorCode } from '../../stores/disk/problem.js';
import { DEFAULT_LINKS, isLinkType, LINK_TYPES, type LinkType } from './links.js';

export interface DvcSettings {
  /** Absolute. */
  readonly cacheFolder: string;
  readonly autostage: boolean;
  /** How files come from the cache into the workspace: the first that works. */
  readonly links: readonly LinkType[];
  /** The project does without git. */
  readonly noScm: boolean;
}

export type SettingsRead =
  { readonly ok: true; readonly settings: DvcSettings } | { readonly ok: false; readonly problem: string };

interface Entry {
  readonly value: string;
  readonly file: string;
}

/** Settings that change nothing here, with those of other sections. */
const HARMLESS = new Set([
  'core.remote',
  'core.analytics',
  'core.check_update',
  'core.checksum_jobs',
  'core.experiments',
  'core.site_cache_dir',
  'core.machine',
  'cache.slow_link_warning',
  'cache.protected',
]);
const OTHER_SECTIONS =
  /^(?:remote ".*"|'remote ".*"'|machine.*|state|index|exp|plots|ui|feature|db.*|hydra)$/;
const FLAGS = new Set(['core.autostage', 'core.no_scm', 'core.interactive', 'core.hardlink_lock']);

/** @param root absolute @param environment where DVC looks for the settings of the user and the system */
export function settingsOf(
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
): SettingsRead {
  const own = path.join(root, '.dvc');
  const config = environment['XDG_CONFIG_HOME'] ?? path.join(os.homedir(), '.config');
  const files = [
    path.join(environment['DVC_SYSTEM_CONFIG_DIR'] ?? '/etc/xdg/dvc', 'config'),
    path.join(environment['DVC_GLOBAL_CONFIG_DIR'] ?? path.join(config, 'dvc'), 'config'),
    path.join(own, 'config'),
    path.join(own, 'config.local'),
  ];
  const all = new Map<string, Entry>();
  for (const file of files) {
    const problem = readInto(all, file);
    if (problem !== undefined) return { ok: false, problem };
  }
  const flag = (key: string): boolean => all.get(key)?.value.toLowerCase() === 'true';
  for (const [key, { value, file }] of all) {
    const bad = (why: string): SettingsRead => ({ ok: false, problem: `${file}: \`${key}\` ${why}` });
    if (FLAGS.has(key) && !/^(?:true|false)$/i.test(value)) return bad('has to be true or false');
    if ((key === 'core.interactive' || key === 'core.hardlink_lock') && flag(key))
      return bad('is true, which Modelyard does not follow');
    const odd = key === 'cache.type' ? wordsOf(value).find((word) => !isLinkType(word)) : undefined;
    if (odd !== undefined) return bad(`has "${odd}", which is none of ${LINK_TYPES.join(', ')}`);
    if (HARMLESS.has(key) || FLAGS.has(key) || key === 'cache.type' || key === 'cache.dir') continue;
    if (!OTHER_SECTIONS.test(key.slice(0, key.lastIndexOf('.')))) return bad('is not known to Modelyard');
  }
  const folder = all.get('cache.dir');
  const links = wordsOf(all.get('cache.type')?.value ?? '').filter(isLinkType);
  return {
    ok: true,
    settings: {
      cacheFolder:
        folder === undefined
          ? path.join(own, 'cache')
          : path.resolve(path.dirname(folder.file), folder.value),
      links: links.length === 0 ? DEFAULT_LINKS : links,
      autostage: flag('core.autostage'),
      noScm: flag('core.no_scm'),
    },
  };
}

function wordsOf(list: string): string[] {
  return list
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '');
}

/** What is wrong with the file, if something is. */
function readInto(all: Map<string, Entry>, file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    return `${file} can’t be read: ${describeError(error)}`;
  }
  let section = '';
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const bare = line.trim();
    if (bare === '' || bare.startsWith('#') || bare.startsWith(';')) continue;
    const head = /^\[(.*)\]$/.exec(bare);
    if (head !== null) section = head[1] ?? '';
    else {
      const equals = bare.indexOf('=');
      if (equals < 1 || section === '') return `${file}:${at + 1}: this is no setting`;
      const key = bare.slice(0, equals).trim().toLowerCase();
      all.set(`${section}.${key}`, { value: bareValue(bare.slice(equals + 1).trim()), file });
    }
  }
  return undefined;
}

/** Without quotes, and without the comment that may follow: outside of quotes each `#` begins one. */
function bareValue(written: string): string {
  const [, double, single] = /^(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?$/.exec(written) ?? [];
  return double ?? single ?? (written.split('#')[0] ?? '').trimEnd();
}
