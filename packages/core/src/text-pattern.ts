// Patterns over short texts, as globs and as regular expressions without backtracking: a pattern comes from outside, and
// none may take longer than its length times that of the text. It knows what Go's RE2 and gobwas/glob share, and no more.

/** How a name is matched: as it is, as a glob (`*`, `?`, `[a-z]`, `{a,b}`), or as a whole by a regular expression. */
export type TextPattern =
  | { readonly kind: 'exact'; readonly text: string }
  | { readonly kind: 'glob'; readonly text: string }
  | { readonly kind: 'regex'; readonly text: string };

type Node =
  | { readonly kind: 'char'; readonly test: (char: string) => boolean }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly isEndless: boolean };

type Step = { readonly test: (char: string) => boolean; next: number } | { readonly forks: number[] };
type Matcher = (text: string) => boolean;

const maxLength = 500;
const maxSteps = 2_000;
const maxRepeats = 50;

/** The matcher of a pattern; undefined where it is no such pattern, or is too large. */
export function compilePattern({ kind, text }: TextPattern): Matcher | undefined {
  if (kind === 'exact') return (found) => found === text;
  if (text.length > maxLength) return undefined;
  const reader = new PatternReader(text, kind);
  const node = reader.readAll();
  if (node === undefined) return undefined;
  const steps: Step[] = [];
  const start = emit(node, accepted, steps);
  return start === undefined ? undefined : (found) => runSteps(steps, start, found);
}

const accepted = -1;
const compiled = new Map<string, Matcher | undefined>();
/** Compiled patterns that are kept. */
const maxCompiled = 1_000;

/** Whether the whole text matches. A pattern that is none matches nothing. */
export function matchesPattern(pattern: TextPattern | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  if (pattern.kind === 'exact') return pattern.text === text;
  const key = `${pattern.kind}:${pattern.text}`;
  if (!compiled.has(key)) {
    if (compiled.size >= maxCompiled) compiled.clear();
    compiled.set(key, compilePattern(pattern));
  }
  return compiled.get(key)?.(text) ?? false;
}

class PatternReader {
  readonly #chars: readonly string[];
  readonly #isGlob: boolean;
  #at = 0;
  #isBad = false;

  constructor(text: string, kind: 'glob' | 'regex') {
    this.#chars = [...text];
    this.#isGlob = kind === 'glob';
  }

  readAll(): Node | undefined {
    const node = this.#choice(this.#isGlob ? '' : '|', '');
    return this.#isBad || this.#at < this.#chars.length ? undefined : node;
  }

  #choice(separator: string, end: string): Node {
    const nodes = [this.#sequence(separator, end)];
    while (separator !== '' && this.#chars[this.#at] === separator) {
      this.#at++;
      nodes.push(this.#sequence(separator, end));
    }
    return { kind: 'choice', nodes };
  }

  #sequence(separator: string, end: string): Node {
    const nodes: Node[] = [];
    for (let char = this.#chars[this.#at]; char !== undefined; char = this.#chars[this.#at]) {
      if (char === separator || char === end) break;
      this.#at++;
      const node = this.#isGlob ? this.#globPart(char) : this.#repeated(this.#regexPart(char));
      if (node !== undefined) nodes.push(node);
      if (this.#isBad) break;
    }
    return { kind: 'sequence', nodes };
  }

  #globPart(char: string): Node | undefined {
    if (char === '*') {
      while (this.#chars[this.#at] === '*') this.#at++;
      return { kind: 'repeat', node: anyChar, min: 0, isEndless: true };
    }
    if (char === '?') return anyChar;
    if (char === '[') return this.#class('!');
    if (char === '{') return this.#group(',', '}');
    return literal(char === '\\' ? this.#take() : char);
  }

  #regexPart(char: string): Node | undefined {
    if (char === '.') return anyChar;
    if (char === '[') return this.#class('^');
    if (char === '(') {
      if (this.#chars[this.#at] === '?') {
        this.#at++;
        if (this.#take() !== ':') return this.#bad();
      }
      return this.#group('|', ')');
    }
    // The whole text is matched in any case.
    if (char === '^' && this.#at === 1) return undefined;
    if (char === '$' && this.#at === this.#chars.length) return undefined;
    if (char === '\\') return this.#escaped();
    return '*+?{}]^$)|'.includes(char) ? this.#bad() : literal(char);
  }

  #escaped(): Node | undefined {
    const char = this.#take();
    const test = classes[char];
    if (test !== undefined) return { kind: 'char', test };
    return /[\p{L}\p{N}]/u.test(char) ? this.#bad() : literal(char);
  }

  #group(separator: string, end: string): Node {
    const node = this.#choice(separator, end);
    if (this.#take() !== end) this.#isBad = true;
    return node;
  }

  #class(negation: string): Node | undefined {
    const isNot = this.#chars[this.#at] === negation;
    if (isNot) this.#at++;
    const tests: ((char: string) => boolean)[] = [];
    for (let char = this.#take(); char !== ']' || tests.length === 0; char = this.#take()) {
      if (char === '' || char === '[') return this.#bad();
      const word = char === '\\' ? this.#take() : char;
      const known = char === '\\' ? classes[word] : undefined;
      const last = this.#chars[this.#at + 1];
      if (known !== undefined) tests.push(known);
      else if (this.#chars[this.#at] === '-' && last !== undefined && last !== ']') {
        this.#at += 2;
        if (last === '\\' || last < word) return this.#bad();
        tests.push((found) => found >= word && found <= last);
      } else tests.push((found) => found === word);
    }
    return { kind: 'char', test: (char) => tests.some((test) => test(char)) !== isNot };
  }

  #repeated(node: Node | undefined): Node | undefined {
    const char = this.#chars[this.#at];
    if (node === undefined || char === undefined || !'*+?{'.includes(char)) return node;
    this.#at++;
    const repeat = char === '{' ? this.#counted(node) : repeatOf(node, char);
    // How greedy it is makes no difference to whether the whole text matches.
    if (this.#chars[this.#at] === '?') this.#at++;
    return '*+?{'.includes(this.#chars[this.#at] ?? ' ') ? this.#bad() : repeat;
  }

  #counted(node: Node): Node | undefined {
    const rest = this.#chars.slice(this.#at, this.#at + 8).join('');
    const found = /^(\d{1,2})(,?)(\d{0,2})\}/.exec(rest);
    if (found === null) return this.#bad();
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === '' ? min : found[3] === '' ? undefined : Number(found[3]);
    if (min > maxRepeats || (max !== undefined && (max < min || max > maxRepeats))) return this.#bad();
    const nodes = Array.from({ length: min }, () => node);
    const more: Node[] =
      max === undefined
        ? [{ kind: 'repeat', node, min: 0, isEndless: true }]
        : Array.from({ length: max - min }, () => ({ kind: 'repeat', node, min: 0, isEndless: false }));
    return { kind: 'sequence', nodes: [...nodes, ...more] };
  }

  #take(): string {
    return this.#chars[this.#at++] ?? '';
  }

