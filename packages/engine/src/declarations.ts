// What users have declared on the hub: every dialect's custom resources, read and kept, and the Secrets they need.
// It watches and translates; it never writes and never reconciles.

import {
  type ClusterRecord,
  canonicalJson,
  type Delivery,
  type DeliveryId,
  type Dialect,
  type DialectKind,
  type DialectSettings,
  type FindHealthScript,
  type GitCredentials,
  idOf,
  isNewer,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  type Reading,
  type RepositoryRecord,
  type SourceDeclaration,
  type SourceId,
} from '@weir/core';
import type { KubeClient, WatchEvent } from '@weir/kube';
import { type Log, messageOf } from './log.ts';

/** One custom resource as it is now on the hub. */
export interface Declared {
  readonly id: string;
  readonly dialect: Dialect;
  readonly kind: DialectKind;
  readonly object: KubeObject;
  readonly reading: Reading;
}

export interface DeclaredChange {
  readonly id: string;
  readonly role: 'source' | 'delivery';
  readonly before?: Declared | undefined;
  /** Undefined when it went. */
  readonly after?: Declared | undefined;
}

export interface Declarations {
  declared(id: string): Declared | undefined;
  delivery(id: DeliveryId): Delivery | undefined;
  source(id: SourceId): SourceDeclaration | undefined;
  all(): Iterable<Declared>;
  sources(): readonly SourceDeclaration[];
  /** Deliveries that take from a source. */
  users(source: SourceId): readonly DeliveryId[];
  /** Deliveries that name this one in `dependsOn`. */
  dependents(id: DeliveryId): readonly DeliveryId[];
  /** Deliveries that wait for the health of that object by name. */
  checkers(id: ObjectId): Iterable<DeliveryId>;
  /** The health scripts of a dialect's settings on the hub. */
  healthScripts(dialect: string): FindHealthScript | undefined;
  clusters(): readonly ClusterRecord[];
  repositoryCredentials(url: string): GitCredentials | undefined;
  /** Takes in what a write answered, ahead of its watch event. */
  note(id: string, object: KubeObject): void;
}

export interface DeclarationsOptions {
  readonly client: KubeClient;
  readonly dialects: readonly Dialect[];
  readonly log: Log;
  readonly signal: AbortSignal;
  /** A custom resource came, changed in what it asks for, or went. */
  readonly onChange: (change: DeclaredChange) => void;
  /** A custom resource asks for the same as before, but something else of it changed. */
  readonly onStatus?: (id: string) => void;
  /** Parses the YAML within settings; without it there is none. */
  readonly parseYaml?: (text: string) => unknown;
  /** The settings of a dialect came, changed or went. */
  readonly onSettings?: (dialect: string) => void;
  /** A Secret with clusters or repositories came, changed or went. */
  readonly onSecrets: () => void;
}

/** Resolves once everything that the hub holds has been read. */
export async function watchDeclarations(options: DeclarationsOptions): Promise<Declarations> {
  const store = new Store(options);
  await Promise.all(
    options.dialects.flatMap((dialect) => [
      store.followSecrets(dialect),
      store.followSettings(dialect),
      ...dialect.kinds.map((kind) => store.followKind(dialect, kind)),
    ]),
  );
  return store;
}

const idOfObject = (dialect: Dialect, object: KubeObject): string =>
  `${dialect.name}:${object.kind}:${object.metadata.namespace ?? ''}/${object.metadata.name}`;

class Store implements Declarations {
  readonly #options: DeclarationsOptions;
  readonly #declared = new Map<string, Declared>();
  /** Texts by which a change of meaning is told from a change of status. */
  readonly #meanings = new Map<string, string>();
  readonly #clusters = new Map<string, ClusterRecord>();
  readonly #repositories = new Map<string, RepositoryRecord>();
  readonly #settings = new Map<string, FindHealthScript>();
  readonly #checkers = new Map<ObjectId, Set<DeliveryId>>();

  constructor(options: DeclarationsOptions) {
    this.#options = options;
  }

  declared(id: string): Declared | undefined {
    return this.#declared.get(id);
  }

  delivery(id: DeliveryId): Delivery | undefined {
    const reading = this.#declared.get(id)?.reading;
    return reading?.kind === 'delivery' ? reading.delivery : undefined;
  }

  source(id: SourceId): SourceDeclaration | undefined {
    return this.sources().find((source) => source.id === id);
  }

  all(): Iterable<Declared> {
    return this.#declared.values();
  }

  sources(): readonly SourceDeclaration[] {
    const byId = new Map<SourceId, SourceDeclaration>();
    for (const { reading } of this.#declared.values()) {
      const source = reading.kind === 'invalid' ? undefined : reading.source;
      if (source === undefined) continue;
      const known = byId.get(source.id);
      // Many deliveries carry the same source; the most impatient one sets the pace.
      if (known === undefined || source.intervalMs < known.intervalMs) byId.set(source.id, source);
    }
    return [...byId.values()];
  }

