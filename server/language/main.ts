/** The language server's process. */
import packageJson from '../../package.json' with { type: 'json' };
import { ProposedFeatures, createConnection } from 'vscode-languageserver/node';
import { serve } from './server.js';
import { Doorkeeper, channelOf, openTransport } from './transport.js';

const HELP = `Usage: modelyard lsp [--stdio | --socket PORT | --pipe NAME]

The language server of Modelyard, for editors that speak the Language Server Protocol.

  --stdio        Over the standard input and output. The default.
  --socket PORT  Connects to a port of this machine on which the editor listens.
  --pipe NAME    Connects to a named pipe, or a Unix socket, on which the editor listens.
  --version      Shows the version.
`;

start(process.argv.slice(2));

function start(args: readonly string[]): void {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return;
  }
  if (args.includes('--version')) {
    process.stdout.write(`${packageJson.version}\n`);
    return;
  }
  const channel = channelOf(args);
  if (typeof channel === 'string') {
    process.stderr.write(`modelyard: ${channel}\n`);
    process.exitCode = 2;
    return;
  }
  const transport = openTransport(channel, () => process.exit(door.shut ? 0 : 1));
  const door = new Doorkeeper(transport);
  serve(createConnection(ProposedFeatures.all, door, transport.writer), packageJson.version);
}
