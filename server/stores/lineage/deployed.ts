/** Packages, releases and services as lineage asks for them: read when the first question comes, and once for a walk. */
import type { PackageStore } from '../packages/store.js';
import type { PackagedFile, PackageVersion } from '../packages/types.js';
import type { LineageRelease, LineageService, LineageSources } from './sources.js';

/** Packages, releases and services at one moment. */
export class Deployed {
  readonly #store: PackageStore;
  readonly #sources: LineageSources;
  #releases: readonly LineageRelease[] | undefined;
  #services: readonly LineageService[] | undefined;
  #packages: readonly PackageVersion[] | undefined;

  constructor(store: PackageStore, sources: LineageSources) {
    this.#store = store;
    this.#sources = sources;
  }

  #allReleases(): readonly LineageRelease[] {
    this.#releases ??= this.#sources.releases?.() ?? [];
    return this.#releases;
  }

  #allServices(): readonly LineageService[] {
    this.#services ??= this.#sources.services?.() ?? [];
    return this.#services;
  }

  service(environment: string, name: string): LineageService | undefined {
    return this.#allServices().find((one) => one.name === name && one.environment === environment);
  }

  /** Services that a release serves now, or is made ready for. */
  servicesOn({ environment, id }: LineageRelease): readonly LineageService[] {
    return this.#allServices().filter((one) => one.environment === environment && one.releases.includes(id));
  }

  releasesOf({ environment, releases }: LineageService): readonly LineageRelease[] {
    return releases.flatMap((id) => this.release(environment, id) ?? []);
  }

  #allPackages(): readonly PackageVersion[] {
    this.#packages ??= this.#store
      .list()
      .flatMap(({ versions }) => versions.filter(({ deleted }) => deleted === undefined));
    return this.#packages;
  }

  release(environment: string, id: string): LineageRelease | undefined {
    return this.#allReleases().find((one) => one.id === id && one.environment === environment);
  }

  /** Releases that have a model version. */
  withModel(name: string, version: string): readonly LineageRelease[] {
    return this.#allReleases().filter(({ model }) => model?.name === name && model.version === version);
  }

  /** Releases that have a package version. */
  withPackage(name: string, version: string): readonly LineageRelease[] {
    return this.#allReleases().filter((one) => one.package.name === name && one.package.version === version);
  }

  package(name: string, version: string): PackageVersion | undefined {
    return this.#allPackages().find((one) => one.name === name && one.version === version);
  }

  /** What a task of a run made. */
  packagesOf(run: string, task: string): readonly PackageVersion[] {
    return this.#allPackages().filter((one) => one.run?.id === run && one.run.task === task);
  }

  /** What is in a package, by path; nothing where its manifest can't be read. */
  filesOf(version: PackageVersion): readonly PackagedFile[] {
    const read = this.#store.manifest(version);
    return read.ok ? read.manifest.files : [];
  }
}
