// How weir has to tell a failure: by its code, in the resource's status, in an event, and in `weir get`.

import { expect } from 'vitest';
import { type Live, show } from './cluster.ts';
import { type Fleet, named, statusOf } from './fleet.ts';

export interface Failure {
  readonly code: string;
  /** What the message holds besides the code: the place, the field. */
  readonly text?: string;
  /** Flux's own phrase, which stands in the status and in the event without the code. */
  readonly phrase?: string;
  /** Argo CD tells of a sync that it tries again in the operation state only, until the last attempt. */
  readonly event?: false;
}

/** `short` is `app/web`, `ks/apps` or `gitrepo/apps`. Waits until it is told everywhere. */
export async function expectCoded(
  fleet: Fleet,
  short: string,
  failure: Failure,
  options: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const ref = named(short);
  const isSource = ref.kind === 'GitRepository';
  const text = failure.text === undefined ? [] : [failure.text];
  const shown = [failure.phrase ?? failure.code, ...text];
  const holdsAll = (message: string, parts: readonly string[]): boolean =>
    parts.every((part) => message.includes(part));
  await fleet.until(
    `the status of ${show(ref)} tells ${failure.code}`,
    async () => {
      const messages = messagesOf(await fleet.hub.need(ref));
      expect(
        messages.filter((message) => holdsAll(message, shown)),
        messages.join('\n'),
      ).not.toEqual([]);
    },
    options,
  );
  await fleet.until(`weir get ${short} tells ${failure.code}`, async () => {
    const rows = isSource ? await fleet.rows('sources', short) : await fleet.rows(short);
    const isTold = rows.some(({ message = '' }) => holdsAll(message, [failure.code, ...text]));
    expect(isTold, JSON.stringify(rows)).toBe(true);
  });
  if (failure.event === false) return;
  await fleet.until(`an event of ${show(ref)} tells ${failure.code}`, async () => {
    const messages = (await fleet.events(short)).map(({ message }) => message);
    expect(
      messages.some((message) => holdsAll(message, shown)),
      messages.join('\n'),
    ).toBe(true);
  });
}

function messagesOf(live: Live): string[] {
  const { conditions = [], operationState } = statusOf(live);
  return [...conditions, ...(operationState === undefined ? [] : [operationState])].map(
    ({ message = '' }) => message,
  );
}
