import { type DesiredSet, type ObjectRef, type Problem, WeirError } from '@weir/core';
import { expect, it } from 'vitest';
import { sightOf } from './sight.ts';

const ref = (group: string, kind: string): ObjectRef => ({
  group,
  version: 'v1',
  kind,
  namespace: 'web',
  name: 'a',
});
const secret = ref('', 'Secret');
const widget = ref('down.org', 'Widget');
const gadget = ref('down.org', 'Gadget');
const unknown = ref('absent.org', 'Thing');
const plain = ref('', 'ConfigMap');

/** Secrets may not be watched; the server of down.org is down, and of its kinds only the gadget is remembered. */
const sight = sightOf(
  {
    cache: {
      blindTo: ({ kind }) =>
        ['Secret', 'Gadget'].includes(kind)
          ? new WeirError({ code: 'APPLY_FORBIDDEN', message: 'watch of secrets: forbidden' })
          : undefined,
    },
  },
  {
    find: ({ kind }) => (['Secret', 'ConfigMap', 'Gadget'].includes(kind) ? ({} as never) : undefined),
    isStale: ({ group }) => group === 'down.org',
  },
);

it('what cannot be seen is told apart from what is not there', () =>
  expect([secret, widget, gadget, unknown, plain].map((each) => sight.isBlind(each))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]));

it('each object that cannot be seen has its problem, and a group that is down is no unknown kind', () => {
  const problems: Problem[] = [widget, unknown].map((object) => ({
    code: 'KIND_UNKNOWN',
    message: 'no such kind',
    object,
  }));
  const objects = [secret, widget, gadget, unknown, plain].map((each) => ({ ref: each, file: 'all.yaml' }));
  const told = sight.problemsOf({ objects, problems } as unknown as DesiredSet);
  expect(told.map(({ code, object }) => `${code} ${object?.kind}`)).toEqual([
    'KIND_UNKNOWN Thing',
    'KIND_UNREADABLE Secret',
    'API_SERVICE_DOWN Widget',
    'API_SERVICE_DOWN Gadget',
  ]);
  expect(told[1]?.message).toContain('watch of secrets: forbidden');
  expect(told[2]?.message).toContain('look at the APIService v1.down.org');
  expect(told[1]?.file).toBe('all.yaml');
});
