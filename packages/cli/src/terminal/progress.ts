// Live progress on stderr: one line that is redrawn on a terminal, a plain line per change elsewhere.
// It never writes to stdout and never decides what is worth telling.

import type { Terminal } from './terminal.ts';

export interface Progress {
  /** What is happening now; replaces the last such line. */
  readonly status: (text: string) => void;
  /** A fact that stays on the screen. */
  readonly line: (text: string) => void;
  /** Takes the live line away; may be called more than once. */
  readonly stop: () => void;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
const clearLine = '\r\x1b[K';

export function createProgress(terminal: Terminal): Progress {
  return terminal.live ? liveProgress(terminal) : plainProgress(terminal);
}

function plainProgress(terminal: Terminal): Progress {
  let last = '';
  const print = (text: string): void => {
    if (text !== '' && text !== last) terminal.err(`${text}\n`);
    last = text;
  };
  return { status: print, line: print, stop: () => {} };
}

function liveProgress(terminal: Terminal): Progress {
  let text = '';
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    if (text === '') return;
    const glyph = terminal.errColors.cyan(frames[frame % frames.length] ?? '');
    terminal.err(`${clearLine}${glyph} ${shorten(text, terminal.columns() - 3)}`);
  };
  const tick = (): void => {
    frame++;
    draw();
  };
  return {
    status: (next) => {
      text = next;
      // Unreferenced: a spinner must not keep the process alive.
      timer ??= setInterval(tick, frameMs).unref();
      draw();
    },
    line: (fact) => {
      terminal.err(`${clearLine}${fact}\n`);
      draw();
    },
    stop: () => {
      clearInterval(timer);
      timer = undefined;
      if (text !== '') terminal.err(clearLine);
      text = '';
    },
  };
}

export function shorten(text: string, width: number): string {
  const line = text.replaceAll('\n', ' ');
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}

/** `850 ms`, `4.2 s`, `3 min 5 s`. */
export function showDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}
