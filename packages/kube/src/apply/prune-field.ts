// Takes one field out of an object by the path that an API server names. It decides nothing: the path is the server's.

import { isRecord, type KubeObject } from '@weir/core';

/** A copy without the field at `.spec.ports[name="a"].x`; undefined where the object has no such field. */
export function withoutField(object: KubeObject, path: string): KubeObject | undefined {
  const copy = structuredClone(object);
  return removeAt(copy, path) ? copy : undefined;
}

function removeAt(value: unknown, path: string): boolean {
  if (path.startsWith('[')) return removeInList(value, path);
  if (!isRecord(value) || !path.startsWith('.')) return false;
  // A key may hold dots and brackets itself, so the keys that are there decide where it ends.
  const key = Object.keys(value)
    .filter((name) => path.startsWith(`.${name}`) && ['', '.', '['].includes(path.charAt(name.length + 1)))
    .sort((a, b) => b.length - a.length)[0];
  if (key === undefined) return false;
  const rest = path.slice(key.length + 1);
  if (rest !== '') return removeAt(value[key], rest);
  delete value[key];
  return true;
}

function removeInList(value: unknown, path: string): boolean {
  const selector = selectorAt(path);
  if (!Array.isArray(value) || selector === undefined) return false;
  const rest = path.slice(selector.length);
  let isRemoved = false;
  value.forEach((item, index) => {
    if (isSelected(item, index, selector) && removeAt(item, rest)) isRemoved = true;
  });
  return isRemoved;
}

interface Selector {
  /** Characters of the path. */
  readonly length: number;
  readonly index?: number;
  readonly keys: ReadonlyMap<string, unknown>;
}

/** `[3]`, or `[containerPort=80,protocol="TCP"]` with JSON values. */
function selectorAt(path: string): Selector | undefined {
  const index = /^\[(\d+)\]/.exec(path);
  if (index !== null) return { length: index[0].length, index: Number(index[1]), keys: new Map() };
  const list = /^\[((?:[^"\]]|"(?:[^"\\]|\\.)*")*)\]/.exec(path);
  if (list === null) return undefined;
  const keys = new Map<string, unknown>();
  for (const [, name = '', text = ''] of (list[1] ?? '').matchAll(
    /([^=,"]+)=("(?:[^"\\]|\\.)*"|[^,"]+)(?:,|$)/g,
  ))
    keys.set(name, parsed(text));
  return keys.size === 0 ? undefined : { length: list[0].length, keys };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The server fills in defaults before it names the item, so a key that is absent here speaks for no other item. */
function isSelected(item: unknown, index: number, selector: Selector): boolean {
  if (selector.index !== undefined) return index === selector.index;
  if (!isRecord(item)) return false;
  return [...selector.keys].every(([name, value]) => item[name] === undefined || item[name] === value);
}
