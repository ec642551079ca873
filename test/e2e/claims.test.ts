// Two deliveries that contain one object: the first keeps it, the second says so, and takes it once the first lets go.

import { afterAll, expect, test } from 'vitest';
import type { Manifest } from './rig/cluster.ts';
import { expectCoded } from './rig/expect-coded.ts';
import { named, openFleet } from './rig/fleet.ts';
import {
  application,
  type ClusterName,
  configMapRef,
  configMapYaml,
  gitRepository,
  kustomization,
  namespaceYaml,
} from './rig/resources.ts';

const fleet = openFleet();
afterAll(() => fleet.close());

type Dialect = 'app' | 'ks';

const pairs: readonly { first: Dialect; second: Dialect; cluster: ClusterName }[] = [
  { first: 'app', second: 'app', cluster: 'east' },
  { first: 'ks', second: 'ks', cluster: 'west' },
  { first: 'app', second: 'ks', cluster: 'hub' },
  { first: 'ks', second: 'app', cluster: 'east' },
];

test.each(pairs)('$first holds what $second wants on $cluster', async ({ first, second, cluster }) => {
  const id = `e2e-claim-${first}-${second}`;
  const shared = configMapRef(id, 'shared');
  const target = fleet.clusters[cluster];
  const file = (who: string) => ({ [`${who}/shared.yaml`]: configMapYaml('shared', who, id) });
  const keep = (who: string) => ({ [`${who}/own.yaml`]: configMapYaml(`own-${who}`, who, id) });
  await target.ensure({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: id } });
  const repo = await fleet.repo(id, {
    ...file('first'),
    ...keep('first'),
    ...file('second'),
    ...keep('second'),
    'namespace.yaml': namespaceYaml(id),
  });
  const declare = async (dialect: Dialect, who: string): Promise<string> => {
    const name = `${id}-${who}`;
    const manifest: Manifest =
      dialect === 'app'
        ? application({ name, repo: repo.url, path: who, namespace: id, cluster })
        : kustomization({ name, source: id, path: `./${who}`, cluster });
    await fleet.declare(manifest);
    return `${dialect}/${name}`;
  };
  await fleet.declare(gitRepository({ name: id, url: repo.url }));
  const holder = await declare(first, 'first');
  await fleet.untilReady(named(holder), await repo.copy.head());
  const held = await target.need(shared);
  const claimant = await declare(second, 'second');
  await expectCoded(fleet, claimant, { code: 'OBJECT_CLAIMED', text: 'shared' });
  await target.need(configMapRef(id, 'own-second'));
  const { metadata, data } = await target.need(shared);
  expect({ data, version: metadata.resourceVersion }).toEqual({
    data: { value: 'first' },
    version: held.metadata.resourceVersion,
  });

  const commit = await repo.push({ 'first/shared.yaml': null });
  await fleet.untilReady(named(holder), commit);
  await fleet.untilReady(named(claimant), commit);
  expect((await target.need(shared)).data).toEqual({ value: 'second' });
});
