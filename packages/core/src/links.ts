// What an object shows to the world: the addresses under which it can be reached, and the images that it runs.
// It never asks whether anybody answers there.

import { groupOf, isRecord, type KubeObject } from './object.ts';

export interface ExternalLink {
  readonly url: string;
  /** From an annotation of the form `title|url`. */
  readonly title?: string;
}

export interface ObjectLinks {
  readonly links: readonly ExternalLink[];
  readonly images: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const linkPrefix = 'link.argocd.argoproj.io/';
const ignoreDefaults = 'argocd.argoproj.io/ignore-default-links';
/** Pages and statuses repeat what is here, so one object says no more than this. */
const mostLinks = 50;
const longestUrl = 2048;
/** Nothing that a browser would run or look up elsewhere, and no credentials. */
const webAddress = /^https?:\/\/[^\s/?#@"'<>\\]+(?:[/?#][^\s"'<>\\]*)?$/i;

export function concludeLinks(object: KubeObject): ObjectLinks {
  return { links: linksOf(object), images: imagesOf(object) };
}

/** Those of annotations first, then those that the object itself makes known. */
export function linksOf(object: KubeObject): ExternalLink[] {
  const annotations = fieldsOf(object.metadata.annotations);
  const found = annotations[ignoreDefaults] === 'true' ? [] : ownAddresses(object).map((url) => ({ url }));
  const byUrl = new Map<string, ExternalLink>();
  for (const link of [...annotatedLinks(annotations), ...found])
    if (isAddress(link.url) && !byUrl.has(link.url)) byUrl.set(link.url, link);
  return [...byUrl.values()].slice(0, mostLinks);
}

const isAddress = (url: string): boolean => url.length <= longestUrl && webAddress.test(url);

function annotatedLinks(annotations: Fields): ExternalLink[] {
  return Object.entries(annotations).flatMap(([key, value]) => {
    if (!key.startsWith(linkPrefix) || typeof value !== 'string') return [];
    const bar = value.indexOf('|');
    if (bar < 0) return [{ url: value.trim() }];
    const [title, url] = [value.slice(0, bar).trim(), value.slice(bar + 1).trim()];
    return [title === '' ? { url } : { url, title: title.slice(0, 253) }];
  });
}

function ownAddresses(object: KubeObject): string[] {
  const kind = `${groupOf(object.apiVersion)}/${object.kind}`;
  if (kind === 'networking.k8s.io/Ingress' || kind === 'extensions/Ingress') return ingressAddresses(object);
  if (kind === '/Service') return serviceAddresses(object);
  return kind === 'gateway.networking.k8s.io/HTTPRoute' ? routeAddresses(object) : [];
}

/** Host names before addresses, as the load balancer reports them. */
function balancerHosts(object: KubeObject): string[] {
  const ingress = listOf(fieldsOf(fieldsOf(object.status).loadBalancer).ingress);
  return ingress
    .map((one) => textOf(one.hostname) || bracketed(textOf(one.ip)))
    .filter((host) => host !== '');
}

const bracketed = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);

/** `*.shop.example` is no address that anybody could open. */
const isHost = (host: string): boolean => host !== '' && !host.includes('*');

function ingressAddresses(object: KubeObject): string[] {
  const spec = fieldsOf(object.spec);
  const tls = listOf(spec.tls);
  const secured = new Set(tls.flatMap(({ hosts }) => textsOf(hosts)));
  const isSecured = (host: string): boolean =>
    secured.has(host) ||
    secured.has(`*${host.slice(host.indexOf('.'))}`) ||
    // An entry without hosts is about all of them.
    tls.some(({ hosts }) => textsOf(hosts).length === 0);
  return listOf(spec.rules).flatMap((rule) => {
    const named = textOf(rule.host);
    const hosts = named === '' ? balancerHosts(object) : [named];
    const paths = listOf(fieldsOf(rule.http).paths).map(({ path }) => pathText(textOf(path)));
    return hosts
      .filter(isHost)
      .flatMap((host) =>
        (paths.length === 0 ? [''] : paths).map(
          (path) => `${isSecured(host) ? 'https' : 'http'}://${host}${path}`,
        ),
      );
  });
}

/** Where a path is a pattern, what comes before the pattern can be opened. */
function pathText(path: string): string {
  const plain = path.replace(/[*([{^$\\|].*$/, '');
  return plain.startsWith('/') ? plain : '';
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

function serviceAddresses(object: KubeObject): string[] {
  const spec = fieldsOf(object.spec);
  if (spec.type !== 'LoadBalancer') return [];
  const ports = listOf(spec.ports).filter(({ protocol }) => protocol === undefined || protocol === 'TCP');
  return balancerHosts(object).flatMap((host) => ports.flatMap((port) => portAddress(host, port)));
}

/** Only ports that speak HTTP by their name, their protocol or their number: a database is no link. */
function portAddress(host: string, { port, name, appProtocol }: Fields): string[] {
  const said = `${textOf(appProtocol)} ${textOf(name)}`.toLowerCase();
  const scheme =
    said.includes('https') || port === 443 || port === 8443
      ? 'https'
      : said.includes('http') || said.includes('web') || port === 80 || port === 8080
        ? 'http'
        : undefined;
  if (scheme === undefined || typeof port !== 'number') return [];
  return [`${scheme}://${host}${defaultPorts[scheme] === port ? '' : `:${port}`}`];
}

/** Whether a listener ends TLS stands in the Gateway; here only its name and port can tell. */
function routeAddresses(object: KubeObject): string[] {
  const spec = fieldsOf(object.spec);
  const isSecured = listOf(spec.parentRefs).some(
    ({ sectionName, port }) => port === 443 || /https|tls/i.test(textOf(sectionName)),
  );
  const paths = listOf(spec.rules).flatMap(({ matches }) =>
    listOf(matches).flatMap(({ path }) => {
      const { type, value } = fieldsOf(path);
      return type === 'RegularExpression' ? [] : [pathText(textOf(value))];
    }),
  );
  const shown = paths.length === 0 ? [''] : [...new Set(paths)];
  return textsOf(spec.hostnames)
    .filter(isHost)
    .flatMap((host) => shown.map((path) => `${isSecured ? 'https' : 'http'}://${host}${path}`));
}

/** Of a pod, or of the pod template of a workload or a CronJob: containers, those before it, and those for a look inside. */
export function imagesOf(object: KubeObject): string[] {
  const spec = fieldsOf(object.spec);
  const template = (from: Fields): Fields => fieldsOf(fieldsOf(from.template).spec);
  const images = new Set<string>();
  for (const pod of [spec, template(spec), template(fieldsOf(fieldsOf(spec.jobTemplate).spec))])
    for (const list of [pod.containers, pod.initContainers, pod.ephemeralContainers])
      for (const { image } of listOf(list)) if (typeof image === 'string') images.add(image);
  return [...images];
}

const fieldsOf = (value: unknown): Fields => (isRecord(value) ? value : {});
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
