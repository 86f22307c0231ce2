// A lock between processes: a folder that only one can make, with the owner's pid in it.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Whether the process that made the lock is gone. A lock without a pid yet is given ten seconds. */
function isStale(lock) {
  try {
    const pid = Number(readFileSync(path.join(lock, 'pid'), 'utf8'));
    process.kill(pid, 0);
    return false;
  } catch (error) {
    if (error.code === 'EPERM') return false;
    if (error.code === 'ESRCH') return true;
    try {
      return Date.now() - statSync(lock).mtimeMs > 10_000;
    } catch {
      return false;
    }
  }
}

/** Runs `work` while no other process holds `lock` (a path whose parent exists or can be made). */
export async function withLock(lock, work) {
  mkdirSync(path.dirname(lock), { recursive: true });
  for (let told = false; ;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isStale(lock)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!told) console.log(`waiting for another process that holds ${lock}`);
    told = true;
    await delay(200);
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  try {
    writeFileSync(path.join(lock, 'pid'), String(process.pid));
    return await work();
  } finally {
    release();
  }
}
