// `npm run bench -- events [--seconds N]`: a thousand watch events a second through the real cache, waker and queue,
// beside a bare loop that only parses the same events.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Conclusion, concludeFrom, idOf, type ObjectRef, refOf } from '@weir/core';
import { connect, createClusterCache, digestText, type Resource } from '@weir/kube';
import { createQueue } from '../packages/engine/src/queue.ts';
import { createWaker, type WakerRooms } from '../packages/engine/src/waker.ts';
import { serveEvents } from './event-server.ts';
import {
  eventAt,
  eventKinds,
  eventsPerSecond,
  lineOf,
  manager,
  objectAfter,
  objectsPerKind,
  turnsOf,
} from './event-stream.ts';
import { type Figure, showFigures } from './figures.ts';

const marks = { labels: ['app.kubernetes.io/managed-by'], annotations: [], managers: [manager] };
const deliveries = 100;
const deliveryOf = (index: number): string => `flux:Kustomization:bench/d-${index % deliveries}`;
const cpuSeconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

/** What stands after `events` on the command line; `--serve` is for the process that sends. */
export async function events(args: readonly string[]): Promise<void> {
  const options = { seconds: { type: 'string', default: '60' }, serve: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.serve !== undefined) return serveEvents(Number(values.serve));
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3_600)
    throw new Error(`--seconds ${values.seconds}: expected a whole number from 1 to 3600`);
  process.stdout.write(`${showFigures(await measureEvents(seconds))}\n`);
}

async function measureEvents(seconds: number): Promise<Figure[]> {
  const total = seconds * eventsPerSecond;
  const load = loadavg()[0] ?? 0;
  const bare = parseOnly(total);
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'events', '--serve', String(total)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const run = await follow(child, total);
    const what = `${eventsPerSecond} events a second for ${seconds} s, ${eventKinds.length * objectsPerKind} objects`;
    return [
      {
        what: `${what}: CPU`,
        value: `${run.cpu.toFixed(2)} s`,
        floor: `${bare.toFixed(2)} s (JSON.parse alone)`,
        ratio: (run.cpu / bare).toFixed(1),
        aim: 'below half a core',
      },
      { what: `${what}: most keys in the queue`, value: `${run.mostBusy}`, aim: `at most ${deliveries}` },
      { what: `${what}: last event to last verdict`, value: `${run.lagMs.toFixed(0)} ms`, aim: '-' },
      { what: `${what}: wrong verdicts at the end`, value: `${run.wrong}`, aim: '0' },
      {
        what: `${what}: heap more than after the list`,
        value: `${run.heapMiB.toFixed(1)} MiB`,
        aim: 'no growth',
      },
      { what: `${what}: load of the machine before`, value: load.toFixed(1), aim: '-' },
    ];
  } finally {
    child.kill('SIGTERM');
  }
}

/** CPU of parsing alone, of texts that are there already. */
function parseOnly(total: number): number {
  let spent = 0;
  for (let from = 0; from < total; from += eventsPerSecond) {
    const lines = Array.from({ length: eventsPerSecond }, (_, index) =>
      lineOf('MODIFIED', eventAt(from + index).object),
    );
    const before = process.cpuUsage();
    for (const line of lines) JSON.parse(line);
    spent += cpuSeconds(before);
  }
  return spent;
}

/** After a collection, so that only what is kept counts. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

interface Run {
  readonly cpu: number;
  readonly mostBusy: number;
  readonly lagMs: number;
  readonly wrong: number;
  readonly heapMiB: number;
}

async function follow(child: ChildProcess, total: number): Promise<Run> {
  if (child.stdout === null) throw new Error('the event server has no output');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { server, caPem } = JSON.parse(line) as { server: string; caPem: string };
  const client = connect({ name: 'bench', server, tls: { ca: caPem }, headers: async () => ({}) });
  const verdicts = new Map<string, string>();
  const seen = { changes: 0, lastAt: 0, verdictAt: 0, mostBusy: 0 };
  const waker = createWaker();
  const cache = createClusterCache(client, {
    marks,
    listener: {
      onChange: (change) => {
        seen.changes++;
        seen.lastAt = performance.now();
        waker.objectChanged('bench', change);
      },
      onTrouble: () => undefined,
    },
  });
  const queue = createQueue({
    concurrency: 128,
    run: async (id) => {
      verdicts.set(
        id,
        verdictOf(id, (ref) => cache.live(ref)),
      );
      seen.verdictAt = performance.now();
      return undefined;
    },
  });
  waker.begin(roomsWith(queue));
  await cache.follow(resources(), new AbortController().signal);
  const heapBefore = heapBytes();
  const before = process.cpuUsage();
  const listed = eventKinds.length * objectsPerKind;
  let idle = 0;
  while (idle < 20) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen.mostBusy = Math.max(seen.mostBusy, queue.busy());
    idle = seen.changes >= listed + total && queue.busy() === 0 ? idle + 1 : 0;
  }
  const cpu = cpuSeconds(before);
  const heapMiB = (heapBytes() - heapBefore) / 2 ** 20;
  const expected = expectedAt(total);
  const all = Array.from({ length: deliveries }, (_, index) => deliveryOf(index));
  const wrong = all.filter(
    (id) => verdicts.get(id) !== verdictOf(id, (ref) => expected.get(idOf(ref))),
  ).length;
  cache.close();
  await queue.stop();
  await client.close();
  return { cpu, mostBusy: seen.mostBusy, lagMs: Math.max(0, seen.verdictAt - seen.lastAt), wrong, heapMiB };
}

function resources(): Resource[] {
  return eventKinds.map((kind) => ({ ...kind, namespaced: true, verbs: ['get', 'list', 'watch'] }));
}

/** What the waker looks up; all but the journal of who has which object is empty. */
function roomsWith(deliveryQueue: WakerRooms['deliveryQueue']): WakerRooms {
  const holder = ({ id }: { id: string }): string => deliveryOf(Number(id.slice(id.lastIndexOf('-') + 1)));
  const nothing = { all: () => [], sources: () => [], declared: () => undefined };
  const rooms = { declarations: nothing, states: nothing, inventories: { holder, deliveries: () => [] } };
  return { ...rooms, deliveryQueue, isElsewhere: () => false } as unknown as WakerRooms;
}

/** The objects of each delivery. Made once: making them is no part of what is measured. */
const refsOf = new Map<string, readonly ObjectRef[]>(
  Array.from({ length: deliveries }, (_, first) => {
    const indices = Array.from(
      { length: objectsPerKind / deliveries },
      (_, step) => first + step * deliveries,
    );
    const refs = eventKinds.flatMap((kind) => indices.map((index) => refOf(objectAfter(kind, index, 0))));
    return [deliveryOf(first), refs];
  }),
);

/** Health and owned digest of each object of the delivery. */
function verdictOf(id: string, live: (ref: ObjectRef) => Conclusion | undefined): string {
  return (refsOf.get(id) ?? [])
    .map((ref) => live(ref))
    .map((known) => `${known?.health?.status ?? '-'} ${known?.owned[manager] ?? '-'}`)
    .join('\n');
}

function expectedAt(total: number): Map<string, Conclusion> {
  const expected = new Map<string, Conclusion>();
  for (const kind of eventKinds)
    for (let index = 0; index < objectsPerKind; index++) {
      const object = objectAfter(kind, index, turnsOf(kind, index, total));
      expected.set(idOf(refOf(object)), concludeFrom(object, { marks, digest: digestText }));
    }
  return expected;
}
