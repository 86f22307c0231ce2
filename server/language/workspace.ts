/**
 * The workspace index: every project of every folder, kept in step with the disk and with the open documents. It knows
 * paths and URIs; what stands in the files is the projects' business.
 */
import path from 'node:path';
import { runThrough } from '../base/runs/steps.js';
import type { Definition } from '../definition/read/analyze.js';
import { diskFiles, overlay } from '../project/files.js';
import type { FileSystem } from '../project/files.js';
import { PROJECT_FILES, findMarkedRoot } from '../project/find-root.js';
import { Project } from '../project/project.js';
import type { Memory } from '../project/project.js';
import { isListed, mayBeDefinition, walkProjects } from '../project/walk.js';
import { Documents, pathOf, uriOfPath } from './documents.js';
import { breathe, runSliced } from '../base/runs/steps.js';
import { markingAnchors } from '../syntax/anchors.js';

/** A file of a project as the editor knows it. */
export interface Place {
  readonly project: Project;
  /** Relative to the project. */
  readonly path: string;
  /** As the client spells it, when the document is open. */
  readonly uri: string;
}

export interface DefinitionPlace extends Place {
  readonly definition: Definition;
}

export interface FileEvent {
  readonly path: string;
  readonly type: 'created' | 'changed' | 'deleted';
}

/**
 * `edit`: an open document. `definitions`: what findings may depend on, other than by an edit. `disk`: something that
 * only the staleness of tasks may depend on.
 */
export type Change = 'edit' | 'definitions' | 'disk';

/** A document with more characters is looked at when it is saved, and not at each key. */
const MOST_WHILE_TYPING = 512 * 1024;

/** A document with more characters is read in slices where only others are asked about. */
const MOST_AT_ONCE = 16 * 1024;

/** A document with more characters may take longer to read than somebody waits who points at something. */
const MOST_WAITED_FOR = 100 * 1024;

/** More events at once than this are taken for a branch switch: everything is looked at again. */
const MANY_EVENTS = 100;

function contains(folder: string, absolute: string): boolean {
  return absolute === folder || absolute.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}

/** What Modelyard and git write for themselves is nobody's input. */
function isOurOwn(absolute: string): boolean {
  return /[\\/](?:\.modelyard|\.git|node_modules)(?:[\\/]|$)/.test(absolute);
}

function isLong(document: { getText(): string } | undefined): boolean {
  return (document?.getText().length ?? 0) > MOST_AT_ONCE;
}

/** Goes on as long as somebody wants it. */
function* takeWhile(steps: Generator<void, unknown>, wanted: () => boolean): Generator<void, void> {
  while (wanted() && steps.next().done !== true) yield;
}

export class Workspace {
  readonly documents = new Documents();
  readonly #files: FileSystem;
  readonly #folders = new Set<string>();
  /** By root. */
  readonly #projects = new Map<string, Project>();
  /** Documents without a file, by URI. */
  readonly #loose = new Map<string, Place>();
  readonly #dirty = new Set<string>();
  /** URIs of large documents with changes that nobody has looked at: what is known of them is of their saved text. */
  readonly #unsaved = new Set<string>();
  readonly #changed: (change: Change) => void;
  readonly #memoryOf: (root: string) => Memory;
  readonly #waitsForSaves: boolean;
  #scan: Promise<void> | undefined;
  #scanAgain = false;
  #syncing: Promise<void> | undefined;
  /** Documents that are being read in slices, by URI. */
  readonly #reading = new Map<string, Promise<void>>();

  /**
   * @param changed called after each change, possibly several times for one.
   * @param memoryOf what is known of the memory of the project with that root
   * @param waitsForSaves whether saves are told of, so that large documents can wait for them
   * @param disk what lies below the open documents
   */
  constructor(
    changed: (change: Change) => void,
    memoryOf: (root: string) => Memory,
    waitsForSaves: boolean,
    disk: FileSystem = diskFiles,
  ) {
    this.#files = overlay(disk, this.documents);
    this.#changed = changed;
    this.#waitsForSaves = waitsForSaves;
    this.#memoryOf = memoryOf;
  }

