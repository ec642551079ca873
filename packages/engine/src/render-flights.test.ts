import type { Snapshot, SourceStore } from '@weir/source';
import type { RenderOutcome, RenderPool, RenderRequest } from '@weir/upstream';
import { expect, it } from 'vitest';
import { createRenders, type Renders } from './renders.ts';

const request = {
  url: 'https://git',
  snapshot: { id: 'c1', tree: new Map() } as unknown as Snapshot,
  recipe: { path: '.', type: 'directory' },
} as const;
const rendered = { ok: true, type: 'directory', objects: [], reads: undefined, unreproducible: false };

/** Renderings over a pool whose first answer comes late even after it was given up, or is this error. */
function rendersWith(first: 'late' | Error): { renders: Renders; asked: () => number } {
  let asked = 0;
  const pool = {
    render: async (_request: RenderRequest, { signal }: { signal: AbortSignal }) => {
      if (++asked > 1) return rendered;
      if (first !== 'late') throw first;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { ok: false, error: { code: 'RENDER_ABORTED', message: 'given up' } } as RenderOutcome;
    },
  };
  return {
    renders: createRenders({ store: {} as SourceStore, pool: pool as unknown as RenderPool }),
    asked: () => asked,
  };
}

it('nobody joins a rendering that was given up', async () => {
  const { renders, asked } = rendersWith('late');
  const superseded = new AbortController();
  const left = renders.render(request, superseded.signal);
  await new Promise((resolve) => setImmediate(resolve));
  superseded.abort();
  expect(await left).toMatchObject({ ok: false });
  expect(await renders.render(request, new AbortController().signal)).toMatchObject({ ok: true });
  expect(asked()).toBe(2);
});

it('a rendering that throws fails whoever waits for it, and nothing else', async () => {
  const { renders } = rendersWith(new Error('a defect'));
  const { signal } = new AbortController();
  await expect(renders.render(request, signal)).rejects.toThrow('a defect');
  // An unhandled rejection would end the process: it shows one turn later.
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await renders.render(request, signal)).toMatchObject({ ok: true });
});
