import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type KubeObject, WeirError } from '@weir/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterRig, codeOf, configMap, configMapRef } from '../cluster-rig.ts';
import { createWriter, type WriteGuard, type Writer } from './writer.ts';

let rig: ClusterRig;
const us = { fieldManager: 'weir-test' };

beforeAll(async () => {
  rig = await ClusterRig.start();
});

afterAll(async () => {
  await rig?.stop();
});

/** Allows each of the first `allowed` questions. */
function guardOf(allowed: number, leftMs = 5_000): WriteGuard & { asked: number } {
  const guard = {
    asked: 0,
    leftMs: () => {
      guard.asked++;
      if (guard.asked <= allowed) return leftMs;
      throw new WeirError({ code: 'CLAIM_LOST', message: 'cluster c: another replica holds it' });
    },
  };
  return guard;
}

const writes: Readonly<Record<string, (writer: Writer) => Promise<unknown>>> = {
  'an apply': (writer) => writer.apply(configMap('guarded', { a: '1' }), us),
  'a creation': (writer) => writer.create(configMap('guarded'), us),
  'a merge patch': (writer) => writer.mergePatch(configMapRef('there'), { data: { a: '2' } }),
  'a removal': (writer) => writer.remove(configMapRef('there'), { propagation: 'Background' }),
  'an event': (writer) =>
    writer.postEvent({
      about: configMapRef('there'),
      type: 'Normal',
      reason: 'R',
      message: 'm',
      source: 's',
      at: new Date().toISOString(),
    }),
};

describe('a guarded writer', () => {
  it.each(Object.entries(writes))('lets go of no byte of %s once it is refused', async (_what, write) => {
    const there = await rig.writer.apply(configMap('there', { a: '1' }), us);
    // Asked when the request is made, and allowed; asked again when its bytes are to leave, and refused.
    for (const allowed of [0, 1]) {
      const guard = guardOf(allowed);
      expect(await codeOf(write(createWriter(rig.client, guard)))).toBe('CLAIM_LOST');
      expect(guard.asked).toBe(allowed + 1);
    }
    expect(await rig.client.get(configMapRef('guarded'))).toBeUndefined();
    const after = await rig.client.get(configMapRef('there'));
    expect(after?.metadata.resourceVersion).toBe(there.metadata.resourceVersion);
  });

  it('works as any other while it is allowed', async () => {
    const writer = createWriter(rig.client, guardOf(100));
    const text = 'ü'.repeat(200_000);
    const object: KubeObject = await writer.apply(configMap('large', { text }), us);
    expect((object.data as { text: string }).text).toBe(text);
    expect(await writer.remove(configMapRef('large'), { propagation: 'Background' })).toBe('gone');
  });

  it('gives up in time, and tells the server when that is', async () => {
    const asked: string[] = [];
    const silent = createServer((request) => void asked.push(request.url ?? ''));
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port } = silent.address() as AddressInfo;
    const client = rig.connect({ ...rig.access, server: `http://127.0.0.1:${port}` });
    const resourceOf = (): ReturnType<typeof rig.client.resourceOf> =>
      rig.client.resourceOf(configMapRef('a'));
    const began = performance.now();
    const writer = createWriter({ ...client, resourceOf }, guardOf(100, 400));
    expect(await codeOf(writer.apply(configMap('late'), us))).toBe('CLUSTER_UNREACHABLE');
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(asked.map((url) => new URL(url, 'https://c.invalid').searchParams.get('timeout'))).toEqual([
      '400ms',
    ]);
    silent.closeAllConnections();
    silent.close();
  });
});
