import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWrite, showDelivery, showPlan } from './plan-action.ts';
import {
  desiredOf,
  inventoryFrom,
  liveFrom,
  ModelCluster,
  planOf,
  refFrom,
  removalOf,
  type World,
} from './plan-rig.ts';

const show = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');

const a = 'ConfigMap/web/a';

/** Names `ConfigMap/web/<from>` to `<to>`, one a line. */
const many = (from: number, to: number, words = ''): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `ConfigMap/web/c${from + index} ${words}`).join('\n');

type Row = World & { readonly plan: string };

const tables: Record<string, Record<string, Row>> = {
  'an object that Git wants': {
    'is applied where it is missing': { git: `${a} v1`, plan: `apply ${a} (missing)` },
    'is left alone when it is as Git says': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      live: `${a} v1`,
      plan: `keep ${a} (in-sync)`,
    },
    'is applied when Git changed': {
      git: `${a} v2`,
      inventory: `${a} v1`,
      live: `${a} v1`,
      plan: `apply ${a} (changed)`,
    },
    'is applied when somebody edited it': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      live: `${a} edited`,
      plan: `apply ${a} (drifted)`,
    },
    'is applied when our manager lost all of it': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      live: `${a} unowned`,
      plan: `apply ${a} (drifted)`,
    },
    'is applied when somebody deleted it': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      plan: `apply ${a} (restored)`,
    },
    'is applied when it lives and no inventory knows it': {
      git: `${a} v1`,
      live: `${a} v1 foreign`,
      plan: `apply ${a} (unrecorded)`,
    },
    'is applied when a run died between the journal and the write': {
      git: `${a} v1`,
      inventory: `${a} planned`,
      plan: `apply ${a} (missing)`,
    },
    'is applied when a run died between the write and the journal': {
      git: `${a} v1`,
      inventory: `${a} planned`,
      live: `${a} v1`,
      plan: `apply ${a} (unrecorded)`,
    },
    'waits until the old one is gone': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      live: `${a} edited deleting`,
      plan: `keep ${a} (terminating)`,
    },
    'is in sync even while it is being deleted, for then nothing can be done': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      live: `${a} v1 deleting`,
      plan: `keep ${a} (in-sync)`,
    },
    'is left alone when another delivery has it': {
      git: `${a} v1`,
      live: `${a} v1`,
      claimed: [a],
      plan: `keep ${a} (claimed)\n! OBJECT_CLAIMED`,
    },
    'is left alone when the cluster does not know its kind': {
      git: 'Widget/web/w v1',
      unserved: ['Widget'],
      plan: 'keep Widget/web/w (kind-unknown)',
    },
  },
  'a delivery that may not write now': {
    'shows what it would create, change and prune': {
      git: `${a} v2\nConfigMap/web/b v1`,
      inventory: `${a} v1\nConfigMap/web/c v1`,
      live: `${a} v1\nConfigMap/web/c v1`,
      given: { execute: false },
      plan: `keep ${a} (awaits-sync)
        keep ConfigMap/web/b (awaits-sync)
        keep ConfigMap/web/c (awaits-sync)`,
    },
    'still forgets what is gone': {
      inventory: `${a} v1`,
      given: { execute: false },
      plan: `forget ${a} (gone)`,
    },
    'says in-sync of what is in sync': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      live: `${a} v1`,
      given: { execute: false },
      plan: `keep ${a} (in-sync)`,
    },
  },
  'a delivery that does not heal': {
    'tolerates an edit': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      live: `${a} edited`,
      given: { heal: false },
      plan: `keep ${a} (drift-tolerated)`,
    },
    'tolerates a deletion': {
      git: `${a} v1`,
      inventory: `${a} v1`,
      given: { heal: false },
      plan: `keep ${a} (drift-tolerated)`,
    },
    'writes what Git changed': {
      git: `${a} v2`,
      inventory: `${a} v1`,
      live: `${a} edited`,
      given: { heal: false },
      plan: `apply ${a} (changed)`,
    },
    'writes what Git changed while it was gone': {
      git: `${a} v2`,
      inventory: `${a} v1`,
      given: { heal: false },
      plan: `apply ${a} (missing)`,
    },
  },
  'an object that left Git': {
    'is deleted': {
      git: `${a} v1`,
      inventory: `${a} v1\nConfigMap/web/b v1`,
      live: `${a} v1\nConfigMap/web/b v1`,
      plan: `keep ${a} (in-sync)\ndelete ConfigMap/web/b`,
    },
    'is deleted though somebody edited it': {
      policy: { allowEmpty: true },
      inventory: `${a} v1`,
      live: `${a} edited`,
      plan: `delete ${a}`,
    },
    'is deleted when it was only planned and lives with our mark': {
      policy: { allowEmpty: true },
      inventory: `${a} planned`,
      live: `${a} v1`,
      plan: `delete ${a}`,
    },
    'is deleted when the inventory knows no uid': {
      policy: { allowEmpty: true },
      inventory: `${a} v1 nouid`,
      live: `${a} v1 uid=any`,
      plan: `delete ${a}`,
    },
    'stays without prune': {
      inventory: `${a} v1`,
      live: `${a} v1`,
      given: { prune: false },
      plan: `keep ${a} (prune-off)`,
    },
    'is forgotten when it is gone': { inventory: `${a} v1`, plan: `forget ${a} (gone)` },
    'is forgotten when it bears no mark of ours': {
      inventory: `${a} v1`,
      live: `${a} v1 foreign`,
      plan: `forget ${a} (not-ours)`,
    },
    'is forgotten when another object has taken its name': {
      inventory: `${a} v1`,
      live: `${a} v1 uid=another`,
      plan: `forget ${a} (not-ours)`,
    },
    'is forgotten when another delivery has it by now': {
      inventory: `${a} v1`,
      live: `${a} v1`,
      claimed: [a],
      plan: `forget ${a} (not-ours)`,
    },
    'is on its way already': {
      inventory: `${a} v1`,
      live: `${a} v1 deleting`,
      plan: `keep ${a} (terminating)`,
    },
    'and that no inventory knows is none of our business': { live: `${a} v1`, plan: '' },
  },
  'a kind that the cluster serves no more': {
    'is no reason to delete what was seen of it': {
      git: 'ConfigMap/web/a v1',
      inventory: 'ConfigMap/web/a v1\nWidget/web/w v1',
      live: 'ConfigMap/web/a v1\nWidget/web/w v1',
      unserved: ['Widget'],
      plan: 'keep ConfigMap/web/a (in-sync)\nkeep Widget/web/w (kind-unknown)',
    },
    'is no reason to forget an object that Git still has, though its namespace cannot be told': {
      git: 'Widget/w v1',
      inventory: 'Widget/web/w v1',
      unserved: ['Widget'],
      plan: 'keep Widget/w (kind-unknown)\nkeep Widget/web/w (kind-unknown)',
    },
    'lets go of what was seen to be gone': {
      git: 'ConfigMap/web/a v1',
      inventory: 'ConfigMap/web/a v1\nWidget/web/w v1',
      live: 'ConfigMap/web/a v1',
      unserved: ['Widget'],
      plan: 'keep ConfigMap/web/a (in-sync)\nforget Widget/web/w (gone)',
    },
  },
  'a render of nothing': {
    'deletes nothing': {
      inventory: `${a} v1`,
      live: `${a} v1`,
      plan: `keep ${a} (deletion-blocked)\n! RENDER_EMPTY`,
    },
    'deletes where the policy allows it': {
      inventory: `${a} v1`,
      live: `${a} v1`,
      policy: { allowEmpty: true },
      plan: `delete ${a}`,
    },
    'is no problem without prune': {
      inventory: `${a} v1`,
      live: `${a} v1`,
      given: { prune: false },
      plan: `keep ${a} (prune-off)`,
    },
    'is no problem when everything is gone': { inventory: `${a} v1`, plan: `forget ${a} (gone)` },
  },
  'the destination namespace': {
    'is created first when the policy says so': {
      git: `${a} v1`,
      policy: { createNamespace: true },
      plan: `apply Namespace/web (missing)\napply ${a} (missing)`,
    },
    'is left alone when it is there': {
      git: `${a} v1`,
      live: 'Namespace/web v1 foreign',
      policy: { createNamespace: true },
      plan: `apply ${a} (missing)`,
    },
    'is the one of Git when Git has it': {
      git: `Namespace/web v1\n${a} v1`,
      policy: { createNamespace: true },
      plan: `apply Namespace/web (missing)\napply ${a} (missing)`,
    },
    'is not created by a plan that only shows': {
      git: `${a} v1`,
      policy: { createNamespace: true },
      given: { execute: false },
      plan: `keep ${a} (awaits-sync)`,
    },
  },
};

