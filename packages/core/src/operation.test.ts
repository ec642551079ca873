import { describe, expect, it } from 'vitest';
import { terminateOperation } from './operation.ts';
import { gitWith, SyncModel, sequence } from './operation-rig.ts';
import { showPlan } from './plan-action.ts';
import { planRemoval } from './plan-departures.ts';
import { inventoryOf, makeDelivery } from './plan-rig.ts';

type Given = ConstructorParameters<typeof SyncModel>[0];

function modelOf(git: string, given: Given = {}): SyncModel {
  const model = new SyncModel(given);
  model.desired = gitWith(git);
  return model;
}

describe('waves', () => {
  it('are applied one after another, each once the one before is healthy', () => {
    const model = modelOf(
      `ConfigMap/web/last wave=5
       Deployment/web/mid
       ConfigMap/web/first wave=-1`,
      { health: { 'Deployment/mid': 'Progressing' } },
    );
    expect(model.run()).toEqual([
      'apply ConfigMap/first',
      'apply Deployment/mid',
      'wait for health of Deployment/mid',
    ]);
    expect(model.run()).toEqual(['wait for health of Deployment/mid']);
    model.health['Deployment/mid'] = 'Healthy';
    expect(model.run()).toEqual(['apply ConfigMap/last', 'succeeded']);
  });

  it('do not wait for the health of the last one', () => {
    const model = modelOf('Deployment/web/a wave=1', { health: { 'Deployment/a': 'Progressing' } });
    expect(model.run()).toEqual(['apply Deployment/a', 'succeeded']);
  });

  it('fail where an earlier one is degraded', () => {
    const model = modelOf(
      `Deployment/web/a
       ConfigMap/web/b wave=1`,
      { health: { 'Deployment/a': 'Degraded' } },
    );
    expect(model.run()).toEqual(['apply Deployment/a', 'fail', 'failed']);
  });

  it('end at an object that the server refuses, once the rest of its wave is done', () => {
    const model = modelOf(
      `ConfigMap/web/a
       ConfigMap/web/b
       ConfigMap/web/c wave=1`,
      { refuses: ['ConfigMap/a'] },
    );
    expect(model.run()).toEqual(['apply ConfigMap/a, apply ConfigMap/b', 'failed']);
  });

  it('take a namespace along that the first of them needs', () => {
    const model = modelOf(
      `Namespace/web wave=3
       ConfigMap/web/a wave=-2
       ConfigMap/other/b`,
    );
    expect(model.run()[0]).toBe('apply Namespace/web, apply ConfigMap/a');
  });

  it('of a repair are those of the objects that it repairs', () => {
    const model = modelOf(
      `Deployment/web/a
       ConfigMap/web/b wave=1
       ConfigMap/web/c wave=2`,
      { health: { 'Deployment/a': 'Progressing' } },
    );
    model.begin({ trigger: 'self-heal', hooksOn: false, only: ['/ConfigMap/web/b', '/ConfigMap/web/c'] });
    expect(model.run()).toEqual(['apply ConfigMap/b', 'apply ConfigMap/c', 'succeeded']);
  });
});

describe('kinds', () => {
  it('that a definition of the set brings are waited for, not missed', () => {
    const model = modelOf('Widget/web/w');
    model.desired = gitWith('Widget/web/w').map((each) => each);
    const definition = gitWith('CustomResourceDefinition/widgets')[0];
    if (definition === undefined) throw new Error('no definition');
    const spec = { group: 'example.com', scope: 'Namespaced', names: { kind: 'Widget' } };
    const object = { ...definition.object, apiVersion: 'apiextensions.k8s.io/v1', spec };
    model.desired = [...model.desired, { ...definition, object }];
    expect(model.run()).toEqual(['apply CustomResourceDefinition/widgets', 'apply Widget/w', 'succeeded']);
  });
});