  users(source: SourceId): readonly DeliveryId[] {
    return this.#deliveries((delivery) => delivery.source === source);
  }

  dependents(id: DeliveryId): readonly DeliveryId[] {
    return this.#deliveries((delivery) => delivery.dependsOn.includes(id));
  }

  #deliveries(isWanted: (delivery: Delivery) => boolean): DeliveryId[] {
    const ids: DeliveryId[] = [];
    for (const { reading } of this.#declared.values())
      if (reading.kind === 'delivery' && isWanted(reading.delivery)) ids.push(reading.delivery.id);
    return ids;
  }

  checkers(id: ObjectId): Iterable<DeliveryId> {
    return this.#checkers.get(id) ?? [];
  }

  healthScripts(dialect: string): FindHealthScript | undefined {
    return this.#settings.get(dialect);
  }

  clusters(): readonly ClusterRecord[] {
    return [...this.#clusters.values()];
  }

  repositoryCredentials(url: string): GitCredentials | undefined {
    const bare = (text: string): string => text.replace(/\.git$|\/+$/g, '').toLowerCase();
    const records = [...this.#repositories.values()];
    const exact = records.find((record) => !record.isPrefix && bare(record.url) === bare(url));
    if (exact !== undefined && Object.keys(exact.credentials).length > 0) return exact.credentials;
    const prefixes = records.filter((record) => record.isPrefix && bare(url).startsWith(bare(record.url)));
    return prefixes.sort((a, b) => b.url.length - a.url.length)[0]?.credentials;
  }

  note(id: string, object: KubeObject): void {
    const known = this.#declared.get(id);
    if (known !== undefined && !this.#isOlder(id, object)) this.#put(known.dialect, known.kind, object);
  }

  /** The answer to a write is known before the events of what was there earlier; they must not undo it. */
  #isOlder(id: string, { metadata }: KubeObject): boolean {
    const known = this.#declared.get(id)?.object.metadata.resourceVersion ?? '';
    const version = metadata.resourceVersion ?? '';
    return version !== known && !isNewer(version, known);
  }

  async followKind(dialect: Dialect, kind: DialectKind): Promise<void> {
    const listed = new Set<string>();
    let isListing = true;
    await this.#follow(kind, {}, (event) => {
      if (event.kind === 'restart') {
        listed.clear();
        isListing = true;
      } else if (event.kind === 'put') {
        const id = idOfObject(dialect, event.object);
        listed.add(id);
        // A list counts even where it is of lower versions (a restored etcd).
        if (isListing || !this.#isOlder(id, event.object)) this.#put(dialect, kind, event.object);
      } else if (event.kind === 'gone') this.#drop(idOfObject(dialect, event.object));
      else if (event.kind === 'synced') {
        isListing = false;
        this.#dropOthers(dialect, kind, listed);
      }
    });
  }

  #dropOthers(dialect: Dialect, kind: DialectKind, listed: ReadonlySet<string>): void {
    for (const known of [...this.#declared.values()])
      if (known.dialect === dialect && known.kind.kind === kind.kind && !listed.has(known.id))
        this.#drop(known.id);
  }

  async followSecrets(dialect: Dialect): Promise<void> {
    const { labelSelector, namespace } = dialect.secrets;
    if (labelSelector === undefined) return;
    const listed = new Set<string>();
    await this.#follow(
      { group: '', version: 'v1', plural: 'secrets' },
      { labelSelector, ...(namespace === undefined ? {} : { namespace }) },
      (event) => {
        if (event.kind === 'restart') listed.clear();
        if (event.kind === 'put') listed.add(this.#putSecret(dialect, event.object));
        if (event.kind === 'gone')
          this.#dropSecret(
            `${dialect.name}:${event.object.metadata.namespace}/${event.object.metadata.name}`,
          );
        if (event.kind === 'synced')
          for (const key of [...this.#clusters.keys(), ...this.#repositories.keys()])
            if (key.startsWith(`${dialect.name}:`) && !listed.has(key)) this.#dropSecret(key);
        if (event.kind !== 'restart' && event.kind !== 'open') this.#options.onSecrets();
      },
    );
  }

  /** Weir works without the right to read them, so nothing waits for a watch that fails. */
  async followSettings({ name: dialect, settings }: Dialect): Promise<void> {
    if (settings === undefined) return;
    const { name, namespace } = settings;
    let isListed = false;
    await this.#follow(
      { group: '', version: 'v1', plural: 'configmaps' },
      { namespace, fieldSelector: `metadata.name=${name}`, isOptional: true },
      (event) => {
        if (event.kind === 'restart') isListed = false;
        if (event.kind === 'put') {
          isListed = true;
          this.#putSettings(dialect, settings, event.object);
        }
        const isGone = event.kind === 'gone' || (event.kind === 'synced' && !isListed);
        if (isGone && this.#settings.delete(dialect)) this.#options.onSettings?.(dialect);
      },
    );
  }

  #putSettings(dialect: string, settings: DialectSettings, object: KubeObject): void {
    const parse = this.#options.parseYaml ?? (() => undefined);
    const read = settings.readHealth(object, parse);
    if (read.ok) {
      this.#settings.set(dialect, read.value);
      this.#options.onSettings?.(dialect);
      return;
    }
    // Those that were read before stay in force: a typing error must not change the health of a fleet.
    const { code, message } = read.problem;
    const place = `ConfigMap ${settings.namespace}/${settings.name}`;
    this.#options.log({
      level: 'warn',
      code,
      message: `${place}: ${message}; its health scripts stay as they were`,
    });
  }

