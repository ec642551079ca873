// Renderings, each kept with what it read: asked for again at another commit, it is carried over unless a change
// touches what it read. Equal requests share one rendering, whichever cluster they are for.

import { canonicalJson, type KubeObject, type Problem, type Recipe, type Rendered } from '@weir/core';
import { digestText } from '@weir/kube';
import { isAffected, type ReadSet, type Snapshot, type SourceStore } from '@weir/source';
import type { RenderPool } from '@weir/upstream';
import { renderProblemOf } from './render-problem.ts';

export interface RenderRequest {
  readonly url: string;
  readonly snapshot: Snapshot;
  readonly recipe: Recipe;
}

export type Rendering =
  | {
      readonly ok: true;
      readonly type: 'directory' | 'kustomize' | 'helm';
      readonly objects: readonly Rendered[];
      readonly digest: string;
      readonly unreproducible: boolean;
    }
  | { readonly ok: false; readonly problem: Problem };

export interface Renders {
  render(request: RenderRequest, signal: AbortSignal): Promise<Rendering>;
  /** Whether a rendering at this snapshot would have to be made anew; true also where none is known. */
  isStale(request: RenderRequest): Promise<boolean>;
  /** How many renderings were made and how many carried over. */
  counts(): { readonly made: number; readonly carried: number };
}

interface Kept {
  commit: string;
  /** Unknown for a rendering that was killed: it counts for its commit alone. */
  readonly reads: ReadSet | undefined;
  readonly rendering: Rendering;
  /** What the renderer need not send again when it is asked for the next commit. */
  readonly objects: Objects;
}

type Objects = Extract<Outcome, { ok: true }>['objects'];

/** Renderings in memory; the least recently used one goes first. */
const maxKept = 5_000;

export function createRenders(options: { store: SourceStore; pool: RenderPool }): Renders {
  const kept = new Map<string, Kept>();
  const flights = new Map<string, Flight>();
  const changes = createChanges(options.store);
  const counts = { made: 0, carried: 0 };
  const digests = createDigests();
  const carry = async (key: string, { url, snapshot }: RenderRequest): Promise<Rendering | undefined> => {
    const known = kept.get(key);
    if (known === undefined) return undefined;
    if (known.commit !== snapshot.id) {
      if (known.reads === undefined) return undefined;
      const changed = await changes.between({ url, from: known.commit, to: snapshot.id });
      // A commit that is gone (a forced push) leaves nothing to compare with.
      if (!changed.ok || isAffected(known.reads, changed.value, snapshot.tree)) return undefined;
      known.commit = snapshot.id;
    }
    kept.delete(key);
    kept.set(key, known);
    return known.rendering;
  };
  const make = async (key: string, request: RenderRequest, signal: AbortSignal): Promise<Rendering> => {
    const { snapshot, recipe } = request;
    counts.made++;
    const known = kept.get(key)?.objects ?? [];
    const outcome = await options.pool.render(
      {
        snapshot: { id: snapshot.id, manifest: snapshot.manifestPath, blobs: snapshot.blobsDir },
        ...paramsOf(recipe),
      },
      { known, signal },
    );
    const rendering = renderingOf(outcome, digests);
    // A crash says nothing about the next attempt. A deadline or the memory limit would only be met again.
    if (outcome.reads !== undefined || isHopeless(rendering)) {
      // A failure must not cost what was known: the commit after it is like the one before it.
      const objects = outcome.ok ? outcome.objects : known;
      kept.set(key, { commit: snapshot.id, reads: outcome.reads, rendering, objects });
      if (kept.size > maxKept) kept.delete(kept.keys().next().value ?? '');
    }
    return rendering;
  };
  return {
    counts: () => counts,
    isStale: async (request) => (await carry(keyOf(request), request)) === undefined,
    render: async (request, signal) => {
      const key = keyOf(request);
      const carried = await carry(key, request);
      if (carried !== undefined) {
        counts.carried++;
        return carried;
      }
      const flightKey = `${key}@${request.snapshot.id}`;
      const flight =
        flights.get(flightKey) ?? takeOff(flights, flightKey, (abort) => make(key, request, abort));
      return await ride(flight, signal);
    },
  };
}

