// Projects a verdict on an Application: its status, its events, and what is taken off it once carried out.
// It never judges, and changes nothing when nothing changed, so that an idle controller writes nothing.

import type { DeliveryVerdict, KubeObject, Projection } from '@weir/core';
import { kubeTime } from '../resource/kube-time.ts';
import { fieldAt, recordAt, textAt } from '../resource/read-field.ts';
import { isSame } from '../resource/stable-digest.ts';
import {
  type ApplicationView,
  comparedRevision,
  revisionFields,
  sourceFields,
  viewApplication,
} from './application-view.ts';
import { operationToken } from './lower-operation.ts';
import { refreshAnnotation } from './names.ts';
import { projectConditions } from './project-conditions.ts';
import { projectEvents } from './project-events.ts';
import { projectHistory } from './project-history.ts';
import { operationProblems, projectOperationState } from './project-operation-state.ts';
import { projectResources } from './project-resources.ts';
import { controllerNamespace, refreshToken } from './read-application.ts';

type Status = Record<string, unknown>;

export function projectApplication(input: {
  readonly object: KubeObject;
  readonly verdict: DeliveryVerdict;
  readonly now: string;
}): Projection {
  const view = viewApplication(input);
  const patch = projectPatch(view);
  const status = stamped(view, nextStatus(view), patch !== undefined);
  return {
    status,
    ...(patch === undefined ? {} : { patch }),
    events: projectEvents(view, status),
  };
}

function nextStatus(view: ApplicationView): Status {
  const { stage, failedStep } = view.verdict;
  if (stage === 'suspended' || view.isPending) return { ...view.before };
  const operationState = projectOperationState(view);
  const conditions = projectConditions(view, operationState);
  const always = {
    conditions: conditions.length === 0 ? undefined : conditions,
    operationState,
    controllerNamespace: controllerNamespace(view.object),
  };
  if (stage === 'deleting') return merged(view.before, { conditions: always.conditions });
  if (stage === 'invalid' || failedStep === 'decode') {
    const isSpecInvalid = view.verdict.problems.length > operationProblems(view).length;
    return merged(view.before, { ...always, ...(isSpecInvalid ? invalidFields(view) : {}) });
  }
  return merged(view.before, { ...always, ...comparedFields(view, operationState) });
}

/** Argo CD sets both to Unknown and leaves the rest as it was. */
function invalidFields(view: ApplicationView): Status {
  return {
    sync: { ...recordAt(view.before, 'sync'), status: 'Unknown' },
    health: healthOf(view, 'Unknown'),
  };
}

function comparedFields(view: ApplicationView, operationState: Status | undefined): Status {
  const { verdict } = view;
  const resources = projectResources(view);
  const history = projectHistory(view, operationState);
  const revision = comparedRevision(view);
  return {
    sync: {
      status: view.isBlind ? 'Unknown' : verdict.sync,
      comparedTo: {
        destination: recordAt(view.object, 'spec', 'destination') ?? {},
        ...sourceFields(view),
      },
      ...(revision === '' ? {} : revisionFields(view, revision)),
    },
    health: healthOf(view, healthStatus(view)),
    resources: resources.length === 0 ? undefined : resources,
    history: history.length === 0 ? undefined : history,
    summary: summaryOf(view, operationState !== undefined),
    sourceType: sourceType(view),
    resourceHealthSource: 'appTree',
    ...(operationState === undefined
      ? {}
      : { sourceHydrator: recordAt(view.before, 'sourceHydrator') ?? {} }),
  };
}

/** When the target cannot be loaded the health of what lives stays; an Application without objects is healthy. */
function healthStatus(view: ApplicationView): string {
  const { status } = view.verdict.health;
  if (!view.isBlind) return status;
  if (view.verdict.resources.length > 0 && status !== 'Unknown') return status;
  return textAt(view.before, 'health', 'status') ?? 'Healthy';
}

function healthOf(view: ApplicationView, status: string): Status {
  const before = recordAt(view.before, 'health');
  const since = textAt(before, 'status') === status ? textAt(before, 'lastTransitionTime') : undefined;
  return { status, lastTransitionTime: since ?? kubeTime(view.now) };
}

function summaryOf(view: ApplicationView, hasOperated: boolean): Status | undefined {
  const { images, externalUrls, resources } = view.verdict;
  if (view.isBlind && resources.length === 0) return recordAt(view.before, 'summary');
  const isAppOfApps = resources.some(({ ref }) => ref.group === 'argoproj.io' && ref.kind === 'Application');
  const summary = {
    ...(externalUrls.length === 0 ? {} : { externalURLs: [...externalUrls] }),
    ...(images.length === 0 ? {} : { images: [...images] }),
    ...(isAppOfApps && hasOperated ? { isAppOfApps: true } : {}),
  };
  return hasOperated || Object.keys(summary).length > 0 ? summary : undefined;
}

const sourceTypes = { directory: 'Directory', kustomize: 'Kustomize', helm: 'Helm' } as const;

function sourceType(view: ApplicationView): string | undefined {
  if (view.isLoadFailure) return undefined;
  const { renderedAs } = view.verdict;
  return renderedAs === undefined ? textAt(view.before, 'sourceType') : sourceTypes[renderedAs];
}

/** Our fields over those that are there; undefined takes a field away. */
function merged(before: Readonly<Status>, fields: Status): Status {
  const entries = Object.entries({ ...before, ...fields }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

/** `reconciledAt` moves only together with something else. */
function stamped(view: ApplicationView, status: Status, isHandled: boolean): Status {
  if (view.verdict.stage === 'suspended' || (view.isPending && !isHandled)) return status;
  if (!isHandled && isSame(status, view.before) && textAt(status, 'reconciledAt') !== undefined)
    return status;
  return { ...status, reconciledAt: kubeTime(view.now) };
}

function projectPatch(view: ApplicationView): Record<string, unknown> | undefined {
  const { object, verdict } = view;
  const token = operationToken(object);
  const isDone =
    token !== undefined && (verdict.handledOrder === token || operationProblems(view).length > 0);
  const refresh = refreshToken(object);
  // Reading anew is all that a refresh of an unreadable Application can do.
  const isRefreshed =
    refresh !== undefined && (verdict.handledToken === refresh || verdict.stage === 'invalid');
  if (!isDone && !isRefreshed) return undefined;
  return {
    ...(isDone && fieldAt(object, 'operation') !== undefined ? { operation: null } : {}),
    ...(isRefreshed ? { metadata: { annotations: { [refreshAnnotation]: null } } } : {}),
  };
}