  #bad(): undefined {
    this.#isBad = true;
    return undefined;
  }
}

const anyChar: Node = { kind: 'char', test: () => true };
const literal = (text: string): Node => ({ kind: 'char', test: (char) => char === text });
const classes: Readonly<Record<string, (char: string) => boolean>> = {
  d: (char) => /^[0-9]$/.test(char),
  w: (char) => /^[0-9A-Za-z_]$/.test(char),
  s: (char) => /^[\t\n\f\r ]$/.test(char),
  D: (char) => !/^[0-9]$/.test(char),
  W: (char) => !/^[0-9A-Za-z_]$/.test(char),
  S: (char) => !/^[\t\n\f\r ]$/.test(char),
};

function repeatOf(node: Node, char: string): Node {
  return { kind: 'repeat', node, min: char === '+' ? 1 : 0, isEndless: char !== '?' };
}

/** Writes the node's steps, which go on at `next`; answers where they begin. Undefined: too many. */
function emit(node: Node, next: number, steps: Step[]): number | undefined {
  if (steps.length > maxSteps) return undefined;
  if (node.kind === 'char') return steps.push({ test: node.test, next }) - 1;
  if (node.kind === 'sequence')
    return node.nodes.reduceRight<number | undefined>(
      (after, each) => (after === undefined ? undefined : emit(each, after, steps)),
      next,
    );
  if (node.kind === 'choice') {
    const starts = node.nodes.map((each) => emit(each, next, steps));
    const forks = starts.filter((start) => start !== undefined);
    return forks.length < starts.length ? undefined : steps.push({ forks }) - 1;
  }
  const fork: { forks: number[] } = { forks: [] };
  const at = steps.push(fork) - 1;
  const inner = emit(node.node, node.isEndless ? at : next, steps);
  if (inner === undefined) return undefined;
  fork.forks.push(inner, next);
  return node.min > 0 ? inner : at;
}

/** All ways at once, so that no pattern takes longer than its steps times the length of the text. */
function runSteps(steps: readonly Step[], start: number, text: string): boolean {
  let now = reach(steps, [start]);
  for (const char of text) {
    const next: number[] = [];
    for (const at of now) {
      const step = steps[at];
      if (step !== undefined && 'test' in step && step.test(char)) next.push(step.next);
    }
    now = reach(steps, next);
    if (now.size === 0) return false;
  }
  return now.has(accepted);
}

function reach(steps: readonly Step[], from: readonly number[]): Set<number> {
  const reached = new Set<number>();
  const open = [...from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    const step = steps[at];
    if (step !== undefined && 'forks' in step) open.push(...step.forks);
  }
  return reached;
}
