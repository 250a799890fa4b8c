import { isDeepStrictEqual } from 'node:util';
import type { ProfileDefinition } from '@rackwright/contracts';

/** Fields whose edit touches no device: allowed while the profile is on a server. */
const COSMETIC: readonly (keyof ProfileDefinition)[] = ['description', 'group'];

/** True when an edit changes nothing about what the server is; the database does not keep the order of fields. Pure. */
export function isCosmeticEdit(before: ProfileDefinition, after: ProfileDefinition): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof ProfileDefinition>;
  return [...keys].every((key) => COSMETIC.includes(key) || isDeepStrictEqual(before[key], after[key]));
}

/** Fabrics a profile's vHBAs are on, each once. Pure. */
export function fabricsOf(definition: ProfileDefinition): string[] {
  return [...new Set(definition.vhbas.map((vhba) => vhba.fabric))].sort();
}

export interface DefinitionProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** What is wrong with a definition by itself, before anybody's tables are asked. Pure. */
export function definitionProblems(definition: ProfileDefinition): DefinitionProblem[] {
  const problems: DefinitionProblem[] = [];
  const boots = definition.volumes.filter((volume) => volume.boot);
  if (boots.length > 1)
    problems.push({
      path: '/volumes',
      code: 'two-boot-volumes',
      message: `only one volume can be booted from, ${boots.length} are marked`,
    });
  if (definition.volumes.length > 0 && definition.vhbas.length === 0 && !definition.iscsi) {
    problems.push({
      path: '/volumes',
      code: 'no-initiator',
      message: 'volumes need a vHBA or an iSCSI initiator to be reached through',
    });
  }
  if (definition.iscsi && !definition.vnics.some((vnic) => vnic.name === definition.iscsi?.vnic)) {
    problems.push({
      path: '/iscsi/vnic',
      code: 'unknown-vnic',
      message: `there is no vNIC ${definition.iscsi.vnic} in this profile`,
    });
  }
  for (const [key, names] of [
    ['vnics', definition.vnics],
    ['vhbas', definition.vhbas],
  ] as const) {
    const seen = new Set<string>();
    names.forEach(({ name }, index) => {
      if (seen.has(name))
        problems.push({ path: `/${key}/${index}/name`, code: 'name-twice', message: `${name} is used twice` });
      seen.add(name);
    });
  }
  return problems;
}
