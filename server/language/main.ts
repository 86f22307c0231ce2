/** The language server's process: stdio, or Node's IPC when the client starts it so. */
import { ProposedFeatures, createConnection } from 'vscode-languageserver/node';
import { serve } from './server.js';

// A client that starts us by hand and names no channel means stdio.
const named = process.argv.some((argument) => /^--(?:stdio|node-ipc|socket|pipe)/.test(argument));
const connection = named
  ? createConnection(ProposedFeatures.all)
  : createConnection(ProposedFeatures.all, process.stdin, process.stdout);

serve(connection);
