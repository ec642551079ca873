// Renders by a pool of `render` processes: what it asks them, and how an answer becomes an outcome. It never retries.

import type { NativeRole } from './envelope.ts';
import { completeObjects, digestsOf } from './known-objects.ts';
import {
  PROTOCOL,
  type ReadSet,
  type RenderedObject,
  type RenderFailure,
  type RenderRequest,
  type RenderResult,
  type RenderType,
} from './messages.ts';
import { type AskOptions, ProcessPool, type ProcessPoolOptions, type Reply } from './process-pool.ts';

const ROLE: NativeRole = { name: 'render', protocol: PROTOCOL, prefix: 'RENDER', work: 'rendering' };

export type RenderPoolOptions = ProcessPoolOptions;

export interface RenderOptions extends AskOptions {
  /** Of an earlier rendering: those that come up again are not sent again, and are these very objects in the outcome. */
  readonly known?: readonly RenderedObject[];
}

/** A failed rendering has reads too, unless its process was ended. */
export type RenderOutcome =
  | {
      readonly ok: true;
      readonly type: RenderType;
      readonly objects: readonly RenderedObject[];
      readonly reads: ReadSet;
      readonly unreproducible: boolean;
    }
  | { readonly ok: false; readonly error: RenderFailure; readonly reads?: ReadSet };

export interface RenderPool {
  /** Never rejects. */
  render(request: RenderRequest, options?: RenderOptions): Promise<RenderOutcome>;
  /** The versions of the evaluators: part of every cache key. Rejects where no process can be started. */
  evaluators(): Promise<Readonly<Record<string, string>>>;
  /** Ends all processes; what is under way resolves to RENDER_CLOSED. */
  close(): Promise<void>;
}

/** Shared by all requests; a failure is the outcome of the one it hits. */
export function createRenderPool(options: RenderPoolOptions): RenderPool {
  const pool = new ProcessPool(ROLE, options);
  return {
    async render(request, { known = [], ...asking } = {}) {
      const digests = digestsOf(known);
      const params = digests === undefined ? request : { ...request, known: digests };
      return outcomeOf(await pool.ask({ method: 'render', params }, asking), known);
    },
    evaluators: () => pool.evaluators(),
    close: () => pool.close(),
  };
}

/** The binary's word is taken for the types within: both sides are built from one checkout and the handshake says so. */
function outcomeOf(reply: Reply, known: readonly RenderedObject[]): RenderOutcome {
  if (!reply.ok) {
    const error = reply.error as RenderFailure;
    return reply.reads === undefined
      ? { ok: false, error }
      : { ok: false, error, reads: reply.reads as unknown as ReadSet };
  }
  if (!Array.isArray(reply.result.objects)) {
    return crashed('render process answered with something else than a rendering');
  }
  const { type, objects: sent, reads, unreproducible } = reply.result as unknown as RenderResult;
  const objects = completeObjects(sent, known);
  if (objects === undefined) {
    return crashed('render process refers to objects that it was not told of');
  }
  return { ok: true, type, objects, reads, unreproducible: unreproducible === true };
}

const crashed = (message: string): { ok: false; error: RenderFailure } => ({
  ok: false,
  error: { code: 'RENDER_CRASHED', message },
});
