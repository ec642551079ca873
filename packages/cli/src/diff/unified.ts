// The unified difference of two texts, by lines (Myers' algorithm). It never knows that the texts are YAML.

export interface Edit {
  readonly kind: 'same' | 'removed' | 'added';
  readonly line: string;
}

const contextLines = 3;
/** Beyond this many edits the shortest script is not looked for: the middle is shown as replaced. */
const maxEdits = 4_000;

export function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => ({ kind: 'same', line }));
  return [
    ...same(before.slice(0, start)),
    ...shortestScript(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

function shortestScript(before: readonly string[], after: readonly string[]): Edit[] {
  const replaced = (): Edit[] => [
    ...before.map((line): Edit => ({ kind: 'removed', line })),
    ...after.map((line): Edit => ({ kind: 'added', line })),
  ];
  if (before.length === 0 || after.length === 0) return replaced();
  const trace = forward(before, after);
  return trace === undefined ? replaced() : backward({ before, after, trace });
}

type Frontier = Map<number, number>;

/** The furthest reaching points per number of edits, up to the one that reaches both ends. */
function forward(before: readonly string[], after: readonly string[]): Frontier[] | undefined {
  const trace: Frontier[] = [];
  let frontier: Frontier = new Map([[1, 0]]);
  for (let edits = 0; edits <= Math.min(before.length + after.length, maxEdits); edits++) {
    trace.push(frontier);
    const next: Frontier = new Map();
    for (let k = -edits; k <= edits; k += 2) {
      let x = startOf(frontier, k, edits);
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x++;
      next.set(k, x);
      if (x >= before.length && x - k >= after.length) return trace;
    }
    frontier = next;
  }
  return undefined;
}

const at = (frontier: Frontier, k: number): number => frontier.get(k) ?? -1;

function comesDown(frontier: Frontier, k: number, edits: number): boolean {
  return k === -edits || (k !== edits && at(frontier, k - 1) < at(frontier, k + 1));
}

function startOf(frontier: Frontier, k: number, edits: number): number {
  return comesDown(frontier, k, edits) ? at(frontier, k + 1) : at(frontier, k - 1) + 1;
}

function backward(input: {
  before: readonly string[];
  after: readonly string[];
  trace: readonly Frontier[];
}): Edit[] {
  const { before, after, trace } = input;
  const edits: Edit[] = [];
  let x = before.length;
  let y = after.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const frontier = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const down = comesDown(frontier, k, d);
    const previousX = d === 0 ? 0 : at(frontier, down ? k + 1 : k - 1);
    const previousY = d === 0 ? 0 : previousX - (down ? k + 1 : k - 1);
    while (x > previousX && y > previousY) {
      x--;
      y--;
      edits.push({ kind: 'same', line: before[x] ?? '' });
    }
    if (d === 0) break;
    if (down) {
      y--;
      edits.push({ kind: 'added', line: after[y] ?? '' });
    } else {
      x--;
      edits.push({ kind: 'removed', line: before[x] ?? '' });
    }
  }
  return edits.reverse();
}

const signs = { same: ' ', removed: '-', added: '+' } as const;

/** Hunks with three lines of context; '' where the texts are equal. Each line ends with a line break. */
export function unifiedDiff(before: string, after: string): string {
  const edits = editsOf(linesOf(before), linesOf(after));
  const hunks: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  for (let i = 0; i < edits.length; ) {
    const end = hunkEnd(edits, i);
    if (end === undefined) break;
    const first = edits.findIndex((edit, j) => j >= i && edit.kind !== 'same');
    const from = Math.max(i, first - contextLines);
    oldLine += from - i;
    newLine += from - i;
    const lines = edits.slice(from, end);
    const removed = lines.filter((edit) => edit.kind !== 'added').length;
    const added = lines.filter((edit) => edit.kind !== 'removed').length;
    hunks.push(`@@ -${rangeOf(oldLine, removed)} +${rangeOf(newLine, added)} @@\n`);
    hunks.push(...lines.map((edit) => `${signs[edit.kind]}${edit.line}\n`));
    oldLine += removed;
    newLine += added;
    i = end;
  }
  return hunks.join('');
}

/** Behind the last line of the hunk that begins after `from`; undefined where no change is left. */
function hunkEnd(edits: readonly Edit[], from: number): number | undefined {
  let last = -1;
  for (let i = from; i < edits.length; i++) {
    if (edits[i]?.kind === 'same') continue;
    if (last >= 0 && i - last > 2 * contextLines) break;
    last = i;
  }
  return last < 0 ? undefined : Math.min(edits.length, last + contextLines + 1);
}

const rangeOf = (start: number, count: number): string =>
  count === 1 ? `${start}` : `${count === 0 ? start - 1 : start},${count}`;

function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}
