// How every message between weir and a native program is wrapped, as native/stdio has it; it knows no program's messages.

/** The largest frame, in bytes, in either direction. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** The first frame of a process. */
export interface Hello {
  readonly type: 'hello';
  readonly protocol: number;
  readonly role: string;
  /** Versions of the upstream libraries that decide the output. */
  readonly evaluators: Readonly<Record<string, string>>;
}

/** `file` is repository-relative, `line` 1-based. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
}

export type Fields = Readonly<Record<string, unknown>>;

/** A failed rendering tells what it has read. A process ends after its last answer, with what it could not stop. */
export type Answer =
  | { readonly id: number; readonly ok: true; readonly result: Fields; readonly last: boolean }
  | { readonly id: number; readonly ok: false; readonly error: Failure; readonly reads?: Fields };

/** The codes of every program, as in native/stdio/failure.go; each adds its own. */
export const ENVELOPE_ERROR_CODES = [
  'EVALUATOR_PANICKED',
  'FRAME_INVALID',
  'FRAME_TOO_LARGE',
  'METHOD_UNKNOWN',
  'OUTPUT_TOO_LARGE',
  'PARAMS_INVALID',
] as const;

/** Why a pool has no answer: it says nothing about what was asked, and a later attempt may succeed. */
export type PoolReason =
  | 'ABORTED'
  | 'CLOSED'
  | 'CRASHED'
  | 'MEMORY'
  | 'PROTOCOL_MISMATCH'
  | 'QUEUE_FULL'
  | 'START_FAILED'
  | 'TIMEOUT';

/** One of the native programs, and how failures speak of it. */
export interface NativeRole {
  /** The program's name, as its handshake tells it. */
  readonly name: string;
  readonly protocol: number;
  /** Before the reason in a code: `RENDER` makes `RENDER_TIMEOUT`. */
  readonly prefix: string;
  /** What its processes do, in one word. */
  readonly work: string;
}

export function poolFailure(role: NativeRole, reason: PoolReason, message: string): Failure {
  return { code: `${role.prefix}_${reason}`, message };
}
