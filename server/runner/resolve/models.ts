/** The model registry as a run sees it: what expressions ask of it, and what register tasks find there. */
import path from 'node:path';
import type { Json } from '../../definition/definition.js';
import { didYouMean, similar } from '../../definition/names/names.js';
import { modelUri, parseModelReference } from '../../definition/names/registry-names.js';
import type { Lookup } from '../../definition/expressions/values.js';
import { Registry } from '../../stores/registry/registry.js';
import type { VersionDocument } from '../../stores/registry/types.js';
import { memberOfFlat } from './flat.js';
import type { Registration } from '../actions/register/resolve.js';
import type { VersionFacts } from './texts.js';
import type { Used } from './used.js';
import type { Versions } from '../execute/versions.js';

/** What an expression gets, and what it has used then. */
export interface ModelLookup {
  readonly found: Lookup;
  readonly used?: Used;
}

export class Models {
  readonly registry: Registry;
  readonly #root: string;
  /** Checked artifacts by `name/version`: relative paths, or why there is none. */
  readonly #paths = new Map<string, { readonly path: string } | { readonly message: string }>();
  readonly #wanted = new Map<string, VersionDocument>();

  readonly #versions: Versions | undefined;

  /**
   * @param root absolute, of the project
   * @param versions what names stand for in the run; absent: what they stand for now
   */
  constructor(root: string, versions?: Versions) {
    this.#root = root;
    this.#versions = versions;
    this.registry = Registry.open(root);
  }

  /** `models.rain@production` and its members; the path begins with `rain@production`. */
  lookup(members: readonly string[]): ModelLookup {
    const [reference, ...rest] = members;
    if (reference === undefined) {
      return error('models: say which version of which model, as in models.rain@production.');
    }
    const parsed = parseModelReference(reference);
    if (!parsed.ok) return error(`models: ${parsed.message}`);
    const resolved = this.#resolve(reference);
    if (!resolved.ok) return error(`models.${reference}: ${resolved.error.message}${this.#hint(reference)}`);
    const { version, artifact } = resolved.version;
    const used: Used = { kind: 'model', reference, version, hash: artifact.hash };
    return { found: this.#member(reference, resolved.version, rest), used };
  }

  #resolve(reference: string): ReturnType<Registry['resolveUri']> {
    const parsed = parseModelReference(reference);
    if (!parsed.ok || parsed.reference.selector.kind === 'version')
      return this.registry.resolveUri(reference);
    const { name, selector } = parsed.reference;
    const version = this.#versions?.model(name, selector.kind === 'alias' ? selector.alias : undefined);
    return version === undefined ? this.registry.resolveUri(reference) : this.registry.version(name, version);
  }

  /** The version behind `rain@candidate`. */
  find(
    reference: string,
  ):
    { readonly ok: true; readonly version: VersionFacts } | { readonly ok: false; readonly message: string } {
    const resolved = this.#resolve(reference);
    if (!resolved.ok) return { ok: false, message: `${resolved.error.message}${this.#hint(reference)}` };
    const { version, name, artifact, metrics } = resolved.version;
    const parsed = parseModelReference(reference);
    const selector = parsed.ok ? parsed.reference.selector : undefined;
    return {
      ok: true,
      version: {
        name,
        version,
        hash: artifact.hash,
        ...(selector?.kind === 'alias' ? { alias: selector.alias } : {}),
        metrics,
      },
    };
  }

  /**
   * Checks the artifacts whose paths were asked for and not known. `true`: there were some, so that it is worth asking
   * again.
   */
  async settle(): Promise<boolean> {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (const [key, { name, version }] of wanted) {
      const read = await this.registry.readArtifact(name, version);
      this.#paths.set(
        key,
        read.ok
          ? { path: path.relative(this.#root, read.path).split(path.sep).join('/') }
          : { message: read.error.message },
      );
    }
    return wanted.length > 0;
  }

  /** Why what a register task once made is not there any more, in words; empty when it is. */
  drift(registration: Registration, values: Readonly<Record<string, string>> | undefined): string[] {
    const { model, aliases } = registration;
    const version = values?.['version'];
    if (version === undefined) return [`no version of ${model} is known to be made of it`];
    const found = this.registry.version(model, version);
    if (!found.ok) return [`${model} ${version} can't be used: ${found.error.message}`];
    if (found.version.deleted !== undefined) return [`${model} ${version} was deleted`];
    const state = this.registry.model(model);
    const known = state.ok ? state.model.aliases : {};
    return aliases.flatMap((alias) => {
      const at = Object.hasOwn(known, alias) ? known[alias] : undefined;
      if (at === version) return [];
      return [`${model}@${alias} ${at === undefined ? 'is not set' : `is version ${at}`}, not ${version}`];
    });
  }

  #member(reference: string, version: VersionDocument, members: readonly string[]): Lookup {
    const [what, ...rest] = members;
    const value = (one: Json): Lookup => ({ kind: 'value', value: one });
    const uri = modelUri(version.name, { kind: 'version', version: version.version });
    switch (what) {
      case undefined:
      case 'uri':
        return value(uri);
      case 'version':
        return value(version.version);
      case 'hash':
        return value(version.artifact.hash);
      case 'run':
        return value(version.run?.id ?? null);
      case 'metrics':
        return memberOfFlat(version.metrics, rest, `models.${reference} has no metric`);
      case 'params':
        return memberOfFlat(version.params, rest, `models.${reference} has no param`);
      case 'path':
        return this.#path(version);
      default:
        return {
          kind: 'error',
          message: `models.${reference} has version, path, uri, metrics, params, hash and run, but no "${what}".${didYouMean(similar(what, MEMBERS))}`,
        };
    }
  }

  #path(version: VersionDocument): Lookup {
    const key = `${version.name}/${version.version}`;
    const known = this.#paths.get(key);
    if (known === undefined) {
      this.#wanted.set(key, version);
      return { kind: 'unknown', why: `whether the artifact of ${version.name} ${version.version} is whole` };
    }
    return 'path' in known ? { kind: 'value', value: known.path } : { kind: 'error', message: known.message };
  }

  /** What a name that leads nowhere may have meant. */
  #hint(reference: string): string {
    const parsed = parseModelReference(reference);
    if (!parsed.ok) return '';
    const { name, selector } = parsed.reference;
    const names = this.registry.models().models.map((model) => model.name);
    if (!names.includes(name)) return didYouMean(similar(name, names));
    const model = this.registry.model(name);
    if (!model.ok || selector.kind !== 'alias') return '';
    return didYouMean(similar(selector.alias, Object.keys(model.model.aliases)));
  }
}

const MEMBERS = ['version', 'path', 'uri', 'metrics', 'params', 'hash', 'run'];

function error(message: string): ModelLookup {
  return { found: { kind: 'error', message } };
}