for (const [title, table] of Object.entries(tables))
  describe(title, () => {
    for (const [sentence, { plan, ...world }] of Object.entries(table))
      it(sentence, () => expect(showPlan(planOf(world))).toBe(show(plan)));
  });

describe('the order', () => {
  it('is by stage, then by name, and deletions are the other way round', () => {
    const kinds =
      'Deployment/web/d\nConfigMap/web/b\nConfigMap/web/a\nNamespace/web\nClusterRole/r\nService/web/s';
    const leaving = kinds.replaceAll(/(\w+)$/gm, 'old-$1');
    expect(showPlan(planOf({ git: kinds, inventory: leaving, live: leaving }))).toBe(
      show(`
        apply ClusterRole/r (missing)
        apply Namespace/web (missing)
        apply ConfigMap/web/a (missing)
        apply ConfigMap/web/b (missing)
        apply Service/web/s (missing)
        apply Deployment/web/d (missing)
        delete Deployment/web/old-d
        delete Service/web/old-s
        delete ConfigMap/web/old-b
        delete ConfigMap/web/old-a
        delete Namespace/old-web
        delete ClusterRole/old-r`),
    );
  });
});

describe('the deletion budget', () => {
  const blocked = (world: World): string => {
    const plan = planOf(world);
    const deletions = plan.actions.filter(({ kind }) => kind === 'delete').length;
    const held = plan.actions.filter(
      (action) => action.kind === 'keep' && action.reason === 'deletion-blocked',
    );
    const codes = plan.problems.map(({ code }) => code).join();
    return `${deletions} deleted, ${held.length} held ${codes}`.trim();
  };
  const leaving = (leave: number, total: number): World => ({
    git: many(leave + 1, total),
    inventory: many(1, total),
    live: many(1, total),
  });
  const table: Record<string, [World, string]> = {
    '20 of 21 may go': [leaving(20, 21), '20 deleted, 0 held'],
    '21 of 70 may go, being 30 %': [leaving(21, 70), '21 deleted, 0 held'],
    '21 of 69 wait for approval': [leaving(21, 69), '0 deleted, 21 held DELETION_BLOCKED'],
    'what is gone already does not count': [
      { git: many(30, 31), inventory: many(1, 31), live: many(25, 31) },
      '5 deleted, 0 held',
    ],
    'an empty render is refused before anything is counted': [
      { inventory: many(1, 69), live: many(1, 69) },
      '0 deleted, 69 held RENDER_EMPTY',
    ],
    'a permitted empty render still waits for approval': [
      { inventory: many(1, 69), live: many(1, 69), policy: { allowEmpty: true } },
      '0 deleted, 69 held DELETION_BLOCKED',
    ],
  };
  for (const [sentence, [world, expected]] of Object.entries(table))
    it(sentence, () => expect(blocked(world)).toBe(expected));

  it('the digest that the problem names approves exactly these deletions', () => {
    const world = leaving(21, 69);
    const { deletionDigest, problems } = planOf(world);
    expect(deletionDigest).toMatch(/^[0-9a-f]{12}$/);
    expect(problems[0]?.message).toContain(`weir.dev/approve-deletions: ${deletionDigest}`);
    const approved = deletionDigest === undefined ? {} : { approvedDeletions: deletionDigest };
    expect(blocked({ ...world, delivery: approved })).toBe('21 deleted, 0 held');
    expect(blocked({ ...leaving(22, 69), delivery: approved })).toBe('0 deleted, 22 held DELETION_BLOCKED');
  });
});

