// What can go wrong, as a value: a code from the catalogue, a message, and where it is known the place.
// It never carries a secret: messages are redacted where they are made.

import { type ErrorCode, errorCatalogue } from './errors.ts';
import type { ObjectRef } from './object.ts';

export interface Problem {
  readonly code: ErrorCode;
  /** Subject first, then what was expected, then what to do. */
  readonly message: string;
  /** Repository-relative path. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** Path of the field in a custom resource, as `spec.source.repoURL`. */
  readonly field?: string;
  readonly object?: ObjectRef;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failed<T>(problem: Problem): Result<T> {
  return { ok: false, problem };
}

/** The one exception class: an unexpected end that carries a problem of the catalogue. */
export class WeirError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: { cause?: unknown }) {
    super(problem.message, options);
    this.name = 'WeirError';
    this.problem = problem;
  }

  get retry(): 'backoff' | 'on-change' {
    return errorCatalogue[this.problem.code].retry;
  }
}

/** `CODE: message (file:line)` */
export function showProblem(problem: Problem): string {
  const place =
    problem.file === undefined
      ? ''
      : ` (${problem.file}${problem.line === undefined ? '' : `:${problem.line}`})`;
  return `${problem.code}: ${problem.message}${place}`;
}