/** One rendering that is under way, for all who wait for it. */
interface Flight {
  readonly rendering: Promise<Rendering>;
  readonly abort: AbortController;
  waiters: number;
}

function takeOff(
  flights: Map<string, Flight>,
  key: string,
  make: (signal: AbortSignal) => Promise<Rendering>,
): Flight {
  const abort = new AbortController();
  const flight: Flight = { rendering: make(abort.signal), abort, waiters: 0 };
  flights.set(key, flight);
  const land = (): void => {
    if (flights.get(key) === flight) flights.delete(key);
  };
  // One that was given up takes nobody along any more, however late it ends.
  abort.signal.addEventListener('abort', land, { once: true });
  flight.rendering.then(land, land);
  return flight;
}

/** Whoever is no longer interested leaves at once; the last one ends the rendering. */
async function ride(flight: Flight, signal: AbortSignal): Promise<Rendering> {
  flight.waiters++;
  let leave = (): void => {};
  const left = new Promise<Rendering>((resolve) => {
    leave = () => resolve({ ok: false, problem: { code: 'RENDER_BUSY', message: 'rendering was given up' } });
  });
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([flight.rendering, left]);
  } finally {
    signal.removeEventListener('abort', leave);
    flight.waiters--;
    if (flight.waiters === 0) flight.abort.abort(new Error('nobody waits for this rendering'));
  }
}

interface Changes {
  between(of: { url: string; from: string; to: string }): ReturnType<SourceStore['changedPaths']>;
}

/** Pairs of commits whose difference is remembered: all deliveries of a repository ask for the same one at once. */
const maxDifferences = 32;

function createChanges(store: SourceStore): Changes {
  const known = new Map<string, ReturnType<SourceStore['changedPaths']>>();
  return {
    between: ({ url, from, to }) => {
      const key = `${url} ${from} ${to}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      const asked = store.changedPaths(url, from, to);
      known.set(key, asked);
      if (known.size > maxDifferences) known.delete(known.keys().next().value ?? '');
      return asked;
    },
  };
}

function isHopeless(rendering: Rendering): boolean {
  return (
    !rendering.ok &&
    (rendering.problem.code === 'RENDER_TIMEOUT' || rendering.problem.code === 'RENDER_MEMORY')
  );
}

function keyOf({ url, recipe }: RenderRequest): string {
  return digestText(canonicalJson({ url, recipe }));
}

type Params = Omit<Parameters<RenderPool['render']>[0], 'snapshot'>;

/** The evaluator's words for a recipe. */
function paramsOf(recipe: Recipe): Params {
  const { kustomize, ...rest } = recipe;
  if (kustomize === undefined) return rest as Params;
  const { imageOverrides, namespace, ...same } = kustomize;
  return {
    ...rest,
    kustomize: {
      ...same,
      ...(imageOverrides === undefined ? {} : { images: imageOverrides }),
      ...(namespace === undefined
        ? {}
        : same.mode === 'flux'
          ? { targetNamespace: namespace }
          : { namespace }),
    },
  } as Params;
}

type Outcome = Awaited<ReturnType<RenderPool['render']>>;

function renderingOf(outcome: Outcome, digestOf: (object: KubeObject) => string): Rendering {
  if (!outcome.ok) return { ok: false, problem: renderProblemOf(outcome.error) };
  const objects = outcome.objects.map(({ object, origin }) => ({ object, ...(origin ?? {}) }));
  return {
    ok: true,
    type: outcome.type,
    objects,
    digest: digestText(objects.map(({ object }) => digestOf(object)).join()),
    unreproducible: outcome.unreproducible,
  };
}

/** Digests of rendered objects, which never change: an object that comes up again is not looked through again. */
function createDigests(): (object: KubeObject) => string {
  const digests = new WeakMap<KubeObject, string>();
  return (object) => {
    const known = digests.get(object);
    if (known !== undefined) return known;
    const digest = digestText(canonicalJson(object));
    digests.set(object, digest);
    return digest;
  };
}