  /** Absolute paths of the workspace's folders. */
  folders(): readonly string[] {
    return [...this.#folders];
  }

  /** All projects, by root. */
  projects(): readonly Project[] {
    return [...this.#projects.values()].sort((a, b) => (a.root < b.root ? -1 : 1));
  }

  projectByUri(uri: string): Project | undefined {
    const root = pathOf(uri);
    return root === undefined ? undefined : this.#projects.get(root);
  }

  /** The folder of the workspace that a path lies in, the innermost one. */
  folderOf(absolute: string): string | undefined {
    return [...this.#folders]
      .filter((folder) => contains(folder, absolute))
      .sort((a, b) => b.length - a.length)[0];
  }

  changeFolders(added: readonly string[], removed: readonly string[]): Promise<void> {
    for (const folder of removed) this.#folders.delete(path.normalize(folder));
    for (const folder of added) this.#folders.add(path.normalize(folder));
    return this.scan();
  }

  /** Looks at all folders again, in slices. A call during a scan makes it start over afterwards. */
  scan(): Promise<void> {
    if (this.#scan !== undefined) {
      this.#scanAgain = true;
      return this.#scan;
    }
    this.#scan = (async () => {
      try {
        do {
          this.#scanAgain = false;
          await this.#scanOnce();
        } while (this.#wantsAnother());
      } finally {
        this.#scan = undefined;
      }
    })();
    return this.#scan;
  }

  #wantsAnother(): boolean {
    return this.#scanAgain;
  }

  /** Resolves when no scan is under way. */
  async settled(): Promise<void> {
    await this.#scan;
  }

  opened(uri: string, languageId: string, version: number, text: string): void {
    this.documents.opened(uri, languageId, version, text);
    this.#touch(uri);
  }

  edited(...args: Parameters<Documents['changed']>): void {
    if (!this.documents.changed(...args)) return;
    const [uri] = args;
    if (this.isLarge(uri)) this.#unsaved.add(uri);
    else {
      this.#unsaved.delete(uri);
      this.#touch(uri);
    }
  }

  /** A document was saved, or what is in it has to be known although it was not. */
  saved(uri: string): void {
    if (!this.#unsaved.delete(uri)) return;
    this.#touch(uri);
    // Clients ask again by themselves when something was typed, not when it was saved.
    this.#changed('definitions');
  }

  /** Looks at large documents as well: their places must be right where text is changed. */
  syncUnsaved(): void {
    for (const uri of [...this.#unsaved]) this.saved(uri);
    this.sync();
  }

  /** Whether a document is too large to be looked at while somebody types in it. */
  isLarge(uri: string): boolean {
    const length = this.documents.of(uri)?.getText().length ?? 0;
    return this.#waitsForSaves && pathOf(uri) !== undefined && length > MOST_WHILE_TYPING;
  }

  /** Whether reading a document may take a while. */
  isSlow(uri: string): boolean {
    return (this.documents.of(uri)?.getText().length ?? 0) > MOST_WAITED_FOR;
  }

  closed(uri: string): void {
    this.documents.closed(uri);
    this.#dirty.delete(uri);
    this.#unsaved.delete(uri);
    this.#loose.delete(uri);
    const absolute = pathOf(uri);
    if (absolute === undefined) return;
    const project = this.#projectOf(absolute, false);
    const relative = project?.relative(absolute);
    if (project === undefined || relative === undefined) return;
    const listed = isListed(this.#files, project.root, relative) || project.namesParams(relative);
    if (listed && this.#isMember(project)) project.update(relative);
    else project.remove(relative);
    if (!this.#isMember(project) && project.paths().every((known) => PROJECT_FILES.includes(known))) {
      this.#projects.delete(project.root);
    }
    this.#changed('edit');
  }

  /**
   * Brings the definitions of open documents up to their last text. Cheap when nothing changed.
   *
   * @param asked the document that is asked about: the long ones among the others have time until somebody asks for all
   */
  sync(asked?: string): void {
    for (const uri of this.#dirty) {
      const document = this.documents.of(uri);
      if (asked !== undefined && document !== this.documents.of(asked) && isLong(document)) continue;
      this.#dirty.delete(uri);
      for (const steps of this.#updating(uri)) runThrough(steps);
    }
  }

  /** The same for all, in slices: requests are answered in between. */
  syncSliced(): Promise<void> {
    this.#syncing ??= this.#syncDirty().finally(() => (this.#syncing = undefined));
    return this.#syncing;
  }

  async #syncDirty(): Promise<void> {
    while (this.#dirty.size > 0) for (const uri of this.#dirty) await this.#read(uri);
  }

  /**
   * Reads a long document that is asked about in slices, so that others are answered in between, and lets those who wait
   * for it go on one in a turn. Who asks for its definition next finds it read.
   */
  async ready(uri: string): Promise<void> {
    const asked = this.documents.of(uri);
    if (!isLong(asked)) return;
    do {
      for (const one of this.#dirty) if (this.documents.of(one) === asked) await this.#read(one);
      await breathe();
    } while ([...this.#dirty].some((one) => this.documents.of(one) === asked));
    const place = this.place(uri);
    const read = place?.project.definition(place.path);
    if (read !== undefined) await runSliced(markingAnchors(read.tree));
  }

  /** Once for all who ask: of two who read the same text the first would give up, and not know of what the second finds. */
  #read(uri: string): Promise<void> {
    let reading = this.#reading.get(uri);
    if (reading === undefined) {
      reading = this.#readOnce(uri).finally(() => this.#reading.delete(uri));
      this.#reading.set(uri, reading);
    }
    return reading;
  }

  async #readOnce(uri: string): Promise<void> {
    const version = this.versionOf(uri);
    const current = (): boolean => this.versionOf(uri) === version;
    for (const steps of this.#updating(uri)) await runSliced(takeWhile(steps, current));
    if (current()) this.#dirty.delete(uri);
  }

  #updating(uri: string): readonly Generator<void, boolean>[] {
    const place = this.place(uri);
    if (place === undefined) return [];
    const text = this.#loose.has(uri) ? (this.documents.of(uri)?.getText() ?? '') : undefined;
    return [place.project.updating(place.path, text)];
  }

  /** Where a file belongs, whether or not it is a definition. */
  place(uri: string): Place | undefined {
    const absolute = pathOf(uri);
    if (absolute === undefined) return this.#loosePlace(uri);
    const project = this.#projectOf(absolute, this.documents.of(uri) !== undefined);
    const relative = project?.relative(absolute);
    return project === undefined || relative === undefined
      ? undefined
      : { project, path: relative, uri: this.documents.of(uri)?.uri ?? uri };
  }

  /**
   * The definition that a URI stands for, as of now; `undefined` for everything that is not ours, and for large documents
   * with changes, of which nothing is known until they are saved.
   */
  definition(uri: string): DefinitionPlace | undefined {
    this.sync(uri);
    if (this.#unsaved.has(uri)) return undefined;
    const place = this.place(uri);
    const definition = place?.project.definition(place.path);
    return place && definition && { ...place, definition };
  }

  uriOf(project: Project, relative: string): string {
    for (const place of this.#loose.values()) {
      if (place.project === project && place.path === relative) return place.uri;
    }
    const uri = uriOfPath(project.absolute(relative));
    return this.documents.of(uri)?.uri ?? uri;
  }

  /** The version of the open document; `null` when the file is not open. */
  versionOf(uri: string): number | null {
    return this.documents.of(uri)?.version ?? null;
  }

  /** Every file with findings, or that may have some, in order. */
  places(): readonly Place[] {
    this.sync();
    return this.projects()
      .flatMap((project) =>
        project.paths().map((relative) => ({ project, path: relative, uri: this.uriOf(project, relative) })),
      )
      .concat([...this.#loose.values()]);
  }

  /** Files came, changed or went. Few are looked at one by one; many, or some with wide effect, cause a scan. */
  async filesChanged(all: readonly FileEvent[]): Promise<void> {
    const events = all.filter((event) => !isOurOwn(event.path));
    if (events.length === 0) return;
    const moved = events.filter((event) => event.type !== 'changed').map((event) => event.path);
    let reached = false;
    if (moved.length > 0) {
      for (const project of this.#projects.values()) reached = project.diskChanged(moved) || reached;
    }
    if (events.length > MANY_EVENTS || events.some((event) => this.#isFarReaching(event))) {
      await this.scan();
      return;
    }
    for (const event of events) reached = this.#fileChanged(event) || reached;
    this.#changed(reached ? 'definitions' : 'disk');
  }

  /** The disk may have changed anywhere. */
  async everythingChanged(): Promise<void> {
    for (const project of this.#projects.values()) project.diskChanged();
    await this.scan();
  }

  #touch(uri: string): void {
    this.#dirty.add(uri);
    const absolute = pathOf(uri);
    // Excludes and severities of the settings reach every file at once.
    if (absolute !== undefined && PROJECT_FILES.includes(path.basename(absolute))) this.sync();
    this.#changed('edit');
  }

  #isFarReaching(event: FileEvent): boolean {
    const name = path.basename(event.path);
    if (name === '.gitignore' || PROJECT_FILES.includes(name)) return true;
    // A folder that came brings files along which no event may tell of.
    if (event.type !== 'created' || mayBeDefinition(name)) return false;
    const stat = this.#files.stat(event.path);
    return stat !== undefined && stat !== 'denied' && stat.kind === 'folder';
  }

  /** @returns whether a definition changed. */
  #fileChanged(event: FileEvent): boolean {
    const project = this.#projectOf(event.path, false);
    const relative = project?.relative(event.path);
    if (project === undefined || relative === undefined) return false;
    if (this.documents.get(event.path) !== undefined) return false;
    const read = project.isRead(relative);
    if (event.type !== 'deleted') {
      const listed = isListed(this.#files, project.root, relative) || project.namesParams(relative);
      return (listed && project.update(relative)) || read;
    }
    let changed = project.remove(relative) || read;
    for (const known of project.paths()) {
      if (known.startsWith(`${relative}/`) && !this.documents.get(project.absolute(known))) {
        changed = project.remove(known) || changed;
      }
    }
    return changed;
  }

  async #scanOnce(): Promise<void> {
    const roots = new Set<string>();
    const starts = new Set([...this.#folders].map((folder) => findMarkedRoot(folder) ?? folder));
    for (const outsider of this.#markedRootsOfDocuments()) starts.add(outsider);
    for (const start of starts) {
      const found = await runSliced(walkProjects(this.#files, start));
      for (const { root, files } of found) {
        roots.add(root);
        await runSliced(this.#reconcile(root, files));
      }
      await breathe();
    }
    for (const root of [...this.#projects.keys()]) if (!roots.has(root)) this.#projects.delete(root);
    // Documents may belong to another project now, or to none.
    for (const document of this.documents.all()) this.#dirty.add(document.uri);
    await this.syncSliced();
    this.#changed('definitions');
  }

  /** A document outside of all folders has its whole project read, so that it can refer to the other files there. */
  #markedRootsOfDocuments(): string[] {
    return this.documents.all().flatMap(({ uri }) => {
      const absolute = pathOf(uri);
      if (absolute === undefined || this.folderOf(absolute) !== undefined) return [];
      return findMarkedRoot(path.dirname(absolute)) ?? [];
    });
  }

  *#reconcile(root: string, files: readonly string[]): Generator<void> {
    const project = this.#projects.get(root) ?? this.#newProject(root);
    this.#projects.set(root, project);
    // Settings first: they say what is excluded.
    for (const name of PROJECT_FILES) project.update(name);
    const listed = new Set(files);
    for (const relative of files) {
      // Open documents follow when all folders were looked at.
      if (this.documents.get(project.absolute(relative)) === undefined) yield* project.updating(relative);
      yield;
    }
    for (const known of project.paths()) {
      if (listed.has(known) || this.documents.get(project.absolute(known)) !== undefined) continue;
      if (project.namesParams(known)) project.update(known);
      else project.remove(known);
    }
  }

  #newProject(root: string): Project {
    return new Project(root, this.#files, this.#memoryOf(root));
  }

  #projectOf(absolute: string, create: boolean): Project | undefined {
    let best: Project | undefined;
    for (const project of this.#projects.values()) {
      if (contains(project.root, absolute) && project.root.length > (best?.root.length ?? -1)) best = project;
    }
    if (best !== undefined || !create) return best;
    const folder = path.dirname(absolute);
    const root = findMarkedRoot(folder) ?? this.folderOf(absolute) ?? folder;
    const project = this.#newProject(root);
    for (const name of PROJECT_FILES) project.update(name);
    this.#projects.set(root, project);
    if (project.settingsFile() !== undefined && this.folderOf(absolute) === undefined) void this.scan();
    return project;
  }

  /** Whether a scan would find the project; the others exist because a document of theirs is open. */
  #isMember(project: Project): boolean {
    for (const folder of this.#folders) {
      if (contains(folder, project.root) || contains(project.root, folder)) return true;
    }
    return false;
  }

  #loosePlace(uri: string): Place | undefined {
    const known = this.#loose.get(uri);
    if (known !== undefined) return known;
    if (!uri.startsWith('untitled:') || this.documents.of(uri) === undefined) return undefined;
    const root = [...this.#folders][0] ?? process.cwd();
    const name = uri.slice(uri.lastIndexOf('/') + 1).replace(/^untitled:/, '');
    const place: Place = {
      project: this.#newProject(root),
      path: mayBeDefinition(name) ? name : `${name}.yaml`,
      uri,
    };
    this.#loose.set(uri, place);
    return place;
  }
}
