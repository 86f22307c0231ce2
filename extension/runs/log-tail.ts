/** The end of a log, however long it is. */
import { open } from 'node:fs/promises';
import * as vscode from 'vscode';
import { plainLines } from '../../server/base/format.js';

const TAIL_BYTES = 64 * 1024;
const TAIL_LINES = 400;

export interface Tail {
  readonly text: string;
  /** More of it stands before. */
  readonly truncated: boolean;
}

/** Reads the last lines of a log, without terminal escapes. */
export async function logTail(uri: string): Promise<Tail> {
  const file = await open(vscode.Uri.parse(uri).fsPath, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    let text = buffer.toString('utf8', 0, bytesRead);
    // The first line may begin in its middle, or in the middle of a character.
    if (from > 0) text = text.slice(text.indexOf('\n') + 1);
    const lines = plainLines(text).split('\n');
    const truncated = from > 0 || lines.length > TAIL_LINES;
    return { text: lines.slice(-TAIL_LINES).join('\n'), truncated };
  } finally {
    await file.close();
  }
}
