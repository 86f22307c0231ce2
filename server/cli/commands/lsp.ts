/** `modelyard lsp` */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Command } from '../command.js';

export const lsp: Command = {
  name: 'lsp',
  summary: 'Start the language server, for editors other than VS Code.',
  usage: 'lsp [--stdio | --socket PORT | --pipe NAME]',
  details: `
Speaks the Language Server Protocol over the standard input and output. \`docs/how-to/integrate/editors.md\` has the lines for Neovim, Helix,
Emacs, Zed, Sublime Text, Kate and the JetBrains IDEs.`,
  examples: ['lsp', 'lsp --socket 6008'],
  flags: {
    stdio: { type: 'boolean', help: 'Over the standard input and output. The default.' },
    socket: {
      type: 'string',
      value: 'PORT',
      help: 'Connects to a port of this machine on which the editor listens.',
    },
    pipe: {
      type: 'string',
      value: 'NAME',
      help: 'Connects to a named pipe, or a Unix socket, on which the editor listens.',
    },
  },
  most: 0,
  run(args) {
    const [node = process.execPath] = process.argv;
    const server = path.join(__dirname, 'server.js');
    const channel = ['socket', 'pipe'].flatMap((name) => {
      const value = args.text(name);
      return value === undefined ? [] : [`--${name}=${value}`];
    });
    // The server reads its own arguments, and ends the process when the editor is gone.
    process.argv = [node, server, ...(channel.length === 0 ? ['--stdio'] : channel)];
    createRequire(server)(server);
    return new Promise(() => undefined);
  },
};
