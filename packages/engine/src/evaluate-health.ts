// What one script says of objects, as health. It decides what an answer of the evaluators means, and keeps nothing.

import {
  errorCatalogue,
  expressionScript,
  type Health,
  type HealthExpressions,
  type HealthScript,
  type KubeObject,
  type Problem,
  showProblem,
} from '@weir/core';
import type { CelHealthStatus, Evaluated, Evaluators } from '@weir/upstream';

/** `health` is undefined where the script says nothing of the object. */
export interface ScriptAnswer {
  readonly health: Health | undefined;
  readonly problem?: Problem;
  /** Whether the same object may get another answer later. */
  readonly mayPass?: boolean;
}

const ofCel: Readonly<Record<CelHealthStatus, Health>> = {
  Current: { status: 'Healthy' },
  InProgress: { status: 'Progressing' },
  Failed: { status: 'Degraded' },
};

/** In the order of the objects. */
export async function evaluateHealth(
  evaluators: Evaluators,
  { script, objects, signal }: { script: HealthScript; objects: readonly KubeObject[]; signal: AbortSignal },
): Promise<readonly ScriptAnswer[]> {
  if (script.language === 'cel') {
    const { language: _, ...check } = script;
    const found = await evaluators.celHealth(
      objects.map((object) => ({ check, object })),
      { signal },
    );
    return found.map((each) => answerOf(each, (status) => ofCel[status]));
  }
  const { language: _, ...lua } = script;
  const found = await evaluators.luaHealth(
    objects.map((object) => ({ script: lua, object })),
    { signal },
  );
  return found.map((each) =>
    answerOf(each, (said) =>
      said === undefined || said.message !== '' ? said : ({ status: said.status } satisfies Health),
    ),
  );
}

function answerOf<T>(found: Evaluated<T>, read: (value: T) => Health | undefined): ScriptAnswer {
  return found.ok ? { health: read(found.value) } : failedAnswer(found.problem);
}

/** A crash is the script's doing, though the catalogue lets it be tried again: the process is not risked twice. */
export function failedAnswer(problem: Problem): ScriptAnswer {
  const mayPass = problem.code !== 'EVALUATION_CRASHED' && errorCatalogue[problem.code].retry === 'backoff';
  return { health: { status: 'Unknown', message: showProblem(problem) }, problem, mayPass };
}

const probe: KubeObject = { apiVersion: 'v1', kind: 'Probe', metadata: { name: 'probe' } };

/** The expressions that do not compile, with their fields. */
export async function invalidHealthExpressions(
  evaluators: Evaluators,
  all: readonly HealthExpressions[],
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const checks = all.map((each) => {
    const { name, current, inProgress, failed } = expressionScript(each) as Cel;
    const more = {
      ...(inProgress === undefined ? {} : { inProgress }),
      ...(failed === undefined ? {} : { failed }),
    };
    return { check: { name, current, ...more }, object: probe };
  });
  const found = await evaluators.celHealth(checks, { signal });
  return found.flatMap((each, index) => {
    if (each.ok || each.problem.code !== 'EVALUATION_INVALID') return [];
    const field = all[index]?.field ?? 'spec';
    return [{ ...each.problem, field, message: `${field}: ${each.problem.message}` }];
  });
}

type Cel = Extract<HealthScript, { language: 'cel' }>;
