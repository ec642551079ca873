// The shared fleet as one test file uses it: the command, the clusters, repositories, and what the file declared there.
// Everything that was declared is deleted when the file ends.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { type Cluster, type Live, type Manifest, openCluster, type Ref, refOf, show } from './cluster.ts';
import { type CommandResult, runWeir } from './command.ts';
import { createRepo, type Files, postPush, type Repo, type Webhook } from './repo.ts';
import { applicationRef, type ClusterName, gitRepositoryRef, kustomizationRef } from './resources.ts';

export interface Row {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly dialect: string;
  readonly cluster: string;
  readonly revision: string;
  readonly sync: string;
  readonly health: string;
  readonly message?: string;
  readonly suspended?: true;
}

export interface EventRow {
  readonly type: string;
  readonly reason: string;
  readonly kind: string;
  readonly name: string;
  readonly message: string;
}

interface State {
  readonly gitPort: number;
  readonly controllerPort: number;
  readonly processes: Readonly<Record<'git' | 'controller', { readonly pid: number }>>;
}

const defaultTimeoutMs = 90_000;
const pollMs = 150;

export function openFleet(): Fleet {
  return new Fleet(inject('weirHome'));
}

export class Fleet {
  readonly home: string;
  readonly clusters: Readonly<Record<ClusterName, Cluster>>;
  readonly webhook: Webhook;
  readonly #declared: Ref[] = [];

  constructor(home: string) {
    this.home = home;
    this.clusters = {
      hub: openCluster(home, 'hub'),
      east: openCluster(home, 'east'),
      west: openCluster(home, 'west'),
    };
    this.webhook = {
      url: `http://127.0.0.1:${this.state().controllerPort}/webhook`,
      secretFile: join(home, 'webhook-secret'),
    };
  }

  get hub(): Cluster {
    return this.clusters.hub;
  }

  all(): Cluster[] {
    return Object.values(this.clusters);
  }

  /** As `weir up` left it: ports, and the processes that run now. */
  state(): State {
    return JSON.parse(readFileSync(join(this.home, 'state.json'), 'utf8')) as State;
  }

  weir(...args: readonly string[]): Promise<CommandResult> {
    return runWeir([...args, '--home', this.home], { timeoutMs: 300_000 });
  }

  /** Runs weir and reads what it printed as JSON; rejects when it failed. */
  async weirJson<T>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await this.weir(...args, '-o', 'json');
    if (code !== 0) throw new Error(`weir ${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  async rows(...names: readonly string[]): Promise<Row[]> {
    return (await this.weirJson<{ items: Row[] }>('get', ...names)).items;
  }

  async events(name: string): Promise<EventRow[]> {
    return (await this.weirJson<{ items: EventRow[] }>('events', name)).items;
  }

  /** Brings back what died and waits until every delivery on the hub is healthy. */
  async up(): Promise<void> {
    const { code, stderr } = await this.weir('up');
    if (code !== 0) throw new Error(`weir up ended with ${code}:\n${stderr.slice(-4_000)}${this.logTail()}`);
  }

  /** `kill -9` of the controller; `up` brings it back. */
  async killController(): Promise<void> {
    await kill9(this.state().processes.controller.pid);
  }

  /** `kill -9`, and the same command again, outside of `weir up`. Answers how to end it. */
  async restartControllerAlone(): Promise<() => Promise<void>> {
    const { pid } = this.state().processes.controller;
    const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    await kill9(pid);
    const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, WEIR_CHILD: '1' } });
    return async () => {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    };
  }

  async killGitServer(): Promise<void> {
    await kill9(this.state().processes.git.pid);
  }

  repo(name: string, files: Files): Promise<Repo> {
    const gitUrl = `http://127.0.0.1:${this.state().gitPort}`;
    return createRepo({ home: this.home, gitUrl, webhook: this.webhook, name: `e2e-${name}`, files });
  }

  /** The clone of an example, whose server tells the webhook itself. */
  example(name: 'argocd-fleet' | 'flux-fleet'): { readonly dir: string; readonly url: string } {
    return {
      dir: join(this.home, 'clones', name),
      url: `http://127.0.0.1:${this.state().gitPort}/${name}.git`,
    };
  }

  /** Has the sources of that URL fetched now. */
  poke(url: string): Promise<number> {
    return postPush(this.webhook, { url, commit: '1'.repeat(40) });
  }

  /** Creates it on the hub; it is deleted when the file ends. */
  async declare(...manifests: readonly Manifest[]): Promise<void> {
    for (const manifest of manifests) {
      await this.hub.create(manifest);
      this.#declared.push(refOf(manifest));
    }
  }

