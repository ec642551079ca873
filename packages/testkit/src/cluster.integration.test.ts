import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localkubeBinary, startCluster, type TestCluster } from './cluster.ts';
import { countRequests } from './cluster-audit.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ user: 'weir' });
});

afterAll(async () => {
  await cluster?.stop();
});

test('the server says its version', async () => {
  expect(JSON.parse((await call('GET', '/version')).body).gitVersion).toBe('v1.36.3');
});

test('a Deployment becomes available, and one that is to fail does not', async () => {
  await create('/apis/apps/v1/namespaces/default/deployments', deployment('web', {}));
  await create(
    '/apis/apps/v1/namespaces/default/deployments',
    deployment('bad', { 'localkube/fail': 'ImagePullBackOff' }),
  );
  await until(async () => (await deploymentStatus('web')).availableReplicas === 2);
  await until(async () => (await deploymentStatus('bad')).unavailableReplicas === 2);
  const pods = '/api/v1/namespaces/default/pods?labelSelector=app%3Dbad';
  await until(async () => {
    const reasons = [...(await call('GET', pods)).body.matchAll(/"reason":"ImagePullBackOff"/g)];
    return reasons.length === 2;
  });
});

test('the audit log counts the requests of each identity', async () => {
  const path = cluster.userKubeconfigPath ?? '';
  const marker = await cluster.markAudit();
  await call('GET', '/api/v1/namespaces/default/configmaps', { kubeconfig: path });
  await call('GET', '/api/v1/namespaces/default/configmaps');
  await call('DELETE', '/api/v1/namespaces/default/configmaps/a', { kubeconfig: path });
  const requests = (await cluster.requestsSince(marker)).filter(({ user }) => user === 'weir');
  expect(countRequests(requests)).toEqual({ 'weir delete configmaps': 1, 'weir list configmaps': 1 });
  expect(requests.map(({ code }) => code)).toEqual([403, 403]);
});

test('what was written survives kill -9 of everything, at the same address', async () => {
  await create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'kept' }, data: { a: 'b' } });
  await cluster.kill9('apiserver', 'controllers', 'kwok');
  await cluster.up();
  expect((await call('GET', '/api/v1/namespaces/default/configmaps/kept')).code).toBe(200);
  await create('/apis/apps/v1/namespaces/default/deployments', deployment('again', {}));
  await until(async () => (await deploymentStatus('again')).availableReplicas === 2);
});

test('a frozen server does not answer until it is thawed', async () => {
  await cluster.freeze();
  try {
    await expect(call('GET', '/version', { timeoutMs: 300 })).rejects.toThrow('timeout');
  } finally {
    await cluster.thaw();
  }
  expect((await call('GET', '/version')).code).toBe(200);
});

test('keys are private', async () => {
  for (const path of [cluster.kubeconfigPath, cluster.userKubeconfigPath ?? '']) {
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
  }
});

test('wrong usage has an exit code of its own', async () => {
  const failure = await promisify(execFile)(await localkubeBinary(), ['up', 'Not-A-Label']).catch(
    (error) => error,
  );
  expect([failure.code, failure.stderr.split('\n')[0]]).toEqual([
    2,
    'localkube: cluster name "Not-A-Label" is not a DNS label: lower-case letters, digits and inner dashes',
  ]);
});

function deployment(name: string, annotations: Record<string, string>): object {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: 'main', image: 'example' }] },
      },
    },
  };
}

async function deploymentStatus(name: string): Promise<Record<string, unknown>> {
  return JSON.parse((await call('GET', `/apis/apps/v1/namespaces/default/deployments/${name}`)).body).status;
}

async function create(path: string, object: object): Promise<void> {
  const { code, body } = await call('POST', path, { body: JSON.stringify(object) });
  if (code !== 201) throw new Error(`POST ${path}: ${code} ${body}`);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come true in 30 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function call(
  method: string,
  path: string,
  options: { kubeconfig?: string; body?: string; timeoutMs?: number } = {},
): Promise<{ code: number; body: string }> {
  const text = await readFile(options.kubeconfig ?? cluster.kubeconfigPath, 'utf8');
  const data = (key: string): Buffer =>
    Buffer.from(new RegExp(`${key}: (\\S+)`).exec(text)?.[1] ?? '', 'base64');
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, cluster.server),
      {
        method,
        agent: false,
        timeout: options.timeoutMs ?? 10_000,
        ca: data('certificate-authority-data'),
        cert: data('client-certificate-data'),
        key: data('client-key-data'),
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('timeout')));
    sent.on('error', reject);
    sent.end(options.body);
  });
}
