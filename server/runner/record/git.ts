/** Where the work tree stands: commit and branch read from `.git` itself, dirtiness asked of git beside the run. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { commonFolder, findGitFolder } from '../../base/git-index.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

export interface GitHead {
  readonly commit: string;
  readonly branch?: string;
}

/** The head of the repository that the folder lies in; nothing where there is none or nothing is committed yet. */
export function gitHead(folder: string): GitHead | undefined {
  const gitFolder = findGitFolder(folder)?.git;
  if (gitFolder === undefined) return undefined;
  const head = read(path.join(gitFolder, 'HEAD'))?.trim();
  if (head === undefined) return undefined;
  const name = /^ref: (.+)$/.exec(head)?.[1];
  if (name === undefined) return /^[0-9a-f]{40,64}$/.test(head) ? { commit: head } : undefined;
  // A linked work tree has a HEAD of its own and shares the references.
  const shared = read(path.join(gitFolder, 'commondir'))?.trim();
  const folders = shared === undefined ? [gitFolder] : [gitFolder, path.resolve(gitFolder, shared)];
  for (const one of folders) {
    const commit = read(path.join(one, name))?.trim() ?? packedReference(one, name);
    if (commit !== undefined && /^[0-9a-f]{40,64}$/.test(commit)) {
      return { commit, branch: name.replace(/^refs\/heads\//, '') };
    }
  }
  return undefined;
}

/** Where the repository of a folder comes from, as an absolute URI without credentials; nothing where that is only a path. */
export function gitOrigin(folder: string): string | undefined {
  const found = findGitFolder(folder);
  const config = found === undefined ? undefined : read(path.join(commonFolder(found.git), 'config'));
  let section = '';
  for (const line of config?.split('\n') ?? []) {
    const header = /^[ \t]*\[([^\]]*)\]/.exec(line)?.[1];
    if (header !== undefined) section = header.trim();
    const url = section === 'remote "origin"' ? /^[ \t]*url[ \t]*=(.*)$/i.exec(line)?.[1]?.trim() : undefined;
    if (url !== undefined) return remoteUri(url.replace(/^"(.*)"$/, '$1'));
  }
  return undefined;
}

function remoteUri(url: string): string | undefined {
  // `git@host:path`, as ssh has it, is no URI; `C:\\path` is a path.
  const short = /^([\w.-]+@)?([\w.-]{2,}):(?!\/\/)(.+)$/.exec(url);
  const text =
    short === null ? url : `ssh://${short[1] ?? ''}${short[2]}/${(short[3] ?? '').replace(/^\/+/, '')}`;
  if (!URL.canParse(text)) return undefined;
  const parsed = new URL(text);
  if (!['http:', 'https:', 'ssh:', 'git:'].includes(parsed.protocol)) return undefined;
  parsed.password = '';
  // A user of http is a token as often as not.
  if (parsed.protocol.startsWith('http')) parsed.username = '';
  return parsed.href;
}

function packedReference(gitFolder: string, name: string): string | undefined {
  const line = read(path.join(gitFolder, 'packed-refs'))
    ?.split('\n')
    .find((one) => one.endsWith(` ${name}`));
  return line?.split(' ')[0];
}

function read(file: string): string | undefined {
  try {
    return readPlainText(file, true);
  } catch {
    return undefined;
  }
}

/** A question to git that is answered while the run goes on. */
export interface DirtyCheck {
  /** Whether the work tree differs from its commit; `true` when git gave no answer within `ms`: not known to be clean. */
  answer(ms: number): Promise<boolean>;
}

/** Starts `git status` in the background. Git writes nothing by it, so that it can't be in the way of another git. */
export function checkDirty(folder: string): DirtyCheck {
  const child = execFile(
    'git',
    ['--no-optional-locks', 'status', '--porcelain', '--untracked-files=normal'],
    {
      cwd: folder,
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const answer = new Promise<boolean>((resolve) => {
    child.stdout?.once('data', () => {
      resolve(true);
      child.kill();
    });
    child.once('error', () => resolve(true));
    child.once('close', (code) => resolve(code !== 0));
  });
  return {
    async answer(ms) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(resolve, ms, true);
      });
      const dirty = await Promise.race([answer, late]);
      clearTimeout(timer);
      child.kill();
      return dirty;
    },
  };
}
