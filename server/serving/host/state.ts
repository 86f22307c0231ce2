/** What a host writes down: the service's document and its history. */
import { appendFileSync } from 'node:fs';
import { defined } from '../../base/defined.js';
import { openDocument, readDocument } from '../../stores/disk/document.js';
import { ownIdentity } from '../../stores/machine/liveness.js';
import { folderId, serviceDocumentKind } from '../services/document.js';
import { mergeConfig } from '../services/config.js';
import type { ServicePlaces } from '../places.js';
import { lineOf } from '../../stores/disk/line-format.js';
import { SERVICE_LINES } from '../services/lines.js';
import { SERVICE_SCHEMA_VERSION } from '../types.js';
import type { ServiceDocument, ServiceEvent } from '../types.js';

export class ServiceState {
  readonly #places: ServicePlaces;
  readonly #opened: ReturnType<typeof openDocument<ServiceDocument>>;
  readonly #listeners = new Set<(event: ServiceEvent) => void>();
  /** What the document said when the host started: where another one was killed, what that one left behind. */
  readonly before: ServiceDocument | undefined;
  /** Takes out of texts what must not be written down. */
  mask: (text: string) => string = (text) => text;
  /** Why the document from before can't be used. */
  readonly problem: string | undefined;

  constructor(places: ServicePlaces, environment: string, name: string) {
    this.#places = places;
    const loaded = readDocument(places.document, serviceDocumentKind, { setAside: true });
    this.before = loaded.state === 'ok' ? loaded.value : undefined;
    this.problem =
      loaded.state === 'broken' || loaded.state === 'refused' ? loaded.problem.message : undefined;
    const now = new Date().toISOString();
    this.#opened = openDocument(
      places.document,
      serviceDocumentKind,
      this.before ?? {
        schema: SERVICE_SCHEMA_VERSION,
        name,
        environment,
        desired: 'stopped',
        status: 'stopped',
        config: { ...mergeConfig({}, undefined), port: 0 },
        previous: [],
        createdAt: now,
        updatedAt: now,
      },
    );
  }

  get document(): ServiceDocument {
    return this.#opened.low.data;
  }

  /**
   * Writes the document without waiting for the disk: all traffic would wait with us. Never throws: a full disk must
   * not stop a service that runs.
   */
  replace(document: ServiceDocument): void {
    const message = document.message === undefined ? {} : { message: this.mask(document.message) };
    this.#opened.low.data = {
      ...document,
      ...message,
      owner: ownIdentity(),
      ...defined({ folder: folderId(this.#places.folder) }),
      updatedAt: new Date().toISOString(),
    };
    try {
      this.#opened.low.write();
    } catch (error) {
      process.stderr.write(`can't write ${this.#places.document}: ${String(error)}\n`);
    }
  }

  /** Writes what has to survive a power cut. */
  save(change: Partial<ServiceDocument>): void {
    this.#opened.adapter.durable = true;
    this.replace({ ...this.document, ...change });
    this.#opened.adapter.durable = false;
  }

  /** Adds to the history, and tells whoever waits for what happens. */
  record(event: Omit<ServiceEvent, 'at'>): void {
    const { message, reason } = event;
    const full: ServiceEvent = {
      at: new Date().toISOString(),
      ...event,
      ...(message === undefined ? {} : { message: this.mask(message) }),
      ...(reason === undefined ? {} : { reason: this.mask(reason) }),
    };
    try {
      appendFileSync(this.#places.history, `${lineOf(SERVICE_LINES, full)}\n`);
    } catch (error) {
      process.stderr.write(`can't write ${this.#places.history}: ${String(error)}\n`);
    }
    for (const listener of this.#listeners) listener(full);
  }

  /** Gives a function that ends it. */
  listen(listener: (event: ServiceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
