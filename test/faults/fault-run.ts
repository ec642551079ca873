// One run of the fault loop: a spell of faults with commits, foreign edits and kills in the middle of it, then peace, and
// what must hold. All that is chosen follows from the seed and the number of the run.

import { setTimeout as sleep } from 'node:timers/promises';
import { drawFaults, type FaultRule, type SeededRandom, seededRandom } from '@weir/testkit';
import { application, gitRepository, kustomization } from '../e2e/rig/resources.ts';
import { clusterNames, ensureNamespace, FaultFleet, keepLogs } from './fault-fleet.ts';
import { deliveries, GitModel, type ObjectKey } from './git-model.ts';
import {
  findForbiddenWrites,
  findUnsettled,
  type Markers,
  markAll,
  plantForeign,
  type World,
} from './invariants.ts';

export interface RunResult {
  readonly settleMs: number;
  readonly kills: number;
  readonly injected: number;
}

const settleTimeoutMs = 120_000;
const probeMs = 250;
/** A peace that comes later than this is worth a look. */
const slowMs = 15_000;
/** What a controller asks the hub for once before it runs; what is declared there it asks for until it is told. */
const startRequests = ['/api', '/apis', 'inventories.weir.dev', 'namespaces'];

/** Which a failed sync is tried again by, as long as it takes. */
const retry = { limit: -1, backoff: { duration: '1s', factor: 2, maxDuration: '4s' } };

export class FaultLoop {
  readonly #seed: number;
  readonly #world: World;
  #commit: string;
  #since: Markers;

  private constructor(of: { seed: number; world: World; commit: string; since: Markers }) {
    this.#seed = of.seed;
    this.#world = of.world;
    this.#commit = of.commit;
    this.#since = of.since;
  }

