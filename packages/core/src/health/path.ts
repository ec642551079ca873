// Paths and messages of the rule language: reads values out of an object; never runs, changes or throws anything.

import { isRecord } from '../object.ts';
import type { Path } from './rule.ts';

/** Where rules stand: the object, the entry in turn, its key, and what the last test has found. */
export interface Scope {
  readonly object: unknown;
  readonly value: unknown;
  readonly key?: string | number;
  /** The entry in turn is a condition, and short condition tests are about it alone. */
  readonly isCondition?: boolean;
  found: unknown;
}

/** A value that is longer is cut: a message is read by people. */
const longestMessage = 4096;

const parsed = new Map<Path, readonly string[]>();

/** Only paths of written rules come here, so what is remembered is bounded by the rules. */
function stepsOf(path: Path): readonly string[] {
  const known = parsed.get(path);
  if (known !== undefined) return known;
  const steps: string[] = [];
  for (const part of splitPath(path)) if (part !== '') steps.push(part);
  parsed.set(path, steps);
  return steps;
}

/** Dots and brackets part the steps; within brackets a dot is a dot. */
function splitPath(path: Path): string[] {
  const steps: string[] = [];
  let step = '';
  let isBracketed = false;
  for (const character of path) {
    if (character === ']') isBracketed = false;
    else if (isBracketed || (character !== '.' && character !== '[')) {
      step += character;
      continue;
    } else if (character === '[') isBracketed = true;
    steps.push(step);
    step = '';
  }
  return [...steps, step];
}

export function readPath(scope: Scope, path: Path): unknown {
  const [first, ...others] = stepsOf(path);
  if (first === undefined) return scope.value;
  if (first === '~key') return scope.key;
  if (first === '$') return walk(scope.object, others);
  if (first === '@') return walk(scope.found, others);
  return walk(scope.value, [first, ...others]);
}

function walk(from: unknown, steps: readonly string[]): unknown {
  let value = from;
  for (const [index, step] of steps.entries()) {
    if (step === '#') return entriesOf(value).length;
    if (step === '+') return sum(value);
    if (step === '*') return collect(value, steps.slice(index + 1));
    value = memberOf(value, step);
  }
  return value ?? undefined;
}

function collect(from: unknown, steps: readonly string[]): unknown {
  const isSum = steps.at(-1) === '+';
  const rest = isSum ? steps.slice(0, -1) : steps;
  const values = entriesOf(from).map(([, entry]) => walk(entry, rest));
  const present = values.flat().filter((entry) => entry !== undefined);
  return isSum ? sum(present) : present;
}

function sum(values: unknown): number {
  const numbers = Array.isArray(values) ? values.filter((value) => typeof value === 'number') : [];
  return numbers.reduce((total, value) => total + value, 0);
}

/** Own members only: an object's prototype is nobody's status. */
function memberOf(value: unknown, step: string): unknown {
  if (step.includes('=')) return entriesWith(value, step);
  if (Array.isArray(value)) return Number.isInteger(Number(step)) ? value.at(Number(step)) : undefined;
  if (typeof value === 'string')
    return step.startsWith('/') ? partOf(value, Number(step.slice(1))) : undefined;
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/** `[status=False]`: the entries whose member says so; `[=False]`: those that say so themselves. */
function entriesWith(values: unknown, step: string): unknown[] {
  const equals = step.indexOf('=');
  const [member, wanted] = [step.slice(0, equals), step.slice(equals + 1)];
  const entries = entriesOf(values).map(([, entry]) => entry);
  return entries.filter((entry) => String(member === '' ? entry : memberOf(entry, member)) === wanted);
}

/** `[/1]` of `2/3` is the text `3`. */
function partOf(text: string, index: number): string | undefined {
  return text.length > 100 ? undefined : text.split('/')[index];
}

export function entriesOf(value: unknown): [key: string | number, entry: unknown][] {
  if (Array.isArray(value)) return value.map((entry, index) => [index, entry]);
  return isRecord(value) ? Object.entries(value) : [];
}

type Piece = string | readonly Alternative[];
type Alternative = { readonly text: string } | { readonly path: Path; readonly length?: number };

const templates = new Map<string, readonly Piece[]>();

function piecesOf(template: string): readonly Piece[] {
  const known = templates.get(template);
  if (known !== undefined) return known;
  const pieces: Piece[] = [];
  for (const [index, part] of template.split('{').entries()) {
    const end = index === 0 ? -1 : part.indexOf('}');
    if (end >= 0) pieces.push(part.slice(0, end).split('|').map(alternativeOf));
    pieces.push(part.slice(end + 1));
  }
  templates.set(template, pieces);
  return pieces;
}

function alternativeOf(source: string): Alternative {
  if (source.startsWith('"')) return { text: source.slice(1, -1) };
  const colon = source.lastIndexOf(':');
  const length = colon < 0 ? Number.NaN : Number(source.slice(colon + 1));
  return Number.isInteger(length) ? { path: source.slice(0, colon), length } : { path: source };
}

export function fillTemplate(scope: Scope, template: string): string {
  const filled = piecesOf(template).map((piece) => (typeof piece === 'string' ? piece : pick(scope, piece)));
  return trimEnd(filled.join('').trim()).slice(0, longestMessage);
}

/** Where the last path had nothing to say, what leads to it goes too. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' :-'.includes(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

function pick(scope: Scope, alternatives: readonly Alternative[]): string {
  for (const alternative of alternatives) {
    if ('text' in alternative) return alternative.text;
    const text = show(readPath(scope, alternative.path));
    if (text !== '') return text.slice(0, alternative.length ?? longestMessage);
  }
  return '';
}

function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value)
    ? value
        .slice(0, 100)
        .map(show)
        .filter((text) => text !== '')
        .join(', ')
    : '';
}
