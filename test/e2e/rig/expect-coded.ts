// How weir has to tell a failure: by its code, in the resource's status, in an event, and in `weir get`.

import { expect } from 'vitest';
import { show } from './cluster.ts';
import { type Fleet, named, statusOf } from './fleet.ts';

export interface Failure {
  readonly code: string;
  /** What the message holds besides the code: the place, the field. */
  readonly text?: string;
  /** Flux's own phrase, which stands in the status and in the event without the code. */
  readonly phrase?: string;
  /** Whether an Application tells it in an event too. */
  readonly event?: true;
}

/** `short` is `app/web`, `ks/apps` or `gitrepo/apps`. Waits until it is told everywhere. */
export async function expectCoded(fleet: Fleet, short: string, failure: Failure): Promise<void> {
  const ref = named(short);
  const isSource = ref.kind === 'GitRepository';
  const shown = [failure.phrase ?? failure.code, ...(failure.text === undefined ? [] : [failure.text])];
  const holdsAll = (message: string, parts: readonly string[]): boolean =>
    parts.every((part) => message.includes(part));
  await fleet.until(`the status of ${show(ref)} tells ${failure.code}`, async () => {
    const messages = (statusOf(await fleet.hub.need(ref)).conditions ?? []).map(({ message }) => message);
    expect(
      messages.filter((message) => holdsAll(message, shown)),
      messages.join('\n'),
    ).not.toEqual([]);
  });
  await fleet.until(`weir get ${short} tells ${failure.code}`, async () => {
    const rows = isSource ? await fleet.rows('sources', short) : await fleet.rows(short);
    const text = failure.text === undefined ? [] : [failure.text];
    const isTold = rows.some(({ message = '' }) => holdsAll(message, [failure.code, ...text]));
    expect(isTold, JSON.stringify(rows)).toBe(true);
  });
  // Argo CD posts no event for what stops a comparison, only for a sync that failed.
  if (ref.kind === 'Application' && failure.event !== true) return;
  await fleet.until(`an event of ${show(ref)} tells ${failure.code}`, async () => {
    const messages = (await fleet.events(short)).map(({ message }) => message);
    expect(
      messages.some((message) => holdsAll(message, shown)),
      messages.join('\n'),
    ).toBe(true);
  });
}