describe('dependencies between objects', () => {
  it('hold an object until what it needs is there and healthy', () => {
    const model = modelOf(
      `ConfigMap/web/a needs=apps/namespaces/web/Deployment/d
       Deployment/web/d`,
      { health: { 'Deployment/d': 'Progressing' } },
    );
    expect(model.run()).toEqual(['apply Deployment/d', 'wait for dependency of ConfigMap/a']);
    model.health['Deployment/d'] = 'Healthy';
    expect(model.run()).toEqual(['apply ConfigMap/a', 'succeeded']);
  });

  it.each([
    [
      'on each other',
      'ConfigMap/web/a needs=/namespaces/web/ConfigMap/b\nConfigMap/web/b needs=/namespaces/web/ConfigMap/a',
      'DEPENDENCY_CYCLE',
    ],
    ['on nothing that is there', 'ConfigMap/web/a needs=/namespaces/web/ConfigMap/b', 'DEPENDENCY_UNKNOWN'],
    ['in words that name nothing', 'ConfigMap/web/a needs=b', 'DEPENDENCY_UNKNOWN'],
  ])('%s are told, and the rest goes on', (_sentence, git, code) => {
    const model = modelOf(`${git}\nConfigMap/web/z`);
    const codes = model.plan().problems.map((problem) => problem.code);
    expect([...new Set(codes)]).toEqual([code]);
    expect(model.run()[0]).toBe('apply ConfigMap/z');
  });

  it('are undone in reverse when they leave Git', () => {
    const model = modelOf(
      `ConfigMap/web/a needs=/namespaces/web/ConfigMap/b
       ConfigMap/web/b
       ConfigMap/web/c`,
    );
    model.run();
    model.desired = gitWith('ConfigMap/web/c');
    expect(model.run()).toEqual(['delete ConfigMap/a', 'delete ConfigMap/b', 'succeeded']);
  });
});

describe('hooks', () => {
  const git = `Job/web/pre hook=pre policy=succeeded
     ConfigMap/web/a
     Job/web/post hook=post`;

  it('have their turn around the objects, and end before the next turn begins', () => {
    const model = modelOf(git, { health: { 'Job/pre': 'Progressing', 'Job/post': 'Progressing' } });
    expect(model.run()).toEqual(['apply Job/pre', 'wait for hook of Job/pre']);
    model.health['Job/pre'] = 'Healthy';
    expect(model.run()).toEqual([
      'release Job/pre',
      'apply ConfigMap/a',
      'apply Job/post',
      'wait for hook of Job/post',
    ]);
    model.health['Job/post'] = 'Healthy';
    expect(model.run()).toEqual(['release Job/post', 'succeeded, delete Job/pre']);
  });

  it('that fail end the sync, and those for that case have their turn, whatever their waves', () => {
    const model = modelOf(
      `${git}
       Job/web/sorry hook=fail wave=2
       Job/web/mail hook=fail wave=1`,
      { health: { 'Job/pre': 'Degraded', 'Job/sorry': 'Healthy', 'Job/mail': 'Healthy' } },
    );
    expect(model.run()).toEqual([
      'apply Job/pre',
      'release Job/pre',
      'fail',
      'apply Job/mail, apply Job/sorry',
      'release Job/mail, release Job/sorry',
      'failed',
    ]);
  });

  it('go away after a failure only where their policy says so', () => {
    const model = modelOf('Job/web/a hook=pre policy=failed\nJob/web/b hook=pre policy=succeeded', {
      health: { 'Job/a': 'Degraded' },
    });
    expect(model.run().at(-1)).toBe('failed, delete Job/a');
  });

  it('are made anew in the next sync: the old one goes first', () => {
    const model = modelOf('Job/web/pre hook=pre\nConfigMap/web/a', { health: { 'Job/pre': 'Healthy' } });
    model.run();
    model.begin({ startedAt: '2026-01-02T00:00:00Z' });
    expect(model.run()).toEqual(['delete Job/pre', 'apply Job/pre', 'release Job/pre', 'succeeded']);
  });

  it('without that policy are applied as they are', () => {
    const model = modelOf('Job/web/pre hook=pre policy=failed', { health: { 'Job/pre': 'Healthy' } });
    model.run();
    model.begin({ startedAt: '2026-01-02T00:00:00Z' });
    expect(model.run()[0]).toBe('apply Job/pre');
  });

  it('that somebody deletes while they run count as failed', () => {
    const model = modelOf('Job/web/pre hook=pre', { health: { 'Job/pre': 'Progressing' } });
    model.run();
    model.live.clear();
    expect(model.run()).toEqual(['fail', 'failed']);
  });

  it('with a prefix for a name are new objects in each sync', () => {
    const model = modelOf('Job/web/x hook=post generate=mail-', {});
    expect(model.run()).toEqual([
      'apply Job/mail-0123456-postsync-1767225600',
      'release Job/mail-0123456-postsync-1767225600',
      'succeeded',
    ]);
  });

  it('in two phases are two tasks', () => {
    const model = modelOf('Job/web/x hook=pre,post policy=before', { health: { 'Job/x': 'Healthy' } });
    expect(model.run()).toEqual([
      'apply Job/x',
      'release Job/x',
      'delete Job/x',
      'apply Job/x',
      'release Job/x',
      'succeeded',
    ]);
  });

  it.each([
    ['where none are asked for', 'Job/web/x hook=pre', false],
    ['for a deletion', 'Job/web/x hook=gone', true],
    ['that never run', 'Job/web/x hook=never', true],
  ])('have no turn %s', (_sentence, text, hooksOn) => {
    const model = modelOf(text);
    model.begin({ hooksOn });
    expect(model.run()).toEqual(['succeeded']);
  });

  it('that left Git stay until the delivery goes', () => {
    const model = modelOf('Job/web/pre hook=pre\nConfigMap/web/a');
    model.run();
    model.desired = gitWith('ConfigMap/web/a');
    expect(model.run()).toEqual(['succeeded']);
  });

  it('that run when somebody ends the sync are stopped', () => {
    const model = modelOf(git, { health: { 'Job/pre': 'Progressing' } });
    model.run();
    model.operation = terminateOperation(model.operation);
    expect(model.run()).toEqual(['release Job/pre', 'failed, delete Job/pre']);
  });
});

