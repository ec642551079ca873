// Where results and progress go: results to stdout, everything else to stderr. It never decides what to say.

import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

export interface Terminal {
  /** Writes to stdout as it is. */
  readonly out: (text: string) => void;
  /** Writes to stderr as it is. */
  readonly err: (text: string) => void;
  /** Colours for stdout and for stderr: none where that is not a terminal, or NO_COLOR is set. */
  readonly outColors: Colors;
  readonly errColors: Colors;
  /** Whether stderr can be redrawn: a terminal, and not a CI job. */
  readonly live: boolean;
  readonly columns: () => number;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

export function processTerminal(signal: AbortSignal): Terminal {
  const { stdout, stderr, env } = process;
  const wantsColor = (stream: NodeJS.WriteStream): boolean =>
    (env.NO_COLOR ?? '') === '' && ((env.FORCE_COLOR ?? '') !== '' || stream.isTTY === true);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outColors: pc.createColors(wantsColor(stdout)),
    errColors: pc.createColors(wantsColor(stderr)),
    live: stderr.isTTY === true && (env.CI ?? '') === '' && env.TERM !== 'dumb',
    columns: () => stderr.columns ?? 80,
    signal,
    now: () => new Date(),
  };
}
