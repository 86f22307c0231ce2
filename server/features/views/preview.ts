/** The rows that a view would have, computed from its source without making a version. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { Features } from '../../definition/features.js';
import { project, transform } from './compute.js';
import { type EngineOptions, openEngine } from '../engine/engine.js';
import type { Rows } from '../engine/messages.js';
import { scratchFolder } from '../engine/scratch.js';
import { sourceFiles } from '../sources/files.js';
import { badTime, openSource, sourceMessage } from '../sources/source.js';
import { resolveView } from './view.js';

export interface PreviewRequest {
  /** Of the project, absolute. */
  readonly root: string;
  readonly files: readonly Features[];
  readonly view: string;
  readonly limit: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly engine?: Partial<Pick<EngineOptions, 'memoryBytes' | 'threads' | 'program'>>;
}

export type PreviewResult =
  | { readonly ok: true; readonly value: Rows }
  | {
      readonly ok: false;
      readonly message: string;
      readonly transform?: { readonly index: number; readonly offset?: number };
    };

/** Also checks a view: an error names the transform, and the place in it, that is wrong. */
export async function preview(request: PreviewRequest): Promise<PreviewResult> {
  const bad = (message: string): PreviewResult => ({ ok: false, message });
  const resolved = resolveView(request.files, request.view);
  if (!resolved.ok) return bad(resolved.message);
  const view = resolved.value;
  const where = `${view.file}: view ${request.view}`;
  const found = sourceFiles(request.root, view.path);
  if (!found.ok) return bad(`${where}: ${found.message}`);
  const files = found.files.map((shown) => ({ file: path.join(request.root, shown), shown }));
  const temp = scratchFolder();
  const opened = await openEngine({
    ...request.engine,
    readable: files.map(({ file }) => file),
    tempFolder: temp,
    ...defined({ timeoutMs: request.timeoutMs, signal: request.signal }),
  });
  if (!opened.ok) {
    rmSync(temp, { recursive: true, force: true });
    return bad(opened.error.message);
  }
  const engine = opened.value;
  try {
    const source = await openSource(engine, 'step', view, files);
    if (!source.ok) return bad(`${where}: ${source.error.message}`);
    const transformed = await transform(engine, view, 'step', source.value);
    if (!transformed.ok) {
      const { error, transform: index } = transformed;
      const place = { index, ...defined({ offset: error.offset }) };
      return { ok: false, message: `${where}, transform: ${error.message}`, transform: place };
    }
    const projected = await project(engine, view, transformed.value);
    if (!projected.ok) return bad(`${where}: ${projected.error.message}`);
    const { select } = projected.value;
    const rows = await engine.query(`SELECT * FROM (${select}) LIMIT ${request.limit + 1}`, [], {
      maxRows: request.limit,
    });
    if (rows.ok) return rows;
    const time = await badTime(rows.error.message, view, files);
    return bad(`${where}: ${time ?? sourceMessage(rows.error.message, files)}`);
  } finally {
    engine.close();
    rmSync(temp, { recursive: true, force: true });
  }
}
