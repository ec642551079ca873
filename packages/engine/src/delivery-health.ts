// The health of one delivery's objects as its user wants it told: what the cache has concluded, with the answers of
// scripts laid over it. It decides who is asked about which object; it judges nothing itself.

import {
  type Conclusion,
  type Delivery,
  idOf,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  type Problem,
} from '@weir/core';
import type { KubeClient } from '@weir/kube';
import { invalidHealthExpressions } from './evaluate-health.ts';
import type { Evaluation } from './evaluation.ts';
import { problemOf, type Session } from './fleet.ts';
import type { HealthScripts, KnownScript } from './health-scripts.ts';
import {
  createScriptedHealth,
  type ScriptedHealth,
  type ScriptLook,
  scriptProblem,
} from './scripted-health.ts';

type Place = Pick<Session, 'key' | 'cache' | 'client'>;

/** Of one delivery in its cluster. */
interface At {
  readonly delivery: Delivery;
  readonly session: Place;
}

export interface DeliveryHealth {
  /** As `cache.live`, with the health that the delivery's scripts tell. */
  live(at: At): (ref: ObjectRef) => Conclusion | undefined;
  /** Waits a moment for what the scripts have to say of these objects. */
  settle(at: At & { readonly refs: Iterable<ObjectRef> }, signal: AbortSignal): Promise<void>;
  /** What failed on these objects: one problem a script. */
  problems(at: At & { readonly refs: Iterable<ObjectRef> }): readonly Problem[];
  /** Expressions of the delivery that do not compile; asked once for each reading of it. */
  invalid(delivery: Delivery, signal: AbortSignal): Promise<readonly Problem[]>;
  /** An object came by in a watch, or as the answer to a write. */
  passed(of: { cluster: string; client: KubeClient; object: KubeObject; live: Conclusion }): void;
  gone(of: { cluster: string; id: ObjectId }): void;
}

export interface DeliveryHealthOptions {
  readonly evaluation: Pick<Evaluation, 'open'>;
  readonly scripts: HealthScripts;
  /** The deliveries that an object matters to. */
  readonly interested: (cluster: string, id: ObjectId) => readonly Delivery[];
  readonly onJudged: (cluster: string, id: ObjectId, delayMs: number) => void;
  readonly signal: AbortSignal;
}

export function createDeliveryHealth(options: DeliveryHealthOptions): DeliveryHealth {
  const { evaluation, scripts, interested } = options;
  const scripted = createScriptedHealth(options);
  const invalid = new WeakMap<object, Promise<readonly Problem[]>>();
  return {
    live: (at) => overlaid(at, { scripts, scripted }),
    settle: async (at, signal) => scripted.settle(looksOf(at, scripts), signal),
    problems: (at) => problemsOf(looksOf(at, scripts), scripted),
    invalid: async (delivery, signal) => {
      const { healthExpressions } = delivery;
      if (healthExpressions === undefined) return [];
      const known = invalid.get(healthExpressions);
      if (known !== undefined) return known;
      const asked = evaluation
        .open()
        .then((open) => invalidHealthExpressions(open, healthExpressions, signal));
      invalid.set(healthExpressions, asked);
      return asked.catch((error: unknown) => {
        invalid.delete(healthExpressions);
        return [problemOf(error)];
      });
    },
    passed: ({ cluster, client, object, live }) => {
      if (live.deleting) return;
      for (const delivery of interested(cluster, live.id)) {
        const known = scripts.of(delivery)?.(live.ref);
        if (known !== undefined) scripted.pass({ cluster, id: live.id, known, object, read: readBy(client) });
      }
    },
    gone: (of) => scripted.forget(of),
  };
}

const readBy =
  (client: KubeClient): ScriptLook['read'] =>
  (ref, signal) =>
    client.get(ref, signal);

function overlaid(
  { delivery, session }: At,
  of: { readonly scripts: HealthScripts; readonly scripted: ScriptedHealth },
): (ref: ObjectRef) => Conclusion | undefined {
  const find = of.scripts.of(delivery);
  if (find === undefined) return (ref) => session.cache.live(ref);
  const read = readBy(session.client);
  return (ref) => {
    const live = session.cache.live(ref);
    const known = live === undefined || live.deleting ? undefined : find(live.ref);
    if (live === undefined || known === undefined) return live;
    const health = of.scripted.look({ cluster: session.key, live, known, read });
    const { health: _, ...rest } = live;
    return health === undefined ? rest : { ...rest, health };
  };
}

/** Each object that a script is for, once. */
function looksOf(
  { delivery, session, refs }: At & { readonly refs: Iterable<ObjectRef> },
  scripts: HealthScripts,
): ScriptLook[] {
  const find = scripts.of(delivery);
  if (find === undefined) return [];
  const looks = new Map<ObjectId, ScriptLook>();
  const read = readBy(session.client);
  for (const ref of refs) {
    const known = find(ref);
    if (known === undefined || looks.has(idOf(ref))) continue;
    const live = session.cache.live(ref);
    if (live !== undefined && !live.deleting) looks.set(live.id, { cluster: session.key, live, known, read });
  }
  return [...looks.values()];
}

function problemsOf(looks: readonly ScriptLook[], scripted: ScriptedHealth): Problem[] {
  const byScript = new Map<KnownScript, { ref: ObjectRef; problem: Problem }[]>();
  for (const look of looks) {
    const problem = scripted.problem(look);
    if (problem === undefined) continue;
    const failures = byScript.get(look.known) ?? [];
    byScript.set(look.known, failures);
    failures.push({ ref: look.live.ref, problem });
  }
  return [...byScript].flatMap(([{ script }, failures]) => scriptProblem(script.name, failures) ?? []);
}
