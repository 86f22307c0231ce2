/** Ends processes on Windows, where there are no groups to signal: a process and all that it has started. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const LONGEST_MS = 30_000;

/** Programs that list all processes as `parent pid`, the quickest first; newer systems have the second one only. */
const LISTINGS = [
  ['wmic', 'process', 'get', 'ParentProcessId,ProcessId'],
  [
    'powershell',
    '-NoProfile',
    '-Command',
    'Get-CimInstance Win32_Process | ForEach-Object { "$($_.ParentProcessId) $($_.ProcessId)" }',
  ],
] as const;

async function told(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const options = { encoding: 'buffer', timeout: LONGEST_MS, windowsHide: true } as const;
    const { stdout } = await promisify(execFile)(program, args, options);
    return stdout.toString(stdout[0] === 0xff && stdout[1] === 0xfe ? 'utf16le' : 'latin1');
  } catch {
    return undefined;
  }
}

/** Who has started whom, from what a listing prints. */
export function childrenOf(listing: string): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const line of listing.split('\n')) {
    const [parent, pid] = line.trim().split(/\s+/).map(Number);
    if (pid === undefined || !Number.isInteger(parent) || !Number.isInteger(pid)) continue;
    const list = children.get(Number(parent));
    if (list === undefined) children.set(Number(parent), [pid]);
    else list.push(pid);
  }
  return children;
}

/** The process and those below it, from the top down. */
export function treeOf(pid: number, children: ReadonlyMap<number, readonly number[]>): number[] {
  const found = new Set([pid]);
  for (const one of found) for (const child of children.get(one) ?? []) found.add(child);
  return [...found];
}

/** Ends a process and what it has started. Never rejects. @param pid alive, so that it is nobody else's */
export async function endTree(pid: number): Promise<void> {
  // Without /F it sends WM_CLOSE, which console programs ignore.
  if ((await told('taskkill', ['/pid', String(pid), '/T', '/F'])) !== undefined) return;
  let tree = [pid];
  for (const [program, ...args] of LISTINGS) {
    const listing = await told(program, args);
    if (listing === undefined) continue;
    tree = treeOf(pid, childrenOf(listing));
    break;
  }
  for (const one of tree) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}