describe('messages', () => {
  it('a claim names the object, the holder and the place in Git', () => {
    const [problem] = planOf({ git: a, claimed: [a] }).problems;
    expect(problem?.message).toBe(
      'ConfigMap/web/a: is part of Kustomization apps/other, which keeps it; expected each object in one delivery only',
    );
  });
  it('a delivery is shown as people say it', () =>
    expect(showDelivery('argocd:Application:argocd/guestbook')).toBe('Application argocd/guestbook'));
});

describe('the removal of a delivery', () => {
  const crd = 'CustomResourceDefinition/widgets.example.com';
  const table: Record<string, Row> = {
    'deletes what is ours, last things first': {
      inventory: `Namespace/web\n${a}\nDeployment/web/d`,
      live: `Namespace/web\n${a}\nDeployment/web/d`,
      plan: `delete Deployment/web/d\ndelete ${a}\ndelete Namespace/web`,
    },
    'deletes beyond any budget, for somebody deleted it': {
      inventory: many(10, 39),
      live: many(10, 39),
      plan: Array.from({ length: 30 }, (_, index) => `delete ConfigMap/web/c${39 - index}`).join('\n'),
    },
    'leaves foreign objects': {
      inventory: `${a} v1`,
      live: `${a} v1 foreign`,
      plan: `forget ${a} (not-ours)`,
    },
    'leaves an object that has taken the name since': {
      inventory: `${a} v1`,
      live: `${a} v1 uid=another`,
      plan: `forget ${a} (not-ours)`,
    },
    'leaves what another delivery has': {
      inventory: `${a} v1`,
      live: `${a} v1`,
      claimed: [a],
      plan: `forget ${a} (not-ours)`,
    },
    'deletes definitions like anything else': { inventory: crd, live: crd, plan: `delete ${crd}` },
    'leaves definitions where the policy keeps them, since every object of the kind would go': {
      delivery: {
        deletion: {
          ensureFinalizer: false,
          mode: 'delete',
          propagation: 'Foreground',
          keepsDefinitions: true,
        },
      },
      inventory: crd,
      live: crd,
      plan: `forget ${crd} (not-ours)`,
    },
    'waits for what is on its way': {
      inventory: `${a} v1`,
      live: `${a} v1 deleting`,
      plan: `keep ${a} (terminating)`,
    },
    'forgets what is gone': { inventory: `${a} v1`, plan: `forget ${a} (gone)` },
    'leaves everything where the policy says orphan': {
      inventory: `${a} v1`,
      live: `${a} v1`,
      delivery: { deletion: { ensureFinalizer: false, mode: 'orphan', propagation: 'Background' } },
      plan: `forget ${a} (not-ours)`,
    },
  };
  for (const [sentence, { plan, ...world }] of Object.entries(table))
    it(sentence, () => expect(showPlan(removalOf(world))).toBe(show(plan)));
});

