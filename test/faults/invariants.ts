// What must hold after each spell of faults: the clusters are what Git says, the inventory is what is owned, nothing
// foreign was written, nothing was deleted that no commit removed. It only reads, and goes past the proxies.

import type { AuditMarker } from '@weir/testkit';
import type { Cluster, Live, Manifest } from '../e2e/rig/cluster.ts';
import { readiness } from '../e2e/rig/fleet.ts';
import { applicationRef, kustomizationRef } from '../e2e/rig/resources.ts';
import { managedWrites } from '../e2e/rig/writes.ts';
import { type ClusterName, clusterNames, ensureNamespace, type FaultFleet } from './fault-fleet.ts';
import {
  deliveries,
  type GitModel,
  type ManagedDelivery,
  type ManagedKind,
  managedKinds,
  type ObjectKey,
} from './git-model.ts';

const bystanders = 'bystanders';
const trackingId = 'argocd.argoproj.io/tracking-id';
const fluxName = 'kustomize.toolkit.fluxcd.io/name';
const fluxNamespaceLabel = 'kustomize.toolkit.fluxcd.io/namespace';

/** `hub/argocd-on-hub/ConfigMap/foreign` -> resourceVersion */
export type Foreign = ReadonlyMap<string, string>;

/** Objects of somebody else beside the managed ones, some of which look like them. */
export async function plantForeign(fleet: FaultFleet): Promise<Foreign> {
  const planted = new Map<string, string>();
  const plant = async (cluster: Cluster, manifest: Manifest): Promise<void> => {
    const { metadata } = await cluster.ensure(manifest);
    planted.set(
      `${cluster.name}/${metadata.namespace}/${manifest.kind}/${metadata.name}`,
      metadata.resourceVersion,
    );
  };
  for (const name of clusterNames) {
    const cluster = fleet.cluster(name);
    await ensureNamespace(cluster, bystanders);
    await plant(cluster, foreign('object-0', { namespace: bystanders }));
  }
  for (const delivery of deliveries) {
    const cluster = fleet.cluster(delivery.cluster);
    const namespace = delivery.name;
    await plant(cluster, foreign('foreign', { namespace }));
    await plant(
      cluster,
      foreign('object-foreign', { namespace, labels: { 'app.kubernetes.io/instance': namespace } }),
    );
    await plant(cluster, foreign('object-copy', { namespace, ...copiedMarks(delivery) }));
  }
  return planted;
}

function foreign(
  name: string,
  of: { namespace: string; labels?: Record<string, string>; annotations?: Record<string, string> },
): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...of }, data: { value: 'foreign' } };
}

/** As they get there when somebody copies a managed object. */
function copiedMarks({
  dialect,
  name,
}: ManagedDelivery): Pick<Manifest['metadata'], 'labels' | 'annotations'> {
  if (dialect === 'argocd') return { annotations: { [trackingId]: `${name}:/ConfigMap:${name}/object-0` } };
  return { labels: { [fluxName]: name, [fluxNamespaceLabel]: 'flux-system' } };
}

export interface World {
  readonly fleet: FaultFleet;
  readonly model: GitModel;
  readonly foreign: Foreign;
}

/** What does not hold yet; empty when all is settled at that commit. */
export async function findUnsettled(world: World, commit: string): Promise<string[]> {
  const { fleet, model, foreign: planted } = world;
  const inventories = await readInventories(fleet.cluster('hub'));
  const found: string[] = [];
  for (const delivery of deliveries) {
    const say = (text: string): void => void found.push(`${delivery.name}: ${text}`);
    const live = await readObjects(fleet.cluster(delivery.cluster), delivery.name);
    compareContent({ delivery, model, live, say });
    compareInventory({ delivery, live, inventory: inventories.get(idOf(delivery)) ?? new Map(), say });
    const ref =
      delivery.dialect === 'argocd' ? applicationRef(delivery.name) : kustomizationRef(delivery.name);
    const declared = await fleet.cluster('hub').need(ref);
    const { ready, revision } = readiness(declared);
    if (!ready || !revision.endsWith(commit))
      say(`its status is not ready at ${commit.slice(0, 8)}: ${JSON.stringify(declared.status)}`);
  }
  found.push(...(await findTouched(fleet, planted)));
  return found;
}

type Objects = ReadonlyMap<ObjectKey, Live>;

async function readObjects(cluster: Cluster, namespace: string): Promise<Objects> {
  const objects = new Map<ObjectKey, Live>();
  for (const kind of managedKinds)
    for (const live of await cluster.list({ apiVersion: 'v1', kind, namespace }))
      if (/^object-\d+$/.test(live.metadata.name)) objects.set(`${kind}/${live.metadata.name}`, live);
  return objects;
}

