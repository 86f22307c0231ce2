/** Small programs that start the command line, for terminals. */
import { shellWord } from '../../server/base/shell-word.js';

export interface Launcher {
  /** Of the file. */
  readonly name: string;
  readonly text: string;
}

/** In batch files a percent sign begins a variable. */
const batchQuoted = (text: string): string => `"${text.replaceAll('%', '%%')}"`;

/**
 * For POSIX shells, and for those of Windows.
 * @param command the Node to start, or Electron, which behaves as Node when told to
 * @param module the command line
 */
export function launchers(command: string, module: string): readonly Launcher[] {
  return [
    {
      name: 'modelyard',
      text: `#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec ${shellWord(command)} ${shellWord(module)} "$@"\n`,
    },
    {
      name: 'modelyard.cmd',
      text: `@echo off\r\nsetlocal\r\nset ELECTRON_RUN_AS_NODE=1\r\n${batchQuoted(command)} ${batchQuoted(module)} %*\r\n`,
    },
  ];
}
