// The health of one object from what it says itself: which judge speaks, and in which order. Pure; it fetches nothing.
// A deletion; then the rules of the exact kind; those of a whole group; the kinds of Kubernetes; then the conditions.

import { groupOf, type KubeObject } from '../object.ts';
import type { Health } from '../verdict.ts';
import { builtInKinds } from './built-in-kinds.ts';
import { byConditions } from './by-conditions.ts';
import { evaluateRules } from './evaluate-rules.ts';
import { findRules } from './find-rules.ts';
import { fieldsOf, health } from './status-fields.ts';

export { isWorse, worstHealth } from './severity.ts';

/** Groups of the API server itself: a kind of theirs without a rule has no health. Others follow the conditions. */
const builtInGroups = /^$|^(apps|batch|autoscaling|policy|extensions)$|\.k8s\.io$/;

/** Undefined for kinds that have no health. */
export function judgeHealth(object: KubeObject): Health | undefined {
  const deletion = judgeDeletion(object);
  if (deletion !== undefined) return deletion;
  const group = groupOf(object.apiVersion);
  const rules = findRules(group, object.kind);
  if (rules !== undefined) return evaluateRules(rules, object);
  const key = `${group}/${object.kind}`;
  if (Object.hasOwn(builtInKinds, key)) return builtInKinds[key]?.(object);
  return builtInGroups.test(group) ? undefined : byConditions(object);
}

/** Whatever else is known of an object, one that is being deleted is waited for. */
export function judgeDeletion({ metadata }: KubeObject): Health | undefined {
  const { deletionTimestamp, finalizers } = fieldsOf(metadata);
  if (deletionTimestamp === undefined || isEndingHook(finalizers)) return undefined;
  return pendingDeletion(finalizers);
}

/** A hook that is deleted before its end was seen is kept by this finalizer, until its health was read. */
const hookFinalizer = 'argocd.argoproj.io/hook-finalizer';

const isEndingHook = (finalizers: unknown): boolean =>
  Array.isArray(finalizers) && finalizers.includes(hookFinalizer);

function pendingDeletion(finalizers: unknown): Health {
  const names = Array.isArray(finalizers) ? finalizers.slice(0, 20).join(', ') : '';
  const reason = names === '' ? '' : `, waiting for the finalizers ${names}`;
  return health('Progressing', `Pending deletion${reason}`);
}
