// Reads a user's health scripts from a file with Argo CD's ConfigMap argocd-cm. It runs none of them.

import { isRecord, type KubeObject, WeirError } from '@weir/core';
import { type HealthScript, readHealthScripts } from '@weir/dialects';
import { parseDocuments, readDocuments, showFile } from '../manifest/documents.ts';

const expected = 'the ConfigMap argocd-cm';

interface SettingsFile {
  readonly path: string;
  readonly stdin: AsyncIterable<Uint8Array>;
}

export async function readCustomizations(file: SettingsFile): Promise<HealthScript[]> {
  const documents = await readDocuments({ ...file, expected, lastOfEqualKeys: true });
  const [settings, ...others] = documents;
  if (!isRecord(settings) || settings.kind !== 'ConfigMap' || others.length > 0) {
    const message = `${showFile(file)} holds ${documents.length} documents; expected ${expected} alone`;
    throw new WeirError({ code: 'OBJECT_INVALID', message });
  }
  const scripts = readHealthScripts(
    settings as unknown as KubeObject,
    (text) => parseDocuments(text, file.path)[0],
  );
  if (scripts.ok) return scripts.value;
  throw new WeirError({ ...scripts.problem, message: `${showFile(file)}: ${scripts.problem.message}` });
}