describe('what left Git', () => {
  const before = `ConfigMap/web/a wave=-1
     ConfigMap/web/b
     ConfigMap/web/c wave=3
     ConfigMap/web/d`;

  it('goes wave by wave in reverse, before the applies of a wave', () => {
    const model = modelOf(before);
    model.run();
    model.desired = gitWith('ConfigMap/web/d');
    expect(model.run()).toEqual([
      'delete ConfigMap/c',
      'delete ConfigMap/b',
      'delete ConfigMap/a',
      'succeeded',
    ]);
  });

  it('goes after everything where that is asked for', () => {
    const model = modelOf(before, { policy: { pruneLast: true } });
    model.run();
    model.desired = gitWith('ConfigMap/web/d changed=yes\nConfigMap/web/e wave=7');
    expect(model.run()).toEqual([
      'apply ConfigMap/d',
      'apply ConfigMap/e',
      'delete ConfigMap/c, delete ConfigMap/b, delete ConfigMap/a',
      'succeeded',
    ]);
  });

  it('and needs a word holds everything until it is said, after the sync began', () => {
    const model = modelOf(before, { policy: { confirmPrune: true } });
    model.run();
    model.desired = gitWith('ConfigMap/web/d changed=yes');
    expect(model.run()).toEqual(['wait for confirmation of ConfigMap/c, ConfigMap/b, ConfigMap/a']);
    const said = modelOf(before, {
      policy: { confirmPrune: true },
      delivery: { confirmedAt: '2026-01-01T00:00:00Z' },
    });
    said.run();
    said.desired = gitWith('ConfigMap/web/d changed=yes');
    expect(said.run().at(-1)).toBe('succeeded');
  });
});

