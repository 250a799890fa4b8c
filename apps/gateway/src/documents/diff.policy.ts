import { asDocument, type RackDocument } from '@rackwright/documents';
import microdiff from 'microdiff';
import type { Existing } from './existing.policy.js';

export interface FieldChange {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Fields that stay as they are when a document does not mention them. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  MacPool: ['prefix'],
  WwnPool: ['prefix'],
  Server: ['bmc'],
};

/** What a document would change about what exists, field by field. Never shows a credential. Pure. */
export function changesOf(document: RackDocument, existing: Existing | undefined): FieldChange[] {
  const after = comparable(document.spec as unknown as Record<string, unknown>, document.metadata.group);
  if (existing === undefined) {
    return Object.entries(after).map(([field, value]) => ({ path: pathOf(field), after: value }));
  }
  // Through the schema, so that both sides have the same defaults and the same order of fields.
  const normal = asDocument({
    ...document,
    metadata: { name: existing.name, ...(document.metadata.group !== undefined && { group: existing.group }) },
    spec: withoutUndefined(existing.spec),
  } as never);
  const before = comparable((normal?.spec ?? existing.spec) as Record<string, unknown>, existing.group);
  for (const field of KEPT[document.kind] ?? []) {
    if (after[field] === undefined && before[field] !== undefined) after[field] = before[field];
  }
  const { name } = document.metadata;
  const renamed = existing.name === name ? [] : [{ path: '/metadata/name', before: existing.name, after: name }];
  const changes = microdiff(before, after, { cyclesFix: false }).map((change) => ({
    path: pathOf(...change.path),
    ...('oldValue' in change && { before: change.oldValue as unknown }),
    ...('value' in change && { after: change.value as unknown }),
  }));
  return [...renamed, ...changes];
}

function comparable(spec: Readonly<Record<string, unknown>>, group: string | undefined): Record<string, unknown> {
  const { credential: _credential, cabling, ...rest } = spec;
  const sorted = Array.isArray(cabling)
    ? { cabling: [...(cabling as { port: string }[])].sort((left, right) => (left.port < right.port ? -1 : 1)) }
    : {};
  return withoutUndefined({ group, ...rest, ...sorted });
}

function withoutUndefined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));
}

function pathOf(...steps: (string | number)[]): string {
  return steps[0] === 'group' ? '/metadata/group' : `/spec/${steps.join('/')}`;
}
