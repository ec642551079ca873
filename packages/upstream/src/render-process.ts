// Runs one render binary: starts it, checks its handshake, asks it one thing at a time. It never decides when to kill it.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { type Hello, PROTOCOL, type RenderFailure, type Request, type Response } from './messages.ts';
import { parseAnswer, parseHello } from './parse-answer.ts';

/** A start takes tens of milliseconds; a machine under load is given this much. */
const HANDSHAKE_TIMEOUT_MS = 15_000;

/** Of stderr only the last bytes are looked at, for Go's reason of a crash. */
const STDERR_KEPT_BYTES = 16 * 1024;

export interface RenderProcessOptions {
  readonly binary: string;
  /** The soft limit Go's collector works towards. */
  readonly memoryLimitBytes: number;
}

export type Started =
  | { readonly ok: true; readonly process: RenderProcess }
  | { readonly ok: false; readonly error: RenderFailure };

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** One child. After its end every question is answered with why it ended. */
export class RenderProcess {
  readonly #child: Child;
  readonly #decoder = new FrameDecoder();
  readonly #ended: Promise<void>;
  #stderr = '';
  #hello: Hello | undefined;
  #waiting: ((answer: Response) => void) | undefined;
  #handshake: ((problem: RenderFailure | undefined) => void) | undefined;
  #end: RenderFailure | undefined;
  #lastId = 0;

  private constructor(options: RenderProcessOptions) {
    this.#child = spawn(options.binary, [], {
      cwd: '/',
      env: { HOME: '/nonexistent', GOMEMLIMIT: String(options.memoryLimitBytes) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#finish(crash(code, signal, this.#stderr));
        resolve();
      });
      this.#child.once('error', (error) => {
        this.#finish({
          code: 'RENDER_START_FAILED',
          message: `render binary cannot be started: ${error.message}`,
        });
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
  static async start(options: RenderProcessOptions): Promise<Started> {
    const started = new RenderProcess(options);
    const problem = await new Promise<RenderFailure | undefined>((resolve) => {
      const timer = setTimeout(() => {
        started.kill({
          code: 'RENDER_START_FAILED',
          message: `render binary sent no handshake within ${HANDSHAKE_TIMEOUT_MS} ms`,
        });
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
  ask(request: Omit<Request, 'id'>): Promise<Response> {
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
  kill(reason: RenderFailure): void {
    this.#finish(reason);
    this.#child.kill('SIGKILL');
  }

  /** Lets an idle process end by itself. */
  stop(): void {
    this.#finish({ code: 'RENDER_CLOSED', message: 'render process was stopped' });
    this.#child.stdin.end();
  }

  #read(chunk: Buffer): void {
    if (this.#end !== undefined) {
      return;
    }
    const decoded = this.#decoder.push(chunk);
    if (!decoded.ok) {
      this.kill({ code: 'RENDER_CRASHED', message: `render process broke the protocol: ${decoded.problem}` });
      return;
    }
    for (const message of decoded.messages) {
      this.#receive(message);
    }
  }

  #receive(message: unknown): void {
    if (this.#hello === undefined) {
      this.#greet(message);
      return;
    }
    const answer = parseAnswer(message);
    if (answer === undefined || this.#waiting === undefined || answer.id !== this.#lastId) {
      this.kill({ code: 'RENDER_CRASHED', message: 'render process broke the protocol: unexpected message' });
      return;
    }
    const resolve = this.#waiting;
    this.#waiting = undefined;
    resolve(answer);
  }

  #greet(message: unknown): void {
    const hello = parseHello(message);
    const spoken = hello === undefined ? 'no handshake' : `${hello.role} protocol ${hello.protocol}`;
    if (hello === undefined || hello.protocol !== PROTOCOL || hello.role !== 'render') {
      const expected = `expected render protocol ${PROTOCOL}; build the native binaries of this version`;
      this.kill({ code: 'RENDER_PROTOCOL_MISMATCH', message: `render binary speaks ${spoken}, ${expected}` });
      return;
    }
    this.#hello = hello;
    this.#handshake?.(undefined);
  }

  #finish(reason: RenderFailure): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = reason;
    if (this.#hello === undefined) {
      this.#handshake?.(
        reason.code === 'RENDER_CRASHED' ? { ...reason, code: 'RENDER_START_FAILED' } : reason,
      );
    }
    this.#waiting?.({ id: this.#lastId, ok: false, error: reason });
    this.#waiting = undefined;
  }
}

/** Only Go's own reasons are quoted: a panic's text may hold what was being rendered. */
function crash(code: number | null, signal: string | null, stderr: string): RenderFailure {
  const fatal = /^(fatal error: .*|runtime: goroutine stack exceeds .*)$/m.exec(stderr)?.[1];
  const how = signal === null ? `with status ${code}` : `by ${signal}`;
  return {
    code: 'RENDER_CRASHED',
    message: `render process ended ${how}${fatal === undefined ? '' : ` (${fatal})`}`,
  };
}
