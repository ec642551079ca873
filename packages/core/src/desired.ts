// From rendered manifests to the objects that are applied: namespaced, marked, free of what only a server may say.

import { base64OfText, canonicalJson, type Digest } from './canonical.ts';
import type { Delivery, OwnershipMark } from './delivery.ts';
import {
  idOf,
  isRecord,
  type KubeObject,
  type ObjectId,
  type ObjectMeta,
  type ObjectRef,
  refOf,
} from './object.ts';
import type { Problem } from './problem.ts';

export interface Rendered {
  readonly object: KubeObject;
  readonly file?: string;
  readonly line?: number;
}

export interface Desired {
  readonly id: ObjectId;
  readonly ref: ObjectRef;
  readonly object: KubeObject;
  readonly digest: string;
  readonly file?: string;
  readonly line?: number;
}

export interface DesiredSet {
  readonly objects: readonly Desired[];
  readonly problems: readonly Problem[];
}

/** `isNamespaced` is undefined for a kind that the cluster does not serve. */
export function prepareDesired(input: {
  readonly delivery: Pick<Delivery, 'mark' | 'namespace'>;
  readonly rendered: readonly Rendered[];
  readonly isNamespaced: (ref: ObjectRef) => boolean | undefined;
  readonly digest: Digest;
}): DesiredSet {
  const byId = new Map<ObjectId, Desired>();
  const problems: Problem[] = [];
  for (const rendered of input.rendered) {
    const namespaced = input.isNamespaced(refOf(rendered.object));
    const ref = placed(refOf(rendered.object), namespaced, input.delivery.namespace);
    const place = {
      ...(rendered.file === undefined ? {} : { file: rendered.file }),
      ...(rendered.line === undefined ? {} : { line: rendered.line }),
    };
    if (namespaced === undefined) {
      problems.push({
        code: 'KIND_UNKNOWN',
        message: `${ref.kind}/${ref.name}: the cluster serves no ${ref.kind} in ${rendered.object.apiVersion}; expected its CustomResourceDefinition to be installed`,
        object: ref,
        ...place,
      });
    }
    const id = idOf(ref);
    if (byId.has(id))
      problems.push({
        code: 'OBJECT_DUPLICATE',
        message: `${ref.kind}/${ref.name}: stands twice in this delivery; the last one counts`,
        object: ref,
        ...place,
      });
    const object = cleanObject(rendered.object, ref, input.delivery.mark);
    byId.set(id, { id, ref, object, digest: input.digest(canonicalJson(object)), ...place });
  }
  return { objects: [...byId.values()], problems };
}

function placed(ref: ObjectRef, namespaced: boolean | undefined, fallback: string): ObjectRef {
  if (namespaced === false) return { ...ref, namespace: '' };
  return ref.namespace === '' && namespaced === true ? { ...ref, namespace: fallback } : ref;
}

/** Members of metadata that a server writes and a manifest has no business with. */
const serverMetadata = [
  'uid',
  'resourceVersion',
  'generation',
  'managedFields',
  'creationTimestamp',
  'deletionTimestamp',
  'selfLink',
  'namespace',
];

function cleanObject(object: KubeObject, ref: ObjectRef, mark: OwnershipMark): KubeObject {
  const metadata: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object.metadata))
    if (!serverMetadata.includes(key) && value !== null) metadata[key] = value;
  if (ref.namespace !== '') metadata.namespace = ref.namespace;
  const { status: _status, ...rest } = object;
  const cleaned = {
    ...rest,
    metadata: { ...metadata, ...marked(object.metadata, ref, mark) } as unknown as ObjectMeta,
  };
  return object.kind === 'Secret' && object.apiVersion === 'v1' ? withData(cleaned) : cleaned;
}

/** `stringData` never comes back from a server, so it would look like drift for ever. */
function withData(secret: KubeObject): KubeObject {
  const { stringData, ...rest } = secret as KubeObject & { stringData?: unknown };
  if (!isRecord(stringData)) return rest;
  const data: Record<string, unknown> = isRecord(rest.data) ? { ...rest.data } : {};
  for (const [key, value] of Object.entries(stringData)) data[key] = base64OfText(String(value ?? ''));
  return { ...rest, data };
}

function marked(metadata: ObjectMeta, ref: ObjectRef, mark: OwnershipMark): Partial<ObjectMeta> {
  if (mark.kind === 'labels') return { labels: { ...metadata.labels, ...mark.labels } };
  return { annotations: { ...metadata.annotations, [mark.annotation]: trackingId(mark, ref) } };
}

/** `<app>:<group>/<kind>:<namespace>/<name>`; cluster-scoped objects carry the destination namespace (Argo CD). */
export function trackingId(mark: Extract<OwnershipMark, { kind: 'tracking-id' }>, ref: ObjectRef): string {
  return `${mark.app}:${ref.group}/${ref.kind}:${ref.namespace === '' ? mark.namespace : ref.namespace}/${ref.name}`;
}

/** Whether a live object carries this delivery's mark. */
export function isMarked(
  marks: Readonly<Record<string, string>>,
  ref: ObjectRef,
  mark: OwnershipMark,
): boolean {
  if (mark.kind === 'tracking-id') return marks[mark.annotation] === trackingId(mark, ref);
  return Object.entries(mark.labels).every(([key, value]) => marks[key] === value);
}
