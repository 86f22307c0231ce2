/** The real Neovim on the real server: what it shows, and that it follows the disk. Any version since 0.7. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { builtBundle } from '../support/lsp-client.js';
import { folder } from './fixture.js';

const PIPELINE = 'tasks:\n  a: { run: cat in.csv > o, inputs: [in.csv], outputs: { o: o } }\n';

const SCRIPT = `
local function wait(holds) return vim.wait(60000, holds, 20) end
local seen = {}
vim.cmd('edit a.pipeline.yaml')
local id = vim.lsp.start_client({
  name = 'modelyard', cmd = { vim.env.NODE, vim.env.SERVER, '--stdio' }, root_dir = vim.fn.getcwd(),
})
vim.lsp.buf_attach_client(0, id)
wait(function() return #vim.diagnostic.get(0) > 0 end)
seen.findings = vim.tbl_map(function(one) return one.message end, vim.diagnostic.get(0))
local document = { uri = vim.uri_from_bufnr(0) }
local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, 'textDocument/' .. method, params, 60000) or {}
  for _, answer in pairs(answers) do return answer.result end
end
seen.hover = ask('hover', { textDocument = document, position = { line = 1, character = 2 } })
seen.symbols = ask('documentSymbol', { textDocument = document })
seen.lenses = vim.lsp.get_client_by_id(id).server_capabilities.codeLensProvider ~= nil
vim.fn.writefile({ 'x' }, 'in.csv')
seen.followed = wait(function() return #vim.diagnostic.get(0) == 0 end)
vim.lsp.stop_client(id)
vim.fn.writefile({ vim.fn.json_encode(seen) }, 'seen.json')
vim.cmd('qa!')
`;

const found = spawnSync('nvim', ['--version']).status === 0;

test(
  'Neovim shows findings, hovers and the outline, and findings follow the disk',
  { skip: found ? false : 'there is no nvim here' },
  async (t) => {
    const root = folder(t, { 'a.pipeline.yaml': PIPELINE });
    writeFileSync(path.join(root, 'look.lua'), SCRIPT);
    await promisify(execFile)(
      'nvim',
      ['--headless', '-n', '-u', 'NONE', '-i', 'NONE', '-c', 'luafile look.lua'],
      {
        cwd: root,
        timeout: 240_000,
        env: {
          PATH: process.env['PATH'],
          HOME: root,
          XDG_STATE_HOME: root,
          NODE: process.execPath,
          SERVER: await builtBundle('server.js'),
        },
      },
    );
    const seen = JSON.parse(readFileSync(path.join(root, 'seen.json'), 'utf8')) as {
      readonly findings: readonly string[];
      readonly hover: { readonly contents: { readonly kind: string; readonly value: string } };
      readonly symbols: readonly { readonly name: string }[];
      readonly lenses: boolean;
      readonly followed: boolean;
    };
    assert.equal(seen.findings.length, 1);
    assert.match(seen.findings[0] ?? '', /in\.csv/);
    assert.equal(seen.hover.contents.kind, 'markdown');
    assert.match(seen.hover.contents.value, /^\*\*a\*\* · run/);
    assert.deepEqual(
      seen.symbols.map(({ name }) => name),
      ['tasks'],
    );
    assert.equal(seen.lenses, false);
    assert.equal(seen.followed, true);
  },
);