  /** A fleet that has settled once, without faults. */
  static async start(seed: number): Promise<FaultLoop> {
    const fleet = await FaultFleet.start({ seed });
    try {
      const model = new GitModel(seededRandom(seed, 0x6174));
      for (const { cluster, name } of deliveries) await ensureNamespace(fleet.cluster(cluster), name);
      const world: World = { fleet, model, foreign: await plantForeign(fleet) };
      const since = await markAll(fleet);
      await fleet.copy.write(model.begin());
      const commit = await fleet.copy.commit('Begin');
      await fleet.copy.push();
      await declare(fleet);
      const loop = new FaultLoop({ seed, world, commit, since });
      await loop.#settle([]);
      return loop;
    } catch (error) {
      await keepLogs(fleet, `seed-${seed}-start`, String(error));
      await fleet.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#world.fleet.stop();
  }

  /** Rejects with a report when something does not hold; the fleet is of no use then. */
  async run(number: number): Promise<RunResult> {
    const { fleet } = this.#world;
    const spell = new Spell({ world: this.#world, random: seededRandom(this.#seed, number) });
    const before = countInjected(fleet);
    try {
      this.#commit = (await spell.play()) ?? this.#commit;
      const settleMs = await this.#settle(spell.journal);
      return { settleMs, kills: spell.kills, injected: countInjected(fleet) - before };
    } catch (error) {
      const report = this.#report({ number, journal: spell.journal, error });
      const dir = await keepLogs(fleet, `seed-${this.#seed}-run-${number}`, report);
      throw new Error(`${report}\nkept in ${dir}`, { cause: error });
    }
  }

  /** A controller whose hub refuses something while it starts ends by itself, and starts once that is over. */
  async failStarts(): Promise<void> {
    const { controller } = this.#world.fleet;
    const hub = this.#world.fleet.proxy('hub');
    for (const resource of startRequests) {
      const before = controller.failedStarts;
      hub.setFaults([{ fault: { kind: 'answer', status: 503 }, match: { resources: [resource] } }]);
      await controller.kill9();
      const deadline = performance.now() + settleTimeoutMs / 4;
      while (controller.failedStarts === before && !controller.isRunning) {
        if (performance.now() > deadline)
          throw new Error(`503 to ${resource}: it neither runs nor ends:\n${controller.logTail()}`);
        await sleep(50);
      }
      hub.setFaults([]);
      await controller.untilRunning(settleTimeoutMs);
    }
    await this.#settle([]);
  }

  async #settle(journal: string[]): Promise<number> {
    const { fleet } = this.#world;
    const began = performance.now();
    await fleet.controller.untilRunning(settleTimeoutMs);
    let last: string[] = [];
    for (;;) {
      const found = await findUnsettled(this.#world, this.#commit);
      if (found.length === 0) break;
      last = found;
      if (performance.now() - began > settleTimeoutMs)
        throw new Error(`did not settle in ${settleTimeoutMs / 1_000} s:\n  ${last.join('\n  ')}`);
      await sleep(probeMs);
    }
    const settleMs = Math.round(performance.now() - began);
    journal.push(`settled in ${settleMs} ms`);
    if (settleMs > slowMs)
      console.log(`slow:\n  ${journal.join('\n  ')}\nuntil the end:\n  ${last.join('\n  ')}`);
    const since = this.#since;
    this.#since = await markAll(fleet);
    const wrong = [...(await findForbiddenWrites(this.#world, since)), ...fleet.controller.crashes];
    if (wrong.length > 0) throw new Error(`must not have happened:\n  ${wrong.join('\n  ')}`);
    return settleMs;
  }

  #report(of: { number: number; journal: readonly string[]; error: unknown }): string {
    const { fleet } = this.#world;
    const injections = clusterNames.flatMap((name) =>
      fleet
        .proxy(name)
        .injections()
        .slice(-60)
        .map(({ atMs, fault, request }) => `  ${name} ${atMs} ms: ${fault}: ${request}`),
    );
    return [
      `seed ${this.#seed}, run ${of.number}: ${of.error instanceof Error ? of.error.message : String(of.error)}`,
      `again: WEIR_FAULT_SEED=${this.#seed} WEIR_FAULT_FIRST=${of.number} WEIR_FAULT_RUNS=1`,
      `what was done:\n  ${of.journal.join('\n  ')}`,
      `the latest injections:\n${injections.join('\n')}`,
      `controller log:\n${fleet.controller.logTail()}`,
    ].join('\n');
  }
}

function countInjected(fleet: FaultFleet): number {
  const counts = clusterNames.flatMap((name) => Object.values(fleet.proxy(name).injected()));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function declare(fleet: FaultFleet): Promise<void> {
  const hub = fleet.cluster('hub');
  await hub.create(gitRepository({ name: 'fleet', url: fleet.repoUrl }));
  for (const { dialect, name, cluster } of deliveries)
    await hub.create(
      dialect === 'argocd'
        ? application({
            name,
            repo: fleet.repoUrl,
            path: name,
            namespace: name,
            cluster,
            syncPolicy: { retry },
          })
        : kustomization({
            name,
            source: 'fleet',
            path: `./${name}`,
            spec: {
              retryInterval: '2s',
              ...(cluster === 'hub' ? {} : { kubeConfig: { secretRef: { name: `${cluster}-kubeconfig` } } }),
            },
            cluster: 'hub',
          }),
    );
}

type Step = 'faults' | 'commit' | 'edit' | 'kill';

/** What happens between the last peace and the next. */
class Spell {
  readonly journal: string[] = [];
  kills = 0;
  readonly #world: World;
  readonly #random: SeededRandom;
  /** Objects that somebody else has changed: whether these may be deleted would depend on who came first. */
  readonly #edited = new Set<string>();
  readonly #began = performance.now();

  constructor(of: { world: World; random: SeededRandom }) {
    this.#world = of.world;
    this.#random = of.random;
  }

  /** Answers the last commit, if there was one. */
  async play(): Promise<string | undefined> {
    const random = this.#random;
    const { fleet } = this.#world;
    const isKilled = random.chance(0.35);
    const steps: Step[] = ['faults', ...drawSteps(random, isKilled)];
    let commit: string | undefined;
    let isTold = true;
    for (const step of steps) {
      if (step === 'faults') this.#setFaults();
      else if (step === 'edit') await this.#edit();
      else if (step === 'kill') await this.#kill();
      else {
        commit = await this.#commit();
        isTold = await fleet.notify(commit);
        this.#say(`commit ${commit.slice(0, 8)}${isTold ? '' : ', of which the controller was not told'}`);
      }
      await sleep(random.between(0, 900));
    }
    await sleep(random.between(0, 1_500));
    for (const name of clusterNames) fleet.proxy(name).setFaults([]);
    this.#say('faults lifted');
    // As the next poll would.
    if (commit !== undefined && !isTold) {
      await fleet.controller.untilRunning(settleTimeoutMs);
      await fleet.notify(commit);
    }
    return commit;
  }

  #setFaults(): void {
    for (const name of clusterNames) {
      if (this.#random.chance(0.15)) continue;
      const rules = drawFaults(this.#random);
      this.#world.fleet.proxy(name).setFaults(rules);
      for (const rule of rules) this.#say(`${name}: ${showRule(rule)}`);
    }
  }

  async #commit(): Promise<string> {
    const { copy } = this.#world.fleet;
    const files = this.#world.model.change(this.#edited);
    for (const [path, text] of Object.entries(files))
      this.#say(
        `  ${text === null ? 'remove' : 'write'} ${path} ${/value: (.*)/.exec(text ?? '')?.[1] ?? ''}`,
      );
    await copy.write(files);
    const commit = await copy.commit('Change');
    await copy.push();
    return commit;
  }

  /** Somebody changes, deletes or disowns an object that Git has. */
  async #edit(): Promise<void> {
    const random = this.#random;
    const { fleet, model } = this.#world;
    const { name: namespace, cluster, dialect } = random.pick(deliveries);
    const key = random.pick([...model.objects(namespace).keys()]);
    const how = random.pick(['change', 'delete', 'disown', 'label'] as const);
    const ref = refOf(key, namespace);
    this.#edited.add(`${namespace}/${key}`);
    const target = fleet.cluster(cluster);
    this.#say(`somebody's ${how} of ${namespace}/${key}`);
    // Not there yet: nothing to edit.
    if ((await target.get(ref)) === undefined) return;
    if (how === 'delete') await target.remove(ref);
    else await target.patch(ref, edits(dialect)[how]).catch(ignoreMissing);
  }

  async #kill(): Promise<void> {
    this.kills++;
    this.#say(
      `kill -9 of the controller${this.#world.fleet.controller.isRunning ? '' : ', which was starting'}`,
    );
    await this.#world.fleet.controller.kill9();
  }

  #say(text: string): void {
    this.journal.push(`${Math.round(performance.now() - this.#began)} ms: ${text}`);
  }
}

function drawSteps(random: SeededRandom, isKilled: boolean): Step[] {
  const steps: Step[] = ['commit'];
  for (let more = random.between(0, 3); more > 0; more--)
    steps.push(random.pick(['commit', 'edit', 'edit', 'faults'] as const));
  if (isKilled) steps.splice(random.between(0, steps.length), 0, 'kill');
  return steps;
}

function refOf(key: ObjectKey, namespace: string) {
  const [kind = '', name = ''] = key.split('/');
  return { apiVersion: 'v1', kind, namespace, name };
}

function edits(dialect: 'argocd' | 'flux') {
  return {
    change: { data: { value: Buffer.from('edited').toString('base64') } },
    label: { metadata: { labels: { team: 'somebody' } } },
    disown: {
      metadata:
        dialect === 'argocd'
          ? { annotations: { 'argocd.argoproj.io/tracking-id': null } }
          : { labels: { 'kustomize.toolkit.fluxcd.io/name': null } },
    },
  };
}

/** It went meanwhile: weir or nobody else deleted it. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && error.message.includes(': 404'))) throw error;
}

function showRule({ fault, match, probability = 1, times }: FaultRule): string {
  return `${JSON.stringify(fault)} of ${JSON.stringify(match ?? 'all')}, ${probability}${times === undefined ? '' : `, ${times} times`}`;
}
