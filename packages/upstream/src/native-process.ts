// Runs one native program: starts it, checks its handshake, asks it one thing at a time. It never decides when to kill it.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { type Answer, type Failure, type Hello, type NativeRole, poolFailure } from './envelope.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { parseAnswer, parseHello } from './parse-answer.ts';

/** A start takes tens of milliseconds; a machine under load is given this much. */
const HANDSHAKE_TIMEOUT_MS = 15_000;

/** Of stderr only the last bytes are looked at, for Go's reason of a crash. */
const STDERR_KEPT_BYTES = 16 * 1024;

interface NativeProcessOptions {
  readonly role: NativeRole;
  readonly binary: string;
  /** The soft limit Go's collector works towards. */
  readonly memoryLimitBytes: number;
}

type Started =
  | { readonly ok: true; readonly process: NativeProcess }
  | { readonly ok: false; readonly error: Failure };

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** One child. After its end every question is answered with why it ended. */
export class NativeProcess {
  readonly #role: NativeRole;
  readonly #child: Child;
  readonly #decoder = new FrameDecoder();
  readonly #ended: Promise<void>;
  #stderr = '';
  #hello: Hello | undefined;
  #waiting: ((answer: Answer) => void) | undefined;
  #handshake: ((problem: Failure | undefined) => void) | undefined;
  #end: Failure | undefined;
  #lastId = 0;

  private constructor(options: NativeProcessOptions) {
    this.#role = options.role;
    this.#child = spawn(options.binary, [], {
      cwd: '/',
      env: { HOME: '/nonexistent', GOMEMLIMIT: String(options.memoryLimitBytes) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#finish(crash(this.#role, { code, signal, stderr: this.#stderr }));
        resolve();
      });
      this.#child.once('error', (error) => {
        const message = `${this.#role.name} binary cannot be started: ${error.message}`;
        this.#finish(poolFailure(this.#role, 'START_FAILED', message));
        resolve();
      });
    });
    this.#child.stdin.on('error', () => undefined); // the end of the process tells why
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-STDERR_KEPT_BYTES);
    });
  }

  /** Resolves once the handshake is done; a process that failed it is gone. */
  static async start(options: NativeProcessOptions): Promise<Started> {
    const started = new NativeProcess(options);
    const problem = await new Promise<Failure | undefined>((resolve) => {
      const timer = setTimeout(() => {
        const message = `${options.role.name} binary sent no handshake within ${HANDSHAKE_TIMEOUT_MS} ms`;
        started.kill(poolFailure(options.role, 'START_FAILED', message));
      }, HANDSHAKE_TIMEOUT_MS);
      started.#handshake = (failure) => {
        clearTimeout(timer);
        resolve(failure);
      };
      if (started.#end !== undefined) {
        started.#handshake(started.#end);
      }
    });
    return problem === undefined ? { ok: true, process: started } : { ok: false, error: problem };
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#end === undefined;
  }

  get evaluators(): Readonly<Record<string, string>> {
    return this.#hello?.evaluators ?? {};
  }

  /** Resolves when the operating system has taken the process back. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Asks one thing; the one before must have been answered. */
  ask(request: { readonly method: string; readonly params: unknown }): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#end !== undefined) {
      return Promise.resolve({ id, ok: false, error: this.#end });
    }
    const frame = encodeFrame({ id, ...request });
    if (frame === undefined) {
      const message = 'request is longer than a frame may be';
      return Promise.resolve({ id, ok: false, error: { code: 'FRAME_TOO_LARGE', message } });
    }
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#child.stdin.write(frame);
    });
  }

  /** Ends the process at once; what it was asked is answered with the reason. */
  kill(reason: Failure): void {
    this.#finish(reason);
    this.#child.kill('SIGKILL');
  }

  /** Lets an idle process end by itself. */
  stop(): void {
    this.#finish(poolFailure(this.#role, 'CLOSED', `${this.#role.name} process was stopped`));
    this.#child.stdin.end();
  }

  #read(chunk: Buffer): void {
    if (this.#end !== undefined) {
      return;
    }
    const decoded = this.#decoder.push(chunk);
    if (!decoded.ok) {
      this.#breach(decoded.problem);
      return;
    }
    for (const message of decoded.messages) {
      this.#receive(message);
    }
  }

  #breach(problem: string): void {
    const message = `${this.#role.name} process broke the protocol: ${problem}`;
    this.kill(poolFailure(this.#role, 'CRASHED', message));
  }

  #receive(message: unknown): void {
    if (this.#hello === undefined) {
      this.#greet(message);
      return;
    }
    const answer = parseAnswer(message);
    if (answer === undefined || this.#waiting === undefined || answer.id !== this.#lastId) {
      this.#breach('unexpected message');
      return;
    }
    const resolve = this.#waiting;
    this.#waiting = undefined;
    if (answer.ok && answer.last) {
      this.kill(poolFailure(this.#role, 'CLOSED', `${this.#role.name} process gave its last answer`));
    }
    resolve(answer);
  }

  #greet(message: unknown): void {
    const hello = parseHello(message);
    const { name, protocol } = this.#role;
    const spoken = hello === undefined ? 'no handshake' : `${hello.role} protocol ${hello.protocol}`;
    if (hello === undefined || hello.protocol !== protocol || hello.role !== name) {
      const expected = `expected ${name} protocol ${protocol}; build the native binaries of this version`;
      const message = `${name} binary speaks ${spoken}, ${expected}`;
      this.kill(poolFailure(this.#role, 'PROTOCOL_MISMATCH', message));
      return;
    }
    this.#hello = hello;
    this.#handshake?.(undefined);
  }

  #finish(reason: Failure): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = reason;
    if (this.#hello === undefined) {
      const { prefix } = this.#role;
      const hasCrashed = reason.code === `${prefix}_CRASHED`;
      this.#handshake?.(hasCrashed ? poolFailure(this.#role, 'START_FAILED', reason.message) : reason);
    }
    this.#waiting?.({ id: this.#lastId, ok: false, error: reason });
    this.#waiting = undefined;
  }
}

/** Only Go's own reasons are quoted: a panic's text may hold what was being rendered. */
function crash(
  role: NativeRole,
  end: { code: number | null; signal: string | null; stderr: string },
): Failure {
  const fatal = /^(fatal error: .*|runtime: goroutine stack exceeds .*)$/m.exec(end.stderr)?.[1];
  const how = end.signal === null ? `with status ${end.code}` : `by ${end.signal}`;
  const why = fatal === undefined ? '' : ` (${fatal})`;
  return poolFailure(role, 'CRASHED', `${role.name} process ended ${how}${why}`);
}
