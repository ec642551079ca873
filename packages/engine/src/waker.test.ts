import type { Delivery, Reading } from '@weir/core';
import { expect, it } from 'vitest';
import type { Declared } from './declarations.ts';
import { createDeliveryStates, type DeliveryStates } from './delivery-state.ts';
import { createWaker, type Waker, type WakerRooms } from './waker.ts';

const id = 'argocd:Application:argocd/shop';
const source = 'git:https://git/shop@main';

function declaredWith(requestToken?: string): Declared {
  const delivery = { id, source, owner: { uid: 'u' }, dependsOn: [], requestToken } as unknown as Delivery;
  const reading = { kind: 'delivery', delivery, source: { id: source } } as Reading;
  return { id, kind: { role: 'delivery' }, reading } as unknown as Declared;
}

interface Rig {
  readonly waker: Waker;
  readonly states: DeliveryStates;
  readonly woken: string[];
  readonly forgotten: string[];
}

function rigWith(of: { declared: Declared; isStale?: () => Promise<boolean>; attempts?: number }): Rig {
  const woken: string[] = [];
  const forgotten: string[] = [];
  const states = createDeliveryStates();
  const waker = createWaker();
  const queue = { add: (key: string) => woken.push(key), drop: () => undefined };
  waker.begin({
    declarations: {
      all: () => [of.declared],
      declared: (key: string) => (key === id ? of.declared : undefined),
      sources: () => [],
      source: () => undefined,
      users: () => [id],
      dependents: () => [],
    },
    states,
    inventories: {
      deliveries: () => [id, 'argocd:Application:argocd/gone'],
      forget: (key: string) => forgotten.push(key),
    },
    sources: { state: () => ({ attempts: of.attempts ?? 0 }), forget: () => undefined },
    renders: { isStale: of.isStale ?? (async () => false) },
    sourceQueue: queue,
    deliveryQueue: queue,
  } as unknown as WakerRooms);
  return { waker, states, woken, forgotten };
}

it('at the start the claims of deliveries that are gone are dropped', () => {
  expect(rigWith({ declared: declaredWith() }).forgotten).toEqual(['argocd:Application:argocd/gone']);
});

it('a refresh is counted from when it was asked for, not from when the delivery is looked at', () => {
  const { waker, states } = rigWith({ declared: declaredWith(), attempts: 4 });
  expect(states.peek(id)?.refresh).toBeUndefined();
  waker.declared({ id, role: 'delivery', before: declaredWith(), after: declaredWith('normal@1') });
  expect(states.peek(id)?.refresh).toEqual({ token: 'normal@1', attempts: 4 });
});

it('a refresh that was asked for before the start is answered by the first fetch', () => {
  const { states } = rigWith({ declared: declaredWith('normal@1') });
  expect(states.peek(id)?.refresh).toEqual({ token: 'normal@1', attempts: 0 });
});

it('a delivery whose rendering cannot be compared is woken', async () => {
  const { waker, states, woken } = rigWith({
    declared: declaredWith(),
    isStale: () => Promise.reject(new Error('no answer')),
  });
  states.of(id, 'u').recipe = { path: '.', type: 'auto' };
  woken.length = 0;
  waker.sourceChanged({
    id: source,
    isNewCommit: true,
    after: { url: 'https://git/shop', snapshot: {}, failures: 0, attempts: 1 } as never,
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(woken).toEqual([id]);
});
