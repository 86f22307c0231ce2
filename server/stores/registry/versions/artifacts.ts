/**
 * What kind of model a file or folder holds, told by its name and its first bytes. Only to be shown and to choose how a
 * model is loaded later: a hint, never trusted. Nothing is loaded or unpickled to find out.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { signatureIn } from './mlmodel.js';
import type { Signature } from '../types.js';
import type { ArtifactKind } from '../../../definition/definition.js';
import { namesIn, statOf } from '../../disk/folder.js';

const HEAD_BYTES = 64 * 1024;

const KIND_BY_EXTENSION: Readonly<Record<string, ArtifactKind>> = {
  '.onnx': 'model',
  '.safetensors': 'model',
  '.pt': 'model',
  '.pth': 'model',
  '.keras': 'model',
  '.joblib': 'model',
  '.pkl': 'model',
  '.pickle': 'model',
  '.ubj': 'model',
  '.cbm': 'model',
  '.tflite': 'model',
  '.gguf': 'model',
  '.csv': 'dataset',
  '.tsv': 'dataset',
  '.parquet': 'dataset',
  '.arrow': 'dataset',
  '.feather': 'dataset',
  '.jsonl': 'dataset',
  '.ndjson': 'dataset',
  '.html': 'report',
  '.htm': 'report',
  '.pdf': 'report',
  '.log': 'log',
  '.whl': 'package',
};

/** What an artifact probably is, by its name alone. */
export function kindOf(name: string): ArtifactKind {
  return KIND_BY_EXTENSION[path.extname(name).toLowerCase()] ?? 'file';
}

/** The first bytes of a file; nothing of what can't be read. */
function headOf(file: string): Buffer {
  try {
    const fd = openSync(file, 'r');
    try {
      const head = Buffer.alloc(Math.min(HEAD_BYTES, fstatSync(fd).size));
      return head.subarray(0, readSync(fd, head, 0, head.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/**
 * `sklearn`, `onnx`, `safetensors`, `torch`, `keras`, `xgboost`, `lightgbm`, `pickle`, `json`, or the flavor that an
 * MLflow folder names; `undefined` when it can't be told.
 * @param file absolute; a file or a folder
 * @param name what it was called, where that is not the name of `file`
 */
export function guessFramework(file: string, name: string = file): string | undefined {
  const stat = statOf(file);
  if (stat === undefined) return undefined;
  if (stat.isDirectory()) return frameworkOfFolder(file);
  return frameworkOfHead(headOf(file), path.extname(name).toLowerCase());
}

function frameworkOfFolder(folder: string): string | undefined {
  const names = new Set(namesIn(folder));
  if (names.has('MLmodel')) return flavorIn(readable(path.join(folder, 'MLmodel')));
  if (names.has('saved_model.pb')) return 'tensorflow';
  if (names.has('config.json') && [...names].some((name) => /\.(?:safetensors|bin)$/.test(name)))
    return 'transformers';
  const told = new Set([...names].slice(0, 50).flatMap((name) => guessOfMember(folder, name)));
  return told.size === 1 ? [...told][0] : undefined;
}

/** What a folder that MLflow has written says of columns and tensors. @param file absolute; a file or a folder */
export function signatureOf(file: string): Signature | undefined {
  return statOf(file)?.isDirectory() === true ? signatureIn(readable(path.join(file, 'MLmodel'))) : undefined;
}

function guessOfMember(folder: string, name: string): string[] {
  if (!(path.extname(name).toLowerCase() in KIND_BY_EXTENSION)) return [];
  const file = path.join(folder, name);
  if (statOf(file)?.isFile() !== true) return [];
  const guess = frameworkOfHead(headOf(file), path.extname(name).toLowerCase());
  return guess === undefined ? [] : [guess];
}

/** Of the text of an `MLmodel`: the first flavor under `flavors:` that is not the general `python_function`. Read by lines: it's only a hint. */
export function flavorIn(text: string): string {
  const block = /^flavors:[ \t]*\r?\n((?:[ \t]+.*\r?\n?|\r?\n)*)/m.exec(text)?.[1] ?? '';
  const indent = /^[ \t]+/.exec(block)?.[0] ?? '  ';
  const flavors = block
    .split(/\r?\n/)
    .flatMap((line) =>
      line.startsWith(indent) ? (/^([A-Za-z_]\w*):/.exec(line.slice(indent.length))?.[1] ?? []) : [],
    );
  return flavors.find((flavor) => flavor !== 'python_function') ?? 'mlflow';
}

function readable(file: string): string {
  const stat = statOf(file);
  if (stat === undefined || stat.size > 1024 * 1024) return '';
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function frameworkOfHead(head: Buffer, extension: string): string | undefined {
  const text = head.toString('latin1');
  if (extension === '.onnx') return 'onnx';
  if (extension === '.safetensors' || isSafetensors(head)) return 'safetensors';
  if (text.startsWith('GGUF')) return 'gguf';
  if (text.startsWith('CBM1')) return 'catboost';
  if (text.slice(4, 8) === 'TFL3') return 'tflite';
  if (text.startsWith('PK\x03\x04')) {
    if (extension === '.keras' || /metadata\.json|model\.weights\.h5/.test(text)) return 'keras';
    return /data\.pkl|\.pt|\.pth/.test(`${text.slice(0, 4096)}${extension}`) ? 'torch' : undefined;
  }
  if (text.startsWith('\x89HDF\r\n\x1a\n')) {
    return extension === '.keras' || /keras|model_weights/.test(text) ? 'keras' : undefined;
  }
  if (isPickle(head)) {
    if (text.includes('xgboost')) return 'xgboost';
    if (text.includes('lightgbm')) return 'lightgbm';
    if (text.includes('catboost')) return 'catboost';
    if (text.includes('sklearn')) return 'sklearn';
    if (text.includes('torch')) return 'torch';
    return 'pickle';
  }
  if (/^tree\r?\nversion=v\d/.test(text)) return 'lightgbm';
  if (/^\s*\{/.test(text)) return frameworkOfJson(text, extension);
  if (extension === '.ubj' || text.startsWith('{L')) return extension === '.ubj' ? 'xgboost' : undefined;
  return extension === '.pt' || extension === '.pth' ? 'torch' : undefined;
}

function frameworkOfJson(text: string, extension: string): string | undefined {
  if (
    /"learner"\s*:/.test(text) &&
    /"(?:gradient_booster|learner_model_param|version|objective)"/.test(text)
  ) {
    return 'xgboost';
  }
  if (/"tree_info"\s*:/.test(text) && /"num_tree_per_iteration"|"feature_names"/.test(text))
    return 'lightgbm';
  if (/"oblivious_trees"\s*:/.test(text)) return 'catboost';
  return extension === '.json' ? 'json' : undefined;
}

/** Eight bytes of length, little-endian, and a JSON header of that length. */
function isSafetensors(head: Buffer): boolean {
  if (head.length < 10) return false;
  const length = head.readBigUInt64LE(0);
  return (
    length > 1n &&
    length < 100_000_000n &&
    head[8] === 0x7b &&
    /"dtype"|"__metadata__"/.test(head.toString('latin1', 8))
  );
}

/** Protocol 2 or later says so in its first two bytes; joblib's may be compressed by zlib. */
function isPickle(head: Buffer): boolean {
  const protocol = head[1] ?? 0;
  return head[0] === 0x80 && protocol >= 2 && protocol <= 5;
}
