import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { gateOf, type Priority, PriorityGate } from './priority-gate.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A server that answers when told to, and the names of what has reached it. */
function openServer(gate = new PriorityGate()) {
  const arrived: string[] = [];
  const answers = new Map<string, () => void>();
  return {
    arrived,
    ask: (name: string, priority?: Priority) =>
      void gate.pass(priority === undefined ? {} : { priority }, () => {
        arrived.push(name);
        return new Promise<void>((resolve) => answers.set(name, resolve));
      }),
    answer: async (...names: string[]) => {
      for (const name of names) answers.get(name)?.();
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

const work = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('a gate', () => {
  test('lets a status through at once while little else is under way', async () => {
    const server = openServer();
    for (const name of work.slice(1)) server.ask(name);
    server.ask('status', 'low');
    await vi.advanceTimersByTimeAsync(0);
    expect(server.arrived).toEqual(['b', 'c', 'd', 'e', 'f', 'status']);
  });

  test('holds what tells of work back while the work fills the server, and lets statuses go before events', async () => {
    const server = openServer();
    for (const name of work) server.ask(name);
    server.ask('event', 'lowest');
    server.ask('status', 'low');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.arrived).toEqual(work);
    await server.answer('a');
    expect(server.arrived).toEqual([...work, 'status', 'event']);
  });

  test('never holds work back, however much gives way', async () => {
    const server = openServer();
    for (let index = 0; index < 20; index++) server.ask(`event-${index}`, 'lowest');
    server.ask('work');
    await vi.advanceTimersByTimeAsync(0);
    expect(server.arrived).toContain('work');
    expect(server.arrived).toHaveLength(9);
  });

  test('lets the next one go when one is answered', async () => {
    const server = openServer();
    for (let index = 0; index < 9; index++) server.ask(`event-${index}`, 'lowest');
    await vi.advanceTimersByTimeAsync(0);
    expect(server.arrived).not.toContain('event-8');
    await server.answer('event-0');
    expect(server.arrived).toContain('event-8');
  });

  test('makes nothing wait for ever: a status 3 seconds, an event 10', async () => {
    const server = openServer();
    for (const name of work) server.ask(name);
    server.ask('event', 'lowest');
    server.ask('status', 'low');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(server.arrived.slice(6)).toEqual(['status']);
    await vi.advanceTimersByTimeAsync(7_000);
    expect(server.arrived.slice(6)).toEqual(['status', 'event']);
  });

  test('lets so much work through at once, and the next when one is answered', async () => {
    const server = openServer();
    const names = Array.from({ length: 34 }, (_, index) => `work-${index}`);
    for (const name of names) server.ask(name);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(server.arrived).toEqual(names.slice(0, 32));
    await server.answer('work-5');
    expect(server.arrived).toEqual(names.slice(0, 33));
    // A server that hangs must not keep work from failing by its own deadline.
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.arrived).toEqual(names);
  });

  test('lets go of who no longer wants to wait, with the reason, and never sends it', async () => {
    const gate = new PriorityGate();
    const server = openServer(gate);
    for (let index = 0; index < 32; index++) server.ask(`work-${index}`);
    const given = new AbortController();
    const sent: string[] = [];
    const late = gate.pass({ signal: given.signal }, async () => void sent.push('late'));
    const event = gate.pass(
      { priority: 'lowest', signal: AbortSignal.abort(new Error('over')) },
      async () => void sent.push('event'),
    );
    given.abort(new Error('superseded'));
    await expect(late).rejects.toThrow('superseded');
    await expect(event).rejects.toThrow('over');
    await server.answer('work-0');
    expect(sent).toEqual([]);
  });

  test('lets a few at a time of those go that waited long enough', async () => {
    const server = openServer();
    for (const name of work) server.ask(name);
    for (let index = 0; index < 5; index++) server.ask(`event-${index}`, 'lowest');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.arrived.slice(6)).toEqual(['event-0', 'event-1', 'event-2']);
    await server.answer('event-1');
    expect(server.arrived.slice(6)).toEqual(['event-0', 'event-1', 'event-2', 'event-3']);
  });

  test('goes on after a request that failed', async () => {
    const gate = new PriorityGate();
    const failing = work.map(() => gate.pass({}, () => Promise.reject(new Error('refused'))));
    const event = gate.pass({ priority: 'lowest' }, () => Promise.resolve('posted'));
    await Promise.allSettled(failing);
    expect(await event).toBe('posted');
  });

  test('is one for all transports of an access', () => {
    const access = {};
    expect(gateOf(access)).toBe(gateOf(access));
    expect(gateOf(access)).not.toBe(gateOf({}));
  });
});
