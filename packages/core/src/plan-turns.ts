// When each lasting object has its turn in a sync: its wave, corrected by what others need of it, and the dependencies
// that it declares. It decides nothing about whether an object is written.

import { definedKind } from './defined-kind.ts';
import type { Desired } from './desired.ts';
import type { Conclusion } from './live.ts';
import { type ObjectId, type ObjectRef, showRef } from './object.ts';
import type { PlanInput } from './plan-input.ts';
import type { Problem } from './problem.ts';
import { compareTurns, dependenciesOf, type Place, type Turn } from './sequence.ts';

export interface Turns {
  turnOf(id: ObjectId): Turn;
  /** Its kind is defined by a CustomResourceDefinition of the same set. */
  isDefined(id: ObjectId): boolean;
  /** What it says it needs is not there and healthy yet, or can never be. */
  isBlocked(id: ObjectId): boolean;
  /** Of the lasting objects. */
  readonly lastWave: number;
  readonly problems: readonly Problem[];
}

const usual: Turn = { phase: 'sync', wave: 0 };

export function planTurns(input: PlanInput, places: ReadonlyMap<ObjectId, Place>): Turns {
  const { defined, providers } = findProviders(input.desired);
  const turns = new Map<ObjectId, Turn>();
  let lastWave = Number.NEGATIVE_INFINITY;
  for (const { id } of input.desired) {
    const place = places.get(id);
    if (place === undefined || place.hook.length > 0) continue;
    if (place.wave !== 0) turns.set(id, { phase: 'sync', wave: place.wave });
    lastWave = Math.max(lastWave, place.wave);
  }
  pullForward({ input, places, providers, turns });
  const dependencies = findDependencies(input);
  return {
    turnOf: (id) => turns.get(id) ?? usual,
    isDefined: (id) => defined.has(id),
    isBlocked: (id) => dependencies.blocked.has(id),
    lastWave: Number.isFinite(lastWave) ? lastWave : 0,
    problems: dependencies.problems,
  };
}

/** Namespaces and definitions of the set, by what is said of an object that needs them. */
function findProviders(desired: readonly Desired[]): {
  readonly defined: ReadonlySet<ObjectId>;
  readonly providers: (of: ObjectRef) => readonly Desired[];
} {
  const byKey = new Map<string, Desired>();
  for (const each of desired) {
    const key = providedKey(each);
    if (key !== undefined) byKey.set(key, each);
  }
  const defined = new Set<ObjectId>();
  if (byKey.size > 0)
    for (const { id, ref } of desired) if (byKey.has(`kind ${ref.group}/${ref.kind}`)) defined.add(id);
  const providers = ({ group, kind, namespace }: ObjectRef): readonly Desired[] => {
    if (byKey.size === 0) return [];
    const [definition, home] = [byKey.get(`kind ${group}/${kind}`), byKey.get(`namespace ${namespace}`)];
    return [definition, home].filter((each): each is Desired => each !== undefined);
  };
  return { defined, providers };
}

function providedKey({ ref, object }: Desired): string | undefined {
  if (ref.kind === 'Namespace' && ref.group === '') return `namespace ${ref.name}`;
  const kind = definedKind(object);
  return kind === undefined ? undefined : `kind ${kind.group}/${kind.kind}`;
}

/** A namespace or definition that would come after the first object that needs it takes that object's turn. */
function pullForward(of: {
  input: PlanInput;
  places: ReadonlyMap<ObjectId, Place>;
  providers: (ref: ObjectRef) => readonly Desired[];
  turns: Map<ObjectId, Turn>;
}): void {
  const { input, places, providers, turns } = of;
  for (const { id, ref } of input.desired) {
    const place = places.get(id);
    for (const provider of providers(ref)) {
      if (provider.id === id || places.get(provider.id)?.hook.length !== 0) continue;
      for (const turn of turnsOf(place)) {
        const current = turns.get(provider.id) ?? usual;
        if (compareTurns(turn, current) < 0) turns.set(provider.id, turn);
      }
    }
  }
}

function turnsOf(place: Place | undefined): Turn[] {
  if (place === undefined) return [];
  if (place.hook.length === 0) return [{ phase: 'sync', wave: place.wave }];
  return place.hook.flatMap((phase): Turn[] =>
    phase === 'pre-sync' || phase === 'sync' ? [{ phase, wave: place.wave }] : [],
  );
}

/** Which objects wait for what they declare to need, and which declarations can never be met. */
function findDependencies(input: PlanInput): {
  readonly blocked: ReadonlySet<ObjectId>;
  readonly problems: readonly Problem[];
} {
  const blocked = new Set<ObjectId>();
  const problems: Problem[] = [];
  const { sequence } = input.delivery;
  if (sequence?.dependsOn === undefined) return { blocked, problems };
  const byId = new Map(input.desired.map((desired) => [desired.id, desired]));
  const edges = new Map<ObjectId, readonly ObjectId[]>();
  for (const { id, ref, object } of input.desired) {
    const needs = dependenciesOf(object.metadata.annotations, sequence);
    const known = needs.filter((each): each is ObjectId => each !== undefined && byId.has(each));
    edges.set(id, known);
    if (known.length < needs.length) {
      blocked.add(id);
      problems.push(unknownDependency(ref, sequence.dependsOn));
    } else if (known.some((each) => !isMet(byId.get(each), input))) blocked.add(id);
  }
  for (const id of cyclic(edges)) {
    const ref = byId.get(id)?.ref;
    blocked.add(id);
    if (ref !== undefined) problems.push(dependencyCycle(ref));
  }
  return { blocked, problems };
}

/** Applied as it is wanted, and healthy. */
function isMet(desired: Desired | undefined, { live, inventory }: PlanInput): boolean {
  if (desired === undefined) return false;
  const found: Conclusion | undefined = live(desired.ref);
  const isApplied = inventory.entries.get(desired.id)?.desired === desired.digest;
  const status = found?.health?.status ?? 'Healthy';
  return found !== undefined && isApplied && !found.deleting && status === 'Healthy';
}

function unknownDependency(ref: ObjectRef, annotation: string): Problem {
  const message = `${showRef(ref)}: ${annotation} names an object that is not part of this delivery; expected group/namespaces/namespace/Kind/name or group/Kind/name of one that is`;
  return { code: 'DEPENDENCY_UNKNOWN', message, object: ref };
}

function dependencyCycle(ref: ObjectRef): Problem {
  const message = `${showRef(ref)}: needs itself by way of others; expected dependencies without a cycle, take one of them out`;
  return { code: 'DEPENDENCY_CYCLE', message, object: ref };
}

/** The members of cycles, and what needs them: taking away what needs nothing more, these are left. */
function cyclic(edges: ReadonlyMap<ObjectId, readonly ObjectId[]>): ObjectId[] {
  const open = new Map([...edges].map(([id, needs]) => [id, new Set(needs)]));
  const users = new Map<ObjectId, ObjectId[]>();
  for (const [id, needs] of edges)
    for (const need of needs) users.set(need, [...(users.get(need) ?? []), id]);
  const free = [...open].filter(([, needs]) => needs.size === 0).map(([id]) => id);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    open.delete(id);
    for (const user of users.get(id) ?? []) {
      const needs = open.get(user);
      needs?.delete(id);
      if (needs?.size === 0) free.push(user);
    }
  }
  return [...open.keys()].sort();
}
