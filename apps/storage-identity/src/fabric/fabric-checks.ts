import type { Evidence } from '@rackwright/contracts';
import {
  again,
  fact,
  finishedRefused,
  finishedWith,
  partOf,
  type DeviceOperation,
  type Turn,
} from '@rackwright/device-work';
import type { DeviceCall, FabricLogin, Observed, ZoningPort } from '@rackwright/driver-core';
import { OWNED_NAME_PREFIX } from '@rackwright/driver-core';
import type { ProfileInitiators } from '../initiator/initiator.repository.js';
import { zoneDifference, zoneName } from './zone.policy.js';
import type { ZoneStore } from './zone.store.js';

/** Reads of a fabric that a saga rests on: zones as they should be, initiators logged in here or nowhere. Changes nothing. */
export class FabricChecks {
  constructor(private readonly zones: ZoneStore) {}

  async run(operation: DeviceOperation, fabric: string, driver: ZoningPort, call: DeviceCall): Promise<Turn> {
    switch (operation.kind) {
      case 'check-access':
        return this.checkZones(operation, fabric, driver, call);
      case 'verify-logins':
        return this.verifyLogins(operation, fabric, driver, call);
      case 'end-sessions':
      case 'check-no-session':
        return this.checkNoLogin(operation, fabric, driver, call);
      default:
        return finishedRefused('device-refused', `fabrics do not know ${operation.kind}`);
    }
  }

  private async checkZones(
    operation: DeviceOperation,
    fabric: string,
    driver: ZoningPort,
    call: DeviceCall,
  ): Promise<Turn> {
    const input = operation.input as { profileId: string; profile: ProfileInitiators; expect: 'present' | 'absent' };
    const part = partOf(await driver.readFabric(call));
    if ('turn' in part) return part.turn;
    const made = await this.zones.of(input.profileId, fabric);
    const ours = part.value.value.enabledZones.filter((zone) => zone.name.startsWith(ownPrefix(input.profile)));
    if (input.expect === 'absent') {
      const left = ours[0];
      if (left) return finishedRefused('access-differs', `zone ${left.name} is still enforced in fabric ${fabric}`);
      return finishedWith({
        evidence: [fact(part.value, { fact: 'zones-absent', subject: input.profileId, value: `fabric ${fabric}` })],
      });
    }
    const difference =
      made.length === 0 ? `no zone was ever made for it` : zoneDifference(part.value.value.enabledZones, made);
    const foreign = ours.find((zone) => !made.some((known) => known.name === zone.name));
    if (difference !== undefined || foreign)
      return finishedRefused(
        'access-differs',
        `fabric ${fabric}: ${difference ?? `zone ${foreign?.name ?? ''} should not be there`}`,
      );
    const evidence: Evidence[] = made.map((zone) =>
      fact(part.value, { fact: 'zone-present', subject: zone.name, value: zone.members.join(' ') }),
    );
    return finishedWith({ evidence });
  }

  private async checkNoLogin(
    operation: DeviceOperation,
    fabric: string,
    driver: ZoningPort,
    call: DeviceCall,
  ): Promise<Turn> {
    const { profile } = operation.input as { profile: ProfileInitiators };
    const part = partOf(await driver.logins(call));
    if ('turn' in part) return part.turn;
    const evidence: Evidence[] = [];
    // A virtual WWPN is looked for in both fabrics: it must be nowhere.
    for (const { wwpn } of profile.vhbas) {
      const login = part.value.value.find((candidate) => candidate.wwpn === wwpn);
      if (login) {
        const message = `${wwpn} is logged into fabric ${fabric} at port ${login.port ?? 'unknown'}`;
        return operation.kind === 'end-sessions' ? again(500, message) : finishedRefused('session-left', message);
      }
      evidence.push(fact(part.value, { fact: 'no-session', subject: wwpn, value: `not logged into fabric ${fabric}` }));
    }
    return finishedWith({ evidence });
  }

  private async verifyLogins(
    operation: DeviceOperation,
    fabric: string,
    driver: ZoningPort,
    call: DeviceCall,
  ): Promise<Turn> {
    const input = operation.input as { profile: ProfileInitiators; sanPorts: { port: string; vhba: string }[] };
    const part = partOf(await driver.logins(call));
    if ('turn' in part) return part.turn;
    const evidence: Evidence[] = [];
    for (const { port, vhba } of input.sanPorts) {
      const wwpn = input.profile.vhbas.find((candidate) => candidate.name === vhba)?.wwpn;
      const ended =
        wwpn === undefined
          ? finishedRefused('device-refused', `there is no vHBA ${vhba}`)
          : loginTurn(part.value, { wwpn, port, fabric }, evidence);
      if (ended) return ended;
    }
    return finishedWith({ evidence });
  }
}

function loginTurn(
  observed: Observed<readonly FabricLogin[]>,
  wanted: { wwpn: string; port: string; fabric: string },
  evidence: Evidence[],
): Turn | undefined {
  const found = observed.value.filter((login) => login.wwpn === wanted.wwpn);
  const elsewhere = found.find((login) => login.port !== undefined && login.port !== wanted.port);
  if (elsewhere)
    return finishedRefused(
      'login-elsewhere',
      `${wanted.wwpn} is logged in at port ${elsewhere.port ?? ''} of fabric ${wanted.fabric}, not at ${wanted.port}`,
    );
  if (found.length === 0) return again(500, `${wanted.wwpn} is not logged into fabric ${wanted.fabric} yet`);
  evidence.push(
    fact(observed, { fact: 'fabric-login', subject: wanted.wwpn, value: `${wanted.fabric} port ${wanted.port}` }),
  );
  return undefined;
}

/** What all zone names of a profile begin with. */
function ownPrefix(profile: ProfileInitiators): string {
  const name = zoneName(profile, '', '');
  return name.startsWith(OWNED_NAME_PREFIX) ? name.replace(/_+$/, '_') : name;
}
