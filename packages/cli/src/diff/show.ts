// How the changes of a delivery are shown: a unified YAML difference per object, or data. Values of Secrets never appear.

import { type KubeObject, showDrift, showRef } from '@weir/core';
import type { ObjectChange } from '@weir/engine';
import { toYaml } from '../terminal/format.ts';
import type { Colors } from '../terminal/terminal.ts';
import { presentable } from './mask.ts';
import { unifiedDiff } from './unified.ts';

export interface ShownDelivery {
  /** As people name it: `app/argocd/web`. */
  readonly name: string;
  readonly cluster: string;
}

const nothing = '/dev/null';
/** Fields that are named above a difference. */
const maxFields = 8;

/** '' where the difference is in the server's bookkeeping alone. */
export function showChange(change: ObjectChange, of: ShownDelivery, colors: Colors): string {
  const pair = presentable(change);
  const body = unifiedDiff(textOf(pair.before), textOf(pair.after));
  if (body === '') return '';
  const object = showRef(change.ref);
  const lines = [
    colors.bold(`${change.action} ${object} in ${of.cluster} (${of.name})`),
    ...(change.drift === undefined || change.drift.length === 0
      ? []
      : [colors.bold(`# ${showDrift(change.drift, maxFields)}`)]),
    colors.bold(`--- ${pair.before === undefined ? nothing : `live/${object}`}`),
    colors.bold(`+++ ${pair.after === undefined ? nothing : `git/${object}`}`),
    ...body
      .trimEnd()
      .split('\n')
      .map((line) => paintLine(line, colors)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

export function changeData(change: ObjectChange): Record<string, unknown> {
  const { before, after } = presentable(change);
  const { group, version, kind, namespace, name } = change.ref;
  return {
    action: change.action,
    group,
    version,
    kind,
    ...(namespace === '' ? {} : { namespace }),
    name,
    ...(change.drift === undefined ? {} : { fields: change.drift }),
    diff: unifiedDiff(textOf(before), textOf(after)),
  };
}

const textOf = (object: KubeObject | undefined): string =>
  object === undefined ? '' : toYaml(object, { sortKeys: true });

function paintLine(line: string, colors: Colors): string {
  if (line.startsWith('@@')) return colors.cyan(line);
  if (line.startsWith('+')) return colors.green(line);
  return line.startsWith('-') ? colors.red(line) : line;
}
