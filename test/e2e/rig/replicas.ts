// Controllers of the test's own beside each other on the fleet's hub, each a process with a name, and what they do to it:
// halted, killed, ended, told of pushes. It imports nothing of the product.

import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fleet, kill9 } from './fleet.ts';
import { postPush } from './repo.ts';

export interface Replica {
  readonly name: string;
  readonly log: () => string;
  start(): Promise<void>;
  halt(): void;
  goOn(): void;
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process has ended. */
  end(): Promise<void>;
  /** Tells it of a push, if it listens. */
  poke(url: string): Promise<void>;
  isRunning(): boolean;
}

/** The arguments of the fleet's own controller, which is killed. Its port is kept for it until `release`. */
export async function takeOverController(
  fleet: Fleet,
): Promise<{ readonly command: readonly string[]; readonly release: () => Promise<void> }> {
  const { processes, controllerPort } = fleet.state();
  const { pid } = processes.controller;
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  await kill9(pid);
  const keeper = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => keeper.listen(controllerPort, '127.0.0.1', done));
  return { command, release: () => new Promise((done) => keeper.close(() => done())) };
}

export function createReplica(of: {
  readonly fleet: Fleet;
  readonly name: string;
  readonly command: readonly string[];
  readonly leaseDuration: string;
}): Replica {
  return new ReplicaProcess(of);
}

class ReplicaProcess implements Replica {
  readonly name: string;
  readonly #of: Parameters<typeof createReplica>[0];
  readonly #logFile: string;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(of: Parameters<typeof createReplica>[0]) {
    this.#of = of;
    this.name = of.name;
    this.#logFile = join(of.fleet.home, 'logs', `controller-${of.name}.log`);
  }

  log = (): string => readFileSync(this.#logFile, 'utf8');

  async start(): Promise<void> {
    const { fleet, command, leaseDuration, name } = this.#of;
    this.#port = await freePort();
    const own: Readonly<Record<string, string>> = {
      '--data': join(fleet.home, `data-${name}`),
      '--listen': `127.0.0.1:${this.#port}`,
    };
    const [program = '', ...args] = command.map((arg, i) => own[command[i - 1] ?? ''] ?? arg);
    const log = openSync(this.#logFile, 'a');
    this.#child = spawn(program, [...args, '--replica-name', name, '--lease-duration', leaseDuration], {
      stdio: ['ignore', log, log],
      env: { ...process.env, WEIR_CHILD: '1' },
    });
    await fleet.until(`replica ${name} is ready`, async () => {
      const answer = await fetch(`http://127.0.0.1:${this.#port}/readyz`);
      await answer.arrayBuffer();
      return answer.ok;
    });
  }

  isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  halt(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  end(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning()) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  async poke(url: string): Promise<void> {
    const webhook = { ...this.#of.fleet.webhook, url: `http://127.0.0.1:${this.#port}/webhook` };
    const told = postPush(webhook, { url, commit: '1'.repeat(40) }).catch(() => undefined);
    // One that is halted takes the connection and never answers.
    await Promise.race([told, sleep(300)]);
  }
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}
