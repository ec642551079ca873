// Follows what a cluster serves: changes of CustomResourceDefinitions and APIServices renew the discovery. It needs no
// more of them than metadata: whatever matters (established, available, a new version) is a write, and changes that.

import type { KubeClient } from './client.ts';
import type { Discovery, ResourceRef } from './discovery.ts';
import { pause } from './transport.ts';

const sources: readonly ResourceRef[] = [
  { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' },
  { group: 'apiregistration.k8s.io', version: 'v1', plural: 'apiservices' },
];

/** Definitions come in packs; and a kind is established some 20 ms before the discovery names it. */
const settleMs = 250;
/** The aggregator may take longer than that with a group that is new: it is asked once more. */
const secondLookMs = 2_000;

/** Tells each discovery that was made because something changed. A cluster that refuses these watches is asked on demand. */
export function followDefinitions(
  client: KubeClient,
  options: { readonly signal: AbortSignal; readonly onChange: (discovery: Discovery) => void },
): void {
  const { signal, onChange } = options;
  let isDue = false;
  const renew = async (): Promise<void> => {
    if (isDue) return;
    isDue = true;
    await pause(settleMs, signal);
    isDue = false;
    for (const waitMs of [0, secondLookMs]) {
      await pause(waitMs, signal);
      // Another change is under way, which brings a look of its own.
      if (signal.aborted || isDue) return;
      const found = await client.resources({ fresh: 'now' }).catch(() => undefined);
      if (found !== undefined) onChange(found);
    }
  };
  for (const source of sources) void followOne(client, source, { signal, onChange: () => void renew() });
}

async function followOne(
  client: KubeClient,
  source: ResourceRef,
  { signal, onChange }: { signal: AbortSignal; onChange: () => void },
): Promise<void> {
  /** By uid the version that was seen last. Bound: the definitions of one cluster. */
  const versions = new Map<string, string>();
  let unseen: Set<string> | undefined;
  let isListed = false;
  for await (const event of client.watch(source, { signal, metadataOnly: true })) {
    if (event.kind === 'restart') unseen = new Set(versions.keys());
    else if (event.kind === 'synced') {
      for (const uid of unseen ?? []) versions.delete(uid);
      if (isListed && (unseen?.size ?? 0) > 0) onChange();
      unseen = undefined;
      isListed = true;
    } else if (event.kind === 'put' || event.kind === 'gone') {
      const { uid = '', resourceVersion = '' } = event.object.metadata;
      unseen?.delete(uid);
      const isNew = versions.get(uid) !== resourceVersion;
      if (event.kind === 'gone') versions.delete(uid);
      else versions.set(uid, resourceVersion);
      if (isListed && isNew) onChange();
    }
  }
}