interface Comparison {
  readonly delivery: ManagedDelivery;
  readonly live: Objects;
  readonly say: (text: string) => void;
}

function compareContent({ delivery, model, live, say }: Comparison & { model: GitModel }): void {
  const wanted = model.objects(delivery.name);
  for (const [key, value] of wanted) {
    const object = live.get(key);
    if (object === undefined) say(`${key} is missing`);
    else if (contentOf(object) !== value) say(`${key} is ${contentOf(object)}, Git says ${value}`);
    else if (!isMarked(delivery, object)) say(`${key} has lost its mark of ownership`);
  }
  for (const key of live.keys()) if (!wanted.has(key)) say(`${key} is there, but not in Git`);
}

function contentOf({ kind, data }: Live): string {
  const { value = '' } = (data ?? {}) as { value?: string };
  return kind === 'Secret' ? Buffer.from(value, 'base64').toString('utf8') : value;
}

function isMarked({ dialect, name }: ManagedDelivery, { kind, metadata }: Live): boolean {
  return dialect === 'argocd'
    ? metadata.annotations?.[trackingId] === `${name}:/${kind}:${name}/${metadata.name}`
    : metadata.labels?.[fluxName] === name;
}

interface Entry {
  readonly id: string;
  readonly s: string;
  readonly u?: string;
}

type Inventory = ReadonlyMap<string, Entry>;

function idOf({ dialect, name }: ManagedDelivery): string {
  return dialect === 'argocd'
    ? `argocd:Application:argocd/${name}`
    : `flux:Kustomization:flux-system/${name}`;
}

async function readInventories(hub: Cluster): Promise<ReadonlyMap<string, Inventory>> {
  const inventories = new Map<string, Map<string, Entry>>();
  for (const { spec } of await hub.list({ apiVersion: 'weir.dev/v1alpha1', kind: 'Inventory' })) {
    const { delivery, entries = [] } = spec as { delivery: string; entries?: readonly Entry[] };
    const known = inventories.get(delivery) ?? new Map<string, Entry>();
    for (const entry of entries) known.set(entry.id, entry);
    inventories.set(delivery, known);
  }
  return inventories;
}

function compareInventory({ delivery, live, inventory, say }: Comparison & { inventory: Inventory }): void {
  const ids = new Map(
    [...live].map(([key, object]) => [`/${key.replace('/', `/${delivery.name}/`)}`, object]),
  );
  for (const [id, { metadata }] of ids) {
    const entry = inventory.get(id);
    if (entry === undefined) say(`${id} is not in the inventory`);
    else if (entry.s !== 'present') say(`${id} is ${entry.s} in the inventory, and there`);
    else if (entry.u !== metadata.uid) say(`${id} has the uid ${metadata.uid}, in the inventory ${entry.u}`);
  }
  for (const id of inventory.keys()) if (!ids.has(id)) say(`${id} is in the inventory, but not there`);
}

async function findTouched(fleet: FaultFleet, planted: Foreign): Promise<string[]> {
  const found: string[] = [];
  for (const [place, version] of planted) {
    const [cluster, namespace, kind, name] = place.split('/') as [ClusterName, string, string, string];
    const live = await fleet.cluster(cluster).get({ apiVersion: 'v1', kind, namespace, name });
    if (live?.metadata.resourceVersion !== version) found.push(`foreign ${place} was touched`);
  }
  return found;
}

export type Markers = Readonly<Record<ClusterName, AuditMarker>>;

export async function markAll(fleet: FaultFleet): Promise<Markers> {
  const [hub, east] = await Promise.all(clusterNames.map((name) => fleet.cluster(name).markAudit()));
  if (hub === undefined || east === undefined) throw new Error('no marker');
  return { hub, east };
}

const kindsOf: Readonly<Record<string, ManagedKind>> = { configmaps: 'ConfigMap', secrets: 'Secret' };

/** Writes since the markers that nobody asked for by a commit, as the API servers logged them. */
export async function findForbiddenWrites(world: World, since: Markers): Promise<string[]> {
  const found: string[] = [];
  for (const name of clusterNames)
    for (const line of managedWrites(await world.fleet.cluster(name).requestsSince(since[name])))
      if (!isAllowed(world.model, { cluster: name, line })) found.push(`${name}: ${line}`);
  return found;
}

function isAllowed(model: GitModel, of: { cluster: ClusterName; line: string }): boolean {
  const [verb, resource = '', place = ''] = of.line.split(' ');
  const [namespace, name] = place.split('/');
  const kind = kindsOf[resource];
  const delivery = deliveries.find((each) => each.name === namespace && each.cluster === of.cluster);
  if (delivery === undefined || kind === undefined) return false;
  const key: ObjectKey = `${kind}/${name}`;
  return verb === 'delete' ? model.wasRemoved(delivery.name, key) : model.wasEver(delivery.name, key);
}
