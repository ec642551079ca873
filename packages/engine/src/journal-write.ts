// One shard of a journal, written only over the version that it was read at: two who both believe to hold a cluster cannot
// both write here. It decides nothing about what is in it.

import { isRecord, type KubeObject, type ObjectRef } from '@weir/core';
import { isConflict, type KubeClient, type Writer } from '@weir/kube';

export interface ShardWrite {
  readonly object: KubeObject;
  readonly ref: ObjectRef;
  /** As known of the object on the hub; undefined where it is not known to be there. */
  readonly version: string | undefined;
  readonly client: KubeClient;
  readonly writer: Writer;
  /** What somebody else has written there meanwhile; throws where that must not be overwritten. */
  readonly check: (found: KubeObject) => void;
  readonly signal: AbortSignal;
}

const fieldManager = 'weir';
/** Somebody who writes the same journal again and again is not ours to fight. */
const maxAttempts = 4;

/**
 * Answers the version that it has then. A shard that is new is created, which costs the server half of an apply. The
 * object may lack what `check` took in: that is written next.
 */
export async function writeShard(write: ShardWrite): Promise<string> {
  const { object, ref, client, writer, check, signal } = write;
  let version = write.version;
  for (let attempt = 1; ; attempt++) {
    try {
      const written =
        version === undefined
          ? await writer.create(withoutNulls(object), { fieldManager, signal })
          : await overwrite(version, write);
      if (written !== undefined) return written.metadata.resourceVersion ?? '';
    } catch (error) {
      if (!isConflict(error) || attempt >= maxAttempts) throw error;
    }
    const found = await client.get(ref, signal);
    version = found?.metadata.resourceVersion;
    if (found !== undefined) check(found);
  }
}

/** What is to go, whoever has put it there, is a null in a merge patch; an apply removes only what an apply has put there. */
function overwrite(version: string, { object, ref, writer, signal }: ShardWrite): Promise<KubeObject> {
  const { metadata, spec } = atVersion(object, version);
  if (!isRecord(spec) || !Object.values(spec).includes(null))
    return writer.apply(atVersion(object, version), { fieldManager, signal });
  return writer.mergePatch(ref, { metadata, spec }, { fieldManager, signal });
}

function withoutNulls(object: KubeObject): KubeObject {
  const { spec } = object;
  if (!isRecord(spec)) return object;
  return { ...object, spec: Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null)) };
}

function atVersion(object: KubeObject, resourceVersion: string): KubeObject {
  return resourceVersion === '' ? object : { ...object, metadata: { ...object.metadata, resourceVersion } };
}