  async withdraw(ref: Ref): Promise<void> {
    await this.hub.remove(ref);
    await this.until(`${show(ref)} is gone`, async () => (await this.hub.get(ref)) === undefined);
  }

  async close(): Promise<void> {
    const refs = this.#declared.splice(0).reverse();
    const deliveries = refs.filter(({ kind }) => kind === 'Application' || kind === 'Kustomization');
    for (const ref of deliveries) await this.hub.remove(ref);
    await this.until('the deliveries of this file are gone', async () => {
      for (const ref of deliveries) if ((await this.hub.get(ref)) !== undefined) return false;
      return true;
    });
    for (const ref of refs) await this.hub.remove(ref);
  }

  /** Polls until `probe` neither throws nor answers false; what it answered is the result. */
  async until<T>(
    what: string,
    probe: () => Promise<T>,
    options: { readonly timeoutMs?: number; readonly pollMs?: number } = {},
  ): Promise<Exclude<T, false>> {
    const deadline = Date.now() + (options.timeoutMs ?? defaultTimeoutMs);
    let last: unknown;
    do {
      try {
        const answer = await probe();
        if (answer !== false) return answer as Exclude<T, false>;
        last = undefined;
      } catch (error) {
        last = error;
      }
      await sleep(options.pollMs ?? pollMs);
    } while (Date.now() < deadline);
    const why = last instanceof Error ? last.message : 'it does not hold';
    throw new Error(`waited in vain until ${what}:\n${why}\n${await this.diagnosis()}`, { cause: last });
  }

  /** In sync and healthy at that commit, as the dialect's own status tells it. */
  async untilReady(ref: Ref, commit?: string, options?: { readonly timeoutMs?: number }): Promise<Live> {
    return this.until(
      `${show(ref)} is ready${commit === undefined ? '' : ` at ${commit}`}`,
      async () => {
        const live = await this.hub.need(ref);
        const seen = readiness(live);
        if (seen.ready && (commit === undefined || seen.revision.endsWith(commit))) return live;
        throw new Error(JSON.stringify(live.status, null, 1));
      },
      options,
    );
  }

  async diagnosis(): Promise<string> {
    const [get, events] = await Promise.all([this.weir('get', '-o', 'wide'), this.weir('events')]);
    const sick = get.stdout.split('\n').filter((line) => !/ Synced +Healthy/.test(line));
    return [
      `weir get (${get.code}), the healthy ones left out:\n${sick.join('\n')}${get.stderr}`,
      `weir events:\n${events.stdout.trimEnd().split('\n').slice(-25).join('\n')}${events.stderr}`,
      this.logTail(),
    ].join('\n');
  }

  logTail(): string {
    const log = readFileSync(join(this.home, 'logs/controller.log'), 'utf8');
    return `\ncontroller log:\n${log.trimEnd().split('\n').slice(-15).join('\n')}`;
  }
}

/** Resolves once the process is gone. */
export async function kill9(pid: number): Promise<void> {
  for (let signal: NodeJS.Signals | 0 = 'SIGKILL'; ; signal = 0) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    await sleep(10);
  }
}

interface Status {
  readonly observedGeneration?: number;
  readonly lastAppliedRevision?: string;
  readonly artifact?: { readonly revision: string };
  readonly conditions?: readonly Condition[];
  readonly sync?: { readonly status?: string; readonly revision?: string };
  readonly health?: { readonly status?: string };
  readonly operationState?: { readonly message?: string };
}

export interface Condition {
  readonly type: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message: string;
}

export const statusOf = (live: Live): Status => (live.status ?? {}) as Status;

export function conditionOf(live: Live, type: string): Condition | undefined {
  return statusOf(live).conditions?.find((condition) => condition.type === type);
}

/** Whether the dialect's own status says in sync and healthy, and at which revision. */
export function readiness(live: Live): { readonly ready: boolean; readonly revision: string } {
  const status = statusOf(live);
  if (live.kind === 'Application') {
    const ready = status.sync?.status === 'Synced' && status.health?.status === 'Healthy';
    return { ready, revision: status.sync?.revision ?? '' };
  }
  const isCurrent = status.observedGeneration === live.metadata.generation;
  const ready = isCurrent && conditionOf(live, 'Ready')?.status === 'True';
  return { ready, revision: status.lastAppliedRevision ?? status.artifact?.revision ?? '' };
}

/** The reference of a delivery or source in its short form: `app/web`, `ks/apps`, `gitrepo/apps`. */
export function named(short: string): Ref {
  const [kind, name = ''] = short.split('/');
  if (kind === 'app') return applicationRef(name);
  return kind === 'ks' ? kustomizationRef(name) : gitRepositoryRef(name);
}
