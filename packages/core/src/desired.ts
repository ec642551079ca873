// From rendered manifests to the objects that are applied: namespaced, marked, free of what only a server may say.

import { base64OfText, canonicalJson, type Digest } from './canonical.ts';
import { definedKind } from './defined-kind.ts';
import type { Delivery, OwnershipMark } from './delivery.ts';
import { withLastApplied } from './last-applied.ts';
import { managedNamespace } from './managed-namespace.ts';
import {
  apiVersionOf,
  idOf,
  isRecord,
  type KubeObject,
  type ObjectId,
  type ObjectMeta,
  type ObjectRef,
  refOf,
} from './object.ts';
import { effectsOf } from './object-switch.ts';
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
  /** The destination namespace with metadata of the delivery's: several may give it some. */
  readonly isHome?: boolean;
}

export interface DesiredSet {
  readonly objects: readonly Desired[];
  readonly problems: readonly Problem[];
}

/**
 * What was prepared of a delivery before, by the rendered object itself: one that comes up again is not prepared, and not
 * digested, again. It changes no outcome.
 */
export interface DesiredMemo {
  mark: string;
  known: WeakMap<KubeObject, Desired>;
}

export function createDesiredMemo(): DesiredMemo {
  return { mark: '', known: new WeakMap() };
}

/** `isNamespaced` is undefined for a kind that the cluster does not serve. */
export function prepareDesired(input: {
  readonly delivery: Pick<Delivery, 'mark' | 'namespace'> & Partial<Pick<Delivery, 'policy' | 'switches'>>;
  readonly rendered: readonly Rendered[];
  readonly isNamespaced: (ref: ObjectRef) => boolean | undefined;
  readonly digest: Digest;
  /** Of this delivery alone. */
  readonly memo?: DesiredMemo;
}): DesiredSet {
  const known = knownFor(input.delivery, input.memo);
  const byId = new Map<ObjectId, Desired>();
  const problems: Problem[] = [];
  const scopes = definedScopes(input.rendered);
  for (const rendered of input.rendered) {
    const given = refOf(rendered.object);
    const namespaced = input.isNamespaced(given) ?? scopes.get(`${given.group}/${given.kind}`);
    const ref = placed(given, namespaced, input.delivery.namespace);
    const id = idOf({ ...ref, name: ref.name || unnamed(rendered.object) });
    const place = placeOf(rendered);
    const problem = problemOfPlacing({ ref, namespaced, isKnown: byId.has(id) });
    if (problem !== undefined) problems.push({ ...problem, object: ref, ...place });
    if (problem?.code === 'NAMESPACE_MISSING') continue;
    const before = known?.get(rendered.object);
    if (before !== undefined && isPlacedAlike(before, ref, place)) {
      byId.set(id, before);
      continue;
    }
    const cleaned = cleanObject(rendered.object, ref, input.delivery.mark);
    const object = keepsLastApplied(cleaned, input.delivery) ? withLastApplied(cleaned) : cleaned;
    const desired = { id, ref, object, digest: input.digest(canonicalJson(object)), ...place };
    known?.set(rendered.object, desired);
    byId.set(id, desired);
  }
  const home = managedNamespace(input.delivery, byId, input.digest);
  if (home !== undefined) byId.set(home.id, home);
  return { objects: [...byId.values()], problems };
}

type Stamping = Pick<Delivery, 'mark'> & Partial<Pick<Delivery, 'policy' | 'switches'>>;

function keepsLastApplied({ metadata }: KubeObject, { policy, switches }: Stamping): boolean {
  const effects = effectsOf(switches, metadata.labels, metadata.annotations);
  // A replacement tells no client what was applied.
  if (policy?.replace === true || effects.has('replace') || effects.has('server-side')) return false;
  return policy?.lastApplied === true || effects.has('client-side');
}

/** Another mark makes other objects of all. */
function knownFor(
  { mark, policy }: Stamping,
  memo: DesiredMemo | undefined,
): DesiredMemo['known'] | undefined {
  if (memo === undefined) return undefined;
  const text = JSON.stringify([mark, policy?.lastApplied, policy?.replace]);
  if (memo.mark !== text) {
    memo.mark = text;
    memo.known = new WeakMap();
  }
  return memo.known;
}

function isPlacedAlike(before: Desired, ref: ObjectRef, place: Pick<Problem, 'file' | 'line'>): boolean {
  return before.ref.namespace === ref.namespace && before.file === place.file && before.line === place.line;
}

/** Kinds whose definition is in the same set: whether they are namespaced is known before the cluster serves them. */
function definedScopes(rendered: readonly Rendered[]): ReadonlyMap<string, boolean> {
  const scopes = new Map<string, boolean>();
  for (const { object } of rendered) {
    const defined = definedKind(object);
    if (defined !== undefined) scopes.set(`${defined.group}/${defined.kind}`, defined.isNamespaced);
  }
  return scopes;
}

/** An object that gets its name when it is made is told from others by the prefix; no name holds an asterisk. */
function unnamed({ metadata }: KubeObject): string {
  return `${metadata.generateName ?? ''}*`;
}

function placeOf({ file, line }: Rendered): Pick<Problem, 'file' | 'line'> {
  return { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
}

function problemOfPlacing(of: {
  ref: ObjectRef;
  namespaced: boolean | undefined;
  isKnown: boolean;
}): Pick<Problem, 'code' | 'message'> | undefined {
  const { ref, namespaced, isKnown } = of;
  const shown = `${ref.kind}/${ref.name}`;
  if (namespaced === undefined)
    return {
      code: 'KIND_UNKNOWN',
      message: `${shown}: the cluster serves no ${ref.kind} in ${apiVersionOf(ref)}; expected its CustomResourceDefinition to be installed`,
    };
  if (namespaced && ref.namespace === '')
    return {
      code: 'NAMESPACE_MISSING',
      message: `${shown}: namespace not specified; expected metadata.namespace, or a target namespace of the delivery`,
    };
  return isKnown
    ? { code: 'OBJECT_DUPLICATE', message: `${shown}: stands twice in this delivery; the last one counts` }
    : undefined;
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
