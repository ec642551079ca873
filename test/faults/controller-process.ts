// The real `weir controller` as a process that is killed at will and started anew when it ends, as a kubelet would do it.
// It imports nothing of weir.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { weirCommand } from '../e2e/rig/command.ts';

export interface ControllerPlace {
  readonly home: string;
  readonly kubeconfigPath: string;
  readonly webhookSecretFile: string;
}

const restartMs = 300;
const running = '"message":"the controller runs"';

export class ControllerProcess {
  readonly logFile: string;
  /** Ends that nobody asked for, after it had begun to run. */
  readonly crashes: string[] = [];
  /** Ends before it ran: the hub did not answer. */
  failedStarts = 0;
  readonly #place: ControllerPlace;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #isRunning = false;
  #isWanted = true;

  private constructor(place: ControllerPlace, port: number) {
    this.#place = place;
    this.#port = port;
    this.logFile = join(place.home, 'controller.log');
  }

  static async start(place: ControllerPlace): Promise<ControllerProcess> {
    const controller = new ControllerProcess(place, await freePort());
    controller.#spawn();
    return controller;
  }

  get webhookUrl(): string {
    return `http://127.0.0.1:${this.#port}/webhook`;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Without warning; another one is started at once. Resolves when the old one is gone. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
    this.#spawn();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#end('SIGKILL');
  }

  async untilRunning(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#isRunning) {
      if (Date.now() > deadline)
        throw new Error(`the controller does not run after ${timeoutMs} ms:\n${this.logTail()}`);
      await sleep(20);
    }
  }

  logTail(lines = 40): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  #spawn(): void {
    const { kubeconfigPath, home, webhookSecretFile } = this.#place;
    const args = ['controller', '--kubeconfig', kubeconfigPath, '--data', join(home, 'data')];
    args.push('--listen', `127.0.0.1:${this.#port}`, '--webhook-secret-file', webhookSecretFile);
    // A name that stays: the next process takes over what the killed one held without waiting for its Lease to run out.
    args.push('--replica-name', 'faults', '--lease-duration', '5s');
    const child = spawn(process.execPath, ['--enable-source-maps', weirCommand, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, WEIR_CHILD: '1' },
    });
    this.#child = child;
    const log = createWriteStream(this.logFile, { flags: 'a', mode: 0o600 });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log.write(text);
      if (this.#child === child && text.includes(running)) this.#isRunning = true;
    });
    child.once('close', (code, signal) => {
      log.end(`--- the controller ended: ${code ?? signal}\n`);
      if (this.#child !== child) return;
      if (this.#isRunning) this.crashes.push(`ended by itself with ${code ?? signal}`);
      else this.failedStarts++;
      this.#isRunning = false;
      setTimeout(() => {
        if (this.#isWanted && this.#child === child) this.#spawn();
      }, restartMs);
    });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#isRunning = false;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('close', done));
    child.kill(signal);
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
