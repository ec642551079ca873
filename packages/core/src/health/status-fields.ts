// Reads the members of an object that health is told by: whatever is not of its type reads as absent.

import { isRecord, type KubeObject } from '../object.ts';
import type { Health, HealthStatus } from '../verdict.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const health = (status: HealthStatus, message = ''): Health =>
  message === '' ? { status } : { status, message };
export const healthy = health('Healthy');

export const fieldsOf = (value: unknown): Fields => (isRecord(value) ? value : {});
export const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);
export const numberOf = (value: unknown, fallback = 0): number =>
  typeof value === 'number' ? value : fallback;
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const statusOf = (object: KubeObject): Fields => fieldsOf(object.status);
export const specOf = (object: KubeObject): Fields => fieldsOf(object.spec);

export function conditionOf(object: KubeObject, type: string): Fields | undefined {
  return listOf(statusOf(object).conditions).find((condition) => condition.type === type);
}

/** The controller has not yet looked at the present spec. */
export function isBehind(object: KubeObject): boolean {
  const observed = statusOf(object).observedGeneration;
  const { generation } = fieldsOf(object.metadata);
  return typeof generation === 'number' && numberOf(observed, -1) < generation;
}

export const waitFor = (message: string): Health => health('Progressing', message);
export const behind = (object: KubeObject): Health =>
  waitFor(`waiting for the controller to observe generation ${object.metadata.generation}`);
