// The annotations by which users of any dialect ask weir for what that dialect has no word for.
// They change nothing unless they are there.

import {
  type Delivery,
  type DeliveryId,
  type KubeObject,
  type Problem,
  type SyncPolicy,
  shadowAnnotation as shadow,
} from '@weir/core';
import { invalidField } from '../schema/problems.ts';
import { textAt } from './read-field.ts';

const prefix = 'weir.dev/';
const dependsOn = `${prefix}depends-on`;
const atomicity = `${prefix}atomicity`;

/** Which dialect a kind belongs to, where a user names a delivery by its kind. */
const dialectOfKind: Readonly<Record<string, string>> = { Application: 'argocd', Kustomization: 'flux' };
/** What one delivery may wait for. */
const maxDependencies = 100;

export interface WeirAnnotations {
  readonly dependsOn: readonly DeliveryId[];
  readonly policy: Partial<Pick<SyncPolicy, 'shadow' | 'atomicity'>>;
  readonly problems: readonly Problem[];
}

export function readWeirAnnotations(object: KubeObject): WeirAnnotations {
  const found = (key: string): string | undefined => textAt(object, 'metadata', 'annotations', key)?.trim();
  const problems: Problem[] = [];
  const wrong = (key: string, expected: string): undefined => {
    problems.push(invalidField(`metadata.annotations[${key}]`, expected));
    return undefined;
  };
  const asked = found(atomicity);
  const isShadow = found(shadow);
  if (asked !== undefined && asked !== 'transactional' && asked !== 'partial')
    wrong(atomicity, "expected 'transactional' or 'partial'");
  if (isShadow !== undefined && isShadow !== 'true' && isShadow !== 'false')
    wrong(shadow, "expected 'true' or 'false'");
  return {
    dependsOn: readDependencies(found(dependsOn), () => {
      wrong(
        dependsOn,
        'expected at most 100 of Application/namespace/name or Kustomization/namespace/name, comma-separated',
      );
    }),
    policy: {
      ...(asked === 'transactional' || asked === 'partial' ? { atomicity: asked } : {}),
      ...(isShadow === 'true' ? { shadow: true } : {}),
    },
    problems,
  };
}

function readDependencies(text: string | undefined, onWrong: () => void): DeliveryId[] {
  if (text === undefined || text === '') return [];
  const ids = text.split(',').map((word) => {
    const [kind = '', namespace = '', name = '', ...more] = word.trim().split('/');
    const dialect = Object.hasOwn(dialectOfKind, kind) ? dialectOfKind[kind] : undefined;
    const isWhole = namespace !== '' && name !== '' && more.length === 0;
    return dialect === undefined || !isWhole ? undefined : `${dialect}:${kind}:${namespace}/${name}`;
  });
  const known = ids.filter((id): id is DeliveryId => id !== undefined);
  if (known.length < ids.length || known.length > maxDependencies) {
    onWrong();
    return [];
  }
  return [...new Set(known)];
}

/** The delivery with what its annotations add. */
export function withWeirAnnotations(
  delivery: Delivery,
  { dependsOn: more, policy }: WeirAnnotations,
): Delivery {
  return {
    ...delivery,
    policy: { ...delivery.policy, ...policy },
    dependsOn: [...new Set([...delivery.dependsOn, ...more])].filter((id) => id !== delivery.id),
  };
}
