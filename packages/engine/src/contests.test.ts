import { expect, it } from 'vitest';
import { createContests } from './contests.ts';

const [a, b] = ['argocd:Application:argocd/a', 'flux:Kustomization:flux-system/b'];

it('knows who wants an object that another one has, as long as it is wanted', () => {
  const contests = createContests();
  expect(contests.note({ delivery: a, cluster: 'east', ids: ['x', 'y'] })).toEqual(['x', 'y']);
  expect(contests.contender({ cluster: 'east', id: 'x', except: b })).toBe(a);
  expect(contests.contender({ cluster: 'east', id: 'x', except: a })).toBeUndefined();
  expect(contests.contender({ cluster: 'west', id: 'x', except: b })).toBeUndefined();
  expect(contests.note({ delivery: a, cluster: 'east', ids: ['y', 'z'] })).toEqual(['z', 'x']);
  expect(contests.note({ delivery: a, cluster: 'east', ids: ['y', 'z'] })).toEqual([]);
  expect(contests.contender({ cluster: 'east', id: 'x', except: b })).toBeUndefined();
  expect(contests.forget(a)).toEqual({ cluster: 'east', ids: ['y', 'z'] });
  expect(contests.contender({ cluster: 'east', id: 'y', except: b })).toBeUndefined();
});

it('forgets another cluster when the delivery moves', () => {
  const contests = createContests();
  contests.note({ delivery: a, cluster: 'east', ids: ['x'] });
  expect(contests.note({ delivery: a, cluster: 'west', ids: ['x'] })).toEqual(['x']);
  expect(contests.contender({ cluster: 'east', id: 'x', except: b })).toBeUndefined();
});

it('holds no more than its bound of one delivery', () => {
  const contests = createContests();
  const ids = Array.from({ length: 6_000 }, (_, index) => `o${index}`);
  expect(contests.note({ delivery: a, cluster: 'east', ids })).toHaveLength(5_000);
});
