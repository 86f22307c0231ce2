/** A window per test: a copy of a project, a browser profile of its own, and evidence when something goes wrong. */
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { chromium, type Browser } from 'playwright-core';
import { Workbench } from './workbench.js';

/** What the driver (scripts/lib/editor-ui.mjs) says. */
interface Session {
  /** Of the browser. */
  readonly endpoint: string;
  readonly version: string;
  readonly screenshots: string;
  /** Addresses of two servers: in one every folder is trusted, in the other none. */
  readonly trusted: string;
  readonly restricted: string;
  /** Projects to copy. */
  readonly fixtures: string;
  readonly example: string;
  readonly temporary: string;
}

const session = JSON.parse(process.env['MODELYARD_UI'] ?? '{}') as Session;

/** The window is the oldest VS Code that we support. */
export const isOldest = session.version === '1.100';

let connection: Promise<Browser> | undefined;

/** One connection for the file; closed after its last test, so that the process ends. */
function browser(): Promise<Browser> {
  connection ??= chromium.connect(session.endpoint);
  return connection;
}

test.after(async () => {
  await (await connection)?.close();
});

export interface UiTest {
  readonly workbench: Workbench;
  /** The folder that is open. */
  readonly folder: string;
  /** Prints a measurement. */
  readonly note: (name: string, value: string) => void;
}

export interface UiOptions {
  readonly project?: 'fixtures' | 'example';
  readonly restricted?: boolean;
  readonly timeoutMs?: number;
}

const fileName = (title: string): string => title.replace(/[^a-z0-9]+/gi, '-').toLowerCase();

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${String(ms / 1000)} s`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Registers a test that gets a window on a fresh copy of a project. */
export function uiTest(
  title: string,
  { project = 'fixtures', restricted = false, timeoutMs = 300_000 }: UiOptions,
  work: (ui: UiTest) => Promise<void>,
): void {
  // Ours ends first, because it knows what the window shows then.
  test(title, { timeout: 2 * timeoutMs }, async (context: TestContext) => {
    const folder = path.join(mkdtempSync(path.join(session.temporary, 'project-')), project);
    cpSync(session[project], folder, {
      recursive: true,
      filter: (file) => !/[\\/](\.modelyard|models|reports|build|__pycache__)$/.test(file),
    });
    const url = new URL(restricted ? session.restricted : session.trusted);
    url.searchParams.set('folder', folder);
    const options = { url: url.href, screenshots: session.screenshots };
    const workbench = await Workbench.open(await browser(), options);
    try {
      const note = (name: string, value: string): void => context.diagnostic(`note ${name}: ${value}`);
      await within(timeoutMs, work({ workbench, folder, note }));
    } catch (error) {
      const name = `failed-${fileName(title)}`;
      await workbench.screenshot(name).catch(() => undefined);
      const log = workbench.console.join('\n');
      writeFileSync(path.join(session.screenshots, `${name}.log`), log);
      const errors = log.split('\n').filter((line) => line.startsWith('error'));
      const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const words = [await workbench.words(), 'console:', ...errors.slice(-10)];
      const failure = new Error(title);
      failure.stack = `${said}\n\nThe window shows\n${words.join('\n')}`;
      throw failure;
    } finally {
      await workbench.close();
    }
  });
}
