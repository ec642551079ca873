// The health of live objects by users' scripts: kept by script and version of the object, worked out when the object comes
// by or is asked for. It never decides which script counts, and no script can stop it.
// Bounds: one answer an object and script, at most `maxScripts` an object; what waits: see script-queue.ts.

import {
  type Conclusion,
  type Health,
  isNewer,
  type KubeObject,
  type ObjectId,
  type Problem,
  refOf,
  showRef,
} from '@weir/core';
import { evaluateHealth, failedAnswer, type ScriptAnswer } from './evaluate-health.ts';
import type { Evaluation } from './evaluation.ts';
import { problemOf } from './fleet.ts';
import type { KnownScript } from './health-scripts.ts';
import { type Lane, ScriptQueue, type ScriptTask, taskKey } from './script-queue.ts';

export interface ScriptedHealthOptions {
  readonly evaluation: Pick<Evaluation, 'open'>;
  /** What is known of an object has changed, or will be asked for anew after that time. */
  readonly onJudged: (cluster: string, id: ObjectId, delayMs: number) => void;
  readonly signal: AbortSignal;
  /** Of the first wait before what may pass is tried again. */
  readonly retryMs?: number;
}

export interface ScriptLook {
  readonly cluster: string;
  readonly live: Conclusion;
  readonly known: KnownScript;
  readonly read: ScriptTask['read'];
}

interface Answer extends ScriptAnswer {
  readonly uid: string;
  readonly resourceVersion: string;
  /** How often what may pass was tried for this version. */
  readonly tries: number;
  /** By the monotonic clock; absent: not again. */
  readonly retryAt?: number;
}

export interface ScriptedHealth {
  /** An object came by that the script is for. */
  pass(of: Omit<ScriptLook, 'live'> & { readonly id: ObjectId; readonly object: KubeObject }): void;
  /** As the script says; until it has spoken, Progressing. Undefined: the object has no health. */
  look(of: ScriptLook): Health | undefined;
  /** Why the script has no answer, where it failed on this version. */
  problem(of: Pick<ScriptLook, 'cluster' | 'live' | 'known'>): Problem | undefined;
  /** Waits until the objects are judged, for a short time at most. */
  settle(looks: readonly ScriptLook[], signal: AbortSignal): Promise<void>;
  forget(of: { readonly cluster: string; readonly id: ObjectId }): void;
}

const maxScripts = 64;
const readersAtOnce = 8;
/** So long a look at a delivery waits for answers; what is late is Progressing, and its answer is another look. */
const settleMs = 2_000;
const firstRetryMs = 10_000;
/** What may pass is tried so often for one version of an object, each time after six times the wait. */
const maxTries = 4;
const pending: Health = { status: 'Progressing', message: 'its health script has not spoken yet' };

export function createScriptedHealth(options: ScriptedHealthOptions): ScriptedHealth {
  return new Judge(options);
}

class Judge implements ScriptedHealth {
  readonly #options: ScriptedHealthOptions;
  readonly #queue = new ScriptQueue();
  readonly #answers = new Map<string, Map<ObjectId, Map<string, Answer>>>();
  /** Who was told that there is no answer yet. */
  readonly #awaited = new Set<string>();
  readonly #waiters = new Set<() => void>();
  readonly #busy = new Set<Lane>();

  constructor(options: ScriptedHealthOptions) {
    this.#options = options;
  }

  pass({ cluster, id, known, object, read }: Parameters<ScriptedHealth['pass']>[0]): void {
    const { uid = '', resourceVersion = '' } = object.metadata;
    const answer = this.#answer(cluster, id, known.digest);
    if (answer !== undefined && isOf(answer, { uid, resourceVersion })) return;
    this.#queue.add({ cluster, id, ref: refOf(object), known, read, object });
    this.#drain();
  }

  look(of: ScriptLook): Health | undefined {
    const { cluster, live, known } = of;
    const answer = this.#answer(cluster, live.id, known.digest);
    const isCurrent = answer !== undefined && isOf(answer, live);
    if (!isCurrent || (answer.retryAt ?? Number.POSITIVE_INFINITY) <= performance.now()) this.#ask(of);
    if (isCurrent) return answer.health;
    this.#awaited.add(taskKey({ cluster, id: live.id, digest: known.digest }));
    return pending;
  }

  problem({ cluster, live, known }: Parameters<ScriptedHealth['problem']>[0]): Problem | undefined {
    const answer = this.#answer(cluster, live.id, known.digest);
    return answer !== undefined && isOf(answer, live) ? answer.problem : undefined;
  }

  async settle(looks: readonly ScriptLook[], signal: AbortSignal): Promise<void> {
    const until = performance.now() + settleMs;
    for (const each of looks) if (this.#isOpen(each)) this.#ask(each);
    while (!signal.aborted && !this.#options.signal.aborted && looks.some((each) => this.#isOpen(each))) {
      const left = until - performance.now();
      if (left <= 0) return;
      await this.#nextAnswers(left);
    }
  }

  forget(of: Parameters<ScriptedHealth['forget']>[0]): void {
    const answers = this.#answers.get(of.cluster);
    for (const digest of answers?.get(of.id)?.keys() ?? []) this.#awaited.delete(taskKey({ ...of, digest }));
    answers?.delete(of.id);
    this.#queue.forget(of);
  }

  #isOpen({ cluster, live, known }: ScriptLook): boolean {
    const answer = this.#answer(cluster, live.id, known.digest);
    return answer === undefined || !isOf(answer, live);
  }

  #ask({ cluster, live, known, read }: ScriptLook): void {
    if (this.#queue.has(taskKey({ cluster, id: live.id, digest: known.digest }))) return;
    this.#queue.add({ cluster, id: live.id, ref: live.ref, known, read });
    this.#drain();
  }

