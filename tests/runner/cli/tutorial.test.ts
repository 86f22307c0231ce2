/** The tutorial, block by block, from an empty folder: files are written as printed, commands print what the page says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { builtCli } from '../../support/cli.js';

const PAGE = readFileSync('docs/tutorial.md', 'utf8');

interface Block {
  /** To be written; else `text` are commands. */
  readonly file?: string;
  readonly text: string;
  readonly line: number;
}

function blocks(): Block[] {
  return [...PAGE.matchAll(/(?:^`(\S+)`\n\n)?^```(\w+)\n(.*?)^```$/gms)].map((found) => {
    const [, file, language, text = ''] = found;
    const line = PAGE.slice(0, found.index).split('\n').length;
    assert.ok(file !== undefined || language === 'console', `line ${line}: neither a file nor commands`);
    return { ...(file === undefined ? {} : { file }), text, line };
  });
}

/** A port that nobody has, now. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

test('the tutorial leads from an empty folder to a service that answers', async (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-tutorial-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const bin = path.join(root, 'bin');
  const folder = path.join(root, 'flats');
  for (const one of [bin, folder]) mkdirSync(one);
  writeFileSync(
    path.join(bin, 'modelyard'),
    `#!/bin/sh\nexec "${process.execPath}" "${await builtCli()}" "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const port = String(await freePort());
  const call = (command: string) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      execFile(
        'sh',
        ['-c', command.replaceAll('8321', port)],
        {
          cwd: folder,
          env: {
            PATH: `${bin}:${process.env['PATH'] ?? ''}`,
            HOME: root,
            MODELYARD_MACHINE: 'none',
          },
        },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), output: `${stdout}${stderr}` });
        },
      ).stdin?.end();
    });
  t.after(() => call('modelyard service stop rent-app'));
  let commands = 0;
  for (const { file, text, line } of blocks()) {
    if (file !== undefined) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
      continue;
    }
    for (const [, command = '', printed = ''] of text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      commands += 1;
      const { code, output } = await call(command);
      const told = output.replace(/ +/g, ' ');
      const lines = printed
        .replaceAll('8321', port)
        .split('\n')
        .filter((one) => one !== '');
      const [, exit = '0'] = /^\[exit (\d+)\]$/.exec(lines.at(-1) ?? '') ?? [];
      assert.equal(code, Number(exit), `line ${line}: ${command}\n${output}`);
      for (const one of lines.filter((each) => !each.startsWith('[exit '))) {
        assert.ok(
          told.includes(one.replace(/ +/g, ' ')),
          `line ${line}: ${command}\nno "${one}" in\n${output}`,
        );
      }
    }
  }
  assert.ok(commands >= 14, String(commands));
});
