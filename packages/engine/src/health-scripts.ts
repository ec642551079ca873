// Which script of a user's tells the health of a kind, for one delivery: its own expressions, else the settings of its
// dialect. It runs none of them.

import {
  type Delivery,
  type FindHealthScript,
  findExpressions,
  type HealthScript,
  type ObjectRef,
} from '@weir/core';
import { digestText } from '@weir/kube';

/** A script with its digest, by which answers are kept: the same text of two deliveries runs once. */
export interface KnownScript {
  readonly script: HealthScript;
  readonly digest: string;
}

type Find = (ref: Pick<ObjectRef, 'group' | 'kind'>) => KnownScript | undefined;

export interface HealthScripts {
  /** Undefined where the delivery has no scripts at all. */
  of(delivery: Delivery): Find | undefined;
}

/** Settings are told apart by identity, so a change of them is a new finder. */
export function createHealthScripts(
  settings: (dialect: string) => FindHealthScript | undefined,
): HealthScripts {
  const finders = new WeakMap<object, Find>();
  const remembered = (key: object, find: FindHealthScript): Find => {
    const known = finders.get(key) ?? remember(find);
    finders.set(key, known);
    return known;
  };
  return {
    of: (delivery) => {
      const { healthExpressions } = delivery;
      if (healthExpressions !== undefined)
        return remembered(healthExpressions, (kind) => findExpressions(healthExpressions, kind));
      const find = settings(delivery.dialect);
      return find === undefined ? undefined : remembered(find, find);
    },
  };
}

/** Kinds are few, objects are many: patterns are tried once a kind. */
function remember(find: FindHealthScript): Find {
  const byKind = new Map<string, KnownScript | undefined>();
  return ({ group, kind }) => {
    const key = `${group}/${kind}`;
    if (byKind.has(key)) return byKind.get(key);
    const script = find({ group, kind });
    const known = script === undefined ? undefined : knownScript(script);
    byKind.set(key, known);
    return known;
  };
}

function knownScript(script: HealthScript): KnownScript {
  return { script, digest: digestText(JSON.stringify(script)) };
}
