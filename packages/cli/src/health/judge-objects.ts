// The health of objects where a user may have scripts of their own: a deletion first, then a script, then weir's rules.
// Scripts run in a process of their own, which is started only where a script fits.

import { type Health, judgeDeletion, judgeHealth, type KubeObject, refOf, showProblem } from '@weir/core';
import { findHealthScript, type HealthScript } from '@weir/dialects';
import { createEvaluators, type Evaluators, type LuaScript } from '@weir/upstream';

export interface ObjectJudge {
  /** In the order of the objects; undefined where an object has no health. */
  judge(objects: readonly KubeObject[]): Promise<(Health | undefined)[]>;
  close(): Promise<void>;
}

interface JudgeOptions {
  readonly scripts: readonly HealthScript[];
  /** The path of the evaluate binary. */
  findBinary(): Promise<string>;
  readonly signal: AbortSignal;
}

export function createObjectJudge(options: JudgeOptions): ObjectJudge {
  const sources = new Map(options.scripts.map((script) => [script, luaOf(script)]));
  let starting: Promise<Evaluators> | undefined;
  const start = (): Promise<Evaluators> => {
    starting ??= options.findBinary().then((binary) => createEvaluators({ binary, size: 1 }));
    return starting;
  };
  const scriptOf = (object: KubeObject): LuaScript | undefined => {
    if (judgeDeletion(object) !== undefined) return undefined;
    const script = findHealthScript(options.scripts, refOf(object));
    return script === undefined ? undefined : sources.get(script);
  };
  return {
    async judge(objects) {
      const runs = objects.flatMap((object) => {
        const script = scriptOf(object);
        return script === undefined ? [] : [{ script, object }];
      });
      if (runs.length === 0) return objects.map(judgeHealth);
      const evaluators = await start();
      const results = await evaluators.luaHealth(runs, { signal: options.signal });
      const judged = new Map(runs.map(({ object }, index) => [object, results[index]]));
      return objects.map((object) => {
        const result = judged.get(object);
        if (result === undefined) return judgeHealth(object);
        if (!result.ok) return { status: 'Unknown', message: showProblem(result.problem) };
        return result.value;
      });
    },
    async close() {
      await (await starting?.catch(() => undefined))?.close();
    },
  };
}

function luaOf({ kinds, script, openLibs }: HealthScript): LuaScript {
  return { name: `resource.customizations of ${kinds}`, source: script, openLibs };
}
