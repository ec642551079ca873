// Decides how the tests of commands run one in memory: a terminal that keeps what is written, and the command line as a
// user types it. It is no part of the product.

import pc from 'picocolors';
import { createProgram, reportEnd } from '../main.ts';
import type { Terminal } from './terminal.ts';

interface CapturedTerminal extends Terminal {
  readonly text: { out: string; err: string };
}

export function capturedTerminal(signal = new AbortController().signal): CapturedTerminal {
  const text = { out: '', err: '' };
  const colors = pc.createColors(false);
  return {
    text,
    out: (chunk) => {
      text.out += chunk;
    },
    err: (chunk) => {
      text.err += chunk;
    },
    outColors: colors,
    errColors: colors,
    live: false,
    columns: () => 80,
    signal,
    now: () => new Date('2026-01-02T03:04:05.678Z'),
  };
}

export async function runCommand(
  args: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const terminal = capturedTerminal();
  try {
    await createProgram(terminal).parseAsync([...args], { from: 'user' });
    return { code: 0, ...terminal.text };
  } catch (error) {
    return { code: reportEnd(error, terminal), ...terminal.text };
  }
}