describe('a hook', () => {
  it('that somebody deletes while it runs has failed, though its finalizer still holds it', () => {
    const model = modelOf('Job/web/pre hook=pre', { health: { 'Job/pre': 'Progressing' } });
    model.run();
    for (const [id, found] of model.live) model.live.set(id, { ...found, deleting: true });
    expect(model.run()).toEqual(['release Job/pre', 'fail', 'failed']);
  });

  it('of somebody else with the same name is not deleted', () => {
    const model = modelOf('Job/web/pre hook=pre', { health: { 'Job/pre': 'Healthy' } });
    model.run();
    for (const [id, found] of model.live) model.live.set(id, { ...found, marks: {} });
    model.begin({ startedAt: '2026-01-02T00:00:00Z' });
    expect(model.run()).toEqual(['apply Job/pre', 'release Job/pre', 'succeeded']);
  });

  it('that another delivery has is neither made nor deleted, and told', () => {
    const model = modelOf('Job/web/pre hook=pre\nConfigMap/web/a', { claimed: ['/Job/web/pre'] });
    expect(model.plan().problems.map(({ code }) => code)).toEqual(['OBJECT_CLAIMED']);
    expect(model.run()).toEqual(['fail', 'failed']);
  });

  it('that left Git while it ran is no longer held', () => {
    const model = modelOf('Job/web/pre-1 hook=pre', { health: { 'Job/pre-1': 'Progressing' } });
    model.run();
    model.desired = gitWith('Job/web/pre-2 hook=pre');
    model.begin({ candidate: 'c2', startedAt: '2026-01-02T00:00:00Z' });
    expect(model.run()).toEqual(['release Job/pre-1', 'apply Job/pre-2', 'release Job/pre-2', 'succeeded']);
  });

  it('that got its name when it was made stays in the journal while another one ends', () => {
    const mark = { kind: 'tracking-id', annotation: 'owner', app: 'shop', namespace: 'web' } as const;
    const model = modelOf(
      'Job/web/x hook=post generate=mail- owner=shop:/Job:web/\nJob/web/y hook=post owner=shop:/Job:web/y',
      { delivery: { mark }, health: { 'Job/mail-0123456-postsync-1767225600': 'Progressing' } },
    );
    expect(model.run().at(-1)).toBe('wait for hook of Job/mail-0123456-postsync-1767225600');
    expect(model.plan().actions.filter(({ kind }) => kind === 'forget')).toEqual([]);
  });
});

describe('what is terminating', () => {
  it('keeps what goes after it waiting until it is gone', () => {
    const model = modelOf('Deployment/web/operator\nConfigMap/web/resource wave=1\nConfigMap/web/z');
    model.run();
    for (const [id, found] of model.live)
      if (found.ref.name === 'resource') model.live.set(id, { ...found, finalizers: ['theirs'] });
    model.desired = gitWith('ConfigMap/web/z');
    expect(model.run()).toEqual(['delete ConfigMap/resource', 'wait for deletion of ConfigMap/resource']);
    model.live.delete('/ConfigMap/web/resource');
    expect(model.run()).toEqual(['delete Deployment/operator', 'succeeded']);
  });
});

describe('a sync of single objects', () => {
  it('does not wait for a word about others', () => {
    const model = modelOf('ConfigMap/web/a\nConfigMap/web/b', { policy: { confirmPrune: true } });
    model.run();
    model.desired = gitWith('ConfigMap/web/b changed=yes');
    model.begin({ trigger: 'order', hooksOn: false, only: ['/ConfigMap/web/b'] });
    expect(model.run()).toEqual(['apply ConfigMap/b', 'succeeded']);
  });

  it('makes the namespace that they need', () => {
    const model = modelOf('ConfigMap/web/a', { policy: { createNamespace: true } });
    model.begin({ trigger: 'order', hooksOn: false, only: ['/ConfigMap/web/a'] });
    expect(model.run()).toEqual(['apply Namespace/web, apply ConfigMap/a', 'succeeded']);
  });
});

describe('a delivery of nothing but hooks for a failure', () => {
  it('makes its namespace all the same', () => {
    const model = modelOf('Job/web/sorry hook=fail', { policy: { createNamespace: true } });
    expect(model.run()).toEqual(['apply Namespace/web', 'succeeded']);
  });
});

describe('the end of a delivery', () => {
  it('takes off what holds the hooks of a sync that was under way', () => {
    const model = modelOf('Job/web/pre hook=pre\nJob/web/post hook=pre', {
      health: { 'Job/pre': 'Progressing', 'Job/post': 'Progressing' },
    });
    model.run();
    const before = model.live.get('/Job/web/post');
    if (before !== undefined) model.live.set(before.id, { ...before, deleting: true });
    const plan = planRemoval({
      delivery: makeDelivery({ sequence }),
      inventory: inventoryOf(model.inventory),
      live: (ref) => model.find(ref),
      claimedBy: () => undefined,
    });
    expect(showPlan(plan).split('\n')).toEqual([
      'release Job/web/pre',
      'delete Job/web/pre',
      'release Job/web/post',
      'keep Job/web/post (terminating)',
    ]);
  });
});
