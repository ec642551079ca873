// The annotation by which clients of an object know what was applied to it last, for deliveries whose users rely on it.
// It decides what stands there; comparisons leave it out.

import { canonicalJson } from './canonical.ts';
import type { KubeObject } from './object.ts';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
/** Of all annotations together; a server refuses more. */
const maxBytes = 262_144;

/** The object with the annotation, as `kubectl apply` writes it; without where the server would not take it. */
export function withLastApplied(object: KubeObject): KubeObject {
  const { [lastAppliedAnnotation]: _old, ...annotations } = object.metadata.annotations ?? {};
  const bare = { ...object, metadata: { ...object.metadata, annotations } };
  const text = `${canonicalJson(bare)}\n`;
  const others = Object.entries(annotations).map(([key, value]) => key + value);
  const whole = [...others, lastAppliedAnnotation, text].join('');
  // A code unit takes one byte at least and three at most.
  const fits = whole.length * 3 <= maxBytes || utf8Length(whole) <= maxBytes;
  if (!fits) return bare;
  return {
    ...bare,
    metadata: { ...bare.metadata, annotations: { ...annotations, [lastAppliedAnnotation]: text } },
  };
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes > maxBytes) return bytes;
  }
  return bytes;
}