  #nextAnswers(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiters.add(done);
    });
  }

  #answer(cluster: string, id: ObjectId, digest: string): Answer | undefined {
    return this.#answers.get(cluster)?.get(id)?.get(digest);
  }

  #drain(): void {
    for (const lane of ['quick', 'slow'] as const) if (!this.#busy.has(lane)) void this.#work(lane);
  }

  async #work(lane: Lane): Promise<void> {
    this.#busy.add(lane);
    // What comes in one burst is asked in one message.
    await new Promise((resolve) => setImmediate(resolve));
    for (;;) {
      const batch = this.#options.signal.aborted ? [] : this.#queue.take(lane);
      if (batch.length === 0) break;
      await this.#judge(batch);
      for (const done of [...this.#waiters]) done();
    }
    this.#busy.delete(lane);
  }

  /** Never rejects. */
  async #judge(batch: readonly ScriptTask[]): Promise<void> {
    const { evaluation, signal } = this.#options;
    const known = batch[0]?.known;
    if (known === undefined) return;
    const found = await readAll(batch, signal);
    for (const { task, object } of found) {
      if (object !== undefined || !this.#queue.finish(task)) continue;
      // What could not be read is asked for anew by the next look.
      this.#options.onJudged(task.cluster, task.id, this.#options.retryMs ?? firstRetryMs);
    }
    const there = found.flatMap(({ task, object }) => (object === undefined ? [] : [{ task, object }]));
    const objects = there.map(({ object }) => object);
    const answers = await evaluation
      .open()
      .then((evaluators) => evaluateHealth(evaluators, { script: known.script, objects, signal }))
      .catch((error: unknown): readonly ScriptAnswer[] => {
        const answer = { ...failedAnswer(problemOf(error)), mayPass: true };
        return objects.map(() => answer);
      });
    if (signal.aborted) return;
    this.#queue.markSlow(
      known.digest,
      answers.some(({ problem }) => problem !== undefined && isCostly(problem)),
    );
    for (const [index, { task, object }] of there.entries()) {
      const answer = answers[index];
      if (answer !== undefined && this.#queue.finish(task)) this.#note(task, object, answer);
    }
  }

  #note({ cluster, id, known }: ScriptTask, { metadata }: KubeObject, said: ScriptAnswer): void {
    const { uid = '', resourceVersion = '' } = metadata;
    const { digest } = known;
    const before = this.#answer(cluster, id, digest);
    const isSame = before?.uid === uid && before.resourceVersion === resourceVersion;
    const tries = isSame ? before.tries + 1 : 1;
    const mayPass = said.mayPass === true && tries < maxTries;
    const delayMs = (this.#options.retryMs ?? firstRetryMs) * 6 ** (tries - 1);
    const ofCluster = this.#answers.get(cluster) ?? new Map<ObjectId, Map<string, Answer>>();
    this.#answers.set(cluster, ofCluster);
    const ofObject = ofCluster.get(id) ?? new Map<string, Answer>();
    ofCluster.set(id, ofObject);
    ofObject.delete(digest);
    const retry = mayPass ? { retryAt: performance.now() + delayMs } : {};
    ofObject.set(digest, { ...said, uid, resourceVersion, tries, ...retry });
    if (ofObject.size > maxScripts) ofObject.delete(ofObject.keys().next().value ?? '');
    const wasAwaited = this.#awaited.delete(taskKey({ cluster, id, digest }));
    if (wasAwaited || before === undefined || textOf(before) !== textOf(said))
      this.#options.onJudged(cluster, id, 0);
    // A little later than it may be tried, so that this look does.
    if (mayPass) this.#options.onJudged(cluster, id, delayMs + 50);
  }
}

const textOf = ({ health, problem }: ScriptAnswer): string => JSON.stringify([health, problem?.code]);

/** An answer about a later version than is known counts too: its event is under way. */
function isOf(answer: Answer, live: { readonly uid: string; readonly resourceVersion: string }): boolean {
  return answer.uid === live.uid && !isNewer(live.resourceVersion, answer.resourceVersion);
}

/** Others must not wait for a script that costs whole seconds, or its process. */
const isCostly = ({ code }: Problem): boolean =>
  code === 'EVALUATION_TIMEOUT' || code === 'EVALUATION_CRASHED' || code === 'EVALUATION_MEMORY';

interface Found {
  readonly task: ScriptTask;
  readonly object: KubeObject | undefined;
}

/** What cannot be read now stays without an answer, until the next look asks for it. */
async function readAll(batch: readonly ScriptTask[], signal: AbortSignal): Promise<Found[]> {
  const found: Found[] = batch.map((task) => ({ task, object: task.object }));
  const open = found.flatMap(({ object }, index) => (object === undefined ? [index] : []));
  const worker = async (): Promise<void> => {
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const { task } = found[index] as Found;
      const object = await task.read(task.ref, signal).catch(() => undefined);
      found[index] = { task, object };
    }
  };
  await Promise.all(Array.from({ length: readersAtOnce }, worker));
  return found;
}

/** One problem a script, however many objects it fails on. */
export function scriptProblem(
  script: string,
  failures: readonly { ref: Conclusion['ref']; problem: Problem }[],
): Problem | undefined {
  const [first] = failures;
  if (first === undefined) return undefined;
  const more = failures.length > 1 ? ` and ${failures.length - 1} more` : '';
  return {
    code: 'HEALTH_SCRIPT_FAILED',
    message: `health script ${script} failed on ${showRef(first.ref)}${more}, which count as Unknown: ${first.problem.message}`,
  };
}
