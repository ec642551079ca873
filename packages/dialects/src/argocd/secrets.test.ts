import type { KubeObject, RepositoryRecord } from '@weir/core';
import { describe, expect, it } from 'vitest';
import { readClusterSecret } from './cluster-secret.ts';
import { matchRepository, readRepositorySecret } from './repository-secret.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

function secret(type: string, values: Record<string, string>): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'argocd', labels: { 'argocd.argoproj.io/secret-type': type } },
    data,
  };
}

const pem = '-----BEGIN CERTIFICATE-----\nÄ\n-----END CERTIFICATE-----\n';

describe('a cluster Secret', () => {
  it('gives name, server and identity, with PEM texts decoded', () => {
    const config = {
      bearerToken: 'tok',
      proxyUrl: 'http://proxy:3128',
      tlsClientConfig: {
        insecure: false,
        serverName: 'api',
        caData: base64(pem),
        certData: base64(pem),
        keyData: base64(pem),
      },
    };
    const read = readClusterSecret(
      secret('cluster', { name: 'edge', server: 'https://edge:6443', config: JSON.stringify(config) }),
    );
    expect(read).toEqual({
      ok: true,
      value: {
        name: 'edge',
        server: 'https://edge:6443',
        bearerToken: 'tok',
        caPem: pem,
        certPem: pem,
        keyPem: pem,
        serverName: 'api',
        insecure: false,
        proxyUrl: 'http://proxy:3128',
      },
    });
  });

  it('without a name is called by its server', () => {
    expect(readClusterSecret(secret('cluster', { server: 'https://edge:6443' }))).toMatchObject({
      value: { name: 'https://edge:6443' },
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['no server', { name: 'edge' }, 'FIELD_INVALID Secret/argocd/s: data.server is required'],
    [
      'a config that is no JSON',
      { server: 'x', config: '{' },
      'FIELD_INVALID Secret/argocd/s: data.config is not a JSON object',
    ],
    [
      'a wrong type, without its value',
      { server: 'x', config: '{"bearerToken":{"secret":"hush"}}' },
      'FIELD_INVALID Secret/argocd/s: config.bearerToken: expected a string, got an object',
    ],
    [
      'a certificate that is not base64',
      { server: 'x', config: '{"tlsClientConfig":{"caData":"hush!"}}' },
      'FIELD_INVALID Secret/argocd/s: config.tlsClientConfig.caData is not base64',
    ],
    [
      'a program that gives credentials',
      { server: 'x', config: '{"execProviderConfig":{"command":"aws"}}' },
      'FIELD_UNSUPPORTED Secret/argocd/s: config.execProviderConfig is not supported yet; use a bearer token or a client certificate',
    ],
    [
      'a part of a cluster',
      { server: 'x', namespaces: 'a,b' },
      'FIELD_UNSUPPORTED Secret/argocd/s: data.namespaces (a part of a cluster) is not supported yet',
    ],
  ])('is refused with %s', (_sentence, values, expected) => {
    const read = readClusterSecret(secret('cluster', values));
    expect(read?.ok === false && `${read.problem.code} ${read.problem.message}`).toBe(expected);
  });

  it('of another type is none', () => {
    expect(readClusterSecret(secret('repository', { server: 'x' }))).toBeUndefined();
  });
});

describe('repository Secrets', () => {
  const records = [
    secret('repository', { url: 'https://git.example.com/team/app.git', username: 'own', password: 'p' }),
    secret('repository', { url: 'https://git.example.com/team/bare' }),
    secret('repo-creds', { url: 'https://git.example.com/', bearerToken: 'all' }),
    secret('repo-creds', { url: 'https://git.example.com/team', username: 'team', password: 'p' }),
    secret('repository', { url: 'https://charts.example.com', type: 'helm' }),
  ].flatMap((each): RepositoryRecord[] => {
    const read = readRepositorySecret(each);
    return read?.ok === true ? [read.value] : [];
  });

  it.each<[string, string, string]>([
    ['exactly this repository', 'https://git.example.com/team/app', 'own'],
    ['the same in another spelling', 'https://Git.example.com/team/app.git/', 'own'],
    [
      'a repository without credentials takes those of its prefix',
      'https://git.example.com/team/bare',
      'team',
    ],
    ['the longest prefix', 'https://git.example.com/team/other', 'team'],
    ['a shorter prefix', 'https://git.example.com/else', 'all'],
    ['none', 'https://elsewhere.example.com/x', 'none'],
  ])('%s', (_sentence, url, expected) => {
    const { username, bearerToken } = matchRepository(url, records)?.credentials ?? {};
    expect(username ?? bearerToken ?? 'none').toBe(expected);
  });

  it('with an SSH key are refused', () => {
    const read = readRepositorySecret(secret('repository', { url: 'https://x/y', sshPrivateKey: 'hush' }));
    expect(read?.ok === false && read.problem.message).toBe(
      'Secret/argocd/s: data.sshPrivateKey is not supported yet',
    );
  });

  it('with data that is no text are refused', () => {
    const broken = { ...secret('repository', {}), data: { url: '%%%' } };
    const read = readRepositorySecret(broken);
    expect(read?.ok === false && read.problem.message).toBe(
      'Secret/argocd/s: data.url is not the base64 of a text',
    );
  });
});