  /** Resolves with the first complete list, and goes on until the signal. */
  #follow(
    kind: { group: string; version: string; plural: string },
    selection: { labelSelector?: string; fieldSelector?: string; namespace?: string; isOptional?: boolean },
    take: (event: WatchEvent) => void,
  ): Promise<void> {
    const { isOptional = false, ...selector } = selection;
    const { client, signal, log } = this.#options;
    return new Promise((resolve) => {
      const run = async (): Promise<void> => {
        for await (const event of client.watch(kind, { ...selector, signal })) {
          if (event.kind === 'trouble')
            log({
              level: 'warn',
              message: `watch of ${kind.plural} on the hub failed: ${String(event.error)}`,
            });
          else this.#try(() => take(event), kind.plural);
          if (event.kind === 'synced' || (isOptional && event.kind === 'trouble')) resolve();
        }
        resolve();
      };
      void run();
    });
  }

  /** What one object does to its reader must not end the watch, and the process with it. */
  #try(work: () => void, plural: string): void {
    try {
      work();
    } catch (error) {
      this.#options.log({
        level: 'error',
        code: 'INTERNAL',
        message: `a ${plural} event on the hub could not be read: ${messageOf(error)}`,
      });
    }
  }

  #put(dialect: Dialect, kind: DialectKind, object: KubeObject): void {
    const id = idOfObject(dialect, object);
    const before = this.#declared.get(id);
    const after: Declared = { id, dialect, kind, object, reading: dialect.read(object) };
    this.#declared.set(id, after);
    this.#noteChecks(id, before, after);
    const meaning = meaningOf(after);
    if (this.#meanings.get(id) === meaning) {
      this.#options.onStatus?.(id);
      return;
    }
    this.#meanings.set(id, meaning);
    this.#options.onChange({ id, role: kind.role, before, after });
  }

  #noteChecks(id: string, before: Declared | undefined, after: Declared | undefined): void {
    for (const ref of checksIn(before)) {
      const known = this.#checkers.get(idOf(ref));
      known?.delete(id);
      if (known?.size === 0) this.#checkers.delete(idOf(ref));
    }
    for (const ref of checksIn(after)) {
      const known = this.#checkers.get(idOf(ref)) ?? new Set();
      this.#checkers.set(idOf(ref), known.add(id));
    }
  }

  #drop(id: string): void {
    const before = this.#declared.get(id);
    this.#declared.delete(id);
    this.#meanings.delete(id);
    this.#noteChecks(id, before, undefined);
    if (before !== undefined) this.#options.onChange({ id, role: before.kind.role, before });
  }

  #putSecret(dialect: Dialect, secret: KubeObject): string {
    const key = `${dialect.name}:${secret.metadata.namespace}/${secret.metadata.name}`;
    this.#dropSecret(key);
    const cluster = dialect.secrets.readCluster?.(secret);
    const repository = dialect.secrets.readRepository?.(secret);
    for (const read of [cluster, repository])
      if (read !== undefined && !read.ok)
        this.#options.log({
          level: 'warn',
          code: read.problem.code,
          message: `Secret ${key}: ${read.problem.message}`,
        });
    if (cluster?.ok === true) this.#clusters.set(key, cluster.value);
    if (repository?.ok === true) this.#repositories.set(key, repository.value);
    return key;
  }

  #dropSecret(key: string): void {
    this.#clusters.delete(key);
    this.#repositories.delete(key);
  }
}

function checksIn(declared: Declared | undefined): readonly ObjectRef[] {
  return declared?.reading.kind === 'delivery' ? (declared.reading.delivery.healthChecks ?? []) : [];
}

/** What the custom resource asks for, without what its own status writes change (Application has no status subresource). */
function meaningOf({ reading, kind, object }: Declared): string {
  const generation = kind.statusSubresource ? object.metadata.generation : 0;
  return canonicalJson({ reading, generation, owner: undefined }).replace(
    /"generation":\d+/g,
    kind.statusSubresource ? '$&' : '"generation":0',
  );
}
