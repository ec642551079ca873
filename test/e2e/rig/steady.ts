// While something is broken: every other delivery goes on, and no cluster is asked to delete anything.

import { expect } from 'vitest';
import type { Fleet } from './fleet.ts';
import { named } from './fleet.ts';
import type { Repo } from './repo.ts';
import {
  application,
  configMapRef,
  configMapYaml,
  gitRepository,
  kustomization,
  namespaceYaml,
} from './resources.ts';
import { deletions } from './writes.ts';

/** Proves that in the course of `action` no cluster was asked to delete an object. */
export async function withoutDeletions(fleet: Fleet, action: () => Promise<void>): Promise<void> {
  const marked = await Promise.all(
    fleet.all().map(async (cluster) => ({ cluster, marker: await cluster.markAudit() })),
  );
  await action();
  for (const { cluster, marker } of marked)
    expect(deletions(await cluster.requestsSince(marker))).toEqual([]);
}

export interface Witness {
  /** Commits a change and waits until it has arrived by an Application and by a Kustomization. */
  goesOn(): Promise<void>;
}

/** Two deliveries with a repository of their own, to see that others go on. */
export async function createWitness(fleet: Fleet, name: string): Promise<Witness> {
  const full = `e2e-${name}-witness`;
  const files = (value: string) => ({
    'app/seen.yaml': configMapYaml('seen', value, full),
    'ks/namespace.yaml': namespaceYaml(full),
    'ks/seen.yaml': configMapYaml('seen', value, full),
  });
  const repo: Repo = await fleet.repo(`${name}-witness`, files('0'));
  await fleet.declare(
    application({ name: full, repo: repo.url, path: 'app', namespace: full, cluster: 'east' }),
    gitRepository({ name: full, url: repo.url }),
    kustomization({ name: full, source: full, path: './ks', cluster: 'west' }),
  );
  let value = 0;
  return {
    goesOn: async () => {
      value++;
      const commit = await repo.push(files(String(value)));
      for (const short of [`app/${full}`, `ks/${full}`]) await fleet.untilReady(named(short), commit);
      for (const cluster of [fleet.clusters.east, fleet.clusters.west])
        expect((await cluster.need(configMapRef(full, 'seen'))).data).toEqual({ value: String(value) });
    },
  };
}
