import { expect, it } from 'vitest';
import { prepareDesired } from './desired.ts';
import { lastAppliedAnnotation, withLastApplied } from './last-applied.ts';
import type { KubeObject } from './object.ts';
import { makeDelivery, weakDigest } from './plan-rig.ts';

const configMap = (size = 0, annotations?: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'web', ...(annotations === undefined ? {} : { annotations }) },
  data: { value: 'ü'.repeat(size) },
});

const textOf = (object: KubeObject | undefined): string | undefined =>
  object?.metadata.annotations?.[lastAppliedAnnotation];

it('holds the object as kubectl apply would write it', () =>
  expect(textOf(withLastApplied(configMap()))).toBe(
    '{"apiVersion":"v1","data":{"value":""},"kind":"ConfigMap","metadata":{"annotations":{},"name":"a","namespace":"web"}}\n',
  ));

it('does not hold itself', () => {
  const once = withLastApplied(configMap(0, { team: 'web' }));
  expect(withLastApplied(once)).toEqual(once);
});

it('is left out where a server would refuse the annotations', () => {
  expect(textOf(withLastApplied(configMap(130_000)))).toBeDefined();
  expect(textOf(withLastApplied(configMap(131_072)))).toBeUndefined();
  expect(textOf(withLastApplied(configMap(130_000, { note: 'x'.repeat(2_000) })))).toBeUndefined();
});

it('is on the objects of a delivery that says so, apart from those that say otherwise', () => {
  const key = 'sync-options';
  const prepare = (lastApplied: boolean, annotations?: Record<string, string>): string | undefined =>
    textOf(
      prepareDesired({
        delivery: makeDelivery(
          {
            switches: [
              { key, value: 'ServerSideApply=true', effect: 'server-side' },
              { key, value: 'ServerSideApply=false', effect: 'client-side' },
            ],
          },
          { lastApplied },
        ),
        rendered: [{ object: configMap(0, annotations) }],
        isNamespaced: () => true,
        digest: weakDigest,
      }).objects[0]?.object,
    );
  expect(prepare(true)).toContain('"labels":{"owner":"us"}');
  expect(prepare(false)).toBeUndefined();
  expect(prepare(true, { [key]: 'ServerSideApply=true' })).toBeUndefined();
  expect(prepare(false, { [key]: 'ServerSideApply=false' })).toBeDefined();
});
