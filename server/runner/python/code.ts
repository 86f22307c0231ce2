/**
 * How Python inputs count for tasks with `python: { code: syntax }`: by the hash of the code's form, which comments and layout
 * don't change. By content, so that what was looked at once is never parsed again, whichever file it lies in.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { statOf } from '../../stores/disk/folder.js';
import type { Layout } from '../../stores/layout.js';
import { readPlainText } from '../../stores/disk/plain-file.js';
import type { ContentHash, FileRecord, FingerprintPart } from '../../stores/runs/document.js';
import { hashOf, listingOfFiles, parseListing } from '../../stores/content/hash.js';
import type { Workspace } from '../resolve/workspace.js';

const FORMAT = 'modelyard python code 1';
/** More than this is begun anew. */
const MOST_KNOWN = 20_000;
/** In front of a value that is of the code, and not of its bytes. */
const CODE = 'code:';

const PYTHON_FILE = /\.pyw?$/i;

export const isCode = ({ kind, value }: FingerprintPart): boolean =>
  kind === 'input' && value.startsWith(CODE);

/** Of this process, whatever project it looks at: content hash → what it counts as. */
const shared = new Map<ContentHash, string>();

export class PythonCode {
  readonly #workspace: Workspace;
  readonly #file: string;
  #isNew = false;
  #isLoaded = false;

  /** Reads nothing yet. */
  constructor(layout: Layout, workspace: Workspace) {
    this.#workspace = workspace;
    this.#file = path.join(layout.index, 'python-code');
  }

  /** What an input counts as: its hash where nothing of it is Python, or can't be parsed. */
  async valueOf(input: FileRecord): Promise<string> {
    const isFolder = input.files !== undefined;
    if (!isFolder && !PYTHON_FILE.test(input.path)) return input.hash;
    this.#load();
    const known = shared.get(input.hash);
    if (known !== undefined) return known;
    const value = isFolder ? await this.#folder(input) : await this.#one(input);
    if (value === undefined) return input.hash;
    shared.set(input.hash, value);
    this.#isNew = true;
    return value;
  }

  /** What a notebook counts as that is executed: the sources of its cells, and not what they gave. */
  async ofNotebook({ path: file, hash }: FileRecord, code: 'bytes' | 'syntax'): Promise<string> {
    const bytes = this.#bytes(file, hash);
    if (bytes === undefined) return hash;
    const { notebookForm } = await import('../../python/notebook.js');
    const form = notebookForm(bytes, code);
    return form === undefined ? hash : CODE + hashOf(form).slice('sha256:'.length);
  }

  /** Nothing where the file is not, or no longer, what was hashed. */
  #bytes(file: string, hash: ContentHash): Buffer | undefined {
    try {
      const bytes = readFileSync(this.#workspace.absolute(file));
      return hashOf(bytes) === hash ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  async #one({ path: file, hash }: FileRecord): Promise<string | undefined> {
    const bytes = this.#bytes(file, hash);
    if (bytes === undefined) return undefined;
    const { codeForm } = await import('../../python/code.js');
    const form = codeForm(bytes);
    return form === undefined ? hash : CODE + hashOf(form).slice('sha256:'.length);
  }

  async #folder({ path: folder, hash }: FileRecord): Promise<string | undefined> {
    const hashed = this.#workspace.hashes.hash(this.#workspace.absolute(folder));
    if (!hashed.ok || hashed.kind !== 'folder' || hashed.hash !== hash) return undefined;
    let text = hashed.listing;
    for (const line of parseListing(hashed.listing)) {
      if (line.kind !== 'file' || !PYTHON_FILE.test(line.path)) continue;
      const value = await this.valueOf({ path: `${folder}/${line.path}`, hash: line.hash, bytes: 0 });
      const [before = '', after = ''] = [line.hash, value].map((one) => listingOfFiles([[line.path, one]]));
      if (value !== line.hash) text = text.replace(before, () => after);
    }
    return text === hashed.listing ? hash : CODE + hashOf(text).slice('sha256:'.length);
  }

  #load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    let text = '';
    try {
      text = readPlainText(this.#file);
    } catch {
      // There is none yet.
    }
    const [format, ...lines] = text.split('\n');
    if (format !== FORMAT) return;
    for (const line of lines) {
      const [, hash, value] = /^(sha256:[0-9a-f]{64}) ((?:code|sha256):[0-9a-f]{64})$/.exec(line) ?? [];
      if (hash !== undefined && value !== undefined) shared.set(hash, value);
    }
  }

  /** Derived: a disk that is full costs time later, and nothing else. */
  save(): void {
    if (!this.#isNew) return;
    this.#isNew = false;
    const isFull = shared.size > MOST_KNOWN || (statOf(this.#file)?.size ?? 0) > MOST_KNOWN * 200;
    const all = isFull ? [] : [...shared].map(([hash, value]) => `${hash} ${value}`);
    if (isFull) shared.clear();
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      writeAtomic(this.#file, [FORMAT, ...all, ''].join('\n'));
    } catch {
      // It is parsed again.
    }
  }
}