/** Worlds over a few names, so that Git, inventory and cluster meet in all ways. */
const names = [
  'Namespace/web',
  'ConfigMap/web/a',
  'ConfigMap/web/b',
  'Secret/web/a',
  'Deployment/web/d',
  'Widget/w',
];
const digests = fc.constantFrom('v1', 'v2');
const arbitraryWorld = fc.record({
  git: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), digests), {
    selector: ([name]) => name,
    minLength: 1,
  }),
  inventory: fc.uniqueArray(
    fc.tuple(fc.constantFrom(...names), fc.constantFrom('v1', 'v2', 'planned', 'v1 nouid', 'v1 uid=another')),
    { selector: ([name]) => name },
  ),
  live: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom(...names),
      fc.constantFrom(
        'v1',
        'v2',
        'v1 foreign',
        'v1 deleting',
        'v1 uid=another',
        'v1 unowned',
        'v1 foreign deleting',
      ),
    ),
    { selector: ([name]) => name },
  ),
});

const modelOf = (world: { inventory: [string, string][]; live: [string, string][] }): ModelCluster => {
  const text = (lines: [string, string][]): string => lines.map((line) => line.join(' ')).join('\n');
  return new ModelCluster(liveFrom(text(world.live)), inventoryFrom(text(world.inventory)));
};

describe('for any world', () => {
  it('a plan that was carried out leaves nothing to write', () => {
    fc.assert(
      fc.property(arbitraryWorld, (world) => {
        const model = modelOf(world);
        const desired = world.git.map(([name, digest]) => desiredOf(refFrom(name), digest));
        model.carryOut(model.plan(desired));
        const again = model.plan(desired);
        const writes = again.actions.filter((action) => isWrite(action) || action.kind === 'forget');
        expect(showPlan({ actions: writes, problems: [] })).toBe('');
      }),
    );
  });

  it('nothing is deleted but a marked member of the inventory under its own uid', () => {
    fc.assert(
      fc.property(arbitraryWorld, fc.boolean(), (world, isWanted) => {
        const model = modelOf(world);
        const before = modelOf(world);
        const desired = isWanted ? world.git.map(([name, digest]) => desiredOf(refFrom(name), digest)) : [];
        model.carryOut(model.plan(desired));
        for (const gone of model.deleted) {
          const entry = before.inventory.get(gone.id);
          expect(entry, gone.id).toBeDefined();
          expect(gone.marks).toEqual({ owner: 'us' });
          expect(entry?.uid ?? gone.uid).toBe(gone.uid);
          expect(desired.some(({ id }) => id === gone.id)).toBe(false);
        }
        if (!isWanted) expect(model.deleted).toEqual([]);
      }),
    );
  });

  it('a plan that only shows writes nothing, and equal worlds have equal plans', () => {
    fc.assert(
      fc.property(arbitraryWorld, (world) => {
        const desired = world.git.map(([name, digest]) => desiredOf(refFrom(name), digest));
        const plan = modelOf(world).plan(desired, { execute: false });
        expect(plan.actions.filter(isWrite)).toEqual([]);
        const reversed = { live: world.live.toReversed(), inventory: world.inventory.toReversed() };
        const again = modelOf(reversed).plan(desired.toReversed(), { execute: false });
        expect(showPlan(again)).toBe(showPlan(plan));
      }),
    );
  });

  it('whatever is in the cluster afterwards and ours is in the inventory', () => {
    fc.assert(
      fc.property(arbitraryWorld, (world) => {
        const model = modelOf(world);
        const desired = world.git.map(([name, digest]) => desiredOf(refFrom(name), digest));
        const plan = model.plan(desired);
        model.carryOut(plan);
        for (const action of plan.actions)
          if (action.kind === 'apply' && action.tracked) expect(model.inventory.has(action.id)).toBe(true);
      }),
    );
  });
});
