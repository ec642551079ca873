import { describe, expect, it } from 'vitest';
import { Flights, left } from './flights.ts';

const open = new AbortController().signal;

/** A kind of work whose runs end when told. */
function controlled() {
  const runs: { finish: (value: string) => void; fail: (error: Error) => void; signal: AbortSignal }[] = [];
  const work = (signal: AbortSignal) =>
    new Promise<string>((finish, fail) => {
      runs.push({ finish, fail, signal });
    });
  return { runs, work };
}

const settle = () => new Promise((done) => setImmediate(done));

describe('flights', () => {
  it('let later callers share the run that follows, not the one that runs', async () => {
    const { runs, work } = controlled();
    const flights = new Flights<string>();
    const first = flights.join('k', work, open);
    const others = [flights.join('k', work, open), flights.join('k', work, open)];
    await settle();
    expect(runs).toHaveLength(1);
    runs[0]?.finish('one');
    expect(await first).toBe('one');
    await settle();
    expect(runs).toHaveLength(2);
    runs[1]?.finish('two');
    expect(await Promise.all(others)).toEqual(['two', 'two']);
    const again = flights.join('k', work, open);
    await settle();
    runs[2]?.finish('three');
    expect(await again).toBe('three');
  });

  it('do not hold up other keys', async () => {
    const { runs, work } = controlled();
    const flights = new Flights<string>();
    void flights.join('a', work, open);
    void flights.join('b', work, open);
    await settle();
    expect(runs).toHaveLength(2);
  });

  it('end a run only when the last caller left', async () => {
    const { runs, work } = controlled();
    const flights = new Flights<string>();
    const callers = [new AbortController(), new AbortController(), new AbortController()];
    const first = flights.join('k', work, (callers[0] as AbortController).signal);
    const second = flights.join('k', work, (callers[1] as AbortController).signal);
    const third = flights.join('k', work, (callers[2] as AbortController).signal);
    await settle();
    callers[0]?.abort();
    expect(await first).toBe(left);
    expect(runs[0]?.signal.aborted).toBe(true);
    runs[0]?.fail(new Error('ended'));
    await settle();
    callers[1]?.abort();
    expect(await second).toBe(left);
    expect(runs[1]?.signal.aborted).toBe(false);
    runs[1]?.finish('two');
    expect(await third).toBe('two');
  });

  it('go on after a run that failed', async () => {
    const { runs, work } = controlled();
    const flights = new Flights<string>();
    const first = flights.join('k', work, open);
    const second = flights.join('k', work, open);
    await settle();
    runs[0]?.fail(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await settle();
    runs[1]?.finish('two');
    expect(await second).toBe('two');
  });

  it('do not start a run that nobody waits for', async () => {
    const { runs, work } = controlled();
    const flights = new Flights<string>();
    expect(await flights.join('k', work, AbortSignal.abort())).toBe(left);
    await settle();
    expect(runs.every((run) => run.signal.aborted)).toBe(true);
  });
});
