import { expect, it } from 'vitest';
import { maxHeld, ScriptQueue, type ScriptTask } from './script-queue.ts';

const task = (name: string, digest: string, isHeld = false): ScriptTask => ({
  cluster: 'c',
  id: `/W/n/${name}`,
  ref: { group: '', version: 'v1', kind: 'W', namespace: 'n', name },
  known: { digest, script: { language: 'lua', name: digest, source: '', openLibs: false } },
  read: async () => undefined,
  ...(isHeld ? { object: { apiVersion: 'v1', kind: 'W', metadata: { name } } } : {}),
});

const names = (tasks: readonly ScriptTask[]): string => tasks.map(({ ref }) => ref.name).join(' ');

it('takes scripts in turn, each object once', () => {
  const queue = new ScriptQueue();
  for (let index = 0; index < 150; index += 1) queue.add(task(`a${index}`, 'one'));
  queue.add(task('b', 'two'));
  queue.add(task('b', 'two'));
  expect(queue.take('quick')).toHaveLength(100);
  expect(names(queue.take('quick'))).toBe('b');
  expect(queue.take('quick')).toHaveLength(50);
});

it('keeps scripts that cost too much apart', () => {
  const queue = new ScriptQueue();
  queue.markSlow('bad', true);
  for (let index = 0; index < 7; index += 1) queue.add(task(`a${index}`, 'bad'));
  queue.add(task('b', 'good'));
  expect([names(queue.take('quick')), queue.take('slow').length]).toEqual(['b', 5]);
});

it('holds so many objects at most; the others are read', () => {
  const queue = new ScriptQueue();
  for (let index = 0; index <= maxHeld; index += 1) queue.add(task(`a${index}`, 'one', true));
  const taken = [...queue.take('quick'), ...queue.take('quick'), ...queue.take('quick')];
  expect(taken.filter(({ object }) => object !== undefined)).toHaveLength(maxHeld);
});

it('does not count an answer about an object that has gone', () => {
  const queue = new ScriptQueue();
  queue.add(task('a', 'one'));
  const [taken] = queue.take('quick');
  queue.forget({ cluster: 'c', id: '/W/n/a' });
  expect(taken === undefined ? undefined : queue.finish(taken)).toBe(false);
});
