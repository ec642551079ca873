// The deliveries and sources that stand on the hub, each with its dialect and its summary. Reads custom resources only.

import type { Dialect, DialectKind, KubeObject, Summary } from '@weir/core';
import type { KubeClient } from '@weir/kube';
import { Exit, exitCodes } from '../exit.ts';

export interface Declared {
  readonly dialect: Dialect;
  readonly kind: DialectKind;
  readonly namespace: string;
  readonly name: string;
  readonly object: KubeObject;
  readonly summary: Summary;
}

export interface Scope {
  readonly client: KubeClient;
  readonly dialects: readonly Dialect[];
  readonly role: 'delivery' | 'source';
  readonly namespace?: string | undefined;
  readonly signal: AbortSignal;
}

export interface ServedKind {
  readonly dialect: Dialect;
  readonly kind: DialectKind;
}

/** The kinds of this role that the hub serves: a dialect whose CRDs are absent is left out. */
export async function servedKinds(scope: Omit<Scope, 'namespace'>): Promise<ServedKind[]> {
  const discovery = await scope.client.resources();
  return scope.dialects
    .flatMap((dialect) => dialect.kinds.map((kind) => ({ dialect, kind })))
    .filter(({ kind }) => kind.role === scope.role && discovery.find(kind) !== undefined);
}

export async function listDeclared(scope: Scope): Promise<Declared[]> {
  const kinds = await servedKinds(scope);
  if (kinds.length === 0)
    throw new Exit(
      exitCodes.failure,
      `cluster ${scope.client.name} serves no kind of any dialect; is it the hub? Start one with: weir up`,
    );
  const lists = await Promise.all(
    kinds.map(async (served) => {
      const objects = await scope.client.list(served.kind, {
        signal: scope.signal,
        ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }),
      });
      return objects.map((object) => declaredOf(served, object));
    }),
  );
  return lists.flat().sort(byPlace);
}

export function declaredOf(served: ServedKind, object: KubeObject): Declared {
  return {
    ...served,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    object,
    summary: served.dialect.summarize(object),
  };
}

export function keyOf(item: Pick<Declared, 'kind' | 'namespace' | 'name'>): string {
  return `${item.kind.group}/${item.kind.kind}/${item.namespace}/${item.name}`;
}

function byPlace(a: Declared, b: Declared): number {
  return compare(a.namespace, b.namespace) || compare(a.kind.kind, b.kind.kind) || compare(a.name, b.name);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** In sync and healthy, as far as the custom resource tells. */
export function isReady(item: Pick<Declared, 'summary'>): boolean {
  return item.summary.sync === 'Synced' && item.summary.health === 'Healthy';
}
